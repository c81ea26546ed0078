// Called by both pages: times as people say them, in the reader's own zone.

export interface Reader {
  /** BCP 47; the pages are in English, so anything else is read as British English. */
  locale: string;
  /** IANA name. */
  timeZone: string;
}

export const thisReader = (): Reader => ({
  locale: navigator.language.startsWith('en') ? navigator.language : 'en-GB',
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});

const dayOf = (date: Date, { timeZone }: Reader): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(date);

/** `today at 14:05`, `tomorrow at 09:00`, `on Monday, 3 June at 09:00`; null for what is no time. */
export const whenInWords = (iso: string, now: Date, reader: Reader): string | null => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  const time = new Intl.DateTimeFormat(reader.locale, { timeZone: reader.timeZone, timeStyle: 'short' }).format(date);
  // Calendar days, not 24 hours: compared as dates at midnight UTC, so that a day of 23 hours is still one day.
  const days = Math.round((Date.parse(dayOf(date, reader)) - Date.parse(dayOf(now, reader))) / 86_400_000);
  if (days === 0) return `today at ${time}`;
  if (days === 1) return `tomorrow at ${time}`;
  const day = new Intl.DateTimeFormat(reader.locale, { timeZone: reader.timeZone, weekday: 'long', day: 'numeric', month: 'long' }).format(date);
  return `on ${day} at ${time}`;
};

/** `21 Nov, 08:52:10`, for tables; the text itself when it is no time. */
export const stamp = (iso: string, reader: Reader): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat(reader.locale, {
    timeZone: reader.timeZone, day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(date);
};

/** `21 Nov, 08:52`, where there is little room. */
export const shortStamp = (iso: string, reader: Reader): string => stamp(iso, reader).replace(/:\d\d$/, '');

/** Seconds as `42 s` or `3 min 05 s`. */
export const duration = (seconds: number): string => {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
};

/** Milliseconds as `420 ms` or `1.8 s`. */
export const latency = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
