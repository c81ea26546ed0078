// A carrier's callback about a call: finds the call, adopts it for its attempt if need be, and records what happened.
import type { CallEvent } from './call.ts';
import { VisibleError } from './errors.ts';
import { readAttemptId, type CarrierName } from './lead.ts';
import { recordEvent, type RecordDeps } from './record-event.ts';

export interface Callback {
  carrier: CarrierName;
  callSid: string;
  /** As the callback's URL names it; null for calls that no attempt stands behind. */
  attemptId: string | null;
  events: CallEvent[];
}

/**
 * 'recorded', or 'stray' for a call of another attempt: a second phone must never count as the first. Repeats change nothing.
 * Throws VisibleError when there is no such call.
 */
export const recordCallback = (deps: RecordDeps) => async (callback: Callback): Promise<'recorded' | 'stray'> => {
  const { carrier, callSid, attemptId } = callback;
  const parts = attemptId === null ? undefined : readAttemptId(attemptId);
  const callId = parts ? parts.callId : await deps.calls.callIdOf(carrier, callSid);
  const call = callId ? await deps.calls.call(callId) : undefined;
  if (!callId || !call) {
    throw new VisibleError('not-found', 'no-such-call', 'No call of ours stands behind this callback.', { fields: [{ field: parts ? 'attempt' : 'CallSid', message: 'names no call that was placed here' }] });
  }
  // The attempt went over to another carrier, which is certain to happen only where this one placed nothing.
  if (call.carrier !== carrier) return 'stray';
  if ((await deps.calls.bind(callId, carrier, callSid)) === 'other') return 'stray';
  if (parts) {
    // The process that asked the carrier may have died before it read the answer: this callback is the answer.
    const attempt = await deps.leads.attempt(attemptId!);
    if (attempt && ['ready', 'dialling', 'unknown'].includes(attempt.state)) {
      await deps.leads.moveAttempt(attemptId!, ['ready', 'dialling', 'unknown'], { state: 'placed', callSid, reason: null }, { at: deps.clock.now().toISOString(), event: 'placed', detail: 'adopted from a callback' });
    }
  }
  for (const event of callback.events) await recordEvent(deps)(callId, event);
  return 'recorded';
};
