// What the agent's platform says a talk came to, after the call.
import type { Disposition } from './lead.ts';
import { recordEvent, type RecordDeps } from './record-event.ts';

export interface Outcome {
  callId: string | null;
  conversationId: string;
  disposition: Disposition;
  summary: string | null;
  at: string;
}

/** 'recorded', or 'not-ours' for a conversation that no call of ours had: the account may have other agents. */
export const recordOutcome = (deps: RecordDeps) => async (outcome: Outcome): Promise<'recorded' | 'not-ours'> => {
  const call = outcome.callId ? await deps.calls.call(outcome.callId) : undefined;
  if (!call || (call.conversationId !== null && call.conversationId !== outcome.conversationId)) return 'not-ours';
  // One that was opened while the phone rang, and nobody came: it says nothing of a person. An opt-out is taken at its word all the same.
  const nobodyCame = call.conversationId === null && !call.streamStarted && call.answeredAt === null;
  if (nobodyCame && outcome.disposition !== 'do-not-call') return 'not-ours';
  if (outcome.disposition === 'do-not-call') await recordEvent(deps)(call.callId, { kind: 'opt-out', at: outcome.at, by: 'voice' });
  await recordEvent(deps)(call.callId, { kind: 'outcome', at: outcome.at, source: 'analysis', disposition: outcome.disposition, summary: outcome.summary });
  return 'recorded';
};
