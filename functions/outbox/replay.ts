// Sends a message again because a person asked for it, under the same id: whatever its state was, and at once.
import { VisibleError } from '#calls/errors.ts';
import type { Clock } from '#calls/ports.ts';
import { readMessageId, type OutboxMessage } from './message.ts';
import type { OutboxQueue, OutboxStore } from './ports.ts';

export interface ReplayDeps {
  outbox: Pick<OutboxStore, 'message' | 'replace'>;
  outboxQueue: OutboxQueue;
  clock: Clock;
}

/** Throws VisibleError when there is no such message (any more). A new day of tries begins. */
export const replay = (deps: ReplayDeps) => async (id: string): Promise<OutboxMessage> => {
  for (;;) {
    const message = readMessageId(id) ? await deps.outbox.message(id) : undefined;
    if (!message) throw new VisibleError('not-found', 'no-such-message', 'There is no such message in the outbox.', { fields: [{ field: 'id', message: 'names no message' }] });
    const again: OutboxMessage = {
      ...message, state: 'pending', nextAt: deps.clock.now().toISOString(), firstTriedAt: null, tries: 0, reason: null, deliveredAt: null, replays: message.replays + 1,
    };
    if (!await deps.outbox.replace(message, again)) continue;
    await deps.outboxQueue.nudge(message.leadId, `${message.id}.${message.revision + 1}.replay`);
    return { ...again, revision: message.revision + 1 };
  }
};
