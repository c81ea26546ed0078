// Exotel's requests to us: the addresses that we give it, the proof of where a request comes from, and what a callback says.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type * as z from 'zod';
import type { CallEvent } from '#calls/call.ts';
import { VisibleError } from '#calls/errors.ts';
import { readAttemptId } from '#calls/lead.ts';
import { readForm, readJson, type HttpRequest } from '#house/http.ts';
import { isOver, statusForm, statusOf, timeOf } from './schema.ts';

export interface ExotelAddresses {
  /** Where Exotel reaches our routes, without a slash at the end. */
  publicBase: string;
  /** Keys the tokens in these addresses. */
  secret: string;
}

const mac = (secret: string, what: string): string => createHmac('sha256', secret).update(`ringback-exotel\n${what}`).digest('base64url');
/** Exotel signs nothing, so each attempt's addresses carry a token of their own: 43 characters. */
export const attemptToken = (secret: string, attemptId: string): string => mac(secret, attemptId);
/** The token in addresses that a person types into Exotel's dashboard, which know no attempt. */
export const accountToken = (secret: string): string => mac(secret, 'account');

/** The status address for one attempt. */
export const callbackUrl = (addresses: ExotelAddresses, attemptId: string): string =>
  `${addresses.publicBase}/webhooks/exotel/status?${new URLSearchParams({ attempt: attemptId, token: attemptToken(addresses.secret, attemptId) }).toString()}`;
/** CustomField comes back to applets, and is the proof there: 77 of Exotel's 128 characters. */
export const customField = (secret: string, attemptId: string): string => `${attemptId}.${attemptToken(secret, attemptId)}`;

export type Applet = 'stream' | 'passthru' | 'gather' | 'connect' | 'greeting';
/** What a person types into an applet. */
export const appletUrl = (addresses: ExotelAddresses, applet: Applet): string => `${addresses.publicBase}/exotel/${applet}?token=${accountToken(addresses.secret)}`;

export interface ExotelRule {
  secret: string;
  /** EXOTEL_WEBHOOK_SECRET where it is set: then an X-Exotel-Signature that a gateway added must be right. */
  signingSecret: string | undefined;
  /** What HTTP Basic must show where an applet is set up with it. */
  credentials: { key: string; token: string } | undefined;
  /** SKIP_WEBHOOK_SIGNATURE_VALIDATION: local machines only, refused elsewhere at start. */
  skip: boolean;
}

const same = (shown: string, right: string): boolean => {
  const [a, b] = [Buffer.from(shown), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
};
const refused = (code: string, message: string): VisibleError => new VisibleError('forbidden', code, 'This address answers Exotel only, which shows the token that stands in the address it was given.', { fields: [{ field: 'token', message }] });

/** Exotel sends no such header; a gateway between may. No word on its form is agreed on: HMAC-SHA256 over the body, as hex or base64. */
const checkSignature = (request: HttpRequest, rule: ExotelRule): void => {
  const shown = request.header('x-exotel-signature')?.trim().replace(/^sha256=/i, '');
  if (shown === undefined || !rule.signingSecret) return;
  const digest = createHmac('sha256', rule.signingSecret).update(request.body).digest();
  if (same(shown.toLowerCase(), digest.toString('hex')) || same(shown, digest.toString('base64'))) return;
  throw new VisibleError('forbidden', 'signature-wrong', 'The signature does not fit the body.', { fields: [{ field: 'X-Exotel-Signature', message: 'does not fit the body' }] });
};

const basic = (request: HttpRequest, rule: ExotelRule): boolean =>
  rule.credentials !== undefined && same(request.header('authorization') ?? '', `Basic ${Buffer.from(`${rule.credentials.key}:${rule.credentials.token}`).toString('base64')}`);

/** The attempt and token that a CustomField holds. */
const inCustomField = (text: string | undefined): { attempt: string; token: string } | undefined => {
  const parts = /^(att_\w+)(?:\.([A-Za-z0-9_-]+))?$/.exec(text?.trim().replaceAll('"', '') ?? '');
  return parts ? { attempt: parts[1]!, token: parts[2] ?? '' } : undefined;
};

/**
 * Who asks, and for which attempt (null: for none that the address knows). An address that names an attempt wants that attempt's token, one
 * that names none the account's; applets may show HTTP Basic or the attempt's CustomField instead. Throws VisibleError('forbidden').
 */
export const verifyExotel = (request: HttpRequest, rule: ExotelRule, applet?: { customField: string | undefined }): { attemptId: string | null } => {
  checkSignature(request, rule);
  const token = request.query.get('token') ?? '';
  const custom = inCustomField(applet?.customField);
  const named = request.query.get('attempt') ?? custom?.attempt;
  if (named !== undefined && !readAttemptId(named)) throw new VisibleError('invalid', 'attempt-unknown', 'The address names no attempt.', { fields: [{ field: 'attempt', message: 'must be the id that was given to the carrier' }] });
  if (rule.skip) return { attemptId: named ?? null };
  if (named !== undefined) {
    const right = attemptToken(rule.secret, named);
    if (same(token, right) || (custom?.attempt === named && same(custom.token, right))) return { attemptId: named };
    // Typed in by hand, with a CustomField that is not ours: the account's word is good for the request, not for the attempt.
    if (!request.query.has('attempt') && applet && (same(token, accountToken(rule.secret)) || basic(request, rule))) return { attemptId: null };
    throw refused(token === '' && !custom?.token ? 'token-missing' : 'token-wrong', token === '' && !custom?.token ? 'is missing' : 'is not the one of this attempt');
  }
  if (same(token, accountToken(rule.secret)) || (applet && basic(request, rule))) return { attemptId: null };
  throw refused(token === '' ? 'token-missing' : 'token-wrong', token === '' ? 'is missing' : 'is not the one of this account');
};

/** Parameters by name, flat, blanks left out: `Legs[0][Status]`, whatever the content type. The first of a repeated name counts. */
export type ExotelParams = Record<string, string>;

const put = (params: ExotelParams, name: string, value: string): void => {
  const words = value.trim();
  if (words !== '' && words !== 'null' && !Object.hasOwn(params, name)) params[name] = words;
};
const MOST_FIELDS = 500;

const flatten = (value: unknown, name: string, params: ExotelParams): void => {
  if (Object.keys(params).length > MOST_FIELDS || value === null) return;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return put(params, name, String(value));
  if (typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) flatten(member, name === '' ? key : `${name}[${key}]`, params);
};

/** Parts have a Content-Disposition and nothing else; line ends may be lone; more may follow the last boundary (as recorded in 2025). */
const readMultipart = (request: HttpRequest, params: ExotelParams): void => {
  const type = request.header('content-type') ?? '';
  const body = request.body.toString('utf8');
  const boundary = /boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(type);
  const mark = boundary ? `--${boundary[1] ?? boundary[2]}` : (/^\s*(--[^\r\n]{1,200})/.exec(body)?.[1] ?? '');
  if (mark === '' || !body.includes(mark)) throw new VisibleError('invalid', 'body-not-multipart', 'The body is not multipart/form-data.', { fields: [{ field: 'Content-Type', message: 'must name the boundary that parts the body' }] });
  for (const part of body.split(mark).slice(1)) {
    if (part.startsWith('--')) return;
    const [, head, value] = /^\r?\n([^]*?)\r?\n\r?\n([^]*?)\r?\n?$/.exec(part) ?? [];
    const name = /content-disposition:[^\r\n]*?\bname="?([^"\r\n;]+)"?/i.exec(head ?? '')?.[1];
    if (name !== undefined) put(params, name, value ?? '');
  }
};

/** Query and body in one, the body first. Throws VisibleError when the body is not what its content type says. */
export const readExotelParams = (request: HttpRequest): ExotelParams => {
  const params: ExotelParams = {};
  const type = (request.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const begins = request.body.subarray(0, 64).toString('latin1').trimStart();
  if (request.body.length > 0 && request.method !== 'GET' && request.method !== 'HEAD') {
    if (type === 'multipart/form-data' || (type === '' && begins.startsWith('--'))) readMultipart(request, params);
    else if (type.endsWith('json') || (type === '' && begins.startsWith('{'))) flatten(readJson(request), '', params);
    else for (const [name, value] of readForm(request).slice(0, MOST_FIELDS)) put(params, name, value);
  }
  for (const [name, value] of [...request.query].slice(0, MOST_FIELDS)) put(params, name, value);
  return params;
};

/** Reads parameters by a schema. Throws VisibleError naming every field that is wrong. */
export const readParams = <T extends z.ZodType>(schema: T, params: ExotelParams): z.output<T> => {
  const read = schema.safeParse(params);
  if (read.success) return read.data;
  const fields = read.error.issues.map((issue) => ({ field: String(issue.path[0] ?? 'body'), message: issue.message }));
  throw new VisibleError('invalid', 'callback-invalid', `The callback could not be read: ${fields.map((f) => `${f.field} ${f.message}`).join('; ')}`, { fields });
};

/** Human, Machine, NotSure, NA (for the first leg of two), in any case; in our words as Twilio has them. */
const answeredBy = (params: ExotelParams): string | null => {
  const said = Object.entries(params).filter(([name]) => /^(Legs\[\d+\]\[)?AnsweredBy\]?$/.test(name)).map(([, value]) => value.toLowerCase());
  return said.includes('machine') ? 'machine' : said.includes('human') ? 'human' : null;
};
const longestLeg = (params: ExotelParams): number | null => {
  const legs = Object.entries(params).filter(([name, value]) => /^Legs\[\d+\]\[OnCallDuration\]$/.test(name) && /^\d{1,9}$/.test(value)).map(([, value]) => Number(value));
  return legs.length > 0 ? Math.max(...legs) : null;
};
/** A call of one leg has no conversation in Exotel's count: 0, or nothing at all. */
const longer = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));
/** A recording's address as an event; none when there is no address. One recording a call. */
export const recordingEvent = (sid: string, url: string | undefined, at: string): CallEvent[] =>
  (url !== undefined && URL.canParse(url) && /^https?:/.test(url) ? [{ kind: 'recording', at, recordingSid: sid, url, durationSeconds: null }] : []);

/**
 * What a status callback says, as events of the call; none where it says nothing that we keep. `now` stands in for a missing time, and is
 * what a time without a zone is near to. Throws VisibleError for a status that is none.
 */
export const readExotelCallback = (params: ExotelParams, now: Date): { callSid: string; events: CallEvent[] } => {
  const f = readParams(statusForm, params);
  const event = f.EventType?.toLowerCase();
  const at = new Date(Math.min((timeOf(f.DateUpdated, now) ?? timeOf(f.EndTime, now) ?? now).getTime(), now.getTime())).toISOString();
  const recording = recordingEvent(f.CallSid, f.RecordingUrl, at);
  // The Connect applet's news of its people: `busy` there means that a person is being rung.
  if (event === 'dial' || event === 'free' || 'AgentEmail' in params) return { callSid: f.CallSid, events: [] };
  const word = f.Status ?? f.CallStatus;
  const said = statusOf(word);
  if (said === undefined && event !== 'answered' && event !== 'ringing') {
    const message = word === undefined ? 'is missing' : 'must be one of queued, ringing, in-progress, completed, failed, busy, no-answer, canceled';
    throw new VisibleError('invalid', 'callback-invalid', `The callback could not be read: Status ${message}`, { fields: [{ field: 'Status', message }] });
  }
  const status = event === 'answered' && !isOver(said) ? 'in-progress' : event === 'ringing' && !isOver(said) ? 'ringing' : said!;
  if (event === 'terminal' && !isOver(status)) return { callSid: f.CallSid, events: recording };
  const durationSeconds = isOver(status) ? (f.Duration ?? longer(f.ConversationDuration ?? null, longestLeg(params))) : null;
  return {
    callSid: f.CallSid,
    events: [{ kind: 'status', at, status, sequence: null, source: 'callback', durationSeconds, sipCode: null, answeredBy: answeredBy(params), cost: null }, ...recording],
  };
};
