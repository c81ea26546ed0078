// Reads and checks the values of REST requests as Twilio does: each refusal is an error number of its public list.

/** Refused by the REST API; rendered as {code, message, more_info, status}. */
export class RestError extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const E164 = /^\+[1-9]\d{7,14}$/;

export type Form = URLSearchParams;

/** An empty value counts as absent. */
export const value = (form: Form, name: string): string | null => form.get(name)?.trim() || null;

/** An absolute http or https URL whose host has no underscore; `code` is 21205 for Url and 21609 for callbacks. */
export const readUrl = (form: Form, name: string, code: number): string | null => {
  const url = value(form, name);
  if (url === null) return null;
  const host = /^https?:\/\/([^/?#]+)/i.exec(url)?.[1];
  if (host === undefined || !URL.canParse(url)) throw new RestError(400, code, `${name} is not a valid URL: ${url}`);
  if (host.includes('_')) throw new RestError(400, code, `${name} is not a valid URL: its host contains an underscore`);
  return url;
};

export const readMethod = (form: Form, name: string): string => {
  const method = value(form, name)?.toUpperCase() ?? 'POST';
  if (method !== 'GET' && method !== 'POST') throw new RestError(400, 21_209, `${name} must be GET or POST`);
  return method;
};

export const readWhole = (form: Form, name: string, otherwise: number, least: number, most: number, code = 20_001): number => {
  const text = value(form, name);
  if (text === null) return otherwise;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most)) throw new RestError(400, code, `${name} must be a whole number from ${least} to ${most}`);
  return number;
};

export const readFlag = (form: Form, name: string): boolean => {
  const text = value(form, name)?.toLowerCase() ?? 'false';
  if (text !== 'true' && text !== 'false') throw new RestError(400, 20_001, `${name} must be true or false`);
  return text === 'true';
};

export const readChoice = <T extends string>(form: Form, name: string, choices: readonly T[]): T | null => {
  const text = value(form, name);
  if (text === null) return null;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new RestError(400, 20_001, `${name} must be one of ${choices.join(', ')}`);
  return choice;
};

/** A repeated key, each of which may hold several words. */
export const readEvents = (form: Form, name: string, choices: readonly string[], otherwise: readonly string[], code: number): readonly string[] => {
  const events = form.getAll(name).flatMap((one) => one.split(/[\s,]+/)).filter((one) => one !== '');
  const unknown = events.find((event) => !choices.includes(event));
  if (unknown !== undefined) throw new RestError(400, code, `Invalid ${name}: '${unknown}' is none of ${choices.join(', ')}`);
  return events.length > 0 ? events : otherwise;
};
