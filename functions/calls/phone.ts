// Phone numbers: read once at the edge (enquiry, API, console), E.164 from then on. Which numbers may be rung is permission's business.
import examples from 'libphonenumber-js/mobile/examples';
import { type CountryCode, getCountries, getCountryCallingCode, getExampleNumber, Metadata, parsePhoneNumberWithError, type PhoneNumber } from 'libphonenumber-js/max';

export const numberTypes = ['mobile', 'fixed-line', 'fixed-line-or-mobile', 'voip', 'premium-rate', 'shared-cost', 'toll-free',
  'voicemail', 'pager', 'uan', 'personal-number', 'unknown'] as const;
/** What the numbering plan says of a number; `unknown`: of a right length, in a range that is assigned to nobody. */
export type NumberType = (typeof numberTypes)[number];

export interface Phone {
  /** E.164, `+` and 7 to 15 digits. */
  phone: string;
  /** ISO 3166, two capital letters; undefined for numbers of no country (satellite, international freephone). */
  country: string | undefined;
  /** Digits without `+`. */
  callingCode: string;
  type: NumberType;
}

/** What is wrong with a number, and in `message` what would be right. The number itself is never repeated. */
export interface PhoneFault {
  fault: 'phone-missing' | 'phone-letters' | 'phone-extension' | 'phone-characters' | 'phone-no-country' | 'phone-unknown-country'
    | 'phone-too-short' | 'phone-too-long' | 'phone-wrong-length';
  message: string;
}

/** Longer texts are no phone number, whatever is in them. */
const MAX_TEXT = 64;

/**
 * Reads a number as people type it: spaces, dashes, brackets and dots anywhere, digits of any script, `00` for `+`, `tel:`,
 * and national numbers (with or without their leading zero) when a default calling code is given. The gate is a right length
 * for the country: whether somebody owns the number is the carrier's to say, and ranges change faster than tables.
 */
export const readPhone = (text: string, options: { defaultCallingCode?: string | undefined } = {}): Phone | PhoneFault => {
  const home = options.defaultCallingCode?.replace(/\D/g, '') || undefined;
  if (text.length > MAX_TEXT) return tooLong(home);
  const plain = plainDigits(text);
  if (plain === '') return { fault: 'phone-missing', message: `must be a phone number, for example ${exampleOf(home)}` };
  const odd = oddity(plain, home);
  if (odd) return odd;

  const digits = dialString(plain, home);
  if (!digits.startsWith('+') && home === undefined)
    return { fault: 'phone-no-country', message: `must begin with + and the country code, for example ${exampleOf(undefined)}` };
  return parse(digits, home);
};

const parse = (digits: string, home: string | undefined): Phone | PhoneFault => {
  let number: PhoneNumber;
  try {
    number = parsePhoneNumberWithError(digits, home === undefined ? { extract: false } : { defaultCallingCode: home, extract: false });
  } catch (error) {
    // The parser explains itself in one word.
    const word = error instanceof Error ? error.message : '';
    if (word === 'TOO_LONG') return tooLong(home);
    if (word === 'TOO_SHORT' || word === 'NOT_A_NUMBER') return tooShort(home);
    return { fault: 'phone-unknown-country', message: `must begin with a country code that exists, for example ${exampleOf(home)}` };
  }
  const code: string = number.countryCallingCode;
  const country = number.country ?? number.getPossibleCountries()[0] ?? mainCountry(code);
  const fault = lengthFault(number, country);
  if (fault) return fault;
  return { phone: number.number, country: number.isNonGeographic() ? undefined : country, callingCode: code, type: typeOf(number) };
};

/**
 * A number of an assigned range is fine. Any other must at least be as long as the country's landlines or mobiles are: some
 * plans know service numbers of almost every length, and a missing digit is the commonest slip.
 */
const lengthFault = (number: PhoneNumber, country: string | undefined): PhoneFault | undefined => {
  const code: string = number.countryCallingCode;
  const national: string = number.nationalNumber;
  // E.164 allows 15 digits; nobody's subscriber number is shorter than 4, and 110, 112, 911 are not for us to ring.
  if (national.length < 4 || code.length + national.length < 7) return tooShort(code);
  if (code.length + national.length > 15) return tooLong(code);
  if (number.isValid()) return undefined;
  const lengths = subscriberLengths(country);
  if (lengths.length === 0) return number.isPossible() ? undefined : { fault: 'phone-wrong-length', message: rightLength(code) };
  if (lengths.includes(national.length)) return undefined;
  if (national.length < Math.min(...lengths)) return tooShort(code);
  return national.length > Math.max(...lengths) ? tooLong(code) : { fault: 'phone-wrong-length', message: rightLength(code) };
};

/** The part of the metadata's shape that its own types leave out. */
interface PlanTypes { type(name: string): { possibleLengths(): number[] | undefined } | undefined; possibleLengths(): number[] }

const subscriberLengths = (country: string | undefined): number[] => {
  if (country === undefined || !isCountry(country)) return [];
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan as unknown as PlanTypes | undefined;
  if (!plan) return [];
  return ['FIXED_LINE', 'MOBILE'].flatMap((name) => plan.type(name)?.possibleLengths() ?? []);
};

const isCountry = (text: string): text is CountryCode => (getCountries() as string[]).includes(text);

const typeOf = (number: PhoneNumber): NumberType => {
  const type = number.getType()?.toLowerCase().replaceAll('_', '-') ?? 'unknown';
  return (numberTypes as readonly string[]).includes(type) ? type as NumberType : 'unknown';
};

/** Brings every script's digits, dashes and signs to ASCII and takes out what is only there to be read. */
const plainDigits = (text: string): string =>
  text.normalize('NFKC').replace(/\p{Nd}/gu, asciiDigit).replace(/[\p{Cf}\p{Zs}\s]/gu, '').replace(/^tel:/i, '').replace(/[\p{Pd}\u2212.()[\]/·•]/gu, (c) => c === '(' || c === ')' ? c : '');

/** Unicode keeps each script's ten digits in a row, so a digit's value is how many digits stand directly before it. */
const asciiDigit = (digit: string): string => {
  const point = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) value += 1;
  return String(value);
};

const oddity = (plain: string, home: string | undefined): PhoneFault | undefined => {
  if (/\d(?:[,;#*]+|ext|extn|extension|x|durchwahl|poste|anexo|ramal)[:.=]?(?:ext=)?\d{1,7}#?$/i.test(plain))
    return { fault: 'phone-extension', message: 'must be a number that can be rung directly: leave the extension away' };
  if (/\p{L}/u.test(plain)) return { fault: 'phone-letters', message: `must be written in digits, not letters, for example ${exampleOf(home)}` };
  if (!/^[+\d()]*$/.test(plain) || plain.lastIndexOf('+') > plain.search(/[+\d]/))
    return { fault: 'phone-characters', message: `must have only digits, spaces, dashes, brackets and one + at its beginning, for example ${exampleOf(home)}` };
  return undefined;
};

/** `00…` and, from North America, `011…` to `+…`; `+44 (0) 20…` to `+4420…` (Italy's zero is part of the number and stays). */
const dialString = (plain: string, home: string | undefined): string => {
  const bare = plain.replace(/^[()]*(?=[+\d])/, '');
  const international = bare.startsWith('+') ? bare : bare.replace(home === '1' ? /^(?:00|011)(?=\(?[1-9])/ : /^00(?=\(?[1-9])/, '+');
  const noTrunkZero = international.startsWith('+') && !international.startsWith('+39') ? international.replace(/\(0\)/, '') : international;
  return noTrunkZero.replace(/[()]/g, '');
};

const tooShort = (code: string | undefined): PhoneFault => ({ fault: 'phone-too-short', message: `is too short; ${rightLength(code)}` });
const tooLong = (code: string | undefined): PhoneFault => ({ fault: 'phone-too-long', message: `is too long; ${rightLength(code)}` });
const rightLength = (code: string | undefined): string => `must be a complete number with its country code, for example ${exampleOf(code)}`;

const mainCountry = (code: string): CountryCode | undefined => code === '1' ? 'US' : code === '7' ? 'RU' : code === '44' ? 'GB'
  : getCountries().find((country) => getCountryCallingCode(country) === code);

/** A made-up number of the country, as people write it there with its code. */
const exampleOf = (code: string | undefined): string => {
  if (code === undefined || code === '1') return '+1 202 555 0143';
  const country = mainCountry(code);
  return (country && getExampleNumber(country, examples)?.formatInternational()) ?? '+1 202 555 0143';
};
