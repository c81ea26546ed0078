// Called where a person types a time: what a clock on the wall of some zone says, and which instant it means. Pure.

/** `2026-06-04T09:00`, as an `<input type="datetime-local">` has it, for the clock of this zone at this instant. */
export const wallTime = (instant: Date, timeZone: string): string => {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  }).formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${(parts['year'] ?? '').padStart(4, '0')}-${parts['month']}-${parts['day']}T${parts['hour']}:${parts['minute']}`;
};

const DAY_MS = 86_400_000;

/**
 * The instant at which that clock shows this time: the first one where clocks are put back over it. `unreadable` for what is no time,
 * `skipped` for one that clocks are put forward over.
 */
export const instantAt = (wall: string, timeZone: string): Date | 'unreadable' | 'skipped' => {
  const asUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(wall) ? Date.parse(`${wall}:00Z`) : Number.NaN;
  // A day that its month does not have is read as one of the next.
  if (Number.isNaN(asUtc) || !new Date(asUtc).toISOString().startsWith(wall)) return 'unreadable';
  // How far the zone is from UTC on either side of that time: where its clocks change, two answers, one of which fits.
  const candidates = [asUtc - DAY_MS, asUtc + DAY_MS].map((near) => asUtc - (Date.parse(`${wallTime(new Date(near), timeZone)}:00Z`) - near));
  const fitting = candidates.filter((at) => wallTime(new Date(at), timeZone) === wall);
  return fitting.length === 0 ? 'skipped' : new Date(Math.min(...fitting));
};

export const isZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false; // RangeError: this browser knows no such zone
  }
};

/** `Thursday, 4 June at 09:00`; with its year where that is not the one that `now` is in. */
export const dayAndTime = (instant: Date, locale: string, timeZone: string, now = new Date()): string => {
  const thisYear = wallTime(instant, timeZone).slice(0, 4) === wallTime(now, timeZone).slice(0, 4);
  const day = new Intl.DateTimeFormat(locale, { timeZone, weekday: 'long', day: 'numeric', month: 'long', ...(thisYear ? {} : { year: 'numeric' }) }).format(instant);
  return `${day} at ${new Intl.DateTimeFormat(locale, { timeZone, timeStyle: 'short' }).format(instant)}`;
};
