// From a carrier that is down to one that is not, within one attempt: only where it is certain that no phone rang for it. Used by dial-attempt.ts.
import { breaker } from './breaker.ts';
import { carriersFor } from './choose-carrier.ts';
import type { AttemptRecord, CarrierName } from './lead.ts';
import type { Policy } from './policy.ts';
import type { Carrier, Clock, DialOutcome, HealthStore, LeadStore } from './ports.ts';

export interface FailoverDeps {
  leads: Pick<LeadStore, 'moveAttempt'>;
  health: HealthStore;
  clock: Clock;
  policy: Policy;
  carrierNames: CarrierName[];
  carriers: Partial<Record<CarrierName, Carrier>>;
}

/** An attempt that went over comes back no sooner than this: where all carriers are down it waits like any other. */
const BACK_AND_FORTH_MS = 60_000;

/** Carriers that may stand in for this attempt's own; none where nobody knows whether its own made a phone ring. */
const standIns = (deps: FailoverDeps, attempt: AttemptRecord, phone: string): CarrierName[] => {
  if (!deps.policy.carriers.failover || attempt.history.some((step) => step.event === 'unknown')) return [];
  return carriersFor(phone, deps.policy, deps.carrierNames).filter((name) => name !== attempt.carrier && deps.carriers[name] !== undefined);
};

const firstThatAdmits = async (deps: FailoverDeps, names: CarrierName[]): Promise<CarrierName | undefined> => {
  for (const name of names) if (await breaker(deps).admits(name)) return name;
  return undefined;
};

/**
 * Before a ready attempt is dialled: through its own carrier, or, while that one rests, through another. Returns the attempt as it then
 * is; undefined when somebody else has taken it meanwhile.
 */
export const steer = (deps: FailoverDeps) => async (attempt: AttemptRecord, phone: string): Promise<AttemptRecord | undefined> => {
  const others = standIns(deps, attempt, phone);
  if (others.length === 0 || await breaker(deps).admits(attempt.carrier)) return attempt;
  const carrier = await firstThatAdmits(deps, others);
  // All of them rest: its own is asked, as if there were no breaker.
  if (!carrier) return attempt;
  return deps.leads.moveAttempt(attempt.attemptId, ['ready'], { carrier }, { at: deps.clock.now().toISOString(), event: 'other-carrier', detail: `${attempt.carrier} is resting; through ${carrier}` });
};

/**
 * After the carrier's answer: notes how it did, and, where it certainly placed nothing and would place nothing for others either, gives the
 * attempt to another carrier at once. True when it did: the attempt is ready again and wants a message of its own.
 */
export const goOver = (deps: FailoverDeps) => async (attempt: AttemptRecord, phone: string, outcome: DialOutcome): Promise<boolean> => {
  const others = standIns(deps, attempt, phone);
  const notPlaced = outcome.outcome === 'not-now' ? outcome.unreachable === true : outcome.outcome === 'refused' && outcome.account === true;
  if (carriersFor(phone, deps.policy, deps.carrierNames).length > 1) {
    if (notPlaced || outcome.outcome === 'unknown') await breaker(deps).failed(attempt.carrier);
    else if (outcome.outcome !== 'not-now') await breaker(deps).worked(attempt.carrier);
  }
  if (!notPlaced) return false;
  const now = deps.clock.now();
  const lately = new Date(now.getTime() - BACK_AND_FORTH_MS).toISOString();
  if (attempt.history.filter((step) => step.event === 'other-carrier' && step.at > lately).length >= others.length) return false;
  const carrier = await firstThatAdmits(deps, others);
  if (!carrier) return false;
  const at = now.toISOString();
  const reason = 'reason' in outcome ? outcome.reason : '';
  const moved = await deps.leads.moveAttempt(attempt.attemptId, ['dialling', 'unknown'], { state: 'ready', carrier, dueAt: at, reason: null }, { at, event: 'other-carrier', detail: `${reason} Through ${carrier}.` });
  return moved !== undefined;
};
