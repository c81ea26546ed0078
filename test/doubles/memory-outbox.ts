// Outbox messages in memory, behind OutboxStore. Held to the same contract as DynamoDB's.
import { VisibleError } from '#calls/errors.ts';
import type { Clock } from '#calls/ports.ts';
import { KEPT_DAYS, type OutboxMessage } from '#outbox/message.ts';
import type { OutboxStore } from '#outbox/ports.ts';

export type OutboxMemory = Map<string, OutboxMessage>;

/** `between` is awaited before each operation; the operation itself happens at once. */
export const memoryOutboxStore = (messages: OutboxMemory, clock: Clock, between: () => Promise<void> = async () => {}): OutboxStore => {
  const one = async <T>(operation: () => T): Promise<T> => {
    await between();
    return structuredClone(operation());
  };
  const kept = (): OutboxMessage[] => {
    const since = new Date(clock.now().getTime() - KEPT_DAYS * 86_400_000).toISOString();
    return [...messages.values()].filter((message) => message.occurredAt > since);
  };
  const order = (message: OutboxMessage): string => `${message.occurredAt}#${message.id}`;
  return {
    add: (message) => one(() => {
      if (messages.has(message.id)) return false;
      messages.set(message.id, structuredClone(message));
      return true;
    }),
    message: (id) => one(() => kept().find((message) => message.id === id)),
    undelivered: (leadId) => one(() => kept().filter((m) => m.leadId === leadId && (m.state === 'pending' || m.state === 'held')).sort((a, b) => a.sequence - b.sequence)),
    last: (leadId) => one(() => kept().filter((m) => m.leadId === leadId).sort((a, b) => b.sequence - a.sequence)[0]),
    replace: (was, next) => one(() => {
      if (messages.get(was.id)?.revision !== was.revision) return false;
      messages.set(was.id, structuredClone({ ...next, revision: was.revision + 1 }));
      return true;
    }),
    list: ({ state, cursor, limit }) => one(() => {
      if (cursor !== undefined && !/^after-msg_\w+$/.test(cursor)) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'is unknown' }] });
      const all = kept().filter((m) => !state || m.state === state).sort((a, b) => (order(a) < order(b) ? 1 : -1));
      const from = cursor === undefined ? 0 : all.findIndex((m) => `after-${m.id}` === cursor) + 1;
      const page = all.slice(from, from + limit);
      return { messages: page, cursor: from + limit < all.length ? `after-${page.at(-1)!.id}` : null };
    }),
    due: (now, limit) => one(() => kept().filter((m) => m.nextAt !== null && m.nextAt <= now).sort((a, b) => a.nextAt!.localeCompare(b.nextAt!)).slice(0, limit)),
  };
};
