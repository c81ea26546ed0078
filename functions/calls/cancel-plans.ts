// Ends what is planned for a number: when they ask anew, when they call back. Used by the enquiry and by inbound calls.
import type { AttemptState } from './lead.ts';
import { phoneKey } from './phone-key.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export type CancelDeps = SettleDeps;

/** More leads than one number has in its lifetime. */
const MOST_LEADS = 100;

const cancelPlans = (deps: CancelDeps) => async (phone: string, states: AttemptState[], why: { code: string; reason: string }, except?: string): Promise<number> => {
  let cancelled = 0;
  for (const leadId of await deps.leads.leadsOf(phoneKey(phone), MOST_LEADS)) {
    if (leadId === except) continue;
    let touched = false;
    for (const attempt of await deps.leads.attempts(leadId)) {
      if (!states.includes(attempt.state)) continue;
      const at = deps.clock.now().toISOString();
      if (!(await deps.leads.moveAttempt(attempt.attemptId, states, { state: 'cancelled', reason: why.reason }, { at, event: 'cancelled', detail: why.code }))) continue;
      await deps.schedule.cancel(attempt.attemptId);
      cancelled += 1;
      touched = true;
    }
    if (touched) await settleLead(deps)(leadId);
  }
  return cancelled;
};

/** A new enquiry came from the number: what was planned for its earlier ones is not made any more. Returns how many attempts that were. */
export const askedAnew = (deps: CancelDeps) => (phone: string, newLeadId: string): Promise<number> =>
  cancelPlans(deps)(phone, ['scheduled'], { code: 'asked-anew', reason: 'They asked to be called anew; that enquiry goes on instead.' }, newLeadId);

/** They ring us: nobody needs to ring them any more, also not an attempt that is just about to. Returns how many attempts that were. */
export const leadCalledBack = (deps: CancelDeps) => (phone: string): Promise<number> =>
  cancelPlans(deps)(phone, ['scheduled', 'ready'], { code: 'called-back', reason: 'They called back.' });
