// Instants as text: how the domain reads the times that it decides by. Used by permission and what it asks.

/** The end of what is taken for a time, ms: far enough for every plan, and near enough that arithmetic on it stays a date. */
const LAST = Date.UTC(9000, 0, 1);

/** Milliseconds since 1970 of an ISO 8601 date and time with its zone (`2026-11-21T09:00:00Z`); undefined for anything else, and before 1970. */
export const readInstant = (text: string): number | undefined => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  const instant = Date.parse(text);
  return instant >= 0 && instant < LAST ? instant : undefined;
};
