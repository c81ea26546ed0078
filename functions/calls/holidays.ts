// Days off: the public holidays of the countries that Ringback knows, and the policy's own. Pure.
import type { Policy } from './policy.ts';

/** Tells whether a local date (YYYY-MM-DD) is a day off in the country. */
export const holidaysOf = (policy: Policy, country: string | undefined): (day: string) => boolean => {
  const own = country === undefined ? undefined : policy.holidays.byCountry[country];
  return (day) => own !== undefined && (own.add.includes(day) || own.add.includes(day.slice(5)));
};
