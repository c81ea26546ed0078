// The calling hours that Ringback keeps unless the policy says otherwise: by country, each with the reason. Not legal advice.
import type { CountryHours, Weekday, Window } from './policy.ts';

const week: Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const weekdays: Weekday[] = week.slice(0, 5);
const weekdaysAndSaturday: Weekday[] = week.slice(0, 6);
const open = (days: Weekday[], start: string, end: string): Window => ({ days, start, end });

/** Every day 09:00 to 21:00, local time: inside what India, the United States and the United Kingdom allow or practise. */
export const everyDayHours: Window[] = [open(week, '09:00', '21:00')];

/**
 * Where a country's law or trade code is narrower than `everyDayHours`. Most of these rules are about unasked sales calls and
 * exempt calls that the person asked for; they are kept all the same, since the exemption has to be proved.
 */
export const lawfulHours: Record<string, CountryHours> = {
  // TRAI rules of 2010 and the carriers' practice: no commercial calls between 21:00 and 09:00.
  IN: everyDayHours,
  // TCPA, 47 CFR 64.1200(c)(1): 08:00 to 21:00 at the called party. Several states stop at 20:00 (docs/policy.md).
  US: everyDayHours,
  // CRTC Unsolicited Telecommunications Rules, part III: weekdays 09:00 to 21:30, weekends 10:00 to 18:00.
  CA: [open(weekdays, '09:00', '21:00'), open(['sat', 'sun'], '10:00', '18:00')],
  // No hours in the Privacy and Electronic Communications Regulations; trade practice is 08:00 to 21:00, later on Sundays.
  GB: everyDayHours,
  // Telecommunications (Telemarketing) Standard 2017: weekdays 09:00 to 20:00, Saturdays 09:00 to 17:00, never on Sundays.
  AU: [open(weekdays, '09:00', '20:00'), open(['sat'], '09:00', '17:00')],
  // Code de la consommation D.223-9: weekdays 10:00 to 13:00 and 14:00 to 20:00, never on weekends or holidays.
  FR: [open(weekdays, '10:00', '13:00'), open(weekdays, '14:00', '20:00')],
  // Ley General para la Defensa de los Consumidores, art. 96.2: 09:00 to 21:00, never on weekends or holidays.
  ES: [open(weekdays, '09:00', '21:00')],
  // Telemarketing code of conduct under the data protection authority: weekdays 09:00 to 20:00, Saturdays 10:00 to 19:00.
  IT: [open(weekdays, '09:00', '20:00'), open(['sat'], '10:00', '19:00')],
  // No hours in the Unfair Competition Act (consent decides); Sundays and holidays are days of rest in every state's law.
  DE: [open(weekdaysAndSaturday, '09:00', '20:00')],
  AT: [open(weekdaysAndSaturday, '09:00', '20:00')],
  CH: [open(weekdaysAndSaturday, '09:00', '20:00')],
  LI: [open(weekdaysAndSaturday, '09:00', '20:00')],
  LU: [open(weekdaysAndSaturday, '09:00', '20:00')],
  BE: [open(weekdaysAndSaturday, '09:00', '20:00')],
  // The trade's telemarketing code: weekdays to 21:00 or later, Saturdays 10:00 to 16:00, never on Sundays.
  NL: [open(weekdays, '09:00', '21:00'), open(['sat'], '10:00', '16:00')],
};

/** European countries without a rule that we know of keep Sundays and holidays free and end at 20:00. */
const quietSundays = ['BG', 'HR', 'CY', 'CZ', 'DK', 'EE', 'FI', 'GR', 'HU', 'IS', 'LV', 'LT', 'MT', 'NO', 'PL', 'PT', 'RO', 'SK', 'SI', 'SE'];
for (const country of quietSundays) lawfulHours[country] = [open(weekdaysAndSaturday, '09:00', '20:00')];

/**
 * Countries that may be called unless the policy lists others: those whose hours are above, their islands, and some more
 * to which a minute is cheap and fraud is rare. Every other country has to be named.
 */
export const usualCountries: string[] = [
  ...Object.keys(lawfulHours), 'IE', 'GG', 'JE', 'IM', 'GI', 'AX', 'SJ', 'NZ', 'SG', 'JP', 'KR', 'HK', 'TW', 'IL', 'AE', 'ZA', 'BR', 'MX', 'PR',
].sort();
