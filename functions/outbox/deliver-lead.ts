// Delivers what a lead has in the outbox, in order; run for each nudge, one at a time for a lead.
import { readLead } from '#calls/lead-view.ts';
import { outcomeOf } from './outcome.ts';
import type { DeliverDeps } from './ports.ts';
import { afterTry } from './verdict.ts';

/** nothing: all is delivered or given up · waiting: the first message is to be tried again later · held: there is no endpoint · more: nudged again. */
export type DeliverResult = 'nothing' | 'waiting' | 'held' | 'more';

/** Posts in one run: with 10 s for each they end within the function's minute. */
const MOST_POSTS = 4;

/**
 * A message is only tried when no earlier one of its lead is left undelivered. At least once: who dies between the endpoint's answer and the
 * note of it is followed by one who posts again, under the same id. Throws what the store throws; then nothing is lost, and somebody is nudged again.
 */
export const deliverLead = (deps: DeliverDeps) => async (leadId: string): Promise<DeliverResult> => {
  const destination = await deps.destination();
  for (let posts = 0; ; posts += 1) {
    const waiting = await deps.outbox.undelivered(leadId);
    const [message] = waiting;
    if (!message) return 'nothing';
    if ('missing' in destination) {
      for (const one of waiting) if (one.state !== 'held' || one.reason !== destination.missing) await deps.outbox.replace(one, { ...one, state: 'held', nextAt: null, reason: destination.missing });
      return 'held';
    }
    const began = deps.clock.now();
    if (message.state === 'pending' && message.nextAt !== null && message.nextAt > began.toISOString()) return 'waiting';
    if (posts === MOST_POSTS) {
      await deps.outboxQueue.nudge(leadId, `${message.id}.${message.revision}.more`);
      return 'more';
    }
    const [lead, view] = message.erased ? [undefined, undefined] : await Promise.all([deps.leads.lead(leadId), readLead(deps)(leadId)]);
    const body = JSON.stringify(outcomeOf(message, lead && view ? { lead, view } : undefined));
    const answer = await destination.post(message.id, body, began);
    const after = afterTry(message, answer, { began, now: deps.clock.now(), random: deps.random() });
    // Not written when a person replayed the message meanwhile: what they asked for counts, and the next round does it.
    if (await deps.outbox.replace(message, after)) deps.tried?.(after);
  }
};
