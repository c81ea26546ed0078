// Whether people are there to take calls over from the agent, and if not, when they are again. Used by the relay.
import { nextOpen } from './hours.ts';
import { weekdayNames, type Policy, type Window } from './policy.ts';
import { inWords } from './read-when.ts';

/** How far it is looked ahead, days: the longest holidays, and a little. */
const LOOK_DAYS = 30;
const always: Window[] = [{ days: [...weekdayNames], start: '00:00', end: '24:00' }];

/** `back`: when, in words that can be said; null when it is not within a month. */
export type People = { there: true } | { there: false; back: string | null };

export const peopleThere = ({ transfer: { hours, daysOff, zone } }: Pick<Policy, 'transfer'>, now: Date): People => {
  if (zone === undefined) return { there: true };
  // "2027-11-08" is a day of one year, "12-24" of every year.
  const isHoliday = (day: string): boolean => daysOff.includes(day) || daysOff.includes(day.slice('2027-'.length));
  const open = nextOpen(now, [{ zone, hours: hours ?? always, isHoliday }], LOOK_DAYS);
  if (open?.getTime() === now.getTime()) return { there: true };
  return { there: false, back: open === undefined ? null : inWords(open.getTime(), zone, now, true) };
};
