// Called by the local composition in place of an SQS FIFO queue: messages of one group one at a time and in order, groups beside each other.
// It holds nothing durable: after a start, the composition fills it again from the database.
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { lambdaContext } from '../gateway/context.ts';
import { realClock, type LocalClock, type Log } from './clock.ts';
import { sqsRecord, type Message } from './sqs-event.ts';

export interface FifoOptions {
  name: string;
  handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse | void>;
  /** Groups that are worked at at once. */
  maxConcurrency?: number;
  /** A failed message is delivered again after this; its group waits for it. */
  visibilityMs?: number;
  /** Deliveries before a message is given up, and its group goes on. */
  maxReceives?: number;
  clock?: LocalClock;
  log?: Log;
}

export interface LocalFifo {
  /** Sending the same `once` again within five minutes changes nothing, as in SQS. */
  send: (body: string, group: string, once: string) => void;
  /** Messages that wait or are in flight. */
  size: () => number;
  /** Delivers nothing more; resolves when what is in flight has ended. */
  stop: () => Promise<void>;
}

/** SQS's own, and not to be chosen there. */
const ONCE_MS = 5 * 60_000;

export const localFifo = ({ name, handler, maxConcurrency = 10, visibilityMs = 30_000, maxReceives = 5, clock = realClock, log = () => {} }: FifoOptions): LocalFifo => {
  /** In the order of their first message: a group that waits for a failed one lets the others pass. */
  const groups = new Map<string, Message[]>();
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();
  const wakes = new Set<() => void>();
  const sent = new Map<string, number>();
  let stopped = false;

  const deliver = async (message: Message): Promise<boolean> => {
    message.receives += 1;
    message.firstReceivedAt ??= clock.now();
    try {
      const response = await handler({ Records: [sqsRecord(name, message, randomUUID())] }, lambdaContext(name, visibilityMs, randomUUID(), clock.now));
      return (response?.batchItemFailures ?? []).length === 0;
    } catch (error) {
      log({ level: 'error', message: 'message failed', queue: name, messageId: message.messageId, error });
      return false;
    }
  };

  const work = async (group: string, message: Message): Promise<void> => {
    const done = await deliver(message);
    const givenUp = !done && message.receives >= maxReceives;
    if (givenUp) log({ level: 'error', message: 'message given up', queue: name, messageId: message.messageId, receives: message.receives });
    if (done || givenUp) {
      const rest = groups.get(group)!.slice(1);
      if (rest.length > 0) groups.set(group, rest);
      else groups.delete(group);
      busy.delete(group);
      return;
    }
    // The group stays busy until its message may be seen again.
    const cancel = clock.after(visibilityMs, () => { wakes.delete(cancel); busy.delete(group); pump(); });
    wakes.add(cancel);
  };

  const pump = (): void => {
    for (const [group, [first]] of groups) {
      if (stopped || running.size >= maxConcurrency) return;
      if (!first || busy.has(group)) continue;
      busy.add(group);
      const working: Promise<void> = work(group, first).finally(() => { running.delete(working); pump(); });
      running.add(working);
    }
  };

  return {
    send: (body, group, once) => {
      if (stopped) throw new Error(`Queue ${name} is stopped`);
      const now = clock.now();
      for (const [key, at] of sent) if (at <= now - ONCE_MS) sent.delete(key);
      if (sent.has(once)) return;
      sent.set(once, now);
      groups.set(group, [...(groups.get(group) ?? []), { messageId: randomUUID(), body, sentAt: now, receives: 0 }]);
      // Not from within send(): a sender never runs inside the receiver.
      queueMicrotask(pump);
    },
    size: () => [...groups.values()].reduce((count, messages) => count + messages.length, 0),
    stop: async () => {
      stopped = true;
      for (const cancel of wakes) cancel();
      await Promise.all(running);
    },
  };
};
