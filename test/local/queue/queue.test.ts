import type { SQSEvent } from 'aws-lambda';
import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { localQueue, type QueueOptions } from '#local/queue/queue.ts';
import { heldClock } from './held-clock.ts';

const queue = (options: Partial<QueueOptions> & Pick<QueueOptions, 'handler'>) => {
  const clock = heldClock();
  return { clock, ...localQueue({ name: 'dial', clock, visibilityMs: 1_000, ...options }) };
};
const bodies = (event: SQSEvent): string[] => event.Records.map((record) => record.body);

describe('the local queue', () => {
  it("hands a message over in Lambda's shape", async () => {
    const events: SQSEvent[] = [];
    const { send, clock } = queue({ handler: async (event, context) => { events.push(event); expect(context.getRemainingTimeInMillis()).toBe(1_000); } });
    const messageId = send('{"attemptId":"att_1"}');
    await clock.advance(0);
    expect(events).toHaveLength(1);
    expect(events[0]?.Records).toEqual([{
      messageId, receiptHandle: expect.stringMatching(/./), body: '{"attemptId":"att_1"}', messageAttributes: {}, md5OfBody: createHash('md5').update('{"attemptId":"att_1"}').digest('hex'),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.UTC(2026, 0, 1)), SenderId: 'local', ApproximateFirstReceiveTimestamp: String(Date.UTC(2026, 0, 1)) },
      eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:local:000000000000:dial', awsRegion: 'local',
    }]);
    await clock.advance(10_000);
    expect(events).toHaveLength(1);
  });

  it('holds a message back for its delay, of 900 s at most', async () => {
    const seen: string[] = [];
    const { send, clock } = queue({ handler: async (event) => { seen.push(...bodies(event)); } });
    send('late', 900);
    await clock.advance(899_999);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen).toEqual(['late']);
    expect(() => send('too late', 901)).toThrow('delaySeconds must be from 0 to 900');
  });

  it('delivers again after the visibility time-out when the handler throws, and counts', async () => {
    const counts: string[] = [];
    const { send, clock, size } = queue({ handler: async (event) => {
      counts.push(event.Records[0]!.attributes.ApproximateReceiveCount);
      if (counts.length < 3) throw new Error('not yet');
    } });
    send('a');
    await clock.advance(999);
    expect(counts).toEqual(['1']);
    await clock.advance(1_001);
    expect(counts).toEqual(['1', '2', '3']);
    expect(size()).toBe(0);
  });

  it('delivers only the failed ones of a batch again, and all of it when the answer names none of them', async () => {
    const batches: string[][] = [];
    const { send, clock } = queue({ batchSize: 10, handler: async (event) => {
      batches.push(bodies(event));
      if (batches.length === 1) return { batchItemFailures: [{ itemIdentifier: event.Records[1]!.messageId }] };
      if (batches.length === 2) return { batchItemFailures: [{ itemIdentifier: 'nobody' }] };
      return { batchItemFailures: [] };
    } });
    for (const body of ['a', 'b', 'c']) send(body);
    await clock.advance(5_000);
    expect(batches).toEqual([['a', 'b', 'c'], ['b'], ['b']]);
  });

  it('gives a message up after so many deliveries, keeps it to be read, and replays it as new', async () => {
    let broken = true;
    const seen: string[] = [];
    const { send, clock, deadLetters, replay } = queue({ maxReceives: 2, handler: async (event) => {
      seen.push(event.Records[0]!.attributes.ApproximateReceiveCount);
      if (broken) throw new Error('broken');
    } });
    const messageId = send('a');
    await clock.advance(60_000);
    expect(seen).toEqual(['1', '2']);
    expect(deadLetters()).toEqual([{ messageId, body: 'a', receives: 2 }]);
    broken = false;
    expect([replay('other'), replay(messageId)]).toEqual([0, 1]);
    await clock.advance(0);
    expect([seen, deadLetters()]).toEqual([['1', '2', '1'], []]);
  });

  it('delivers a message again while its handler still runs past the visibility time-out, as SQS does', async () => {
    const slow = Promise.withResolvers<void>();
    let deliveries = 0;
    const { send, clock, size } = queue({ handler: async () => { deliveries += 1; if (deliveries === 1) await slow.promise; } });
    send('a');
    await clock.advance(1_000);
    expect(deliveries).toBe(2);
    slow.resolve();
    await clock.advance(10_000);
    expect([deliveries, size()]).toEqual([2, 0]);
  });

  it('runs no more invocations at once than allowed, and waits for them when it stops', async () => {
    const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
    let begun = 0;
    let ended = 0;
    const { send, clock, stop } = queue({ maxConcurrency: 2, visibilityMs: 60_000, handler: async () => { const gate = gates[begun]!; begun += 1; await gate.promise; ended += 1; } });
    for (const body of ['a', 'b', 'c']) send(body);
    await clock.advance(0);
    expect(begun).toBe(2);
    gates[0]!.resolve();
    await clock.advance(0);
    expect(begun).toBe(3);
    const stopped = stop().then(() => ended);
    gates[1]!.resolve();
    gates[2]!.resolve();
    expect(await stopped).toBe(3);
    expect(() => send('d')).toThrow('stopped');
  });

  it('loses no message, whatever fails, in any order and with any duplicates: each is handled, or is a dead letter', async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(fc.record({ failures: fc.nat(4), delay: fc.nat(5) }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 10 }), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), fc.constantFrom(0, 0.3),
      async (messages, batchSize, randoms, duplicates) => {
        const left = new Map(messages.map(({ failures }, index) => [String(index), failures]));
        const handled = new Set<string>();
        const { send, clock, deadLetters, size } = queue({ batchSize, maxReceives: 4, disorder: { duplicates, random: () => randoms.next().value }, handler: async (event) => ({
          batchItemFailures: event.Records.filter((record) => {
            const failures = left.get(record.body)!;
            if (failures === 0) { handled.add(record.body); return false; }
            left.set(record.body, failures - 1);
            return true;
          }).map((record) => ({ itemIdentifier: record.messageId })),
        }) });
        for (const [index, { delay }] of messages.entries()) send(String(index), delay);
        await clock.advance(60_000);
        const dead = new Set(deadLetters().map((message) => message.body));
        expect(size()).toBe(0);
        expect([...handled, ...dead].sort()).toEqual([...left.keys()].sort());
        // A duplicate counts as a delivery, so it may only make more of them dead.
        const hopeless = [...messages.keys()].filter((index) => messages[index]!.failures >= 4).map(String);
        const expected = duplicates === 0 ? hopeless : [...new Set([...dead, ...hopeless])];
        expect([...dead].sort()).toEqual(expected.sort());
      }), { numRuns: 60 });
  });
});
