// Called by every page: what leads and calls look like over HTTP, and the one place that fetches (the console's own questions: console/api.ts).
import type { CallStatus, EndReason } from '#calls/call.ts';
import type { AttemptState, CarrierName, Disposition, LeadStatus } from '#calls/lead.ts';
import type { Decision } from '#calls/permission.ts';
import type { Suppression } from '#calls/ports.ts';
import { readProblem, type Problem } from './problem.ts';

export type { AttemptState, CallStatus, Decision, Disposition, EndReason, LeadStatus };

export interface Enquiry {
  name?: string;
  phone: string;
  consent: true;
  /** Exactly what was shown. */
  consentText: string;
  interest?: string;
  /** IANA name. */
  timeZone?: string;
  formUrl: string;
  /** What the Turnstile widget gave out, where there is one. */
  captcha?: string;
}

export interface Accepted { ok: true; leadId: string; status: LeadStatus }

/** What anybody who holds the lead's id may know: nothing personal. Times are ISO 8601. */
export interface Progress {
  leadId: string;
  status: LeadStatus;
  callStatus: CallStatus | null;
  dueAt: string | null;
  reason: string | null;
  updatedAt: string;
}

export interface TimelineEntry { at: string; event: string; detail: string | null }

export interface LeadSummary {
  leadId: string;
  name: string | null;
  phone: string;
  status: LeadStatus;
  disposition: Disposition | null;
  interest: string | null;
  createdAt: string;
  /** Shown where the server tells it. */
  lastEvent?: TimelineEntry | null;
}

export interface LeadPage { leads: LeadSummary[]; cursor: string | null }

export interface TurnView { role: 'agent' | 'caller'; text: string; at: string }

export interface CallView {
  callId: string;
  attemptId: string | null;
  carrier: CarrierName;
  callSid: string | null;
  direction: 'outbound' | 'inbound';
  from: string;
  to: string;
  status: CallStatus;
  endReason: EndReason | null;
  startedAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  durationSeconds: number | null;
  conversationId: string | null;
  voiceId: string | null;
  transcript: TurnView[];
  recordingUrl: string | null;
  answeredBy: string | null;
  cost: string | number | null;
  latency: { enquiryToDialMs: number | null; answerToFirstAudioMs: number | null; turnMs: number[] } | null;
}

export interface AttemptView {
  attemptId: string;
  carrier: CarrierName;
  state: AttemptState;
  dueAt: string | null;
  reason: string | null;
  decision: Decision | null;
  callId: string | null;
}

export interface Lead {
  leadId: string;
  name: string | null;
  phone: string;
  interest?: string | null;
  status: LeadStatus;
  disposition: Disposition | null;
  summary: string | null;
  consent: { text: string; textHash: string; at: string; ip: string | null; userAgent: string | null; formUrl: string | null };
  timeZone: string | null;
  createdAt: string;
  attempts: AttemptView[];
  calls: CallView[];
  timeline: TimelineEntry[];
  /** Why the number is not called, if it is not; exports leave it out. */
  suppression?: Suppression | null;
}

export type Outcome<T> = { kind: 'ok'; value: T } | { kind: 'problem'; problem: Problem } | { kind: 'unreachable' };

/** A question that hangs for so long is taken for a lost one. API Gateway itself gives up after 30 s. */
const TIMEOUT_MS = 31_000;

/** Asks once. Resolves whatever happens; `unreachable` when no answer came, or none that could be read to its end. */
export const ask = async <T>(path: string, init: RequestInit): Promise<Outcome<T>> => {
  try {
    const given = init.signal ? [init.signal] : [];
    const response = await fetch(path, { ...init, cache: 'no-store', signal: AbortSignal.any([...given, AbortSignal.timeout(TIMEOUT_MS)]) });
    const text = await response.text();
    const body = parse(text);
    if (response.ok && (body !== undefined || text === '')) return { kind: 'ok', value: body as T };
    return { kind: 'problem', problem: readProblem(response.ok ? 502 : response.status, body, response.headers.get('retry-after'), Date.now()) };
  } catch {
    // fetch has one error for no network, a broken connection and a time that ran out: nobody knows what the server did.
    return { kind: 'unreachable' };
  }
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const sendEnquiry = (enquiry: Enquiry, idempotencyKey: string): Promise<Outcome<Accepted>> =>
  ask('/enquire', {
    method: 'POST', body: JSON.stringify(enquiry),
    headers: { 'content-type': 'application/json', accept: 'application/json', 'idempotency-key': idempotencyKey },
  });

export const askProgress = (leadId: string, signal: AbortSignal): Promise<Outcome<Progress>> =>
  ask(`/enquire/${encodeURIComponent(leadId)}`, { headers: { accept: 'application/json' }, signal });
