// When somebody wants to be called, as a language model writes it, and such a time in words. Asked by ask-callback.ts. Pure.
import { wallClock } from './hours.ts';
import { readInstant } from './instants.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const unitMs: Record<string, number> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: DAY_MS };

/**
 * The instants (ms) at which the zone's wall clock shows `wall` (ms as if UTC), the first of them where it shows it twice. In an hour that
 * is skipped it shows it never: then as long after the jump as the time was to be after the beginning of that hour.
 */
export const instantAt = (wall: number, zone: string): number => {
  const offsets = [wall - DAY_MS, wall + DAY_MS].map((near) => wallClock(near, zone) - near);
  const shown = offsets.map((offset) => wall - offset).filter((instant) => wallClock(instant, zone) === wall);
  return shown.length > 0 ? Math.min(...shown) : wall - offsets[0]!;
};

/** `20 minutes`, `in 2 hours`, `in a day`, and ISO 8601's `PT1H30M`: ms; undefined for anything else. */
const readDelay = (text: string): number | undefined => {
  const words = /^(?:in\s+)?(\d{1,5}|an?)\s*(m|h|d)(?:in|ins|inutes?|r|rs|ours?|ays?)?$/i.exec(text);
  if (words) return (/\d/.test(words[1]!) ? Number(words[1]) : 1) * unitMs[words[2]!.toLowerCase()]!;
  const iso = /^P(?=.)(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}S)?)?$/i.exec(text);
  return iso ? Number(iso[1] ?? 0) * DAY_MS + Number(iso[2] ?? 0) * 60 * MINUTE_MS + Number(iso[3] ?? 0) * MINUTE_MS : undefined;
};

/** `zone-needed`: a time without a zone, and the person may be in several that disagree. */
export type When = { at: number } | { fault: 'unreadable' | 'zone-needed' };

/**
 * Reads a time with its zone (`2026-11-28T15:30+05:30`), a time on the person's own clock (`2026-11-28T15:30`), or a time from now
 * (`in 20 minutes`, `PT20M`). `zones`: those that the person may be in. Total.
 */
export const readWhen = (text: string, now: Date, zones: readonly string[]): When => {
  const delay = readDelay(text.trim());
  if (delay !== undefined) return { at: now.getTime() + delay };
  const [, day, time, zone = ''] = /^(\d{4}-\d\d-\d\d)[T ]\s*(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? [];
  // Read as UTC first: whether there is such a day and time does not depend on the zone.
  const wall = readInstant(`${day}T${time}Z`);
  if (day === undefined || wall === undefined || !new Date(wall).toISOString().startsWith(day)) return { fault: 'unreadable' };
  if (zone !== '') {
    const at = readInstant(`${day}T${time}${zone.toUpperCase()}`);
    return at === undefined ? { fault: 'unreadable' } : { at };
  }
  const [at, ...others] = new Set(zones.map((one) => instantAt(wall, one)));
  return at === undefined || others.length > 0 ? { fault: 'zone-needed' } : { at };
};

/** `tomorrow, Sunday 22 November, at 9:00 am`, on the clock of the zone; its name is added where `named`. */
export const inWords = (at: number, zone: string, now: Date, named: boolean): string => {
  const part = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }).format(at);
  const day = (instant: number): number => Math.floor(wallClock(instant, zone) / DAY_MS);
  const ahead = day(at) - day(now.getTime());
  const time = `${part({ hour: 'numeric', minute: '2-digit', hour12: true })}${named ? ` (${zone})` : ''}`;
  if (ahead === 0) return `today at ${time}`;
  const date = part({ weekday: 'long', day: 'numeric', month: 'long' }).replace(',', '');
  return ahead === 1 ? `tomorrow, ${date}, at ${time}` : `on ${date} at ${time}`;
};
