// What a lead's status, disposition and summary follow from: its attempts and their calls. Pure; recomputed, never edited.
import { isConcluded } from './fold-call.ts';
import type { CallRecord } from './call.ts';
import { readAttemptId, type AttemptRecord, type Disposition, type LeadStatus } from './lead.ts';

export interface LeadState {
  status: LeadStatus;
  disposition: Disposition | null;
  summary: string | null;
}

export const isFinalLead = (status: LeadStatus): boolean => ['reached', 'unreachable', 'refused', 'do-not-call'].includes(status);

/** `calls` by callId; `suppressed`: the number has been put on the suppression list. Attempts in any order, at least one. */
export const leadState = (attempts: AttemptRecord[], calls: ReadonlyMap<string, CallRecord>, suppressed: boolean): LeadState => {
  const callOf = (attempt: AttemptRecord): CallRecord | undefined => calls.get(readAttemptId(attempt.attemptId)!.callId);
  const ordered = attempts.toSorted((a, b) => readAttemptId(a.attemptId)!.number - readAttemptId(b.attemptId)!.number);
  const concluded = ordered.map(callOf).filter((call): call is CallRecord => call !== undefined && call.callSid !== null && isConcluded(call));
  const lastCall = concluded.at(-1);
  const open = ordered.filter((a) => ['scheduled', 'ready', 'dialling', 'unknown', 'placed'].includes(a.state))
    .filter((a) => { const call = callOf(a); return a.state !== 'placed' || !call || !isConcluded(call); });
  // While they talk, the next attempt may stand already: they asked for it.
  const onThePhone = open.findLast((a) => !['scheduled', 'ready'].includes(a.state));
  const live = onThePhone ?? open.at(-1);
  const doNotCall: LeadState = { status: 'do-not-call', disposition: 'do-not-call', summary: lastCall?.summary ?? null };

  if (onThePhone) {
    const call = callOf(onThePhone);
    return { status: call && (call.status === 'in-progress' || call.streamStarted) ? 'in-call' : 'dialling', disposition: null, summary: null };
  }
  if (ordered.some((attempt) => callOf(attempt)?.optedOut)) return doNotCall;
  const reached = concluded.findLast((call) => call.talked && call.disposition !== 'voicemail');
  // Asked for by a person in that talk or after it: it is not over.
  const askedAgain = live?.askedAt !== undefined && !suppressed && (live.askedAt > (reached?.endedAt ?? '') || live.askedOn === reached?.callId);
  if (reached && !askedAgain) return { status: 'reached', disposition: reached.disposition ?? 'unknown', summary: reached.summary };
  if (suppressed) return doNotCall;
  if (live?.state === 'scheduled' && live.askedOn !== undefined) return { status: 'scheduled', disposition: 'callback', summary: lastCall?.summary ?? null };
  if (live) return { status: live.state === 'scheduled' ? 'scheduled' : ordered.length === 1 ? 'new' : 'dialling', disposition: null, summary: null };
  if (lastCall) return { status: 'unreachable', disposition: lastCall.disposition ?? 'unreachable', summary: lastCall.summary };
  return ordered.every((a) => a.state === 'refused' || a.state === 'cancelled') && ordered.some((a) => a.state === 'refused')
    ? { status: 'refused', disposition: 'unknown', summary: null }
    // Cancelled by a person before anybody tried: whether they could have been reached, nobody knows.
    : { status: 'unreachable', disposition: ordered.every((a) => a.state === 'cancelled') ? 'unknown' : 'unreachable', summary: null };
};
