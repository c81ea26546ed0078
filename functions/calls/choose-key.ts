// Who could not talk with the agent is asked for a key instead, once: to be called back soon, never again, or neither. Used by answer-call.ts.
import type { AnswerDeps, CallFlow } from './answer-call.ts';
import type { CallRecord, KeyChoice } from './call.ts';

/** `endDetail` of a call is over whose streams broke again and again. */
export const lostTooOften = 'stream-lost-too-often';
/** The recorded sentence agent-unavailable was heard before; after a line that broke, nothing was. */
export const keyQuestion = 'If you would like us to call you back in a few minutes, press 1. If you do not want to be called again, press 9.';
const lostQuestion = `We are sorry, the line to our assistant was lost. ${keyQuestion}`;
export const byeSentence = 'Thank you. Goodbye.';
const soonSentence = 'Thank you. We will call you back as soon as we can. Goodbye.';

/** Time for an agent's platform to come back, and for the person not to have gone away. */
export const SOON_MS = 5 * 60_000;

const choiceOf = new Map<string, KeyChoice>([['1', 'call-me-back'], ['9', 'do-not-call']]);

/** The agent could not be had, or broke off, and nobody has asked or answered yet. A machine is not asked. */
export const mayChoose = (call: CallRecord): boolean =>
  call.endReason === 'agent-failed' && !call.optedOut && call.disposition !== 'voicemail' && !call.keyChosen && !call.callbackAsked;

/** Key 9, wherever it was pressed outside a stream. */
export const optOutByKey = (deps: AnswerDeps) => async (call: CallRecord): Promise<CallFlow> => {
  const at = deps.clock.now().toISOString();
  await deps.calls.append(call.callId, { kind: 'opt-out', at, by: 'key-9' });
  // On the list at once; the call's next callback carries it to the lead and to the number's other leads. Erased: there is no number.
  const phone = call.direction === 'outbound' ? call.to : call.from;
  if (phone !== '') await deps.suppressions.suppress({ phone, reason: 'opt-out', at, note: null }, call.leadId ?? undefined);
  return { flow: 'say-goodbye', sentence: 'You will not be called again. Goodbye.' };
};

export const askForKey = (attemptId: string, endDetail: string | null): CallFlow =>
  ({ flow: 'ask-key', attemptId, sentence: endDetail === lostTooOften ? lostQuestion : keyQuestion, otherwise: byeSentence });

/**
 * Takes the key as the answer; anything but 1 and 9 is none. The first answer counts, whatever is fetched again. The wish to be called is planned
 * when the call's next callback, or the reconciler, settles the lead: a caller is on the line, and this costs two writes.
 */
export const chooseKey = (deps: AnswerDeps) => async (call: CallRecord, digits: string): Promise<CallFlow> => {
  const at = deps.clock.now().toISOString();
  const { keyChosen } = call.keyChosen ? call : await deps.calls.append(call.callId, { kind: 'key-chosen', at, choice: choiceOf.get(digits) ?? 'nothing' });
  if (keyChosen === 'do-not-call') return optOutByKey(deps)(call);
  if (keyChosen !== 'call-me-back') return { flow: 'say-goodbye', sentence: byeSentence };
  await deps.calls.append(call.callId, { kind: 'callback-asked', at, by: 'key-1', dueAt: new Date(Date.parse(at) + SOON_MS).toISOString(), note: null });
  return { flow: 'say-goodbye', sentence: soonSentence };
};
