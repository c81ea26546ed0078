// Reads and checks the values of REST requests as Exotel does; what is refused becomes a RestException.

/** Rendered as {"RestException":{"Status","Message","Code"?}}, or the same in XML. */
export class RestError extends Error {
  readonly status: number;
  readonly code: number | null;
  constructor(status: number, message: string, code: number | null = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Form = readonly (readonly [name: string, value: string])[];

/** An empty value counts as absent. */
export const value = (form: Form, name: string): string | null => form.find(([one]) => one === name)?.[1].trim() || null;

export const readWhole = (form: Form, name: string, otherwise: number, least: number, most: number): number => {
  const text = value(form, name);
  if (text === null) return otherwise;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most)) throw new RestError(400, `${name} must be a whole number from ${least} to ${most}`);
  return number;
};

export const readChoice = <T extends string>(form: Form, name: string, choices: readonly T[], otherwise: T): T => {
  const text = value(form, name);
  if (text === null) return otherwise;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new RestError(400, `${name} must be one of ${choices.join(', ')}`);
  return choice;
};

export const readFlag = (form: Form, name: string): boolean => readChoice(form, name, ['true', 'false'], 'false') === 'true';

export const readText = (form: Form, name: string, most: number): string | null => {
  const text = value(form, name);
  if (text !== null && text.length > most) throw new RestError(400, `${name} may have at most ${most} characters`);
  return text;
};

/** An absolute http or https URL. */
export const readUrl = (form: Form, name: string): string | null => {
  const url = value(form, name);
  if (url !== null && !(/^https?:\/\/[^/?#]/i.test(url) && URL.canParse(url))) throw new RestError(400, `${name} is not a valid URL`);
  return url;
};

/** `Name[]`, `Name[0]`, `Name[1]` …, in the order in which they stand; null when there are none. */
export const readList = (form: Form, name: string): string[] | null => {
  const found = form.filter(([key]) => key.startsWith(`${name}[`) && /^\[\d*\]$/.test(key.slice(name.length))).map(([, one]) => one.trim());
  return found.length > 0 ? found : null;
};
