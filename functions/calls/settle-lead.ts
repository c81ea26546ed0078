// Brings a lead up to date with what its attempts and calls have become; run after anything that may have changed them.
import { leadState } from './lead-status.ts';
import { inOrder, readAttemptId, type AttemptRecord, type LeadRecord } from './lead.ts';
import type { CallRecord } from './call.ts';
import { phoneKey } from './phone-key.ts';
import { latestAsk, planCallback, talkedSince, type AskedCallback } from './plan-callback.ts';
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
 * cancels what was planned; a wish to be called again is planned; an attempt that came to nothing plans the next one, while the
 * policy has one. `askedElsewhere`: a wish that was told on a call that none of the lead's attempts made.
 */
export const settleLead = (deps: SettleDeps) => async (leadId: string, others = true, askedElsewhere?: AskedCallback): Promise<LeadRecord | undefined> => {
  for (;;) {
    const lead = await deps.leads.lead(leadId);
    if (!lead) return undefined;
    let attempts = await deps.leads.attempts(leadId);
    const calls = await callsOf(deps.calls, attempts.map((a) => a.attemptId));
    const at = deps.clock.now().toISOString();
    const optedOut = [...calls.values()].some((call) => call.optedOut);
    const known = await deps.suppressions.suppression(lead.phone);
    if (optedOut && !known) await deps.suppressions.suppress({ phone: lead.phone, reason: 'opt-out', at, note: null }, leadId);
    const suppressed = optedOut || known !== undefined;
    const asked = latestAsk(calls, askedElsewhere);
    // The next round finds what was planned.
    if (asked && !suppressed && await planCallback(deps)(lead, attempts, calls, asked)) continue;
    // What a person asked for in the talk or after it is made all the same.
    const pointless = (a: AttemptRecord): boolean => suppressed || talkedSince(calls, a);
    for (const attempt of attempts.filter((a) => a.state === 'scheduled' && pointless(a))) {
      await deps.schedule.cancel(attempt.attemptId);
      await deps.leads.moveAttempt(attempt.attemptId, ['scheduled'], { state: 'cancelled', reason: suppressed ? 'The number is on the suppression list.' : 'The lead was reached.' }, { at, event: 'cancelled', detail: suppressed ? 'suppressed' : 'reached' });
      attempts = await deps.leads.attempts(leadId);
    }
    const state = leadState(attempts, calls, suppressed);
    // Never reached so far, or not at the time that they asked for: the plan may know another one. The next round then finds its attempt.
    const last = inOrder(attempts).at(-1);
    const owed = state.status === 'unreachable' || (state.status === 'reached' && last?.askedOn !== undefined && !talkedSince(calls, last));
    if (owed && await planNext(deps)(lead, attempts, calls)) continue;
    const same = state.status === lead.status && state.disposition === lead.disposition && state.summary === lead.summary;
    if (!same && !(await deps.leads.settleLead(leadId, lead.version, state))) continue;
    // Who opts out is not called for any of their enquiries.
    if (optedOut && others) await settleOthers(deps)(lead.phone, leadId);
    return same ? lead : { ...lead, ...state, version: lead.version + 1 };
  }
};

/** More leads than one number has in its lifetime. */
const MOST_LEADS = 100;

/** Settles every other lead of the number, after something about the number itself has changed. */
export const settleOthers = (deps: SettleDeps) => async (phone: string, except: string): Promise<void> => {
  for (const leadId of await deps.leads.leadsOf(phoneKey(phone), MOST_LEADS)) if (leadId !== except) await settleLead(deps)(leadId, false);
};
