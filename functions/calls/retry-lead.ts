// A person asks for another attempt now: permission applies as to any dial, and only one attempt of a lead is under way at a time.
import { askPermission, type PermissionDeps } from './ask-permission.ts';
import { dialCaps, underCap } from './caps.ts';
import { VisibleError } from './errors.ts';
import { isConcluded } from './fold-call.ts';
import { attemptIdOf, readAttemptId, type AttemptRecord } from './lead.ts';
import type { CapStore, DialQueue } from './ports.ts';
import { callsOf, settleLead, type SettleDeps } from './settle-lead.ts';

export interface RetryDeps extends SettleDeps, PermissionDeps {
  leads: SettleDeps['leads'];
  suppressions: SettleDeps['suppressions'];
  caps: CapStore;
  queue: DialQueue;
  /** Tells that a message could not be sent; the sweep of due attempts makes good for it. */
  onQueueFailure: (error: unknown, attemptId: string) => void;
}

export const noSuchLead = (): VisibleError => new VisibleError('not-found', 'no-such-lead', 'There is no such lead.', { fields: [{ field: 'leadId', message: 'names no lead' }] });

const underWay = (): VisibleError => new VisibleError('conflict', 'attempt-under-way', 'This lead is being called at this moment. Wait until that has come to its end.');

/** Refused for good, in the words of the decision: 422 at the API. */
export const notPermitted = (decision: { code: string; reason: string }): VisibleError => new VisibleError('conflict', decision.code, decision.reason);

/**
 * The attempt that now stands: `ready` and on its way to the dialer, or `scheduled` when permission says later. Asked many times at
 * once, one attempt is made. Throws VisibleError: no such lead, an attempt under way, permission refused.
 */
export const retryLead = (deps: RetryDeps) => async (leadId: string): Promise<AttemptRecord> => {
  for (;;) {
    const lead = await deps.leads.lead(leadId);
    if (!lead) throw noSuchLead();
    const attempts = (await deps.leads.attempts(leadId)).toSorted((a, b) => readAttemptId(a.attemptId)!.number - readAttemptId(b.attemptId)!.number);
    const calls = await callsOf(deps.calls, attempts.map((a) => a.attemptId));
    const live = [...calls.values()].some((call) => call.callSid !== null && !isConcluded(call));
    if (live || attempts.some((a) => ['ready', 'dialling', 'unknown'].includes(a.state))) throw underWay();
    // Placed, and its call not known to be over.
    if (attempts.some((a) => a.state === 'placed' && !calls.get(readAttemptId(a.attemptId)!.callId)?.callSid)) throw underWay();
    // Also when the number was taken off the list: their own words hold for this enquiry, and settling it would put the number back.
    if ([...calls.values()].some((call) => call.optedOut)) throw notPermitted({ code: 'do-not-call', reason: 'They asked not to be called, on a call of this enquiry.' });

    const planned = attempts.find((a) => a.state === 'scheduled');
    const number = planned ? readAttemptId(planned.attemptId)!.number : attempts.length + 1;
    const at = deps.clock.now().toISOString();
    let { decision } = await askPermission(deps)({ lead, attemptNumber: number, at });
    const caps = decision.outcome === 'allowed' ? dialCaps({ phone: lead.phone, now: at, limitSeconds: deps.policy.limitSeconds }, deps.policy) : [];
    const { full } = await deps.caps.reserve(caps);
    if (full) decision = underCap(decision, full);
    if (decision.outcome === 'refused') throw notPermitted(decision);
    const state = decision.outcome === 'allowed' ? ('ready' as const) : ('scheduled' as const);
    const change = { state, dueAt: decision.until ?? at, decision, reason: decision.until === null ? null : decision.reason, askedAt: at };
    const step = { at, event: state, detail: 'asked for by a person' };

    const attemptId = attemptIdOf(leadId, number);
    const carrier = attempts.at(-1)?.carrier ?? deps.carrierNames[0] ?? 'twilio';
    const fresh: AttemptRecord = { attemptId, leadId, carrier, callSid: null, claimedAt: null, history: [step], ...change };
    const made = planned ? await deps.leads.moveAttempt(attemptId, ['scheduled'], change, step) : (await deps.leads.createAttempt(fresh)) ? fresh : undefined;
    if (!made) {
      // Somebody was faster: another person, the plan, or the dialer. What they did is looked at like anything else.
      if (!full) await deps.caps.giveBack(caps);
      continue;
    }
    await settleLead(deps)(leadId);
    try {
      if (state === 'scheduled') await deps.schedule.at(attemptId, made.dueAt);
      else {
        await deps.queue.send({ attemptId });
        if (planned) await deps.schedule.cancel(attemptId);
      }
    } catch (error) {
      deps.onQueueFailure(error, attemptId);
    }
    return made;
  }
};
