// The dialer: takes one message of the dial queue, asks permission again, waits for its turn, claims the attempt, asks the carrier once.
import { dialCaps, underCap } from './caps.ts';
import { readAttemptId, type AttemptRecord } from './lead.ts';
import { permissionToDial, type Decision } from './permission.ts';
import type { CallStore, CapStore, Carrier, DialMessage, DialQueue, Pace } from './ports.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export interface DialDeps extends SettleDeps {
  calls: CallStore;
  caps: CapStore;
  queue: DialQueue;
  pace: Pace;
  carriers: Partial<Record<AttemptRecord['carrier'], Carrier>>;
  /** Waits for a turn that is near. */
  wait: (ms: number) => Promise<void>;
}

/** A turn further away than this goes back to the queue instead of holding the dialer. */
const NEAR_MS = 2_000;
const EARLY_MS = 1_000;

/** What became of the message; for the log. Every outcome means that the message is done with. */
export type DialResult = 'dialled' | 'not-due' | 'not-ready' | 'later' | 'refused' | 'queued-for-turn' | 'no-such-attempt';

export const dialAttempt = (deps: DialDeps) => async (message: DialMessage): Promise<DialResult> => {
  const { attemptId } = message;
  const parts = readAttemptId(attemptId);
  const settle = () => settleLead(deps)(parts!.leadId);
  const now = () => deps.clock.now().toISOString();
  let attempt = await deps.leads.attempt(attemptId);
  const lead = attempt && (await deps.leads.lead(attempt.leadId));
  if (!attempt || !lead || !parts) return 'no-such-attempt';
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

  // Asked again at the moment of dialling: hours may have closed, and the person may have opted out, since the enquiry.
  const [suppression, dialledAt] = await Promise.all([
    deps.suppressions.suppression(lead.phone), deps.leads.dialledAt(lead.phone, new Date(deps.clock.now().getTime() - 31 * 86_400_000).toISOString(), attemptId),
  ]);
  const decision = permissionToDial({
    now: now(), phone: lead.phone, leadTimeZone: lead.timeZone, consent: lead.consent, suppression: suppression ? { reason: suppression.reason } : null,
    dialledAt, killSwitch: deps.policy.killSwitch, attemptNumber: parts.number,
  }, deps.policy);
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
    attempt = ready;
  }

  const carrier = deps.carriers[attempt.carrier];
  if (!carrier) throw new Error(`attempt ${attemptId} wants a carrier that is not configured: ${attempt.carrier}`);
  const waitMs = message.turnAt ? Date.parse(message.turnAt) - deps.clock.now().getTime() : await deps.pace.turn(carrier.name);
  if (waitMs > NEAR_MS) {
    const turnAt = new Date(deps.clock.now().getTime() + waitMs).toISOString();
    // Not due before its turn: otherwise the sweep would send it again, and every message would take another turn.
    const waiting = await deps.leads.moveAttempt(attemptId, ['ready'], { dueAt: turnAt, reason: 'Waiting for a turn at the carrier.' }, { at: now(), event: 'waiting', detail: turnAt });
    if (waiting) await deps.queue.send({ attemptId, turnAt }, Math.ceil(waitMs / 1000));
    return 'queued-for-turn';
  }
  if (waitMs > 0) await deps.wait(waitMs);

  const call = { callId: parts.callId, attemptId, leadId: lead.leadId, carrier: carrier.name, direction: 'outbound' as const, from: carrier.from, to: lead.phone };
  await deps.calls.open(call, now());
  if (!(await deps.leads.claimAttempt(attemptId, lead.phone, now()))) return 'not-ready';
  const held = ['dialling', 'unknown'] as AttemptRecord['state'][];
  // An attempt that comes back from `unknown`: the phone that was never found may have been answered meanwhile, and rings no more.
  const callSid = (await deps.calls.call(parts.callId))?.callSid;
  if (callSid) {
    await deps.leads.moveAttempt(attemptId, held, { state: 'placed', callSid, reason: null }, { at: now(), event: 'placed', detail: 'its phone was answered' });
    await settle();
    return 'not-ready';
  }
  await settle();
  const outcome = await carrier.place({ attemptId, callId: parts.callId, to: lead.phone, ringSeconds: deps.policy.ringSeconds, limitSeconds: deps.policy.limitSeconds });
  switch (outcome.outcome) {
    case 'placed': {
      const bound = await deps.calls.bind(parts.callId, carrier.name, outcome.callSid);
      if (bound === 'bound') {
        await deps.calls.append(parts.callId, { kind: 'status', at: now(), status: outcome.status, sequence: null, source: 'request', durationSeconds: null, sipCode: null, answeredBy: null, cost: null });
      }
      await deps.leads.moveAttempt(attemptId, held, { state: 'placed', callSid: outcome.callSid, reason: null }, { at: now(), event: 'placed', detail: null });
      break;
    }
    case 'refused':
      if (outcome.doNotDisturb) await deps.suppressions.suppress({ phone: lead.phone, reason: 'carrier-dnd', at: now(), note: outcome.code });
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
  return 'dialled';
};
