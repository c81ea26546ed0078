// A number's pseudonym, for keys of index items. Apart from phone.ts, so that what only looks things up carries no number tables.
import { createHash } from 'node:crypto';

/** 32 hex digits that stand for an E.164 number; the same number always gives the same ones. */
export const phoneKey = (phone: string): string => createHash('sha256').update(`ringback-phone\n${phone}`).digest('hex').slice(0, 32);

/** Four digits of a number's pseudonym: enough to tell erased numbers apart in a list, and too few to find one by. */
export const phoneMark = (numberKey: string): string => numberKey.slice(0, 4);
