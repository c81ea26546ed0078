// Times as Exotel writes them: the account's local time without a zone. Asked by REST, callbacks and applets.

const shifted = (date: Date, offsetMinutes: number): Date => new Date(date.getTime() + offsetMinutes * 60_000);

/** `2026-11-21 15:04:05` in the account's zone. */
export const localTime = (date: Date, offsetMinutes: number): string => shifted(date, offsetMinutes).toISOString().slice(0, 19).replace('T', ' ');

/** `Sat, 21 Nov 2026 15:04:05` in the account's zone, as Passthru's `Created`. */
export const longTime = (date: Date, offsetMinutes: number): string => shifted(date, offsetMinutes).toUTCString().replace(' GMT', '');

/** `2026-11-21` or `2026-11-21 15:04:05` in the account's zone, to a moment; null for anything else. */
export const readLocalTime = (text: string, offsetMinutes: number): Date | null => {
  const [, day, time = '00:00:00'] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?$/.exec(text.trim()) ?? [];
  const utc = day === undefined ? NaN : Date.parse(`${day}T${time}Z`);
  return Number.isNaN(utc) ? null : new Date(utc - offsetMinutes * 60_000);
};
