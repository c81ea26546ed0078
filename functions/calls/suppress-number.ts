// Puts a number on the list of those that we may not dial, at once and for all its leads: plans end, and a phone that rings falls silent.
import { isTerminal } from './call.ts';
import { readAttemptId } from './lead.ts';
import { phoneKey } from './phone-key.ts';
import type { CallStore, Carrier, Suppression } from './ports.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export interface SuppressDeps extends SettleDeps {
  calls: Pick<CallStore, 'call'>;
  carriers: Partial<Record<string, Carrier>>;
  /** Tells of a ringing call that could not be stopped; its answer document is refused all the same. */
  onHangUpFailure: (error: unknown, callId: string) => void;
}

const MOST_LEADS = 100;

/**
 * A call that was answered goes on: they are talking. An attempt that is being dialled at this very moment is called off by its
 * dialer (dial-attempt.ts). `leadId`: the lead that it comes from, if one does.
 */
export const suppressNumber = (deps: SuppressDeps) => async (suppression: Suppression & { phone: string }, leadId?: string): Promise<void> => {
  await deps.suppressions.suppress(suppression, leadId);
  for (const one of await deps.leads.leadsOf(phoneKey(suppression.phone), MOST_LEADS)) {
    for (const attempt of await deps.leads.attempts(one)) {
      const call = attempt.state === 'placed' ? await deps.calls.call(readAttemptId(attempt.attemptId)!.callId) : undefined;
      if (!call?.callSid || isTerminal(call.status) || call.answeredAt !== null || call.streamStarted) continue;
      try {
        await deps.carriers[call.carrier]?.hangUp(call.callSid);
      } catch (error) {
        deps.onHangUpFailure(error, call.callId);
      }
    }
    await settleLead(deps)(one);
  }
};
