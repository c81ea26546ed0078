// Called by the local composition in place of SQS and Lambda's event source mapping: at-least-once delivery to a function of this process.
// It holds nothing durable: after a start, the composition fills it again from the database.
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { lambdaContext } from '../gateway/context.ts';
import { realClock, type LocalClock, type Log } from './clock.ts';
import { sqsRecord, type Message } from './sqs-event.ts';

export interface QueueOptions {
  name: string;
  handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse | void>;
  /** Invocations at once. */
  maxConcurrency?: number;
  /** A message that was delivered and not deleted is delivered again after this, even while its handler still runs: as SQS does. */
  visibilityMs?: number;
  /** Deliveries before a message goes to the dead letters instead. */
  maxReceives?: number;
  /** Messages an invocation, at most (1 to 10). */
  batchSize?: number;
  clock?: LocalClock;
  log?: Log;
  /** For tests: SQS may deliver twice and in any order. `random` gives numbers from 0 up to 1. */
  disorder?: { random: () => number; duplicates: number };
}

export interface LocalQueue {
  /** Gives the message's id. `delaySeconds` is at most 900, as in SQS. */
  send: (body: string, delaySeconds?: number) => string;
  /** What was given up, oldest first. */
  deadLetters: () => { messageId: string; body: string; receives: number }[];
  /** Puts dead letters (all, or one) back into the queue, as new. Gives how many. */
  replay: (messageId?: string) => number;
  /** Messages that are waiting, delayed or in flight. */
  size: () => number;
  /** Delivers nothing more; resolves when what is in flight has ended. Messages that are left are forgotten. */
  stop: () => Promise<void>;
}

type Waiting = Message & { visibleAt: number };

const LONGEST_DELAY_SECONDS = 900;

export const localQueue = (options: QueueOptions): LocalQueue => {
  const { name, handler, maxConcurrency = 10, visibilityMs = 30_000, maxReceives = 5, batchSize = 1, clock = realClock, log = () => {}, disorder } = options;
  const waiting = new Map<string, Waiting>();
  const dead = new Map<string, Message>();
  const running = new Set<Promise<void>>();
  let stopped = false;
  let cancelWake = (): void => {};

  /** Up to a batch of messages that may be seen now, each counted as received; those received too often go to the dead letters. */
  const receive = (): Waiting[] => {
    const now = clock.now();
    const visible = [...waiting.values()].filter((message) => message.visibleAt <= now);
    if (disorder) visible.sort(() => disorder.random() - 0.5);
    const batch: Waiting[] = [];
    for (const message of visible) {
      if (batch.length === batchSize) break;
      if (message.receives >= maxReceives) {
        waiting.delete(message.messageId);
        dead.set(message.messageId, message);
        log({ level: 'error', message: 'message given up', queue: name, messageId: message.messageId, receives: message.receives });
        continue;
      }
      message.receives += 1;
      message.firstReceivedAt ??= now;
      // A duplicate is a message that is delivered, and stays visible.
      message.visibleAt = disorder && disorder.random() < disorder.duplicates ? now : now + visibilityMs;
      batch.push(message);
    }
    return batch;
  };

  const deliver = async (batch: readonly Waiting[]): Promise<void> => {
    const records = batch.map((message) => sqsRecord(name, message, randomUUID()));
    let failed: Set<string>;
    try {
      const response = await handler({ Records: records }, lambdaContext(name, visibilityMs, randomUUID(), clock.now));
      failed = new Set(response?.batchItemFailures.map((failure) => failure.itemIdentifier));
      // A name that is none of ours makes the whole batch fail, as in Lambda.
      if ([...failed].some((id) => !records.some((record) => record.messageId === id))) failed = new Set(records.map((record) => record.messageId));
      if (failed.size > 0) log({ level: 'error', message: 'messages failed', queue: name, failed: failed.size });
    } catch (error) {
      failed = new Set(records.map((record) => record.messageId));
      log({ level: 'error', message: 'messages failed', queue: name, failed: failed.size, error });
    }
    for (const { messageId } of records) if (!failed.has(messageId)) { waiting.delete(messageId); dead.delete(messageId); }
  };

  const pump = (): void => {
    cancelWake();
    if (stopped) return;
    while (running.size < maxConcurrency) {
      const batch = receive();
      if (batch.length === 0) break;
      const delivery: Promise<void> = deliver(batch).finally(() => { running.delete(delivery); pump(); });
      running.add(delivery);
    }
    const next = Math.min(...[...waiting.values()].map((message) => message.visibleAt));
    // At full concurrency the end of an invocation wakes the queue.
    if (running.size < maxConcurrency && Number.isFinite(next)) cancelWake = clock.after(Math.max(0, next - clock.now()), pump);
  };

  const add = (body: string, delayMs: number): string => {
    const messageId = randomUUID();
    const now = clock.now();
    waiting.set(messageId, { messageId, body, sentAt: now, receives: 0, visibleAt: now + delayMs });
    // Not from within send(): a sender never runs inside the receiver.
    queueMicrotask(pump);
    return messageId;
  };

  return {
    send: (body, delaySeconds = 0) => {
      if (!(delaySeconds >= 0 && delaySeconds <= LONGEST_DELAY_SECONDS)) throw new RangeError(`delaySeconds must be from 0 to ${LONGEST_DELAY_SECONDS}`);
      if (stopped) throw new Error(`Queue ${name} is stopped`);
      return add(body, delaySeconds * 1_000);
    },
    deadLetters: () => [...dead.values()].map(({ messageId, body, receives }) => ({ messageId, body, receives })),
    replay: (messageId) => {
      const chosen = [...dead.values()].filter((message) => messageId === undefined || message.messageId === messageId);
      for (const message of chosen) { dead.delete(message.messageId); add(message.body, 0); }
      return chosen.length;
    },
    size: () => waiting.size,
    stop: async () => {
      stopped = true;
      cancelWake();
      await Promise.all(running);
    },
  };
};
