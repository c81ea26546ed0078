// What an answered phone hears: decides, with at most one conditional write, between the agent, a goodbye and silence.
import { isBeingTransferred, isTerminal, type CallRecord } from './call.ts';
import { askForKey, chooseKey, lostTooOften, mayChoose, optOutByKey } from './choose-key.ts';
import { readAttemptId, type CarrierName } from './lead.ts';
import type { CallStore, Clock, SuppressionStore } from './ports.ts';
import { sealTicket } from './ticket.ts';

/** A call in our own words, which each carrier's document.ts renders in its accent. */
export type CallFlow =
  /** Join the caller with the agent, after so many seconds of silence. */
  | { flow: 'talk'; attemptId: string; callId: string; ticket: string; pauseSeconds: number }
  /** Ring these phones, and join the caller with the first that answers. `epoch`: the stream that the transfer was asked for on. */
  | { flow: 'transfer'; attemptId: string; epoch: number; numbers: readonly string[]; callerId: string | null }
  /** Say one sentence and hang up. */
  | { flow: 'say-goodbye'; sentence: string }
  /** Ask for one key; without one, say the other sentence and hang up. */
  | { flow: 'ask-key'; attemptId: string; sentence: string; otherwise: string }
  | { flow: 'hang-up' };

export interface AnswerDeps {
  calls: CallStore;
  suppressions: Pick<SuppressionStore, 'suppress'>;
  clock: Clock;
  ticketSecret: string;
  ticketTtlSeconds: number;
  /** Phones of the people who take calls over from the agent. */
  transferNumbers: Readonly<Record<CarrierName, readonly string[]>>;
}

export const sorrySentence = 'We are sorry, this call cannot be continued. Goodbye.';
const notAgainSentence = 'We are already talking with you on another line. Goodbye.';
/** How often one call may be given a new stream after the relay that carried it was lost. */
export const MAX_TAKEOVERS = 3;
/** Before each takeover: a carrier that cannot connect asks again at once, and another relay needs a moment to start. */
const TAKEOVER_PAUSES_SECONDS = [0, 1, 3];

/** The caller is joined with the agent, on the stream of this epoch. */
export const talk = (deps: Pick<AnswerDeps, 'clock' | 'ticketSecret' | 'ticketTtlSeconds'>, attemptId: string, call: CallRecord, epoch: number, pauseSeconds = 0): CallFlow => {
  const expires = Math.floor(deps.clock.now().getTime() / 1000) + deps.ticketTtlSeconds;
  return { flow: 'talk', attemptId, callId: call.callId, ticket: sealTicket(deps.ticketSecret, { callId: call.callId, callSid: call.callSid!, epoch, expires }), pauseSeconds };
};

const transfer = (deps: AnswerDeps, attemptId: string, call: CallRecord): CallFlow => {
  // The number that the caller knows; none is left of a call that was erased.
  const ours = call.direction === 'outbound' ? call.from : call.to;
  return { flow: 'transfer', attemptId, epoch: call.transfer!.epoch, numbers: deps.transferNumbers[call.carrier], callerId: ours === '' ? null : ours };
};

/** The document that the carrier fetches when the phone is answered. Fetched twice, it admits one stream all the same. */
export const answerCall = (deps: AnswerDeps) => async (ask: { attemptId: string; callSid: string }): Promise<CallFlow> => {
  const parts = readAttemptId(ask.attemptId);
  const call = parts ? await deps.calls.adopt(parts.callId, ask.callSid) : 'none';
  if (call === 'none') return { flow: 'say-goodbye', sentence: sorrySentence };
  // The last guard: a second phone that rang for one attempt is told so, and nobody talks to it.
  if (call === 'other') return { flow: 'say-goodbye', sentence: notAgainSentence };
  if (isTerminal(call.status) || call.endReason !== null) return { flow: 'hang-up' };
  if (isBeingTransferred(call)) return transfer(deps, ask.attemptId, call);
  return call.optedOut ? { flow: 'hang-up' } : talk(deps, ask.attemptId, call, Math.max(0, call.epoch));
};

/**
 * The document that the carrier fetches when the stream has ended. The relay writes the end reason, or that the call goes to a person, before
 * it closes the stream; where there is neither, the relay was lost and another one takes the call over, a bounded number of times. `keys`:
 * whether the carrier can be told to ask for a key here; who could not talk with the agent then is, once.
 */
export const afterStream = (deps: AnswerDeps) => async (ask: { attemptId: string; callSid: string; lineIsDown: boolean; keys: boolean }): Promise<CallFlow> => {
  const parts = readAttemptId(ask.attemptId);
  const call = parts ? await deps.calls.adopt(parts.callId, ask.callSid) : 'none';
  if (call === 'none' || call === 'other') return { flow: 'say-goodbye', sentence: sorrySentence };
  const down = ask.lineIsDown || isTerminal(call.status);
  if (!down && ask.keys && mayChoose(call)) return askForKey(ask.attemptId, call.endDetail);
  if (down || call.endReason !== null) return { flow: 'hang-up' };
  const at = deps.clock.now().toISOString();
  const handOver = isBeingTransferred(call);
  // Also for somebody who does not want to be called again: a person was asked for, now.
  if (handOver && deps.transferNumbers[call.carrier].length > 0) return transfer(deps, ask.attemptId, call);
  if (call.optedOut) return { flow: 'hang-up' };
  if (handOver) await deps.calls.append(call.callId, { kind: 'transfer', at, epoch: call.transfer!.epoch, state: 'failed', detail: 'no-number' });
  const epoch = Math.max(0, call.epoch) + 1;
  if (epoch > MAX_TAKEOVERS) {
    const ended = await deps.calls.append(call.callId, { kind: 'ended', at, endReason: 'agent-failed', detail: lostTooOften, turnMs: [] });
    return ask.keys && mayChoose(ended) ? askForKey(ask.attemptId, ended.endDetail) : { flow: 'say-goodbye', sentence: sorrySentence };
  }
  await deps.calls.append(call.callId, { kind: 'document', at, epoch });
  return talk(deps, ask.attemptId, call, epoch, TAKEOVER_PAUSES_SECONDS[epoch - 1]);
};

/**
 * Keys pressed outside a stream. Whose agent could not be had answers the question of choose-key.ts; else 9 is an opt-out, and anything else
 * goes on as when the phone was answered.
 */
export const keyPressed = (deps: AnswerDeps) => async (ask: { attemptId: string; callSid: string; digits: string }): Promise<CallFlow> => {
  const parts = readAttemptId(ask.attemptId);
  const call = parts ? await deps.calls.adopt(parts.callId, ask.callSid) : 'none';
  if (typeof call === 'object' && (mayChoose(call) || call.keyChosen)) return chooseKey(deps)(call, ask.digits);
  if (ask.digits !== '9') return answerCall(deps)(ask);
  return call === 'none' || call === 'other' ? { flow: 'say-goodbye', sentence: sorrySentence } : optOutByKey(deps)(call);
};
