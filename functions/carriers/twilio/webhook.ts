// Twilio's requests to us: the addresses that we give it, the signature on what comes back, and what a callback says.
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import type * as z from 'zod';
import type { CallEvent } from '#calls/call.ts';
import { VisibleError } from '#calls/errors.ts';
import type { HttpRequest } from '#house/http.ts';
import { amdForm, recordingForm, statusForm, streamForm } from './schema.ts';

export interface TwilioAddresses {
  /** Where Twilio reaches our routes, without a slash at the end. */
  publicBase: string;
  /** TWILIO_CALL_FLOW_URL, where the business has set one. */
  callFlowUrl?: string | undefined;
  /** TWILIO_WEBHOOK_URL, where the business has set one. */
  webhookUrl?: string | undefined;
}

/**
 * Twilio retries a webhook once by default, and only when it could not connect. These overrides, in the fragment, ask for more;
 * the fragment is neither sent nor signed (Twilio, "Webhook connection overrides").
 */
const retries = { document: '#rc=2&rp=ct,5xx,rt&rt=5000', after: '#rc=2&rp=ct,5xx,rt&rt=5000', callback: '#rc=5&rp=all' } as const;

export type TwilioPurpose = 'document' | 'after' | 'gather' | 'status' | 'recording' | 'amd' | 'stream';

/** The address for one purpose of one attempt; the attempt's id rides in the query, so that any callback finds its record, and `more` beside it. */
export const callbackUrl = (addresses: TwilioAddresses, purpose: TwilioPurpose, attemptId: string, more: Record<string, string> = {}): string => {
  const base = purpose === 'document' ? (addresses.callFlowUrl ?? `${addresses.publicBase}/twiml`)
    : purpose === 'after' || purpose === 'gather' ? `${addresses.publicBase}/twiml/${purpose}`
      : purpose === 'status' ? (addresses.webhookUrl ?? `${addresses.publicBase}/webhooks/twilio/status`)
        : `${addresses.publicBase}/webhooks/twilio/${purpose}`;
  const url = new URL(base);
  url.searchParams.set('attempt', attemptId);
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  url.hash = purpose === 'document' ? retries.document : purpose === 'after' || purpose === 'gather' ? retries.after : retries.callback;
  return url.toString();
};

export interface SignatureRule {
  /** Undefined where there is no Twilio account: then nothing is Twilio's. */
  authToken: string | undefined;
  publicBase: string;
  /** TWILIO_CALL_FLOW_URL and TWILIO_WEBHOOK_URL, where the business has set them: Twilio then signs these addresses. */
  alsoAt?: (string | undefined)[];
  /** SKIP_WEBHOOK_SIGNATURE_VALIDATION: local machines only, refused elsewhere at start. */
  skip: boolean;
}

/** Form parameters by name; a repeated one is a list, which Twilio signs value by value. */
export type TwilioParams = Record<string, string | string[]>;

const collect = (pairs: Iterable<[string, string]>): TwilioParams => {
  const params: TwilioParams = Object.create(null) as TwilioParams;
  for (const [name, value] of pairs) {
    const known = params[name];
    params[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return params;
};

/**
 * Checks X-Twilio-Signature over the configured public address, the raw path and the raw query, and returns the parameters
 * (those of the query for GET). Throws VisibleError('forbidden') for a missing or wrong signature: fails closed.
 */
export const verifyTwilio = (request: HttpRequest, form: [string, string][], rule: SignatureRule): TwilioParams => {
  const posted = collect(form);
  const params = request.method === 'GET' || request.method === 'HEAD' ? collect(request.query) : posted;
  if (rule.skip) return params;
  const shown = request.header('x-twilio-signature');
  if (!shown) throw new VisibleError('forbidden', 'signature-missing', 'This address answers requests signed by Twilio only.', { fields: [{ field: 'X-Twilio-Signature', message: 'is missing' }] });
  const query = request.rawQuery ? `?${request.rawQuery}` : '';
  const given = (rule.alsoAt ?? []).filter((address) => address !== undefined).map((address) => address.split(/[?#]/)[0]! + query);
  const urls = [`${rule.publicBase}${request.rawPath}${query}`, ...given];
  const signed = request.method === 'GET' || request.method === 'HEAD' ? {} : posted;
  // A stand-in may sign the address as it was given, fragment and all; both prove knowledge of the token.
  const { authToken } = rule;
  const right = authToken !== undefined && urls.flatMap((url) => [url, ...new Set(Object.values(retries).map((fragment) => url + fragment))]).some((candidate) => {
    try {
      return validateRequest(authToken, shown, candidate, signed);
    } catch {
      return false;
    }
  });
  if (!right) {
    throw new VisibleError('forbidden', 'signature-wrong', 'The signature does not fit this request. It is made with the account\'s auth token over the public address (PUBLIC_BASE_URL) and the parameters.',
      { fields: [{ field: 'X-Twilio-Signature', message: 'does not fit the address and the parameters' }] });
  }
  return params;
};

/** Reads parameters by a schema. Throws VisibleError naming every field that is wrong. */
export const readParams = <T extends z.ZodType>(schema: T, params: TwilioParams): z.output<T> => {
  const read = schema.safeParse(Object.fromEntries(Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])));
  if (read.success) return read.data;
  const fields = read.error.issues.map((issue) => ({ field: String(issue.path[0] ?? 'body'), message: issue.message }));
  throw new VisibleError('invalid', 'callback-invalid', `The callback could not be read: ${fields.map((f) => `${f.field} ${f.message}`).join('; ')}`, { fields });
};

const isoOr = (text: string | undefined, now: Date): string => new Date(text === undefined ? now : Date.parse(text)).toISOString();
export type TwilioCallbackKind = 'status' | 'recording' | 'amd' | 'stream';
export const twilioCallbackKinds: TwilioCallbackKind[] = ['status', 'recording', 'amd', 'stream'];

/** What a callback says, as events of the call; none where it says nothing that we keep. `now` stands in for a missing time. */
export const readTwilioCallback = (kind: TwilioCallbackKind, params: TwilioParams, now: Date): { callSid: string; events: CallEvent[] } => {
  switch (kind) {
    case 'status': {
      const f = readParams(statusForm, params);
      return {
        callSid: f.CallSid,
        events: [{
          kind: 'status', at: isoOr(f.Timestamp, now), status: f.CallStatus, sequence: f.SequenceNumber ?? null, source: 'callback',
          durationSeconds: f.CallDuration ?? null, sipCode: f.SipResponseCode ?? null, answeredBy: f.AnsweredBy ?? null, cost: null,
        }],
      };
    }
    case 'recording': {
      const f = readParams(recordingForm, params);
      const kept = f.RecordingUrl !== undefined && (f.RecordingStatus ?? 'completed') === 'completed';
      const duration = f.RecordingDuration !== undefined && f.RecordingDuration >= 0 ? f.RecordingDuration : null;
      const at = isoOr(f.RecordingStartTime !== undefined && !Number.isNaN(Date.parse(f.RecordingStartTime)) ? f.RecordingStartTime : undefined, now);
      return { callSid: f.CallSid, events: kept ? [{ kind: 'recording', at, recordingSid: f.RecordingSid, url: f.RecordingUrl!, durationSeconds: duration }] : [] };
    }
    case 'amd': {
      const f = readParams(amdForm, params);
      return { callSid: f.CallSid, events: [{ kind: 'answered-by', at: now.toISOString(), answeredBy: f.AnsweredBy }] };
    }
    case 'stream': {
      const f = readParams(streamForm, params);
      // Twilio's `stream-error` follows every close by us, meant or not; it is kept as news, never as an end.
      return { callSid: f.CallSid, events: f.StreamEvent === 'stream-error' ? [{ kind: 'stream-failed', at: isoOr(f.Timestamp, now), detail: (f.StreamError ?? 'unknown').slice(0, 200) }] : [] };
    }
  }
};

/** What signatures are checked against. */
export const signatureRule = (addresses: TwilioAddresses, authToken: string | undefined, skip: boolean): SignatureRule =>
  ({ authToken, publicBase: addresses.publicBase, alsoAt: [addresses.callFlowUrl, addresses.webhookUrl], skip });
