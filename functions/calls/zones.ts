// Time zones: which zones a number may be in, and which zone names are zones. Used by policy and permission.
import { getCountries } from 'libphonenumber-js/max';
import { zonesByAreaCode } from './area-codes.ts';
import { readPhone } from './phone.ts';

/** CLDR keeps the first name it ever had for a zone; these are the names of today (IANA `backward` file). */
const namesOfToday: Record<string, string> = {
  'Asia/Calcutta': 'Asia/Kolkata', 'Asia/Katmandu': 'Asia/Kathmandu', 'Asia/Saigon': 'Asia/Ho_Chi_Minh', 'Asia/Rangoon': 'Asia/Yangon',
  'Europe/Kiev': 'Europe/Kyiv', 'America/Buenos_Aires': 'America/Argentina/Buenos_Aires', 'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Cordoba': 'America/Argentina/Cordoba', 'America/Jujuy': 'America/Argentina/Jujuy', 'America/Mendoza': 'America/Argentina/Mendoza',
  'America/Indianapolis': 'America/Indiana/Indianapolis', 'America/Louisville': 'America/Kentucky/Louisville', 'America/Godthab': 'America/Nuuk',
  'Atlantic/Faeroe': 'Atlantic/Faroe', 'Africa/Asmera': 'Africa/Asmara', 'America/Coral_Harbour': 'America/Atikokan',
  'Pacific/Truk': 'Pacific/Chuuk', 'Pacific/Ponape': 'Pacific/Pohnpei', 'Pacific/Enderbury': 'Pacific/Kanton',
};

const canonical = new Map<string, string | undefined>();

/**
 * The one name of a zone ("asia/calcutta" is Asia/Kolkata), or undefined when the text names no place: unknown names, bare
 * offsets, and UTC, GMT and Etc/…, which browsers that hide where they are report for everybody.
 */
export const canonicalZone = (text: string): string | undefined => {
  if (!/^[A-Za-z][\w+-]*(\/[\w+-]+){1,2}$/.test(text) || text.length > 64 || /^etc\//i.test(text)) return undefined;
  if (canonical.has(text)) return canonical.get(text);
  let zone: string | undefined;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
    zone = namesOfToday[known] ?? known;
  } catch {
    // Intl has no other way to ask: a RangeError is its "no".
    zone = undefined;
  }
  if (canonical.size < 2000) canonical.set(text, zone);
  return zone;
};

/** Countries whose zones CLDR does not list under their own code. */
const borrowedZones: Record<string, string[]> = { XK: ['Europe/Belgrade'], AC: ['Atlantic/St_Helena'], TA: ['Atlantic/St_Helena'] };

const byCountry = new Map<string, string[]>();

/** All zones of a country, by the zone data that comes with the runtime. Empty for an unknown country. */
export const zonesOfCountry = (country: string): string[] => {
  if (!/^[A-Z]{2}$/.test(country)) return [];
  const known = byCountry.get(country) ?? listZones(country);
  byCountry.set(country, known);
  return known;
};

const listZones = (country: string): string[] => {
  // In V8 since 2023; the library types of ES2024 do not have it yet.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & { getTimeZones(): string[] | undefined };
  const listed = borrowedZones[country] ?? locale.getTimeZones() ?? [];
  return [...new Set(listed.map((zone) => canonicalZone(zone) ?? zone))];
};

/**
 * The zones a number may be in: its area code's where the country ties area codes to places (North America, Brazil, Australian
 * landlines …), else all of its country's. Empty for a number of no country. A moved or mobile number proves little, so a
 * caller who has no better knowledge keeps to the hours of all of them.
 */
export const zonesOf = (phone: string): string[] => {
  const read = readPhone(phone);
  if (!('phone' in read) || read.country === undefined) return [];
  return zonesByAreaCode(read.country, read.phone.slice(1 + read.callingCode.length)) ?? zonesOfCountry(read.country);
};

let countries: Map<string, string> | undefined;

/** The country that a zone lies in; undefined when no country lists it. */
export const countryOfZone = (zone: string): string | undefined => {
  countries ??= new Map(getCountries().toReversed().flatMap((country) => borrowedZones[country] ? [] : zonesOfCountry(country).map((z): [string, string] => [z, country])));
  return countries.get(canonicalZone(zone) ?? zone);
};
