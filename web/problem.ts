// Called by both pages with an answer that is not a success: what went wrong, in words that can stand beside a field.

export interface FieldProblem { field: string; message: string }

/** An RFC 9457 problem, as far as a page needs it. */
export interface Problem {
  /** HTTP status. */
  status: number;
  /** Stable kebab-case; empty when the answer named none. */
  code: string;
  title: string;
  detail: string;
  errors: FieldProblem[];
  /** Seconds after which asking again makes sense; null when nobody said. */
  retryAfterSeconds: number | null;
}

const plainTitles: Readonly<Record<number, string>> = {
  400: 'The server could not read this.', 401: 'You are not signed in.', 403: 'This is not allowed.', 404: 'There is nothing here.',
  409: 'This was sent before, with other content.', 413: 'This is too long.', 422: 'Something needs correcting.',
  429: 'Too many enquiries at once.', 503: 'The service is busy.',
};

const sentence = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/** `Retry-After` is a number of seconds or an HTTP date (RFC 9110). */
export const readRetryAfter = (header: string | null, now: number): number | null => {
  if (header === null || header.trim() === '') return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
};

const readErrors = (value: unknown): FieldProblem[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { field, message } = entry as Record<string, unknown>;
    return typeof field === 'string' && sentence(message) ? [{ field, message: sentence(message) }] : [];
  });

/** Never throws: a body that is no problem document still gives a sentence to show, by its status. */
export const readProblem = (status: number, body: unknown, retryAfter: string | null, now: number): Problem => {
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const fallback = plainTitles[status] ?? (status >= 500 ? 'Something went wrong on our side.' : 'The server did not accept this.');
  return {
    status, code: sentence(given['code']), title: sentence(given['title']) || fallback, detail: sentence(given['detail']),
    errors: readErrors(given['errors']), retryAfterSeconds: readRetryAfter(retryAfter, now),
  };
};

/** `in 45 seconds`, `in about 3 minutes`, `in about 2 hours`. */
export const waitInWords = (seconds: number): string => {
  const count = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? '' : 's'}`;
  if (seconds <= 90) return `in ${count(Math.max(1, seconds), 'second')}`;
  if (seconds <= 90 * 60) return `in about ${count(Math.round(seconds / 60), 'minute')}`;
  return `in about ${count(Math.round(seconds / 3600), 'hour')}`;
};

export interface FormFaults {
  /** One message for each field that the form has. */
  byField: Map<string, string>;
  /** What belongs to no field: one sentence or several. */
  general: string[];
}

/** The server says what is wrong as the rest of a sentence that begins with the field (`is too short`), or as a whole one. */
const sentenceAbout = (subject: string, message: string): string => {
  const whole = /^\p{Ll}/u.test(message) ? `${subject} ${message}` : message;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
};

/** Sorts a problem onto the form's fields, given with how they are called. What names another field is told in general, so nothing is lost. */
export const formFaults = (problem: Problem, fields: Readonly<Record<string, string>>): FormFaults => {
  const byField = new Map<string, string>();
  const general: string[] = [];
  for (const { field, message } of problem.errors) {
    const subject = Object.hasOwn(fields, field) ? fields[field] : undefined;
    const told = sentenceAbout(subject ?? field, message);
    if (subject === undefined) general.push(told);
    else byField.set(field, byField.has(field) ? `${byField.get(field)} ${told}` : told);
  }
  const wait = problem.retryAfterSeconds;
  if (byField.size === 0 && general.length === 0) general.push(problem.detail || problem.title);
  if (wait !== null && (problem.status === 429 || problem.status === 503)) general.push(`Please try again ${waitInWords(wait)}.`);
  return { byField, general };
};

/** A problem for a form or a button with few fields or none: beside the fields it names, the rest as its own detail, else its title and errors. */
export const problemInWords = (problem: Problem, fields: Readonly<Record<string, string>>): { byField: Map<string, string>; general: string } => {
  const known = problem.errors.filter(({ field }) => Object.hasOwn(fields, field));
  // What the detail tells is not told again by errors about ids that nobody typed.
  const { byField, general } = formFaults({ ...problem, errors: known.length > 0 || problem.detail ? known : problem.errors }, fields);
  return { byField, general: general.join(' ') };
};
