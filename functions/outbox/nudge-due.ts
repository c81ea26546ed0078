// Nudges every lead whose message is due: tries again what failed, finds what a lost nudge left behind, and lets go what was held.
import type { OutboxMessage } from './message.ts';
import type { Destination, OutboxQueue, OutboxStore } from './ports.ts';
import type { Clock } from '#calls/ports.ts';

export interface NudgeDeps {
  outbox: Pick<OutboxStore, 'due' | 'list'>;
  outboxQueue: OutboxQueue;
  destination: Destination;
  clock: Clock;
}

/** In one run; what is left over is found by the next. */
const MOST_LEADS = 1000;
const PAGE = 100;

const held = async (outbox: NudgeDeps['outbox']): Promise<OutboxMessage[]> => {
  const found: OutboxMessage[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<OutboxStore['list']>> = await outbox.list({ state: 'held', limit: PAGE, ...(cursor === null ? {} : { cursor }) });
    found.push(...page.messages);
    ({ cursor } = page);
  } while (cursor !== null && found.length < MOST_LEADS);
  return found;
};

/** Gives how many leads were nudged. */
export const nudgeDue = (deps: NudgeDeps) => async (): Promise<number> => {
  const somewhere = !('missing' in await deps.destination());
  const due = await deps.outbox.due(deps.clock.now().toISOString(), MOST_LEADS);
  const messages = [...due, ...(somewhere ? await held(deps.outbox) : [])];
  const first = new Map<string, OutboxMessage>();
  for (const message of messages) {
    const known = first.get(message.leadId);
    if (!known || message.sequence < known.sequence) first.set(message.leadId, message);
  }
  for (const message of first.values()) await deps.outboxQueue.nudge(message.leadId, `${message.id}.${message.revision}.due`);
  return first.size;
};
