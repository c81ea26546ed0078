// Hours: is a place open at an instant, and when are all places open again. Pure; wall clocks by the runtime's zone data.
import type { Weekday, Window } from './policy.ts';

/** A place whose hours must be kept: its zone, its windows of the week, and its days off. */
export interface OpenPlace {
  /** IANA zone. */
  zone: string;
  hours: Window[];
  /** `day` is the local date, YYYY-MM-DD. */
  isHoliday: (day: string) => boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const weekdayOfEpochDay: Weekday[] = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'];

const formats = new Map<string, Intl.DateTimeFormat>();
const formatOf = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn',
    year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  formats.set(zone, format);
  return format;
};

/** What the zone's wall clock shows, as if it were UTC: ms since 1970-01-01T00:00 of that clock. Exact to the second. */
export const wallClock = (instant: number, zone: string): number => {
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) part[type] = Number(value);
  const shown = Date.UTC(part['year'] ?? 0, (part['month'] ?? 1) - 1, part['day'], part['hour'], part['minute'], part['second']);
  return shown + ((instant % 1000) + 1000) % 1000;
};

const clockMs = (text: string): number => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * MINUTE_MS;
const dayOf = (wall: number): number => Math.floor(wall / DAY_MS);
const dateText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The windows of one local day; none on a day off. */
const windowsOn = (place: OpenPlace, day: number): Window[] => {
  const weekday = weekdayOfEpochDay[((day % 7) + 7) % 7];
  const windows = place.hours.filter((w) => weekday !== undefined && w.days.includes(weekday));
  return windows.length > 0 && place.isHoliday(dateText(day)) ? [] : windows;
};

/** True if the place's wall clock stands in one of its windows (from start, up to but not at end) on a day that is not off. */
export const openAt = (instant: Date, place: OpenPlace): boolean => openAtWall(wallClock(instant.getTime(), place.zone), place);

const openAtWall = (wall: number, place: OpenPlace): boolean => {
  const time = wall - dayOf(wall) * DAY_MS;
  return windowsOn(place, dayOf(wall)).some((w) => clockMs(w.start) <= time && time < clockMs(w.end));
};

/**
 * The first instant from `from` on at which all places are open at once, or undefined when there is none within `days` days.
 * No places: `from` itself. On a night when clocks change, a time of day that comes twice is open (or closed) twice, and a
 * window that begins in a skipped hour begins when the clocks have jumped.
 */
export const nextOpen = (from: Date, places: OpenPlace[], days: number): Date | undefined => {
  const end = from.getTime() + days * DAY_MS;
  let at = from.getTime();
  for (;;) {
    const before = at;
    for (const place of places) at = notOpenBefore(at, place);
    if (at > end) return undefined;
    if (at === before) return new Date(at);
  }
};

/** `at` if the place is open then; else a later instant, before which it certainly does not open. */
const notOpenBefore = (at: number, place: OpenPlace): number => {
  const wall = wallClock(at, place.zone);
  if (openAtWall(wall, place)) return at;
  const midnight = dayOf(wall) * DAY_MS;
  const starts = windowsOn(place, dayOf(wall)).map((w) => midnight + clockMs(w.start)).filter((start) => start > wall);
  const target = at + Math.min(midnight + DAY_MS, ...starts) - wall;
  // The clock runs evenly up to the target unless the zone's offset changes on the way: then look again from the change.
  return wallClock(target, place.zone) - target === wall - at ? target : offsetChange(at, target, place.zone);
};

/** The instant at which the zone's offset stops being what it is at `before`; `after` has another. */
const offsetChange = (before: number, after: number, zone: string): number => {
  const offset = wallClock(before, zone) - before;
  let same = before;
  let other = after;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (wallClock(middle, zone) - middle === offset) same = middle;
    else other = middle;
  }
  return other;
};
