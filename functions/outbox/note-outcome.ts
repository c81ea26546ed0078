// Writes down that a lead has come to an end of some kind; run for each change of a lead's record, in the order of the changes.
import { isFinalLead } from '#calls/lead-status.ts';
import type { Clock } from '#calls/ports.ts';
import { newMessage, type LeadChange, type LeadFacts, type OutboxMessage } from './message.ts';
import type { OutboxQueue, OutboxStore } from './ports.ts';

export interface NoteDeps {
  outbox: Pick<OutboxStore, 'add' | 'last'>;
  outboxQueue: OutboxQueue;
  clock: Clock;
}

const same = (a: LeadFacts, b: LeadFacts): boolean => a.status === b.status && a.disposition === b.disposition && a.summary === b.summary;

/**
 * The message that this change calls for, if any: the lead is in a terminal state that was not so before, or with another
 * disposition or summary; or a lead whose outcome was told has been erased, which whoever was told has to know. `told`: what had been told
 * of it last, which is asked for where a lead was erased on its way to another outcome. Pure.
 */
export const messageFor = ({ leadId, at, before, after, expired }: LeadChange, now: string, told?: Pick<OutboxMessage, 'status' | 'disposition'>): OutboxMessage | undefined => {
  if (after) {
    if (!isFinalLead(after.status) || (before && same(before, after))) return undefined;
    return newMessage(leadId, after.version, { occurredAt: at, status: after.status, disposition: after.disposition ?? 'unknown', erased: false }, now);
  }
  if (!before || expired) return undefined;
  const known = isFinalLead(before.status) ? before : told;
  return known && newMessage(leadId, before.version + 1, { occurredAt: at, status: known.status, disposition: known.disposition ?? 'unknown', erased: true }, now);
};

/** A person asked for another call of a lead that had come to its end, and then it was erased: its record does not say that an outcome was told. */
const onItsWay = ({ before, after, expired }: LeadChange): boolean => before !== undefined && after === undefined && !expired && !isFinalLead(before.status);

/** Kept first, nudged then: whoever dies in between is followed by another who gets the same change, and finds it kept. */
export const noteOutcome = (deps: NoteDeps) => async (change: LeadChange): Promise<string | undefined> => {
  const told = onItsWay(change) ? await deps.outbox.last(change.leadId) : undefined;
  const message = messageFor(change, deps.clock.now().toISOString(), told);
  if (!message) return undefined;
  await deps.outbox.add(message);
  await deps.outboxQueue.nudge(message.leadId, `${message.id}.${message.revision}`);
  return message.id;
};
