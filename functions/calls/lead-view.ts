// The lead as the API and the console show it: one document made from the lead, its attempts, calls, transcripts and events.
import { callStatuses, isTerminal, type CallEvent, type CallRecord, type Turn } from './call.ts';
import { readAttemptId, type AttemptRecord, type LeadRecord, type Step } from './lead.ts';
import type { CallStore, LeadStore } from './ports.ts';

/** A call in the API's words (docs: handlers/openapi.ts). */
export const callView = (call: CallRecord, turns: Turn[], enquiryToDialMs: number | null) => ({
  callId: call.callId, attemptId: call.attemptId, carrier: call.carrier, callSid: call.callSid, direction: call.direction, from: call.from, to: call.to,
  status: call.status, endReason: call.endReason, startedAt: call.startedAt, answeredAt: call.answeredAt, endedAt: call.endedAt,
  durationSeconds: call.durationSeconds, conversationId: call.conversationId, voiceId: call.voiceId,
  transcript: turns.toSorted((a, b) => a.index - b.index).map(({ role, text, at }) => ({ role, text, at })),
  recordingUrl: call.recordingUrl, answeredBy: call.answeredBy, cost: call.cost, transfer: call.transfer?.state ?? null, latency: { ...call.latency, enquiryToDialMs: enquiryToDialMs ?? call.latency.enquiryToDialMs },
});
export type CallView = ReturnType<typeof callView>;

/** Whether the stream with this epoch was opened because a transfer from the one before it had found nobody. */
const isWayBack = (epoch: number, events: CallEvent[]): boolean => events.some((event) => event.kind === 'transfer' && event.state === 'failed' && event.epoch === epoch - 1);

/** One line of the timeline for an event of a call, among all of that call; null for those that only repeat what another says. */
const timelineOf = (event: CallEvent, all: CallEvent[]): Step | null => {
  const line = (name: string, detail: string | null): Step => ({ at: event.at, event: name, detail });
  switch (event.kind) {
    case 'status': return event.source === 'request' ? null : line(`call-${event.status}`, event.source === 'lookup' ? 'looked up at the carrier' : null);
    case 'document': return line('stream-reopened', isWayBack(event.epoch, all) ? 'back from the transfer' : `takeover ${event.epoch}`);
    case 'stream-started': return line('stream-started', event.epoch === 0 ? null : 'the talk goes on');
    case 'stream-failed': return line('stream-failed', event.detail);
    case 'agent-connected': return line('agent-connected', event.conversationId);
    case 'first-audio': return line('agent-heard', `${event.sinceAnswerMs} ms after the stream began`);
    case 'ended': return line('talk-ended', event.detail ? `${event.endReason}: ${event.detail}` : event.endReason);
    case 'transfer': return line(`transfer-${event.state}`, event.detail);
    case 'opt-out': return line('opted-out', event.by);
    case 'answered-by': return line('answered-by', event.answeredBy);
    case 'recording': return line('recording-ready', null);
    case 'outcome': return line('outcome', event.disposition);
    case 'callback-asked': return line('callback-asked', event.note === null ? `for ${event.dueAt}` : `for ${event.dueAt}: ${event.note}`);
    case 'key-chosen': return line('key-chosen', event.choice);
  }
};

const terminalSteps = new Set(callStatuses.filter(isTerminal).map((status) => `call-${status}`));
const isTerminalStep = (step: Step): boolean => terminalSteps.has(step.event);
/** Among steps of one time: what a step follows from stands before it. */
const place = (step: Step): number => (isTerminalStep(step) ? 2 : step.event === 'stream-reopened' ? 1 : 0);

export interface LeadParts {
  lead: LeadRecord;
  attempts: AttemptRecord[];
  calls: { call: CallRecord; turns: Turn[]; events: CallEvent[] }[];
}

/** Pure; depends on the parts only, whatever order they were stored in. */
export const leadView = ({ lead, attempts, calls }: LeadParts) => {
  const ordered = attempts.toSorted((a, b) => readAttemptId(a.attemptId)!.number - readAttemptId(b.attemptId)!.number);
  const real = calls.filter(({ call }) => call.callSid !== null);
  // Carriers tell time in whole seconds: what happened to a call is never shown before it was dialled, nor its end before that of the talk.
  const notBefore = (call: CallRecord, step: Step, events: CallEvent[]): Step => {
    const claimedAt = ordered.find((a) => a.attemptId === call.attemptId)?.claimedAt ?? step.at;
    const talkEnded = events.find(({ kind }) => kind === 'ended')?.at ?? step.at;
    const sameSecond = Date.parse(talkEnded) - Date.parse(step.at) < 1000 && isTerminalStep(step);
    const floor = sameSecond && talkEnded > claimedAt ? talkEnded : claimedAt;
    return step.at < floor ? { ...step, at: floor } : step;
  };
  const timeline: Step[] = [
    { at: lead.createdAt, event: 'enquiry-received', detail: lead.interest },
    { at: lead.consent.at, event: 'consent-recorded', detail: lead.consent.textHash },
    ...ordered.flatMap((a) => a.history.map((step) => ({ ...step, event: `attempt-${step.event}` }))),
    ...real.flatMap(({ call, events }) => events.map((event) => timelineOf(event, events)).filter((step): step is Step => step !== null).map((step) => notBefore(call, step, events))),
  ];
  const dialMs = (call: CallRecord): number | null => {
    const attempt = ordered.find((a) => a.attemptId === call.attemptId);
    if (!attempt?.claimedAt) return null;
    // From the enquiry, or for an attempt that was planned for later, from when it was due.
    const first = attempt.history[0];
    return Date.parse(attempt.claimedAt) - Date.parse(first?.event === 'ready' ? first.at : attempt.dueAt);
  };
  return {
    leadId: lead.leadId, name: lead.name, phone: lead.phone, status: lead.status, disposition: lead.disposition, summary: lead.summary,
    consent: lead.consent, timeZone: lead.timeZone, createdAt: lead.createdAt,
    attempts: ordered.map((a) => ({
      attemptId: a.attemptId, carrier: a.carrier, state: a.state, dueAt: a.dueAt, reason: a.reason, decision: a.decision,
      callId: real.find(({ call }) => call.attemptId === a.attemptId)?.call.callId ?? null,
    })),
    calls: real.map(({ call, turns }) => callView(call, turns, dialMs(call))),
    timeline: timeline.toSorted((a, b) => a.at.localeCompare(b.at) || place(a) - place(b)),
  };
};
export type LeadView = ReturnType<typeof leadView>;

export interface ViewDeps {
  leads: Pick<LeadStore, 'lead' | 'attempts'>;
  calls: Pick<CallStore, 'call' | 'turns' | 'events'>;
}

/** Reads everything of one lead; undefined when there is none. */
export const readLead = (deps: ViewDeps) => async (leadId: string): Promise<LeadView | undefined> => {
  const lead = await deps.leads.lead(leadId);
  if (!lead) return undefined;
  const attempts = await deps.leads.attempts(leadId);
  const calls = await Promise.all(attempts.map(async (attempt) => {
    const { callId } = readAttemptId(attempt.attemptId)!;
    const call = await deps.calls.call(callId);
    if (!call) return undefined;
    const [turns, events] = await Promise.all([deps.calls.turns(callId), deps.calls.events(callId)]);
    return { call, turns, events };
  }));
  return leadView({ lead, attempts, calls: calls.filter((c) => c !== undefined) });
};

/** What the visitor's own page may know of the enquiry: nothing personal. */
export const readProgress = (deps: ViewDeps) => async (leadId: string) => {
  const lead = await deps.leads.lead(leadId);
  if (!lead) return undefined;
  const attempts = await deps.leads.attempts(leadId);
  const ordered = attempts.toSorted((a, b) => readAttemptId(a.attemptId)!.number - readAttemptId(b.attemptId)!.number);
  const last = ordered.at(-1);
  // While the next attempt waits, the page goes on showing how the last call went.
  const tried = ordered.findLast((attempt) => attempt.callSid !== null) ?? last;
  const call = tried ? await deps.calls.call(readAttemptId(tried.attemptId)!.callId) : undefined;
  return {
    leadId, status: lead.status, callStatus: call?.callSid ? call.status : null,
    dueAt: last?.state === 'scheduled' ? last.dueAt : null, reason: last?.reason ?? null,
    updatedAt: call?.endedAt ?? call?.answeredAt ?? last?.history.at(-1)?.at ?? lead.createdAt,
  };
};
