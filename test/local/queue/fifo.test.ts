import type { SQSEvent } from 'aws-lambda';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { localFifo, type FifoOptions } from '#local/queue/fifo.ts';
import { heldClock } from './held-clock.ts';

/** A queue whose handler waits until it is told how each message ends. */
const held = (more: Partial<FifoOptions> = {}) => {
  const clock = heldClock();
  const started: string[] = [];
  const inHand = new Map<string, (ok: boolean) => void>();
  const logged: string[] = [];
  const queue = localFifo({
    name: 'test', clock, visibilityMs: 1_000, log: ({ message }) => logged.push(message), ...more,
    handler: async (event: SQSEvent) => {
      const { body, messageId } = event.Records[0]!;
      started.push(body);
      const ok = await new Promise<boolean>((resolve) => { inHand.set(body, resolve); });
      return { batchItemFailures: ok ? [] : [{ itemIdentifier: messageId }] };
    },
  });
  const settle = async (): Promise<void> => { for (let i = 0; i < 5; i += 1) await turn(); };
  return { queue, clock, started, logged, settle, end: async (body: string, ok = true) => { inHand.get(body)!(ok); await settle(); } };
};

describe('the FIFO queue', () => {
  it('works at one message of a group at a time, in order, and at groups beside each other', async () => {
    const { queue, started, settle, end } = held();
    for (const [body, group] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b']] as const) queue.send(body, group, body);
    await settle();
    expect(started).toEqual(['a1', 'b1']);
    await end('a1');
    expect(started).toEqual(['a1', 'b1', 'a2']);
    await end('b1');
    await end('a2');
    expect(queue.size()).toBe(0);
  });

  it('lets a group wait for its failed message, and no other', async () => {
    const { queue, started, settle, end, clock } = held();
    for (const [body, group] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['b2', 'b']] as const) queue.send(body, group, body);
    await settle();
    await end('a1', false);
    await end('b1');
    expect(started).toEqual(['a1', 'b1', 'b2']);
    await clock.advance(1_000);
    expect(started).toEqual(['a1', 'b1', 'b2', 'a1']);
  });

  it('gives a message up after five deliveries, and the group goes on', async () => {
    const { queue, started, settle, end, clock, logged } = held();
    queue.send('a1', 'a', 'a1');
    queue.send('a2', 'a', 'a2');
    await settle();
    for (let i = 0; i < 4; i += 1) { await end('a1', false); await clock.advance(1_000); }
    await end('a1', false);
    expect(started).toEqual(['a1', 'a1', 'a1', 'a1', 'a1', 'a2']);
    expect(logged).toEqual(['message given up']);
  });

  it('takes the same once only once in five minutes', async () => {
    const { queue, settle, end, clock } = held();
    queue.send('a1', 'a', 'same');
    queue.send('a1', 'a', 'same');
    expect(queue.size()).toBe(1);
    await settle();
    await end('a1');
    queue.send('a1', 'a', 'same');
    expect(queue.size()).toBe(0);
    await clock.advance(5 * 60_000);
    queue.send('a1', 'a', 'same');
    expect(queue.size()).toBe(1);
  });

  it('works at so many groups at once and no more', async () => {
    const { queue, started, settle, end } = held({ maxConcurrency: 2 });
    for (const body of ['a', 'b', 'c']) queue.send(body, body, body);
    await settle();
    expect(started).toEqual(['a', 'b']);
    await end('b');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('waits for what is in hand when it is stopped, and takes nothing more', async () => {
    const { queue, started, settle, end } = held();
    queue.send('a1', 'a', 'a1');
    queue.send('a2', 'a', 'a2');
    await settle();
    let over = false;
    const stopped = (async () => { await queue.stop(); over = true; })();
    await settle();
    expect(over).toBe(false);
    await end('a1');
    await stopped;
    expect(started).toEqual(['a1']);
    expect(() => queue.send('a3', 'a', 'a3')).toThrow('Queue test is stopped');
  });
});
