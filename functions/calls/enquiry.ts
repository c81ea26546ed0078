// The enquiry as the site sends it: read once, at the edge, with an error for each field that says what would be right.
import * as z from 'zod';
import { VisibleError } from './errors.ts';
import { readPhone } from './phone.ts';
import { canonicalZone } from './zones.ts';

const isControl = (character: string): boolean => /\p{Cc}/u.test(character) && !'\t\n\r'.includes(character);
/** A lone surrogate, which JSON can carry and UTF-8 cannot, could not be stored. */
const isText = (value: string): boolean => value.isWellFormed();
const text = (least: number, most: number, what: string) =>
  z.string(`must be text: ${what}`).trim().min(least, `is empty: give ${what}`).max(most, `is longer than ${most} characters`)
    // Control characters have no business in a name that is spoken and shown; line ends and tabs do in a consent text.
    .refine((value) => !Array.from(value).some(isControl), 'holds control characters').refine(isText, 'holds half of a character; send valid Unicode');
const optional = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === '' || value === null ? undefined : value), schema.optional());

const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const schema = z.object({
  name: optional(text(1, 120, 'a name')),
  phone: z.preprocess((value) => (typeof value === 'number' ? String(value) : value),
    z.string('is needed: a phone number in international form, such as +12025550123').trim().min(1, 'is empty: give a phone number in international form, such as +12025550123').max(60, 'is longer than any phone number')),
  // A plain HTML form sends a ticked box as text.
  consent: z.preprocess((value) => (value === 'true' || value === 'on' || value === 'yes' || value === '1' ? true : value),
    z.literal(true, 'must be true: without consent nobody is called')),
  consentText: optional(text(1, 4000, 'the words that were shown')),
  interest: optional(text(1, 500, 'what it is about')),
  timeZone: optional(z.string('must be text: an IANA zone such as Asia/Kolkata').max(64, 'is longer than any zone name').refine(isZone, 'is no IANA time zone; send one such as Asia/Kolkata, or leave it out')),
  formUrl: optional(z.string('must be text: the address of the page').max(2000, 'is longer than 2000 characters').refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), 'must be an absolute http or https address').refine(isText, 'holds half of a character; send valid Unicode')),
  captcha: optional(z.string('must be text').max(4096, 'is longer than 4096 characters')),
});

export interface Enquiry {
  name: string | null;
  /** E.164. */
  phone: string;
  country: string | null;
  consentText: string | null;
  interest: string | null;
  timeZone: string | null;
  formUrl: string | null;
  captcha: string | null;
}

/** Reads an enquiry from parsed JSON or from a form's fields. Throws VisibleError naming every field that is wrong. */
export const readEnquiry = (body: unknown, defaultCallingCode?: string): Enquiry => {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new VisibleError('invalid', 'enquiry-not-an-object', 'The enquiry must be a JSON object or a form with the fields phone and consent.', { fields: [{ field: 'body', message: 'must be an object with phone and consent' }] });
  }
  const read = schema.safeParse(body);
  const fields = read.success ? [] : read.error.issues.map((issue) => ({ field: String(issue.path[0] ?? 'body'), message: issue.message }));
  const given = (body as { phone?: unknown }).phone;
  const phone = typeof given === 'string' || typeof given === 'number'
    ? readPhone(String(given).trim(), defaultCallingCode ? { defaultCallingCode } : {}) : undefined;
  if (phone && 'fault' in phone && !fields.some((f) => f.field === 'phone')) fields.push({ field: 'phone', message: phone.message });
  if (!read.success || !phone || 'fault' in phone) {
    throw new VisibleError('invalid', 'enquiry-invalid', `The enquiry was not accepted: ${fields.map((f) => `${f.field} ${f.message}`).join('; ')}`, { fields });
  }
  const e = read.data;
  return {
    name: e.name ?? null, phone: phone.phone, country: phone.country ?? null, consentText: e.consentText ?? null, interest: e.interest ?? null,
    
    // A browser on UTC says nothing about where its person is: such zones count as none.
    timeZone: e.timeZone === undefined ? null : (canonicalZone(e.timeZone) ?? null), formUrl: e.formUrl ?? null, captcha: e.captcha ?? null,
  };
};
