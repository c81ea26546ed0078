// The dialer: takes one message of the dial queue, asks permission again, waits for its turn, claims the attempt, asks the carrier once.
import { askPermission } from './ask-permission.ts';
import { isTerminal, type NewCall } from './call.ts';
import { carrierLimitSeconds } from './call-limits.ts';
import { dialCaps, underCap } from './caps.ts';
import { readAttemptId, type AttemptRecord, type CarrierName } from './lead.ts';
import type { Decision } from './permission.ts';
import { goOver, steer } from './failover.ts';
import type { CallStore, CapStore, Carrier, DialMessage, DialQueue, Expectations, ExpectedCall, HealthStore, Pace, SwitchStore } from './ports.ts';
import { settleLead, settleOthers, type SettleDeps } from './settle-lead.ts';

export interface DialDeps extends SettleDeps {
  calls: CallStore;
  caps: CapStore;
  queue: DialQueue;
  pace: Pace;
  switches: SwitchStore;
  health: HealthStore;
  carriers: Partial<Record<AttemptRecord['carrier'], Carrier>>;
  /** Absent: the agent is opened at the answer, and nobody needs to know before. */
  expects?: Expectations | undefined;
  /** Whether a person may take over a call that we place through this carrier. Absent: nobody may. */
  mayTransfer?: ((carrier: CarrierName) => boolean) | undefined;
  /** Waits for a turn that is near. */
  wait: (ms: number) => Promise<void>;
}

/** A turn further away than this goes back to the queue instead of holding the dialer. */
const NEAR_MS = 2_000;
const EARLY_MS = 1_000;
const TURN_KEPT_MS = 120_000;
/** Who asked to be called in a few minutes and talks on is called when that talk is over: asked again so long after. */
const STILL_TALKING_MS = 60_000;
/** A call of which nothing more is heard holds the next one up no longer than a call may last, and this. */
const LOST_CALL_MS = 3_600_000;

/** From the enquiry, or for an attempt that was planned for later, from when it was due, to the claim, ms. */
const sinceAsked = ({ history, dueAt, claimedAt }: AttemptRecord): number =>
  Math.max(0, Date.parse(claimedAt ?? dueAt) - Date.parse(history[0]?.event === 'ready' ? history[0].at : dueAt));

/** What the carrier is told, s. */
const limitFor = ({ policy, mayTransfer }: DialDeps, carrier: CarrierName): number => carrierLimitSeconds(policy, mayTransfer?.(carrier) ?? false);

const onTheLine = async (deps: DialDeps, { askedOn, askedAt }: AttemptRecord): Promise<boolean> => {
  const call = askedOn === undefined ? undefined : await deps.calls.call(askedOn);
  return call !== undefined && call.callSid !== null && !isTerminal(call.status) && deps.clock.now().getTime() < Date.parse(askedAt ?? '') + limitFor(deps, call.carrier) * 1000 + LOST_CALL_MS;
};

/** Between the carrier's answer and the last ring: the carrier counts from when it rings, we from when it said yes. */
const RING_MARGIN_MS = 10_000;
const expected = ({ clock, policy }: DialDeps, { callId, leadId, carrier }: NewCall & { leadId: string }, callSid: string): ExpectedCall => {
  const placed = clock.now();
  return { callId, carrier, callSid, leadId, placedAt: placed.toISOString(), until: new Date(placed.getTime() + policy.ringSeconds * 1000 + RING_MARGIN_MS).toISOString() };
};

/** What became of the message; for the log. Every outcome means that the message is done with. */
export type DialResult = 'dialled' | 'not-due' | 'not-ready' | 'later' | 'refused' | 'queued-for-turn' | 'no-such-attempt';

export const dialAttempt = (deps: DialDeps) => async (message: DialMessage): Promise<DialResult> => {
  const { attemptId } = message;
  const parts = readAttemptId(attemptId);
  if (!parts) return 'no-such-attempt';
  const settle = () => settleLead(deps)(parts.leadId);
  const now = () => deps.clock.now().toISOString();
  const [found, lead] = await Promise.all([deps.leads.attempt(attemptId), deps.leads.lead(parts.leadId)]);
  let attempt = found;
  if (!attempt || !lead) return 'no-such-attempt';
  if (attempt.state !== 'ready' && attempt.state !== 'scheduled') {
    // The message comes again because a dialer died over it, maybe before it had settled the lead.
    await settle();
    return 'not-ready';
  }
  if (Date.parse(attempt.dueAt) > deps.clock.now().getTime() + EARLY_MS) {
    // A ready attempt has its own message on the way, with its turn or after the carrier's delay; a scheduled one may have lost its.
    if (attempt.state === 'scheduled') await deps.schedule.at(attemptId, attempt.dueAt);
    // A queue holds a message for minutes only (SQS: 15); a turn that is further away is kept from message to message.
    else if (message.turnAt) await deps.queue.send(message, Math.ceil((Date.parse(attempt.dueAt) - deps.clock.now().getTime()) / 1000));
    return 'not-due';
  }

  if (attempt.state === 'scheduled' && await onTheLine(deps, attempt)) {
    const dueAt = new Date(deps.clock.now().getTime() + STILL_TALKING_MS).toISOString();
    if (await deps.leads.moveAttempt(attemptId, ['scheduled'], { dueAt }, { at: now(), event: 'scheduled', detail: 'still on the line' })) await deps.schedule.at(attemptId, dueAt);
    return 'later';
  }

  // Asked again at the moment of dialling: hours may have closed, and the person may have opted out, since the enquiry.
  const { decision } = await askPermission(deps)({ lead, attemptNumber: parts.number, at: now(), attemptId });
  const decided = async (made: Decision): Promise<DialResult> => {
    const change = made.until === null ? { state: 'refused' as const } : { state: 'scheduled' as const, dueAt: made.until };
    await deps.leads.moveAttempt(attemptId, ['ready', 'scheduled'], { ...change, decision: made, reason: made.reason }, { at: now(), event: change.state, detail: made.code });
    if (made.until !== null) await deps.schedule.at(attemptId, made.until);
    await settle();
    return made.until === null ? 'refused' : 'later';
  };
  if (decision.outcome !== 'allowed') return decided(decision);

  if (attempt.state === 'scheduled') {
    // A ready attempt holds its place under the caps already; one that comes due takes it now.
    const caps = dialCaps({ phone: lead.phone, now: now(), limitSeconds: deps.policy.limitSeconds }, deps.policy);
    const { full } = await deps.caps.reserve(caps);
    if (full) return decided(underCap(decision, full));
    const ready = await deps.leads.moveAttempt(attemptId, ['scheduled'], { state: 'ready', decision, reason: null }, { at: now(), event: 'ready', detail: null });
    if (!ready) {
      await deps.caps.giveBack(caps);
      return 'not-ready';
    }
    if (Date.parse(ready.dueAt) > deps.clock.now().getTime() + EARLY_MS) {
      // A person moved it to a later time between the look at it and this step.
      await deps.leads.moveAttempt(attemptId, ['ready'], { state: 'scheduled' }, { at: now(), event: 'scheduled', detail: 'moved to a later time' });
      await deps.caps.giveBack(caps);
      await deps.schedule.at(attemptId, ready.dueAt);
      return 'not-due';
    }
    attempt = ready;
  }

  const steered = await steer(deps)(attempt, lead.phone);
  if (!steered) return 'not-ready';
  // A turn that passed long ago is nobody's any more: messages that were held up must not all dial at once.
  const fresh = message.turnAt !== undefined && Date.parse(message.turnAt) > deps.clock.now().getTime() - TURN_KEPT_MS;
  const turnAt = fresh && steered.carrier === attempt.carrier ? message.turnAt : undefined;
  attempt = steered;
  const carrier = deps.carriers[attempt.carrier];
  if (!carrier) throw new Error(`attempt ${attemptId} wants a carrier that is not configured: ${attempt.carrier}`);
  const call = { callId: parts.callId, attemptId, leadId: lead.leadId, carrier: carrier.name, direction: 'outbound' as const, from: carrier.from, to: lead.phone };
  const [waitMs, opened] = await Promise.all([
    turnAt ? Date.parse(turnAt) - deps.clock.now().getTime() : deps.pace.turn(carrier.name),
    deps.calls.open(call, now()),
  ]);
  // Erased since it was read.
  if (!opened) return 'no-such-attempt';
  if (waitMs > NEAR_MS) {
    const later = new Date(deps.clock.now().getTime() + waitMs).toISOString();
    // Not due before its turn: otherwise the sweep would send it again, and every message would take another turn.
    const waiting = await deps.leads.moveAttempt(attemptId, ['ready'], { dueAt: later, reason: 'Waiting for a turn at the carrier.' }, { at: now(), event: 'waiting', detail: later });
    if (waiting) await deps.queue.send({ attemptId, turnAt: later }, Math.ceil(waitMs / 1000));
    return 'queued-for-turn';
  }
  if (waitMs > 0) await deps.wait(waitMs);

  const claimed = await deps.leads.claimAttempt(attemptId, lead.phone, now());
  if (!claimed) return 'not-ready';
  const held = ['dialling', 'unknown'] as AttemptRecord['state'][];
  // An attempt that comes back from `unknown`: the phone that was never found may have been answered meanwhile, and rings no more.
  const record = await deps.calls.call(parts.callId);
  if (record?.erasedAt !== undefined) return 'no-such-attempt';
  const callSid = record?.callSid;
  if (callSid) {
    await deps.leads.moveAttempt(attemptId, held, { state: 'placed', callSid, reason: null }, { at: now(), event: 'placed', detail: 'its phone was answered' });
    await settle();
    return 'not-ready';
  }
  if (claimed.carrier !== carrier.name) {
    // Another dialer gave it to another carrier between our reading and our claim, and left it to us: it is asked for there.
    await deps.leads.moveAttempt(attemptId, held, { state: 'ready' }, { at: now(), event: 'ready', detail: `through ${claimed.carrier}` });
    await deps.queue.send({ attemptId });
    return 'not-ready';
  }
  if (record && record.carrier !== carrier.name) await deps.calls.open(call, now());
  // The lead's own status need not hold the call up; should it fail now, it is settled again with the outcome below.
  const [outcome] = await Promise.all([
    carrier.place({ attemptId, callId: parts.callId, to: lead.phone, ringSeconds: deps.policy.ringSeconds, limitSeconds: limitFor(deps, carrier.name) }),
    Promise.allSettled([settle()]),
  ]);
  if (await goOver(deps)(claimed, lead.phone, outcome)) {
    await deps.queue.send({ attemptId });
    await settle();
    return 'dialled';
  }
  switch (outcome.outcome) {
    case 'placed': {
      // At once: the phone may be answered within a second or two.
      const [bound] = await Promise.all([deps.calls.bind(parts.callId, carrier.name, outcome.callSid), deps.expects?.expect(expected(deps, call, outcome.callSid))]);
      if (bound === 'bound') {
        await deps.calls.append(parts.callId, { kind: 'status', at: now(), status: outcome.status, sequence: null, source: 'request', durationSeconds: null, sipCode: null, answeredBy: null, cost: null, enquiryToDialMs: sinceAsked(claimed) });
      }
      await deps.leads.moveAttempt(attemptId, held, { state: 'placed', callSid: outcome.callSid, reason: null }, { at: now(), event: 'placed', detail: null });
      break;
    }
    case 'refused':
      if (outcome.doNotDisturb) {
        await deps.suppressions.suppress({ phone: lead.phone, reason: 'carrier-dnd', at: now(), note: outcome.code }, lead.leadId);
        await settleOthers(deps)(lead.phone, lead.leadId);
      }
      await deps.leads.moveAttempt(attemptId, held, { state: 'failed', reason: outcome.reason }, { at: now(), event: 'failed', detail: outcome.code });
      break;
    case 'not-now': {
      const dueAt = new Date(deps.clock.now().getTime() + outcome.retryAfterMs).toISOString();
      await deps.leads.moveAttempt(attemptId, held, { state: 'ready', dueAt, reason: outcome.reason }, { at: now(), event: 'ready', detail: outcome.reason });
      await deps.queue.send({ attemptId }, Math.ceil(outcome.retryAfterMs / 1000));
      break;
    }
    case 'unknown':
      await deps.leads.moveAttempt(attemptId, held, { state: 'unknown', reason: outcome.reason }, { at: now(), event: 'unknown', detail: outcome.reason });
      break;
  }
  await settle();
  if (outcome.outcome === 'placed') {
    // Whoever erased or suppressed the lead while the carrier was being asked could not hang up a call that had no name yet.
    const [still, listed] = await Promise.all([deps.leads.lead(lead.leadId), deps.suppressions.suppression(lead.phone)]);
    if (!still || listed) await carrier.hangUp(outcome.callSid);
  }
  return 'dialled';
};
