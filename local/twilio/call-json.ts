// The Call resource and its lists as the 2010 API writes them: strings and nulls, RFC 2822 dates, the paging envelope.
import { type Call, type Carrier, isOver, numberSid, rfc2822, talkSeconds } from './call.ts';
import { type Form, readWhole, RestError, value } from './rest-values.ts';

const formatted = (number: string): string => number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3');
const SUBRESOURCES = ['notifications', 'recordings', 'payments', 'events', 'siprec', 'streams', 'transcriptions', 'user_defined_messages', 'user_defined_message_subscriptions'];
const PATH_NAMES: Record<string, string> = { siprec: 'Siprec', user_defined_messages: 'UserDefinedMessages', user_defined_message_subscriptions: 'UserDefinedMessageSubscriptions' };
/** US dollars per started minute of an outbound call to the US; what it costs does not matter here, its shape does. */
const PRICE_PER_MINUTE = 0.014;

export const callJson = (carrier: Carrier, call: Call): Record<string, unknown> => {
  const uri = `/2010-04-01/Accounts/${carrier.settings.accountSid}/Calls/${call.sid}`;
  const seconds = talkSeconds(call, carrier.settings.clock.date());
  const date = (when: Date | null): string | null => (when ? rfc2822(when) : null);
  return {
    sid: call.sid, date_created: rfc2822(call.createdAt), date_updated: rfc2822(call.updatedAt), parent_call_sid: call.parentSid,
    account_sid: carrier.settings.accountSid, to: call.to, to_formatted: formatted(call.to), from: call.from, from_formatted: formatted(call.from),
    phone_number_sid: numberSid(call.direction === 'inbound' ? call.to : call.from),
    // The API knows no "initiated": a call that has left the queue and does not ring yet is still queued to it.
    status: call.status === 'initiated' ? 'queued' : call.status,
    start_time: date(call.startedAt), end_time: date(call.endedAt), duration: isOver(call) ? String(seconds) : null,
    price: isOver(call) && call.direction !== 'inbound' && seconds > 0 ? (-PRICE_PER_MINUTE * Math.ceil(seconds / 60)).toFixed(5) : null, price_unit: 'USD',
    direction: call.direction, answered_by: call.answeredBy, annotation: null, api_version: '2010-04-01', forwarded_from: null, group_sid: null,
    caller_name: null, queue_time: String(call.queueMs), trunk_sid: null, uri: `${uri}.json`,
    subresource_uris: Object.fromEntries(SUBRESOURCES.map((name) => [name, `${uri}/${PATH_NAMES[name] ?? name.replace(/^./, (first) => first.toUpperCase())}.json`])),
  };
};

/** `StartTime=`, `StartTime>=`, `StartTime<=` (and EndTime): a day, or a moment in ISO 8601. A call without that time matches none. */
const matchesTime = (when: Date | null, query: Form, name: string): boolean => {
  for (const [operator, holds] of [
    ['', (at: number, from: number, dayMs: number) => at >= from && at < from + (dayMs || 1000)],
    ['>', (at: number, from: number) => at >= from],
    ['<', (at: number, from: number) => at <= from],
  ] as const) {
    const text = value(query, name + operator);
    if (text === null) continue;
    const day = /^\d{4}-\d\d-\d\d$/.test(text);
    const from = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(from)) throw new RestError(400, 20_001, `${name} is not a valid date: ${text}`);
    if (!when || !holds(when.getTime(), from, day ? 86_400_000 : 0)) return false;
  }
  return true;
};

const pageOf = <T>(path: string, query: Form, items: readonly T[]): { items: readonly T[]; envelope: Record<string, unknown> } => {
  const size = readWhole(query, 'PageSize', 50, 1, 1000);
  const page = readWhole(query, 'Page', 0, 0, 1_000_000);
  const from = page * size;
  const uri = (number: number): string => {
    const more = new URLSearchParams(query);
    more.set('PageSize', String(size));
    more.set('Page', String(number));
    return `${path}?${more.toString()}`;
  };
  const part = items.slice(from, from + size);
  return { items: part, envelope: {
    first_page_uri: uri(0), end: Math.max(from, from + part.length - 1), previous_page_uri: page > 0 ? uri(page - 1) : null, uri: uri(page), page_size: size,
    start: from, next_page_uri: from + size < items.length ? uri(page + 1) : null, page } };
};

/** Newest first. Calls younger than the list's lag are not there yet. */
export const listCalls = (carrier: Carrier, path: string, query: Form): Record<string, unknown> => {
  const now = carrier.settings.clock.date().getTime();
  const same = (name: string, own: string | null): boolean => value(query, name) === null || value(query, name) === own;
  const matching = [...carrier.calls.values()].reverse().filter((call) =>
    now - call.createdAt.getTime() >= carrier.settings.listLagMs && same('To', call.to) && same('From', call.from)
    && same('Status', call.status === 'initiated' ? 'queued' : call.status) && same('ParentCallSid', call.parentSid)
    && matchesTime(call.startedAt, query, 'StartTime') && matchesTime(call.endedAt, query, 'EndTime'));
  const { items, envelope } = pageOf(path, query, matching);
  return { ...envelope, calls: items.map((call) => callJson(carrier, call)) };
};

/** A page of anything else under the name the API gives it. */
export const listOf = (path: string, query: Form, name: string, items: readonly Record<string, unknown>[]): Record<string, unknown> => {
  const page = pageOf(path, query, items);
  return { ...page.envelope, [name]: page.items };
};
