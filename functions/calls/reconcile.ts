// The reconciler: makes good for messages, callbacks and processes that were lost, by looking at our records and at the carrier's.
import { isTerminal, type CallRecord } from './call.ts';
import { isConcluded } from './fold-call.ts';
import { neverPlaced, readAttemptId, type AttemptRecord } from './lead.ts';
import type { CallStore, Carrier, CarrierCall, DialQueue, ForgetList } from './ports.ts';
import { recordEvent } from './record-event.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export interface ReconcileDeps extends SettleDeps {
  calls: CallStore;
  forgets: ForgetList;
  queue: DialQueue;
  carriers: Partial<Record<AttemptRecord['carrier'], Carrier>>;
  /** A call or an attempt without news for so long is looked up. */
  afterSeconds: number;
  /** Tells of one item that could not be looked at this time; the others go on, and this one is looked at again. */
  onFailure: (error: unknown, id: string) => void;
}

const PAGE = 100;
/** A message on its way to the dialer gets this long before the attempt is sent again. */
const MESSAGE_MS = 5_000;
/** The carrier's clock may differ from ours. */
const CLOCK_SKEW_MS = 60_000;
/** The carrier tells whole seconds, and two clocks that are kept differ by less than one. */
const SAME_MOMENT_MS = 2_000;
/** A dialer may be waiting for the carrier's answer for so long. */
const DIALER_PATIENCE_MS = 15_000;
/** How often one attempt is dialled again after the carrier is known not to have placed it. */
const MOST_REDIALS = 3;
const noted = 'looked up at the carrier; not there yet';

const statusEvent = (found: CarrierCall, now: string) => ({
  kind: 'status' as const, at: found.endedAt ?? found.startedAt ?? now, status: found.status, sequence: null, source: 'lookup' as const,
  durationSeconds: found.durationSeconds, sipCode: null, answeredBy: found.answeredBy, cost: found.cost,
});

/**
 * Whether a call that nobody owns is of these requests, and not of another attempt's to the same number: it is of the latest
 * request that went out before the carrier made it.
 */
const isOf = (found: CarrierCall, own: string[], others: string[]): boolean => {
  const made = found.createdAt ?? found.startedAt;
  if (made === null) return others.length === 0;
  const until = new Date(Date.parse(made) + SAME_MOMENT_MS).toISOString();
  const requests = [...own, ...others].sort();
  const request = requests.findLast((at) => at <= until) ?? requests[0];
  return request !== undefined && own.includes(request);
};

/** Looks once at everything that is overdue. Returns what was done, by kind, for the log. */
export const reconcile = (deps: ReconcileDeps) => async (): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  const now = deps.clock.now();
  const at = now.toISOString();
  const before = (ms: number): string => new Date(now.getTime() - ms).toISOString();
  const afterMs = deps.afterSeconds * 1000;

  const adopt = async (attempt: AttemptRecord, callId: string, found: CarrierCall): Promise<void> => {
    if ((await deps.calls.bind(callId, attempt.carrier, found.callSid)) === 'other') return;
    await deps.leads.moveAttempt(attempt.attemptId, ['dialling', 'unknown'], { state: 'placed', callSid: found.callSid, reason: null }, { at, event: 'placed', detail: 'found at the carrier' });
    await recordEvent(deps)(callId, statusEvent(found, at));
    count('adopted');
  };

  /** An attempt that was claimed and of which nothing more was heard: its dialer died, or the carrier's answer was lost. */
  const lost = async (attempt: AttemptRecord): Promise<void> => {
    const { callId, leadId } = readAttemptId(attempt.attemptId)!;
    const lead = await deps.leads.lead(leadId);
    const carrier = deps.carriers[attempt.carrier];
    if (!lead || !carrier) return;
    const call = await deps.calls.call(callId);
    if (call?.callSid) {
      // Its phone was answered, so there was a call; how it is doing is looked up with the other open calls.
      await deps.calls.bind(callId, attempt.carrier, call.callSid);
      await deps.leads.moveAttempt(attempt.attemptId, ['dialling', 'unknown'], { state: 'placed', callSid: call.callSid, reason: null }, { at, event: 'placed', detail: 'its phone was answered' });
      return count('adopted');
    }
    if (attempt.state === 'dialling') {
      await deps.leads.moveAttempt(attempt.attemptId, ['dialling'], { state: 'unknown', reason: 'It is not known whether the carrier placed this call.' }, { at, event: 'unknown', detail: 'its dialer fell silent' });
    }
    const since = new Date(Date.parse(attempt.claimedAt ?? attempt.dueAt) - CLOCK_SKEW_MS).toISOString();
    const own = attempt.history.filter((step) => step.event === 'dialling').map((step) => step.at);
    const others = await deps.leads.dialledAt(lead.phone, since, attempt.attemptId);
    let undecided = false;
    for (const found of await carrier.callsTo(lead.phone, since)) {
      const owner = await deps.calls.callIdOf(attempt.carrier, found.callSid);
      if (owner === callId || (owner === undefined && isOf(found, own, others))) return adopt(attempt, callId, found);
      undecided ||= owner === undefined && !isTerminal(found.status);
    }
    // A phone of this number is ringing that no attempt has claimed yet: nobody dials it before that is known.
    if (undecided) return;
    // Not in the carrier's list. Lists lag, so it takes two looks, a quiet window apart, before the phone may ring again.
    const looked = attempt.history.findLast((step) => step.event === 'unknown' && step.detail === noted && step.at >= (attempt.claimedAt ?? ''));
    if (!looked) {
      await deps.leads.moveAttempt(attempt.attemptId, ['unknown'], {}, { at, event: 'unknown', detail: noted });
      return count('looked');
    }
    if (Date.parse(looked.at) > now.getTime() - afterMs) return;
    if (attempt.history.filter((step) => step.event === 'ready' && step.detail === neverPlaced).length >= MOST_REDIALS) {
      // A carrier that fails every time must not be asked for ever under one attempt: the retry plan decides from here.
      await deps.leads.moveAttempt(attempt.attemptId, ['unknown'], { state: 'failed', reason: 'The carrier never placed this call, however often it was asked.' }, { at, event: 'failed', detail: neverPlaced });
      return count('given-up');
    }
    const ready = await deps.leads.moveAttempt(attempt.attemptId, ['unknown'], { state: 'ready', dueAt: at, reason: null }, { at, event: 'ready', detail: neverPlaced });
    if (ready) await deps.queue.send({ attemptId: attempt.attemptId });
    count('dialled-again');
  };

  const attempt = async (due: AttemptRecord): Promise<void> => {
    if (due.state === 'ready' || due.state === 'scheduled') {
      await deps.queue.send({ attemptId: due.attemptId });
      return count('sent-again');
    }
    if ((due.claimedAt ?? due.dueAt) <= before(due.state === 'dialling' ? Math.max(afterMs, DIALER_PATIENCE_MS) : afterMs)) {
      await lost(due);
      await settleLead(deps)(due.leadId);
    }
  };

  const call = async (open: CallRecord): Promise<void> => {
    const carrier = deps.carriers[open.carrier];
    const found = open.callSid && carrier ? await carrier.call(open.callSid) : undefined;
    let after = open;
    if (found) after = await recordEvent(deps)(open.callId, statusEvent(found, at));
    // The carrier has forgotten it, so it is certainly over; how it went is known from the callbacks that came, if any.
    else if (carrier && !isTerminal(open.status)) {
      after = await recordEvent(deps)(open.callId, { kind: 'status', at, status: open.answeredAt === null ? 'failed' : 'completed', sequence: null, source: 'lookup', durationSeconds: null, sipCode: null, answeredBy: null, cost: null });
    }
    // The line is down and nobody has said how the talk ended: the relay that knew is gone.
    if (after.endedAt !== null && !isConcluded(after)) {
      await recordEvent(deps)(open.callId, { kind: 'ended', at: after.endedAt, endReason: 'caller-hung-up', detail: 'relay-lost', turnMs: [] });
    }
    count('calls-looked-up');
  };

  const each = async <T>(items: T[], id: (item: T) => string, look: (item: T) => Promise<void>): Promise<void> => {
    for (const item of items) {
      try {
        await look(item);
      } catch (error) {
        deps.onFailure(error, id(item));
      }
    }
  };
  await each(await deps.leads.attemptsDue(before(Math.min(MESSAGE_MS, afterMs)), PAGE), (a) => a.attemptId, attempt);
  await each(await deps.calls.openCalls(before(afterMs), PAGE), (c) => c.callId, call);
  // A process that died between writing what happened and settling the lead leaves a lead behind what its attempts and calls say.
  for (const status of ['new', 'scheduled', 'dialling', 'in-call'] as const) {
    const { leads } = await deps.leads.list({ status, limit: PAGE });
    await each(leads.filter((lead) => lead.createdAt <= before(afterMs)), (lead) => lead.leadId, async (lead) => {
      const settled = await settleLead(deps)(lead.leadId);
      if (settled && settled.status !== status) count('settled');
    });
  }
  return counts;
};
