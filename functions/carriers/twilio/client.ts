// Twilio's REST API behind the Carrier port: places calls, looks them up, ends them. Plain fetch: the SDK's client is 3.6 MB.
import { UpstreamError } from '#calls/errors.ts';
import type { Carrier, CarrierCall, DialOutcome } from '#calls/ports.ts';
import { neverReached } from '../never-reached.ts';
import { restCall, restCalls, restError, type RestCall } from './schema.ts';
import { callbackUrl, type TwilioAddresses } from './webhook.ts';

export interface TwilioConfig extends TwilioAddresses {
  /** https://api.twilio.com, or another that speaks its protocol. */
  apiBase: string;
  accountSid: string;
  authToken: string;
  /** Our number, E.164. */
  from: string;
  recordCalls: boolean;
  /** How long one request may take, ms. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const BUSY_RETRY_MS = 2_000;
const CONCURRENCY_RETRY_MS = 10_000;
const UNREACHED_RETRY_MS = 5_000;
/** However long it asks to wait; an hour later it is asked again. */
const LONGEST_RETRY_MS = 3_600_000;
/** 10004 and 86008: as many calls at once as the account may have. */
const concurrencyCodes = new Set(['10004', '86008']);

/** What is wrong with the account or its settings, whatever the number: another carrier may be asked at once. */
const accountCodes = new Set(['20003', '20005', '21205', '21210', '21212', '21213', '10001', '10002']);

/** Twilio's codes in words that somebody without its manual understands. */
const reasons = new Map([
  ['21201', 'The request named no number to call.'],
  ['21205', 'Twilio cannot reach our answer address. Check PUBLIC_BASE_URL.'],
  ['21210', 'Our caller id is not a number of this Twilio account. Check TWILIO_PHONE_NUMBER.'],
  ['21211', 'The number is not valid.'],
  ['21212', 'Our caller id is not valid. Check TWILIO_PHONE_NUMBER.'],
  ['21213', 'The request named no caller id. Check TWILIO_PHONE_NUMBER.'],
  ['21214', 'The number cannot be reached.'],
  ['21215', 'The Twilio account may not call this country. Allow it under Voice geographic permissions.'],
  ['21216', 'Twilio does not allow calls to this number.'],
  ['21217', 'The number is not valid.'],
  ['21219', 'A Twilio trial account may call verified numbers only.'],
  ['20003', 'Twilio refused our credentials. Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.'],
]);

const iso = (text: string | null | undefined): string | null => (text && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : null);

const carrierCall = (call: RestCall): CarrierCall => {
  const duration = Number(call.duration ?? Number.NaN);
  return {
    callSid: call.sid, status: call.status, createdAt: iso(call.date_created), startedAt: iso(call.start_time) ?? iso(call.date_created), endedAt: iso(call.end_time),
    durationSeconds: Number.isFinite(duration) && call.duration !== null && call.duration !== '' ? duration : null, answeredBy: call.answered_by ?? null,
    cost: call.price === null || call.price === undefined || call.price === '' ? null : `${Math.abs(Number(call.price))} ${call.price_unit ?? 'USD'}`,
  };
};

export const twilioCarrier = (config: TwilioConfig): Carrier => {
  const account = `${config.apiBase}/2010-04-01/Accounts/${config.accountSid}`;
  const ask = (method: 'GET' | 'POST' | 'DELETE', path: string, form?: [string, string][]): Promise<Response> => fetch(`${account}${path}`, {
    method, redirect: 'error', signal: AbortSignal.timeout(config.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    headers: {
      authorization: `Basic ${Buffer.from(`${config.accountSid}:${config.authToken}`).toString('base64')}`, accept: 'application/json',
      // A kept connection may be closed just as it is used again (a frozen Lambda's certainly is), and then nobody knows whether a phone rings.
      ...(form ? { 'content-type': 'application/x-www-form-urlencoded', connection: 'close' } : {}),
    },
    ...(form ? { body: new URLSearchParams(form).toString() } : {}),
  });

  /** Reads a lookup's answer. Throws UpstreamError; undefined for 404. */
  const look = async <T>(path: string, read: (body: unknown) => T | undefined): Promise<T | undefined> => {
    let response: Response;
    let body: unknown;
    try {
      response = await ask('GET', path);
      body = response.status === 404 ? undefined : await response.json().catch(() => undefined);
    } catch (cause) {
      throw new UpstreamError('twilio', 0, true, { message: 'Twilio could not be reached', cause });
    }
    if (response.status === 404) return undefined;
    if (!response.ok) throw new UpstreamError('twilio', response.status, response.status === 429 || response.status >= 500);
    const value = read(body);
    if (value === undefined) throw new UpstreamError('twilio', response.status, true, { message: 'Twilio answered in a form that is not in its documentation' });
    return value;
  };

  return {
    name: 'twilio',
    from: config.from,

    place: async (order): Promise<DialOutcome> => {
      const form: [string, string][] = [
        ['To', order.to], ['From', config.from],
        ['Url', callbackUrl(config, 'document', order.attemptId)], ['Method', 'POST'],
        ['StatusCallback', callbackUrl(config, 'status', order.attemptId)], ['StatusCallbackMethod', 'POST'],
        ...['initiated', 'ringing', 'answered', 'completed'].map((event): [string, string] => ['StatusCallbackEvent', event]),
        ['Timeout', String(order.ringSeconds)], ['TimeLimit', String(order.limitSeconds)],
        ...(config.recordCalls ? [['Record', 'true'], ['RecordingStatusCallback', callbackUrl(config, 'recording', order.attemptId)], ['RecordingChannels', 'dual']] as [string, string][] : []),
      ];
      let response: Response;
      let text: string;
      try {
        response = await ask('POST', '/Calls.json', form);
        text = await response.text();
      } catch (error) {
        return neverReached(error)
          ? { outcome: 'not-now', retryAfterMs: UNREACHED_RETRY_MS, reason: 'Twilio could not be reached.', unreachable: true }
          : { outcome: 'unknown', reason: 'Twilio took the request and its answer was lost.' };
      }
      const body: unknown = ((): unknown => { try { return JSON.parse(text); } catch { return undefined; } })();
      if (response.ok) {
        const placed = restCall.safeParse(body);
        return placed.success ? { outcome: 'placed', callSid: placed.data.sid, status: placed.data.status } : { outcome: 'unknown', reason: 'Twilio accepted the request and its answer could not be read.' };
      }
      const error = restError.safeParse(body).data;
      const code = String(error?.code ?? response.status);
      if (response.status === 429 || concurrencyCodes.has(code)) {
        const asked = Number(response.headers.get('retry-after') ?? Number.NaN) * 1000;
        return { outcome: 'not-now', retryAfterMs: asked > 0 ? Math.min(asked, LONGEST_RETRY_MS) : concurrencyCodes.has(code) ? CONCURRENCY_RETRY_MS : BUSY_RETRY_MS, reason: 'Twilio is taking no more calls at this moment.' };
      }
      // 408 and 5xx say nothing about whether the phone rings; 21204 says that it does and not under which id.
      if (response.status >= 500 || response.status === 408 || code === '21204') return { outcome: 'unknown', reason: `Twilio answered ${response.status}; nobody knows whether it placed the call.` };
      return { outcome: 'refused', code: `twilio-${code}`, reason: reasons.get(code) ?? `Twilio refused the call (error ${code}).`, doNotDisturb: false, account: response.status === 401 || accountCodes.has(code) };
    },

    callsTo: async (to, since) => {
      // Not filtered by StartTime: a queued call has none and would be missed. Newest come first, and one number has few.
      const query = `To=${encodeURIComponent(to)}&From=${encodeURIComponent(config.from)}&PageSize=50`;
      const found = await look(`/Calls.json?${query}`, (body) => restCalls.safeParse(body).data?.calls) ?? [];
      return found.filter((call) => (call.to ?? to) === to).map(carrierCall).filter((call) => call.startedAt === null || call.startedAt >= since);
    },

    call: async (callSid) => {
      const found = await look(`/Calls/${encodeURIComponent(callSid)}.json`, (body) => restCall.safeParse(body).data);
      return found ? carrierCall(found) : undefined;
    },

    hangUp: async (callSid) => {
      let response: Response;
      try {
        response = await ask('POST', `/Calls/${encodeURIComponent(callSid)}.json`, [['Status', 'completed']]);
        await response.arrayBuffer();
      } catch (cause) {
        throw new UpstreamError('twilio', 0, true, { message: 'Twilio could not be reached', cause });
      }
      // 400 with 21220: the call is over already. 404: it is gone.
      if (!response.ok && response.status !== 404 && response.status !== 400) throw new UpstreamError('twilio', response.status, response.status === 429 || response.status >= 500);
    },

    deleteRecording: async (recordingSid) => {
      let response: Response;
      try {
        response = await ask('DELETE', `/Recordings/${encodeURIComponent(recordingSid)}.json`);
        await response.arrayBuffer();
      } catch (cause) {
        throw new UpstreamError('twilio', 0, true, { message: 'Twilio could not be reached', cause });
      }
      if (!response.ok && response.status !== 404) throw new UpstreamError('twilio', response.status, response.status === 429 || response.status >= 500);
    },
  };
};
