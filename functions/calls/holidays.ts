// Days off: the public holidays of the countries that Ringback knows, and the policy's own. Pure. Used by places.ts.
import { holidayRules, substitutes } from './holiday-rules.ts';
import type { Policy } from './policy.ts';

const DAY_MS = 86_400_000;
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const midnight = (year: number, monthAndDay: string): number => Date.UTC(year, Number(monthAndDay.slice(0, 2)) - 1, Number(monthAndDay.slice(3)));
const textOf = (day: number): string => new Date(day).toISOString().slice(0, 10);

/** Easter Sunday of the western churches, ms of its midnight as UTC. Meeus, Jones and Butcher's method, any Gregorian year. */
export const easter = (year: number): number => {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - d - (c % 4)) % 7;
  const f = Math.floor((a + 11 * d + 22 * e) / 451);
  const march = d + e - 7 * f + 22;
  return Date.UTC(year, 2, march);
};

/** Easter Sunday of the eastern churches, ms of its midnight as UTC. Meeus's Julian method; the 13 days hold from 1900 to 2099. */
export const orthodoxEaster = (year: number): number => {
  const d = (19 * (year % 19) + 15) % 30;
  const e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7;
  return Date.UTC(year, 2, d + e + 22 + 13);
};

/** The day that a rule means in a year, ms of its midnight as UTC. The rules' language: holiday-rules.ts. */
const dayOfRule = (rule: string, year: number): number => {
  const fromEaster = /^(easter|orthodox)([+-]\d+)$/.exec(rule);
  if (fromEaster) return (fromEaster[1] === 'easter' ? easter(year) : orthodoxEaster(year)) + Number(fromEaster[2]) * DAY_MS;
  const weekday = /^(\w{3})>=(\d\d-\d\d)$/.exec(rule);
  if (!weekday) return midnight(year, rule);
  const from = midnight(year, weekday[2]!);
  return from + ((weekdays.indexOf(weekday[1]!) - new Date(from).getUTCDay() + 7) % 7) * DAY_MS;
};

/** The public holidays of one country and year as local dates, without those named in `drop`. */
export const holidaysIn = (country: string, year: number, drop: readonly string[] = []): Set<string> => {
  const rules = Object.entries(holidayRules[country] ?? {}).filter(([name]) => !drop.includes(name));
  const days = new Set(rules.map(([, rule]) => textOf(dayOfRule(rule, year))));
  if (!substitutes.has(country)) return days;
  for (const day of [...days].sort()) {
    let kept = Date.parse(day);
    if (![0, 6].includes(new Date(kept).getUTCDay())) continue;
    while ([0, 6].includes(new Date(kept).getUTCDay()) || days.has(textOf(kept))) kept += DAY_MS;
    days.add(textOf(kept));
  }
  return days;
};

/** Tells whether a local date (YYYY-MM-DD) is a day off in the country: its public holidays less what the policy drops, and what it adds. */
export const holidaysOf = (policy: Policy, country: string | undefined): (day: string) => boolean => {
  if (country === undefined) return () => false;
  const own = policy.holidays.byCountry[country];
  const added = new Set(own?.add);
  const years = new Map<string, Set<string>>();
  return (day) => {
    if (added.has(day) || added.has(day.slice(5))) return true;
    if (!policy.holidays.builtIn) return false;
    const year = day.slice(0, 4);
    const known = years.get(year) ?? holidaysIn(country, Number(year), own?.drop);
    years.set(year, known);
    return known.has(day);
  };
};
