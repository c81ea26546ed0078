/** The simulated ElevenLabs reads what others sent with these: JSON of unknown shape, looked into without trust. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands at a dotted path, or undefined. */
export const at = (value: unknown, path: string): Json | undefined => {
  let here: unknown = value;
  for (const key of path.split('.')) {
    if (!isObject(here)) return undefined;
    here = here[key];
  }
  return here as Json | undefined;
};

export const textAt = (value: unknown, path: string): string | undefined => {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
};

export const numberAt = (value: unknown, path: string): number | undefined => {
  const found = at(value, path);
  return typeof found === 'number' ? found : undefined;
};

export const objectAt = (value: unknown, path: string): JsonObject => {
  const found = at(value, path);
  return isObject(found) ? found : {};
};

/** Undefined when the text is not JSON. */
export const parseJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

/** A new object: `patch` laid over `base`, objects joined, everything else (lists too) replaced. */
export const merge = (base: JsonObject, patch: JsonObject): JsonObject => {
  const out: JsonObject = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const under = out[key];
    out[key] = isObject(value) && isObject(under) ? merge(under, value) : value;
  }
  return out;
};

/** Every value that is not an object, with its dotted path. */
export const leaves = (value: JsonObject, prefix = ''): [path: string, leaf: Json][] =>
  Object.entries(value).flatMap(([key, inner]): [string, Json][] => (isObject(inner) ? leaves(inner, `${prefix}${key}.`) : [[prefix + key, inner]]));
