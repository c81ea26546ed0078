// The Call object, its details and the bulk list as the v1 API writes them: local times, nulls, and figures that settle minutes later.
import { type Call, type Carrier, recordingUrl, talkSeconds } from './call.ts';
import { national, readNumber } from './numbers.ts';
import { presigned } from './recordings.ts';
import { type Form, readChoice, readWhole, RestError, value } from './rest-values.ts';
import { localTime, readLocalTime } from './time.ts';

/** Rupees for a started minute; what it costs does not matter here, its shape does. */
const PRICE_PER_MINUTE = 0.75;
const DAY_MS = 86_400_000;
const RANGE_MAX_DAYS = 31;
const HISTORY_MAX_DAYS = 184;

export const callJson = (carrier: Carrier, call: Call): Record<string, unknown> => {
  const { settings } = carrier;
  const now = settings.clock.date();
  const time = (date: Date | null): string | null => (date ? localTime(date, settings.utcOffsetMinutes) : null);
  const settled = call.endedAt !== null && now.getTime() - call.endedAt.getTime() >= settings.settleMs;
  const seconds = talkSeconds(call, now);
  const inbound = call.direction === 'inbound';
  return {
    Sid: call.sid, ParentCallSid: null, DateCreated: time(call.createdAt), DateUpdated: time(call.updatedAt), AccountSid: settings.accountSid,
    // Null for calls that meet a flow or a bot.
    To: inbound ? national(call.exophone) : call.request.to === null ? null : national(call.request.to), From: national(call.number),
    PhoneNumberSid: national(call.exophone), Status: call.status, StartTime: time(call.createdAt), EndTime: settled ? time(call.endedAt) : null,
    Duration: settled ? String(seconds) : null, Price: settled && !inbound ? (PRICE_PER_MINUTE * Math.ceil(seconds / 60)).toFixed(6) : null,
    Direction: call.direction, AnsweredBy: null, ForwardedFrom: null, CallerName: null, Uri: `/v1/Accounts/${settings.accountSid}/Calls/${call.sid}`,
    RecordingUrl: call.recording ? recordingUrl(carrier, call) : null,
  };
};

/** `details=true` adds Details; `RecordingUrlValidity` (minutes, 5 to 60) adds PreSignedRecordingUrl. */
export const callDetails = (carrier: Carrier, call: Call, query: Form): Record<string, unknown> => {
  const minutes = readWhole(query, 'RecordingUrlValidity', 0, 5, 60);
  const signed = minutes > 0 && call.recording ? { PreSignedRecordingUrl: presigned(carrier, call, minutes) } : {};
  if (readChoice(query, 'details', ['true', 'false'], 'false') === 'false') return { ...callJson(carrier, call), ...signed };
  const now = carrier.settings.clock.date();
  return { ...callJson(carrier, call), ...signed, Details: {
    ConversationDuration: talkSeconds(call, now), Leg1Status: call.legs[0]?.status ?? null, Leg2Status: call.legs[1]?.status ?? null,
    Legs: call.legs.map((leg, i) => ({ Leg: { Id: i + 1, OnCallDuration: talkSeconds(leg, now) } })) } };
};

/** `gte:2026-11-21 00:00:00;lte:…` in the account's zone. */
const readRange = (carrier: Carrier, query: Form, name: string): { from: number; to: number } | null => {
  const text = value(query, name);
  if (text === null) return null;
  const { clock, utcOffsetMinutes } = carrier.settings;
  const now = clock.date().getTime();
  const range = { from: now - HISTORY_MAX_DAYS * DAY_MS, to: now + DAY_MS };
  let open = true;
  for (const part of text.split(';')) {
    const [, operator = '', moment = ''] = /^(gte|lte):(.+)$/.exec(part.trim()) ?? [];
    const date = readLocalTime(moment, utcOffsetMinutes);
    if (!date) throw new RestError(400, `${name} must be gte:YYYY-MM-DD HH:MM:SS;lte:YYYY-MM-DD HH:MM:SS`);
    if (operator === 'gte') [range.from, open] = [date.getTime(), false];
    else range.to = date.getTime() + 999;
  }
  if (!open && Math.min(range.to, now) - range.from > RANGE_MAX_DAYS * DAY_MS) throw new RestError(400, `${name}: the range may be at most one month`);
  if (range.from < now - (HISTORY_MAX_DAYS + 1) * DAY_MS) throw new RestError(400, `${name}: only the last six months are kept`);
  return range;
};

const matches = (carrier: Carrier, query: Form): ((call: Call) => boolean) => {
  const sids = value(query, 'Sid')?.split(',').map((sid) => sid.trim());
  if (sids && sids.length > 100) throw new RestError(400, 'Sid may name at most 100 calls');
  const number = (name: string): string | null => {
    const text = value(query, name);
    const known = text === null ? null : readNumber(text);
    if (text !== null && known === null) throw new RestError(400, `${name} is not a valid phone number`);
    return known;
  };
  const [from, to, exophone] = [number('From'), number('To'), number('PhoneNumber')];
  const statuses = value(query, 'Status')?.split(',');
  const direction = value(query, 'Direction');
  const created = readRange(carrier, query, 'DateCreated');
  const inside = (date: Date): boolean => !created || (date.getTime() >= created.from - 999 && date.getTime() <= created.to);
  return (call) => (!sids || sids.includes(call.sid)) && (from === null || from === call.number) && (exophone === null || exophone === call.exophone)
    && (to === null || to === (call.direction === 'inbound' ? call.exophone : call.request.to)) && (!statuses || statuses.includes(call.status))
    && (direction === null || direction === call.direction) && inside(call.createdAt);
};

/** Newest first, a page at a time; `After` and `Before` are tokens out of the page before. Calls younger than the list's lag are not there yet. */
export const listCalls = (carrier: Carrier, path: string, query: Form): Record<string, unknown> => {
  const { clock, listLagMs } = carrier.settings;
  const now = clock.date().getTime();
  const size = readWhole(query, 'PageSize', 50, 1, 100);
  const fits = matches(carrier, query);
  const ascending = value(query, 'SortBy') === 'DateCreated:asc';
  const found = [...carrier.calls.values()].filter((call) => now - call.createdAt.getTime() >= listLagMs && fits(call));
  if (!ascending) found.reverse();
  const after = value(query, 'After');
  const before = value(query, 'Before');
  const place = after ?? before;
  const index = place === null ? -1 : found.findIndex((call) => call.sid === Buffer.from(place, 'base64url').toString('utf8'));
  if (place !== null && index < 0) throw new RestError(400, `${after === null ? 'Before' : 'After'} is not a token of this list`);
  const from = after !== null ? index + 1 : before !== null ? Math.max(0, index - size) : 0;
  const page = found.slice(from, before !== null && after === null ? index : from + size);
  const uri = (extra: Record<string, string>): string =>
    `${path}?${new URLSearchParams([...query.filter(([name]) => !['After', 'Before', 'PageSize'].includes(name)).map(([name, one]) => [name, one]), ['PageSize', String(size)], ...Object.entries(extra)]).toString()}`;
  const token = (call: Call | undefined): string => Buffer.from(call?.sid ?? '').toString('base64url');
  return {
    Metadata: { Total: found.length, PageSize: size, FirstPageUri: uri({}), PrevPageUri: from > 0 ? uri({ Before: token(page[0]) }) : null,
      NextPageUri: from + page.length < found.length ? uri({ After: token(page.at(-1)) }) : null },
    Calls: page.map((call) => callJson(carrier, call)),
  };
};
