// Exotel's REST API (v1) behind the Carrier port: looks a number up, places calls, looks calls up. It has no request that ends one.
import { UpstreamError } from '#calls/errors.ts';
import type { Carrier, CarrierCall, DialOrder, DialOutcome } from '#calls/ports.ts';
import { neverReached } from '../never-reached.ts';
import { readAnswer } from './rest-answer.ts';
import { asExoPhone, e164Of, isOver, restAnswer, restCalls, restError, restNumber, restWhitelist, sameNumber, statusOf, timeOf, type CallList, type RestCall } from './schema.ts';
import { callbackUrl, customField, type ExotelAddresses } from './webhook.ts';

export interface ExotelConfig extends ExotelAddresses {
  /** https://api.in.exotel.com (Mumbai) or https://api.exotel.com (Singapore), or another that speaks its protocol. */
  apiBase: string;
  accountSid: string;
  apiKey: string;
  apiToken: string;
  /** The ExoPhone, as Exotel shows it. */
  exoPhone: string;
  /** The media socket's whole address for one call, its ticket in it. */
  streamUrl: (order: DialOrder) => string;
  /** A flow of the dashboard to be called into instead: its address, or its id. */
  flow?: { url: string | undefined; id: string | undefined } | undefined;
  /** Whether Indian numbers are looked up in the do-not-disturb register before they are dialled. */
  checkDoNotDisturb: boolean;
  /** How long placing a call may take, ms. */
  timeoutMs?: number;
  now?: () => Date;
}

/** The Connect API is close to synchronous; Exotel's own samples wait 30 s. */
const CONNECT_TIMEOUT_MS = 30_000;
const LOOKUP_TIMEOUT_MS = 10_000;
/** A visitor is waiting for the phone to ring: a register that is slow is not waited for, and Exotel blocks such numbers by itself. */
const REGISTER_TIMEOUT_MS = 3_000;
/** 200 calls a minute are one every 300 ms. */
const BUSY_RETRY_MS = 3_000;
/** However long it asks to wait; an hour later it is asked again. */
const LONGEST_RETRY_MS = 3_600_000;
const UNREACHED_RETRY_MS = 5_000;
/** Exotel's own limit for TimeLimit, s. */
const MOST_SECONDS = 14_400;
/** The whole address with its query must be shorter (AgentStream, OpenAPI); of the query: three parameters, 256 characters. */
const STREAM_URL = { length: 600, query: 256, parameters: 3 };
const LIST_PAGE = 100;
const MOST_PAGES = 20;

/** In words that somebody without its manual understands. */
const reasons: Record<number, string> = {
  401: 'Exotel refused our credentials. Check EXOTEL_API_KEY and EXOTEL_API_TOKEN, and that EXOTEL_API_BASE_URL is the account\'s region.',
  402: 'The Exotel account has no balance, or its plan does not allow this call.',
  404: 'Exotel does not know this account. Check EXOTEL_ACCOUNT_SID and that EXOTEL_API_BASE_URL is the account\'s region.',
};
const KYC = 'The Exotel account is not KYC compliant yet, which TRAI demands for outbound calls. Finish KYC in Exotel\'s dashboard.';

const iso = (text: string | undefined, near: Date): string | null => timeOf(text, near)?.toISOString() ?? null;
const whole = (text: string | undefined): number | null => (text !== undefined && /^\d{1,9}(\.\d+)?$/.test(text) ? Math.round(Number(text)) : null);

/** Exotel says `in-progress` from the moment it has accepted a call: only the leg's own word says that somebody answered. */
const carrierCall = (call: RestCall, near: Date): CarrierCall => {
  const said = statusOf(call.Status) ?? 'initiated';
  const leg = statusOf(call.Details?.Leg1Status);
  const price = call.Price !== undefined && Number.isFinite(Number(call.Price)) ? String(Math.abs(Number(call.Price))) : null;
  return {
    callSid: call.Sid, status: said === 'in-progress' && leg !== 'in-progress' && leg !== 'completed' ? (leg === 'ringing' ? 'ringing' : 'initiated') : said,
    createdAt: iso(call.DateCreated, near) ?? iso(call.StartTime, near),
    // StartTime is when dialling began: no time of anything that is learnt while the call lasts, or before its end has settled (two minutes).
    startedAt: isOver(said) && iso(call.EndTime, near) !== null ? (iso(call.StartTime, near) ?? iso(call.DateCreated, near)) : null, endedAt: iso(call.EndTime, near),
    durationSeconds: whole(call.Duration) ?? whole(call.Details?.ConversationDuration), cost: price,
    answeredBy: ((word) => (word === 'human' || word === 'machine' ? word : null))(call.AnsweredBy?.toLowerCase()),
  };
};

/** What Exotel writes about an error, without anything that could be a number. */
const told = (message: string | undefined): string => (message ?? '').replaceAll(/\+?\d[\d\s-]{4,}\d/g, '…').slice(0, 200).trim();

export const exotelCarrier = (config: ExotelConfig): Carrier => {
  const account = `${config.apiBase}/v1/Accounts/${encodeURIComponent(config.accountSid)}`;
  const now = config.now ?? (() => new Date());
  const headers = { authorization: `Basic ${Buffer.from(`${config.apiKey}:${config.apiToken}`).toString('base64')}`, accept: 'application/json' };
  const get = (url: string, timeoutMs: number): Promise<Response> => fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs), headers });

  /** Reads a lookup's answer. Throws UpstreamError; undefined for 404. */
  const look = async <T>(url: string, read: (body: unknown) => T | undefined): Promise<T | undefined> => {
    let response: Response;
    let text: string;
    try {
      response = await get(url, LOOKUP_TIMEOUT_MS);
      text = await response.text();
    } catch (cause) {
      throw new UpstreamError('exotel', 0, true, { message: 'Exotel could not be reached', cause });
    }
    if (response.status === 404) return undefined;
    if (!response.ok) throw new UpstreamError('exotel', response.status, response.status === 429 || response.status >= 500);
    const value = read(readAnswer(text));
    if (value === undefined) throw new UpstreamError('exotel', response.status, true, { message: 'Exotel answered in a form that is not in its documentation' });
    return value;
  };

  /** True when Exotel would block the number. Whatever goes wrong with the register: false, and Exotel decides when it is asked for the call. */
  const doNotDisturb = async (number: string): Promise<boolean> => {
    const ask = async (path: string): Promise<unknown> => {
      const response = await get(`${account}${path}`, REGISTER_TIMEOUT_MS);
      const text = await response.text();
      return response.ok ? readAnswer(text) : undefined;
    };
    try {
      const local = encodeURIComponent(asExoPhone(number));
      const listed = restNumber.safeParse(await ask(`/Numbers/${local}.json`)).data?.Numbers.DND;
      if (listed?.toLowerCase() !== 'yes') return false;
      return restWhitelist.safeParse(await ask(`/CustomerWhitelist/${local}`)).data?.Result.Status?.toLowerCase() !== 'whitelist';
    } catch {
      return false;
    }
  };

  /** Never to another host: the request carries our credentials. */
  const nextPage = (uri: string | null | undefined): string | undefined => {
    if (!uri || !URL.canParse(uri, config.apiBase)) return undefined;
    const { origin, pathname, search } = new URL(uri, config.apiBase);
    return origin === new URL(config.apiBase).origin ? `${origin}${pathname}${search}` : undefined;
  };

  const target = (order: DialOrder): [string, string][] | { fault: string } => {
    const { url, id } = config.flow ?? {};
    const flow = url ?? (id === undefined ? undefined : `http://my.exotel.com/${config.accountSid}/exoml/start_voice/${encodeURIComponent(id)}`);
    if (flow !== undefined) return [['Url', flow]];
    const stream = config.streamUrl(order);
    const { search, searchParams } = new URL(stream);
    if (stream.length >= STREAM_URL.length || search.length - 1 > STREAM_URL.query || [...searchParams].length > STREAM_URL.parameters)
      return { fault: `The stream's address is too long for Exotel: under ${STREAM_URL.length} characters, with at most ${STREAM_URL.parameters} parameters of ${STREAM_URL.query} characters in all. Check PUBLIC_STREAM_URL.` };
    return [['StreamUrl', stream], ['StreamType', 'bidirectional'], ['StreamName', 'ringback']];
  };

  const refusal = (status: number, text: string): DialOutcome => {
    const error = restError.safeParse(readAnswer(text)).data?.RestException;
    const code = `exotel-${error?.Code ?? status}`;
    const message = told(error?.Message);
    if (/\b(DND|NDNC|NCPR)\b|do[ -]?not[ -]?disturb/i.test(message)) return { outcome: 'refused', code, reason: 'The number is on the do-not-disturb register.', doNotDisturb: true };
    if (status === 403) return { outcome: 'refused', code, reason: /KYC/i.test(message) || message === '' ? KYC : `Exotel does not allow this account to call: ${message}`, doNotDisturb: false, account: true };
    const known = reasons[status];
    if (known) return { outcome: 'refused', code, reason: known, doNotDisturb: false, account: true };
    return { outcome: 'refused', code, reason: message === '' ? `Exotel refused the call (error ${code.slice('exotel-'.length)}).` : `Exotel refused the call: ${message}`, doNotDisturb: false, account: /CallerId|ExoPhone/i.test(message) };
  };

  return {
    name: 'exotel',
    from: e164Of(config.exoPhone) ?? config.exoPhone,

    place: async (order): Promise<DialOutcome> => {
      const where = target(order);
      if ('fault' in where) return { outcome: 'refused', code: 'exotel-stream-url', reason: where.fault, doNotDisturb: false, account: true };
      if (config.checkDoNotDisturb && order.to.startsWith('+91') && await doNotDisturb(order.to)) {
        return { outcome: 'refused', code: 'exotel-dnd', reason: 'The number is on the do-not-disturb register.', doNotDisturb: true };
      }
      const form: [string, string][] = [
        ['From', order.to], ['CallerId', asExoPhone(config.exoPhone)], ...where, ['CallType', 'trans'],
        ['TimeLimit', String(Math.min(MOST_SECONDS, order.limitSeconds))], ['TimeOut', String(order.ringSeconds)], ['CustomField', customField(config.secret, order.attemptId)],
        ['StatusCallback', callbackUrl(config, order.attemptId)], ['StatusCallbackContentType', 'application/json'],
        ...[...(where[0]?.[0] === 'StreamUrl' ? ['ringing'] : []), 'answered', 'terminal'].map((event): [string, string] => ['StatusCallbackEvents[]', event]),
      ];
      let response: Response;
      let text: string;
      try {
        response = await fetch(`${account}/Calls/connect.json`, {
          method: 'POST', redirect: 'error', signal: AbortSignal.timeout(config.timeoutMs ?? CONNECT_TIMEOUT_MS),
          headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form).toString(),
        });
        text = await response.text();
      } catch (error) {
        return neverReached(error)
          ? { outcome: 'not-now', retryAfterMs: UNREACHED_RETRY_MS, reason: 'Exotel could not be reached.', unreachable: true }
          : { outcome: 'unknown', reason: 'Exotel took the request and its answer was lost.' };
      }
      if (response.ok) {
        const placed = restAnswer.safeParse(readAnswer(text)).data?.Call;
        // `in-progress` here means accepted, not answered.
        if (placed) return { outcome: 'placed', callSid: placed.Sid, status: statusOf(placed.Status) === 'queued' ? 'queued' : 'initiated' };
        const error = restError.safeParse(readAnswer(text)).data?.RestException;
        const status = Number(error?.Status);
        return status >= 400 && status < 500 && status !== 408 && status !== 429 ? refusal(status, text) : { outcome: 'unknown', reason: 'Exotel accepted the request and its answer could not be read.' };
      }
      if (response.status === 429) {
        const asked = Number(response.headers.get('retry-after') ?? Number.NaN) * 1000;
        return { outcome: 'not-now', retryAfterMs: asked > 0 ? Math.min(asked, LONGEST_RETRY_MS) : BUSY_RETRY_MS, reason: 'Exotel is taking no more calls at this moment.' };
      }
      // 408 and 5xx say nothing about whether the phone rings, and a second request would ring it twice.
      if (response.status >= 500 || response.status === 408 || response.status < 400) return { outcome: 'unknown', reason: `Exotel answered ${response.status}; nobody knows whether it placed the call.` };
      return refusal(response.status, text);
    },

    callsTo: async (to, since) => {
      // Filtered by us: nobody documents in which writing Exotel compares numbers, and a call that is missed here would be placed twice. For the
      // same reason the time is UTC's, at least as early as the account's: too many are listed, and a call to the very number of some
      // five hours ago may be taken for this one.
      const from = new Date(since).toISOString().slice(0, 19).replace('T', ' ');
      let url: string | undefined = `${account}/Calls.json?${new URLSearchParams({ DateCreated: `gte:${from}`, PageSize: String(LIST_PAGE), SortBy: 'DateCreated:desc' }).toString()}`;
      const found: CarrierCall[] = [];
      for (let page = 0; url !== undefined; page += 1) {
        if (page === MOST_PAGES) throw new UpstreamError('exotel', 200, true, { message: 'Exotel lists more calls than can be looked through' });
        const list: CallList = await look(url, (body) => restCalls.safeParse(body).data) ?? { Calls: [] };
        const calls = list.Calls.map((call) => ({ call, ...carrierCall(call, now()) }));
        found.push(...calls.filter(({ call }) => sameNumber(call.From, to) || sameNumber(call.To, to)).map(({ call: _call, ...one }) => one));
        const [first, last] = [calls[0]?.createdAt ?? '', calls.at(-1)?.createdAt ?? ''];
        url = last !== '' && last < since && first >= last ? undefined : nextPage(list.Metadata?.NextPageUri);
      }
      return found.filter((call) => call.createdAt === null || call.createdAt >= since);
    },

    call: async (callSid) => {
      const found = await look(`${account}/Calls/${encodeURIComponent(callSid)}.json?details=true`, (body) => restAnswer.safeParse(body).data?.Call);
      return found ? carrierCall(found, now()) : undefined;
    },

    // There is no such request on v1: closing the media socket ends the call, and the relay does that when it sees the end reason in the record.
    hangUp: async () => {},
  };
};
