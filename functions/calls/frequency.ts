// How often one number may be rung: rolling windows over the earlier dials. Used by permission. Pure.
import { readInstant } from './instants.ts';
import type { Policy } from './policy.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** At most `limit` dials in any stretch of `ms`. */
interface Ceiling { ms: number; limit: number }

const ceilings = (country: string | undefined, policy: Policy): Ceiling[] => {
  const { frequency } = policy;
  const own = country === undefined ? undefined : frequency.byCountry[country];
  return [
    { ms: frequency.burst.minutes * MINUTE_MS, limit: frequency.burst.calls },
    { ms: DAY_MS, limit: own?.perDay ?? frequency.perDay },
    { ms: 7 * DAY_MS, limit: own?.perWeek ?? frequency.perWeek },
    { ms: 30 * DAY_MS, limit: own?.perMonth ?? frequency.perMonth },
  ];
};

/** How many dials lie in the last day, week and month before `now` (ms); undefined when one of the times cannot be read. */
export const frequencyCounts = (dialledAt: string[], now: number): { dialsInDay: number; dialsInWeek: number; dialsInMonth: number } | undefined => {
  const times = dialledAt.map(readInstant).filter((time) => time !== undefined);
  if (times.length < dialledAt.length) return undefined;
  const within = (ms: number): number => times.filter((time) => time > now - ms).length;
  return { dialsInDay: within(DAY_MS), dialsInWeek: within(7 * DAY_MS), dialsInMonth: within(30 * DAY_MS) };
};

/**
 * The first instant (ms) from `now` on at which one more dial stays under every ceiling; undefined when a ceiling is zero.
 * A dial leaves a window exactly its length after it was made. Dials dated after `now` (another machine's clock) count too.
 */
export const frequencyFreeAt = (dialledAt: string[], now: number, country: string | undefined, policy: Policy): number | undefined => {
  const newestFirst = dialledAt.map(readInstant).filter((time) => time !== undefined).sort((a, b) => b - a);
  let free = now;
  for (const { ms, limit } of ceilings(country, policy)) {
    if (limit === 0) return undefined;
    const oldestThatCounts = newestFirst[limit - 1];
    if (oldestThatCounts !== undefined) free = Math.max(free, oldestThatCounts + ms);
  }
  return free;
};
