// JSON as ElevenLabs stores agents and tools: read here, laid over each other, compared. Used by the other files of this folder.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands at a dotted path. */
export const at = (value: Json | undefined, path: string): Json | undefined =>
  path.split('.').reduce<Json | undefined>((here, key) => (isObject(here) && Object.hasOwn(here, key) ? here[key] : undefined), value);

/** `{a: {b: value}}` for the path "a.b". */
export const nested = (path: string, value: Json): JsonObject => path.split('.').reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as JsonObject;

/** `patch` laid over `base`: objects are joined, everything else is replaced. */
export const laidOver = (base: JsonObject, patch: JsonObject): JsonObject => {
  const out = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const under = out[key];
    out[key] = isObject(value) && isObject(under) ? laidOver(under, value) : value;
  }
  return out;
};

export const same = (a: Json | undefined, b: Json | undefined): boolean => {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => same(one, b[i]));
  if (isObject(a)) return isObject(b) && Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => Object.hasOwn(b, key) && same(value, b[key]));
  return a === b;
};

/** Whether all that is wanted is there; more may be there. Lists must be equal. */
export const contained = (wanted: Json, there: Json | undefined): boolean =>
  isObject(wanted) ? isObject(there) && Object.entries(wanted).every(([key, value]) => contained(value, there[key])) : same(wanted, there);

export const textList = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
