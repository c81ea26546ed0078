// Where the phone may be, and so whose hours are kept: from the form's time zone and the number. Used by permission.
import { holidaysOf } from './holidays.ts';
import { nextOpen, type OpenPlace } from './hours.ts';
import type { Phone } from './phone.ts';
import { hoursIn, type Policy } from './policy.ts';
import { canonicalZone, countryOfZone, zonesOf, zonesOfCountry } from './zones.ts';

/** Which knowledge decided: the form's zone, the number's zones, both, or neither. */
export type ZoneSource = 'form' | 'number' | 'form-and-number' | 'none';

/**
 * The places whose hours must all be open.
 * - No usable zone from the form: all zones that the number may be in.
 * - A zone of the number's own country: that zone alone; the browser knows better than the area code.
 * - A zone elsewhere: the visitor travels, or somebody typed another person's number; both that zone and the number's. Should
 *   the two never be open together, the number's country decides, because its law does.
 * - A number of no country: the form's zone, or no place at all.
 */
export const placesOf = (number: Phone, formZone: string | null, now: number, policy: Policy): { places: OpenPlace[]; zoneFrom: ZoneSource } => {
  const form = formZone === null ? undefined : canonicalZone(formZone);
  const home = zonesOf(number.phone).map((zone) => place(zone, number.country, policy));
  if (form === undefined) return { places: home, zoneFrom: home.length === 0 ? 'none' : 'number' };
  if (number.country !== undefined && zonesOfCountry(number.country).includes(form)) return { places: [place(form, number.country, policy)], zoneFrom: 'form' };
  const there = place(form, countryOfZone(form), policy);
  if (home.length === 0) return { places: [there], zoneFrom: 'form' };
  const both = [there, ...home];
  return nextOpen(new Date(now), both, policy.hours.searchDays) ? { places: both, zoneFrom: 'form-and-number' } : { places: home, zoneFrom: 'number' };
};

const place = (zone: string, country: string | undefined, policy: Policy): OpenPlace => ({ zone, hours: hoursIn(policy, { zone, country }), isHoliday: holidaysOf(policy, country) });
