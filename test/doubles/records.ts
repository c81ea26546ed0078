// Records as they lie in a store, for tests that begin in the middle of a story.
import { createHash } from 'node:crypto';
import type { CallEvent, CallStatus, NewCall } from '#calls/call.ts';
import type { Enquiry } from '#calls/enquiry.ts';
import { attemptIdOf, readAttemptId, type AttemptRecord, type LeadRecord } from '#calls/lead.ts';
import type { NewEnquiry } from '#calls/ports.ts';
import { NOON } from './clock.ts';

/** Lead ids in a row: 26 characters of a ULID's alphabet. */
export const leadIdNumber = (n: number): string => `lead_01KADM7Q2V8ZC4T9W6N3H${String(n).padStart(5, '0')}`;
/** A Twilio-shaped call id. */
export const sidNumber = (n: number): string => `CA${n.toString(16).padStart(32, '0')}`;
export const PHONE = '+442079460018';
export const text = 'I agree that an AI voice agent calls me.';

export const leadRecord = (more: Partial<LeadRecord> = {}): LeadRecord => ({
  leadId: leadIdNumber(1), name: 'Ada Byron', phone: PHONE, interest: 'a boiler', timeZone: 'Europe/London', status: 'new', disposition: null, summary: null,
  consent: { text, textHash: createHash('sha256').update(text).digest('hex'), at: NOON, ip: '203.0.113.7', userAgent: 'test', formUrl: 'https://example.com/form' },
  createdAt: NOON, version: 1, ...more,
});

export const attemptRecord = (more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  attemptId: attemptIdOf(more.leadId ?? leadIdNumber(1), 1), leadId: leadIdNumber(1), carrier: 'twilio', state: 'ready', dueAt: NOON, reason: null, decision: null,
  callSid: null, claimedAt: null, history: [{ at: NOON, event: 'ready', detail: 'allowed' }], ...more,
});

export const newEnquiry = (n: number, more: { lead?: Partial<LeadRecord>; attempt?: Partial<AttemptRecord>; key?: string; fingerprint?: string; expiresAt?: string } = {}): NewEnquiry => {
  const leadId = leadIdNumber(n);
  return {
    lead: leadRecord({ leadId, ...more.lead }), attempt: attemptRecord({ leadId, attemptId: attemptIdOf(leadId, 1), ...more.attempt }),
    idempotencyKey: more.key ?? `key-${n}`, fingerprint: more.fingerprint ?? `print-${n}`, expiresAt: more.expiresAt ?? '2026-11-21T13:00:00.000Z',
  };
};

export const callIdNumber = (n: number): string => readAttemptId(attemptIdOf(leadIdNumber(n), 1))!.callId;
export const newCall = (n: number, more: Partial<NewCall> = {}): NewCall => ({
  callId: callIdNumber(n), attemptId: attemptIdOf(leadIdNumber(n), 1), leadId: leadIdNumber(n), carrier: 'twilio', direction: 'outbound', from: '+15005550006', to: PHONE, ...more,
});

export const statusEvent = (status: CallStatus, more: Partial<Extract<CallEvent, { kind: 'status' }>> = {}): Extract<CallEvent, { kind: 'status' }> => ({
  kind: 'status', at: NOON, status, sequence: null, source: 'callback', durationSeconds: null, sipCode: null, answeredBy: null, cost: null, ...more,
});

/** An enquiry that was read. */
export const enquiry = (more: Partial<Enquiry> = {}): Enquiry => ({
  name: 'Ada Byron', phone: PHONE, country: 'GB', consentText: text, interest: 'a boiler', timeZone: 'Europe/London', formUrl: 'https://example.com/form', captcha: null, ...more,
});
