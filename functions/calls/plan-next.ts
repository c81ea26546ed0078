// Plans the attempt after one that came to nothing: by outcome, inside what permission allows, written once whoever plans it.
import type { CallRecord } from './call.ts';
import { carriersFor } from './choose-carrier.ts';
import { attemptIdOf, inOrder, neverPlaced, readAttemptId, type AttemptRecord, type CarrierName, type LeadRecord } from './lead.ts';
import { permissionToDial } from './permission.ts';
import type { Policy } from './policy.ts';
import type { Clock, DialSchedule, LeadStore } from './ports.ts';
import { nextAttempt } from './retry-plan.ts';

export interface PlanDeps {
  leads: Pick<LeadStore, 'createAttempt' | 'moveAttempt' | 'dialledAt'>;
  schedule: DialSchedule;
  clock: Clock;
  policy: Policy;
  /** Carriers that an attempt could go through, the preferred one first. */
  carrierNames: CarrierName[];
  /** 0 up to 1; spreads attempts that failed together. */
  random: () => number;
}

/** How an attempt ended, in the retry plan's words; 'final' where trying again makes no sense. */
export const outcomeOf = (attempt: AttemptRecord, call: CallRecord | undefined): string => {
  if (attempt.state === 'failed') return attempt.history.at(-1)?.detail === neverPlaced ? 'unknown' : 'carrier-refused';
  if (!call || attempt.state !== 'placed') return 'final';
  if (call.disposition === 'voicemail') return 'voicemail';
  if (call.status === 'busy' || call.status === 'no-answer') return call.status;
  if (call.status === 'failed') return call.answeredAt === null ? 'failed' : 'carrier-failed';
  return call.endReason === 'agent-failed' && !call.talked ? 'agent-failed' : 'final';
};

const endedAt = (attempt: AttemptRecord, call: CallRecord | undefined): string => call?.endedAt ?? attempt.history.at(-1)?.at ?? attempt.dueAt;

/**
 * Writes the next attempt of a lead whose attempts have all come to nothing, and schedules it. False when the plan ends here.
 * Its id follows from the number of attempts, so that two who plan at once plan one.
 */
export const planNext = (deps: PlanDeps) => async (lead: LeadRecord, attempts: AttemptRecord[], calls: ReadonlyMap<string, CallRecord>): Promise<boolean> => {
  const callOf = (attempt: AttemptRecord): CallRecord | undefined => calls.get(readAttemptId(attempt.attemptId)!.callId);
  const ordered = inOrder(attempts);
  const last = ordered.at(-1)!;
  const history: Record<string, number> = {};
  // A time that they asked for themself begins the plan anew: what came to nothing before they said so does not count.
  for (const attempt of ordered.slice(0, -1).filter(({ askedOn }) => askedOn === last.askedOn)) history[outcomeOf(attempt, callOf(attempt))] = (history[outcomeOf(attempt, callOf(attempt))] ?? 0) + 1;
  const other = deps.policy.carriers.failover ? carriersFor(lead.phone, deps.policy, deps.carrierNames).find((name) => name !== last.carrier) : undefined;
  const next = nextAttempt({
    outcome: outcomeOf(last, callOf(last)), attemptNumber: ordered.length, endedAt: endedAt(last, callOf(last)), history, otherCarrier: other !== undefined,
  }, deps.policy, deps.random);
  if ('stop' in next) return false;

  const now = deps.clock.now();
  const at = next.at > now.toISOString() ? next.at : now.toISOString();
  const decision = permissionToDial({
    now: at, phone: lead.phone, leadTimeZone: lead.timeZone, consent: lead.consent, suppression: null,
    dialledAt: await deps.leads.dialledAt(lead.phone, new Date(now.getTime() - 31 * 86_400_000).toISOString()), killSwitch: deps.policy.killSwitch, attemptNumber: ordered.length + 1,
  }, deps.policy);
  if (decision.outcome === 'refused') return false;
  const dueAt = decision.until ?? at;
  const attempt: AttemptRecord = {
    attemptId: attemptIdOf(lead.leadId, ordered.length + 1), leadId: lead.leadId, carrier: next.otherCarrier && other ? other : last.carrier, state: 'scheduled', dueAt,
    reason: next.reason, decision, callSid: null, claimedAt: null, history: [{ at: now.toISOString(), event: 'scheduled', detail: next.reason }],
    ...(last.askedAt !== undefined && last.askedOn !== undefined ? { askedAt: last.askedAt, askedOn: last.askedOn } : {}),
  };
  // Written by another meanwhile: its time stands, and the schedule is named after the attempt.
  if (await deps.leads.createAttempt(attempt)) await deps.schedule.at(attempt.attemptId, dueAt);
  return true;
};
