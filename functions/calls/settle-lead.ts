// Brings a lead up to date with what its attempts and calls have become; run after anything that may have changed them.
import { isConcluded } from './fold-call.ts';
import { leadState } from './lead-status.ts';
import { readAttemptId, type LeadRecord } from './lead.ts';
import type { CallRecord } from './call.ts';
import { planNext, type PlanDeps } from './plan-next.ts';
import type { CallStore, LeadStore, SuppressionStore } from './ports.ts';

export interface SettleDeps extends PlanDeps {
  leads: LeadStore;
  calls: Pick<CallStore, 'call'>;
  suppressions: SuppressionStore;
}

/** Calls behind a lead's attempts, those that exist, by callId. */
export const callsOf = async (calls: Pick<CallStore, 'call'>, attemptIds: string[]): Promise<Map<string, CallRecord>> => {
  const found = await Promise.all(attemptIds.map((id) => calls.call(readAttemptId(id)!.callId)));
  return new Map(found.filter((call): call is CallRecord => call !== undefined).map((call) => [call.callId, call]));
};

/**
 * Recomputes the lead's status from its attempts and calls and writes it if it changed, against the version read: whoever
 * loses the race reads again, so the last write has seen everything. An opt-out on a call suppresses the number at once and
 * cancels what was planned; an attempt that came to nothing plans the next one, while the policy has one.
 */
export const settleLead = (deps: SettleDeps) => async (leadId: string): Promise<LeadRecord | undefined> => {
  for (;;) {
    const lead = await deps.leads.lead(leadId);
    if (!lead) return undefined;
    let attempts = await deps.leads.attempts(leadId);
    const calls = await callsOf(deps.calls, attempts.map((a) => a.attemptId));
    const at = deps.clock.now().toISOString();
    const optedOut = [...calls.values()].some((call) => call.optedOut);
    if (optedOut) await deps.suppressions.suppress({ phone: lead.phone, reason: 'opt-out', at, note: null });
    const suppressed = optedOut || (await deps.suppressions.suppression(lead.phone)) !== undefined;
    const done = suppressed || [...calls.values()].some((call) => call.talked && isConcluded(call));
    for (const attempt of done ? attempts.filter((a) => a.state === 'scheduled') : []) {
      await deps.schedule.cancel(attempt.attemptId);
      await deps.leads.moveAttempt(attempt.attemptId, ['scheduled'], { state: 'cancelled', reason: suppressed ? 'The number is on the suppression list.' : 'The lead was reached.' }, { at, event: 'cancelled', detail: suppressed ? 'suppressed' : 'reached' });
      attempts = await deps.leads.attempts(leadId);
    }
    const state = leadState(attempts, calls, suppressed);
    // Never reached so far: the plan may know another time. The next round then finds its attempt.
    if (state.status === 'unreachable' && await planNext(deps)(lead, attempts, calls)) continue;
    if (state.status === lead.status && state.disposition === lead.disposition && state.summary === lead.summary) return lead;
    if (await deps.leads.settleLead(leadId, lead.version, state)) return { ...lead, ...state, version: lead.version + 1 };
  }
};
