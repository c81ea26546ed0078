// How a call that went over to a person came out, and what it hears next. Told by the carrier (the action of Twilio's Dial, the Passthru behind
// Exotel's Connect) through the answer handler; told again, it is answered the same.
import { MAX_TAKEOVERS, sorrySentence, talk, type AnswerDeps, type CallFlow } from './answer-call.ts';
import { isTerminal } from './call.ts';

export interface TransferEnd {
  callId: string;
  /** Null for a call that rang in. */
  attemptId: string | null;
  callSid: string;
  /** The stream that the transfer was asked for on. */
  epoch: number;
  /** The carrier's word for how the dialling came out: any but `completed` and `answered` means that nobody took the call. */
  dialStatus: string;
  /** How long the person talked; null where the carrier does not say. */
  dialSeconds: number | null;
  /** The caller has hung up. */
  lineIsDown: boolean;
}

const nobodyFree = 'nobody-free';
const sentences = {
  callBack: 'We are sorry, nobody is free at the moment. We will call you back. Goodbye.',
  /** For those whom we may not call by ourselves: who rang in, and who asked not to be called. */
  noted: 'We are sorry, nobody is free at the moment. Our team knows that you asked for them. Goodbye.',
};
/** By then somebody may be free. */
const BACK_MS = 15 * 60_000;

/**
 * A talk with a person is the end of the call. Where nobody took it, the caller goes back to the agent on a stream of its own; after as many
 * streams as a call may have, a sentence is said, and the lead is called back. 'not-asked': the record knows of no such transfer.
 */
export const transferEnded = (deps: AnswerDeps) => async (end: TransferEnd): Promise<CallFlow | 'not-asked'> => {
  const call = await deps.calls.adopt(end.callId, end.callSid);
  if (call === 'none' || call === 'other') return { flow: 'say-goodbye', sentence: sorrySentence };
  if (!call.transfer || end.epoch > call.transfer.epoch) return 'not-asked';
  // Told again when the call has long gone on: the same ticket, which is used up.
  if (end.epoch < call.transfer.epoch) return talk(deps, end.attemptId ?? '', call, end.epoch + 1);
  const now = deps.clock.now();
  const at = now.toISOString();
  const taken = end.dialStatus === 'completed' || end.dialStatus === 'answered';
  const known = await deps.calls.append(end.callId, taken
    ? { kind: 'transfer', at: new Date(now.getTime() - (end.dialSeconds ?? 0) * 1000).toISOString(), epoch: end.epoch, state: 'connected', detail: null }
    : { kind: 'transfer', at, epoch: end.epoch, state: 'failed', detail: end.dialStatus.slice(0, 40) });
  const over = async (endReason: 'agent-ended' | 'caller-hung-up', detail: string | null): Promise<CallFlow> => {
    await deps.calls.append(end.callId, { kind: 'ended', at, endReason, detail, turnMs: [] });
    return { flow: 'hang-up' };
  };
  // What was told first counts, should the carrier tell it twice and differently.
  if (known.transfer?.state === 'connected') return over('agent-ended', 'transferred');
  const goodbye: CallFlow = { flow: 'say-goodbye', sentence: known.leadId === null || known.optedOut ? sentences.noted : sentences.callBack };
  if (known.endReason !== null || isTerminal(known.status)) return known.endDetail === nobodyFree && !end.lineIsDown && !isTerminal(known.status) ? goodbye : { flow: 'hang-up' };
  if (end.lineIsDown) return over('caller-hung-up', 'before anybody answered');
  const epoch = end.epoch + 1;
  if (epoch > MAX_TAKEOVERS) {
    // Kept on the call, and planned when the call's next callback settles the lead (plan-callback.ts).
    if (goodbye.sentence === sentences.callBack) await deps.calls.append(end.callId, { kind: 'callback-asked', at, by: 'agent', dueAt: new Date(now.getTime() + BACK_MS).toISOString(), note: null });
    await over('agent-ended', nobodyFree);
    return goodbye;
  }
  await deps.calls.append(end.callId, { kind: 'document', at, epoch });
  return talk(deps, end.attemptId ?? '', known, epoch);
};
