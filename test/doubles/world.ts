// The whole domain over memory, a clock that stands still and a scripted carrier: for stories that go through several of its parts.
import { askCallback, type Said } from '#calls/ask-callback.ts';
import { afterStream, answerCall, keyPressed, type CallFlow } from '#calls/answer-call.ts';
import { dialAttempt, type DialDeps, type DialResult } from '#calls/dial-attempt.ts';
import type { CallEvent, CallStatus } from '#calls/call.ts';
import type { Enquiry } from '#calls/enquiry.ts';
import { readLead, type LeadView } from '#calls/lead-view.ts';
import { isFinalLead } from '#calls/lead-status.ts';
import type { CarrierName, LeadRecord } from '#calls/lead.ts';
import { readPolicy, type PolicyDocument } from '#calls/policy.ts';
import type { DialMessage } from '#calls/ports.ts';
import { reconcile } from '#calls/reconcile.ts';
import { recordEvent } from '#calls/record-event.ts';
import { recordCallback } from '#calls/record-status.ts';
import { takeEnquiry, type EnquiryAnswer, type EnquiryDeps, type EnquirySender } from '#calls/take-enquiry.ts';
import { scriptedCarrier, type ScriptedCarrier } from './carrier.ts';
import { handClock } from './clock.ts';
import { Crash, mortal, type CrashPlan } from './crash.ts';
import { memoryStores } from './memory-stores.ts';
import { enquiry as enquiryOf, leadIdNumber, statusEvent } from './records.ts';

export interface WorldOptions {
  policy?: PolicyDocument;
  start?: string;
  intervalMs?: number;
  afterSeconds?: number;
  between?: () => Promise<void>;
  /** Carriers beside Twilio. */
  others?: CarrierName[];
}

export const AFTER_SECONDS = 90;
export const sender = (more: Partial<EnquirySender> = {}): EnquirySender => ({ ip: '203.0.113.7', userAgent: 'test', idempotencyKey: null, ...more });

export const makeWorld = (options: WorldOptions = {}) => {
  const clock = handClock(options.start);
  const stores = memoryStores({ clock, intervalMs: () => options.intervalMs ?? 0, ...(options.between ? { between: options.between } : {}) });
  const twilio = scriptedCarrier(clock);
  const all = Object.fromEntries([['twilio', twilio], ...(options.others ?? []).map((name) => [name, scriptedCarrier(clock, name)])]) as Record<CarrierName, ScriptedCarrier>;
  /** What lies in the dial queue, and when it comes out. */
  const messages: { message: DialMessage; at: number }[] = [];
  const schedules = new Map<string, string>();
  const queueFailures: string[] = [];
  const failures: { error: unknown; id: string }[] = [];
  const waits: number[] = [];
  let leadCount = 0;
  /** What was deleted at outside services, and whether they can be reached. */
  const forgotten: string[] = [];
  const outside = { down: false };
  const forgetter = (what: string) => async (id: string): Promise<void> => {
    if (outside.down) throw new Error(`${what} cannot be deleted now`);
    forgotten.push(`${what}#${id}`);
  };
  const forgetters = { 'twilio#recording': forgetter('twilio#recording'), 'elevenlabs#conversation': forgetter('elevenlabs#conversation') };
  const deps = {
    leads: stores.leads, calls: stores.calls, suppressions: stores.suppressions, switches: stores.switches, forgets: stores.forgets, forgetters, caps: stores.caps, pace: stores.pace, health: stores.health, clock,
    policy: readPolicy(options.policy ?? {}),
    queue: { send: async (message: DialMessage, delaySeconds = 0) => { messages.push({ message: structuredClone(message), at: clock.now().getTime() + Math.min(900, delaySeconds) * 1000 }); } },
    schedule: {
      at: async (attemptId: string, when: string) => { schedules.set(attemptId, when); },
      cancel: async (attemptId: string) => { schedules.delete(attemptId); },
    },
    carriers: Object.fromEntries(Object.entries(all).map(([name, one]) => [name, one.carrier])) as DialDeps['carriers'],
    carrierNames: Object.keys(all) as CarrierName[], random: () => 0,
    wait: async (ms: number) => { waits.push(ms); clock.forward(ms); },
  };
  const enquiryDeps: EnquiryDeps = {
    ...deps, newLeadId: () => leadIdNumber(leadCount += 1), consentText: 'The words on the page.',
    onQueueFailure: (error, attemptId) => {
      if (error instanceof Crash) throw error;
      queueFailures.push(attemptId);
    },
  };
  const answerDeps = { calls: stores.calls, suppressions: stores.suppressions, clock, ticketSecret: 'a secret of the tests, 32 letters', ticketTtlSeconds: 120, transferNumbers: { twilio: ['+15005550010', '+15005550011'], exotel: ['+919876500001'] } };

  const enquire = (given: Partial<Enquiry> = {}, from: Partial<EnquirySender> = {}, plan?: CrashPlan): Promise<EnquiryAnswer> =>
    takeEnquiry(mortal({ ...enquiryDeps }, plan).deps)(enquiryOf(given), sender(from));
  const dial = (message: DialMessage, plan?: CrashPlan): Promise<DialResult> => dialAttempt(mortal({ ...deps }, plan).deps)(message);
  const sweep = (plan?: CrashPlan): Promise<Record<string, number>> => {
    const { deps: ports } = mortal({ ...deps }, plan);
    return reconcile({ ...ports, afterSeconds: options.afterSeconds ?? AFTER_SECONDS, onFailure: (error, id) => {
      if (error instanceof Crash) throw error;
      failures.push({ error, id });
    } })();
  };
  const callback = (attemptId: string | null, callSid: string, ...events: CallEvent[]): Promise<'recorded' | 'stray'> =>
    recordCallback(deps)({ carrier: 'twilio', callSid, attemptId, events });

  /** Messages that are out of the queue by now, taken. */
  const arrived = (): DialMessage[] => {
    const now = clock.now().getTime();
    const due = messages.filter(({ at }) => at <= now);
    for (const one of due) messages.splice(messages.indexOf(one), 1);
    for (const [attemptId, when] of schedules) {
      if (Date.parse(when) > now) continue;
      schedules.delete(attemptId);
      due.push({ message: { attemptId }, at: now });
    }
    return due.map(({ message }) => message);
  };
  return {
    clock, stores, twilio, all, messages, schedules, queueFailures, failures, waits, deps, enquiryDeps, answerDeps, forgotten, outside, forgetters, enquire, dial, sweep, callback, arrived,
    answer: (attemptId: string, callSid: string): Promise<CallFlow> => answerCall(answerDeps)({ attemptId, callSid }),
    after: (attemptId: string, callSid: string, lineIsDown = false): Promise<CallFlow> => afterStream(answerDeps)({ attemptId, callSid, lineIsDown, keys: true }),
    key: (attemptId: string, callSid: string, digits: string): Promise<CallFlow> => keyPressed(answerDeps)({ attemptId, callSid, digits }),
    /** The agent's tool. */
    ask: (callId: string, when: string, note: string | null = null): Promise<Said> => askCallback(deps)(callId, { when, note }),
    event: (callId: string, event: CallEvent) => recordEvent(deps)(callId, event),
    /** A status callback as the carrier would send it now. */
    status: (attemptId: string, callSid: string, status: CallStatus, sequence: number | null = null): Promise<'recorded' | 'stray'> =>
      callback(attemptId, callSid, statusEvent(status, { sequence, at: clock.iso() })),
    lead: async (leadId: string): Promise<LeadRecord> => (await stores.leads.lead(leadId))!,
    view: async (leadId: string): Promise<LeadView> => (await readLead(stores)(leadId))!,
    /** Takes every message that is out, again and again, until the queue holds none that is. */
    dialAll: async (): Promise<void> => {
      for (let due = arrived(); due.length > 0; due = arrived()) for (const message of due) await dial(message);
    },
    /** Lets time pass with a sweep every half minute, everything well. */
    settleDown: async (minutes: number): Promise<void> => {
      for (let i = 0; i < minutes * 2; i += 1) {
        clock.forward(30_000);
        for (let due = arrived(); due.length > 0; due = arrived()) for (const message of due) await dial(message);
        await sweep();
      }
    },
    isFinal: async (leadId: string): Promise<boolean> => isFinalLead((await stores.leads.lead(leadId))!.status),
  };
};
export type World = ReturnType<typeof makeWorld>;
