// Plans the call that a person asked for on the line: one attempt, however often they ask, and whoever settles the lead first.
import { isConcluded } from './fold-call.ts';
import type { CallRecord } from './call.ts';
import { carriersFor } from './choose-carrier.ts';
import { attemptIdOf, inOrder, readAttemptId, type AttemptRecord, type LeadRecord } from './lead.ts';
import { permissionToDial, type Decision } from './permission.ts';
import type { PlanDeps } from './plan-next.ts';

/** `at`: when they said it; `dueAt`: when they want to be called. ISO 8601, UTC. */
export interface AskedCallback {
  callId: string;
  at: string;
  dueAt: string;
}

type Calls = ReadonlyMap<string, CallRecord>;
const HISTORY_MS = 31 * 86_400_000;
/** A wish that nobody could plan for so long (its number was suppressed meanwhile) is not made good any more. */
const STALE_MS = 86_400_000;

/** The wish that counts: the latest one. */
export const latestAsk = (calls: Calls, elsewhere?: AskedCallback): AskedCallback | undefined =>
  [...[...calls.values()].flatMap((call): AskedCallback[] => (call.callbackAsked ? [{ callId: call.callId, ...call.callbackAsked }] : [])), ...(elsewhere ? [elsewhere] : [])]
    .toSorted((a, b) => a.at.localeCompare(b.at)).at(-1);

/** Whether they were talked with since the attempt was asked for (ever, where nobody asked). The talk in which they asked is none, nor one with a machine. */
export const talkedSince = (calls: Calls, { askedAt, askedOn }: Pick<AttemptRecord, 'askedAt' | 'askedOn'>): boolean =>
  [...calls.values()].some((call) => call.talked && call.disposition !== 'voicemail' && isConcluded(call) && call.callId !== askedOn && (askedAt ?? '') <= (call.endedAt ?? ''));

/**
 * The permission for a time to come. The operator's switch is asked when the time has come; it says nothing about then. Asked again by the dialer.
 */
const permissionAt = async (deps: PlanDeps, lead: LeadRecord, at: string, attemptNumber: number): Promise<Decision> => permissionToDial({
  now: at, phone: lead.phone, leadTimeZone: lead.timeZone, consent: lead.consent, suppression: null, killSwitch: false, attemptNumber,
  dialledAt: await deps.leads.dialledAt(lead.phone, new Date(deps.clock.now().getTime() - HISTORY_MS).toISOString()),
}, { ...deps.policy, killSwitch: false });

/**
 * Moves the attempt that is planned to the time asked for, or makes the next one. True when something was written, or another was
 * faster: then read again. False when there is nothing to do: planned already, decided otherwise by a person since, being dialled at
 * this moment, talked with since, or not permitted. For numbers that are not suppressed.
 */
export const planCallback = (deps: PlanDeps) => async (lead: LeadRecord, attempts: AttemptRecord[], calls: Calls, asked: AskedCallback): Promise<boolean> => {
  const now = deps.clock.now();
  // Also one that was cancelled since: it is not made again.
  if (attempts.some(({ askedAt = '' }) => askedAt >= asked.at)) return false;
  if (talkedSince(calls, { askedAt: asked.at, askedOn: asked.callId })) return false;
  if (Date.parse(asked.dueAt) < now.getTime() - STALE_MS) return false;
  const others = attempts.filter(({ attemptId }) => readAttemptId(attemptId)!.callId !== asked.callId);
  const underWay = ({ attemptId, state }: AttemptRecord): boolean => {
    const call = calls.get(readAttemptId(attemptId)!.callId);
    return ['ready', 'dialling', 'unknown'].includes(state) || (state === 'placed' && !(call && isConcluded(call)));
  };
  if (others.some(underWay)) return false;

  const ordered = inOrder(attempts);
  const planned = others.find(({ state }) => state === 'scheduled');
  const number = planned ? readAttemptId(planned.attemptId)!.number : ordered.length + 1;
  const attemptId = attemptIdOf(lead.leadId, number);
  const wanted = asked.dueAt > now.toISOString() ? asked.dueAt : now.toISOString();
  const decision = await permissionAt(deps, lead, wanted, number);
  if (decision.outcome === 'refused') return false;
  const dueAt = decision.until ?? wanted;
  const reason = decision.until === null ? 'They asked to be called at this time.' : `They asked to be called. ${decision.reason}`;
  const change = { dueAt, decision, reason, askedAt: asked.at, askedOn: asked.callId };
  const step = { at: now.toISOString(), event: 'scheduled', detail: `asked for on the line, for ${asked.dueAt}` };
  const carrier = ordered.at(-1)?.carrier ?? carriersFor(lead.phone, deps.policy, deps.carrierNames)[0] ?? 'twilio';
  const fresh: AttemptRecord = { attemptId, leadId: lead.leadId, carrier, state: 'scheduled', callSid: null, claimedAt: null, history: [step], ...change };
  const made = planned ? await deps.leads.moveAttempt(attemptId, ['scheduled'], change, step) : await deps.leads.createAttempt(fresh);
  if (made) await deps.schedule.at(attemptId, dueAt);
  return true;
};
