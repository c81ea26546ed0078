// The functions that no visitor calls: the dialer's, the reconciler's, and /health.
import { describe, expect, it } from 'vitest';
import { attemptIdOf } from '#calls/lead.ts';
import { reconcileHandler } from '#handlers/reconcile.ts';
import { lazily } from '#house/http.ts';
import { jsonLog } from '#house/log.ts';
import type { SQSEvent } from 'aws-lambda';
import { ask, httpEvent, jsonOf } from '#doubles/events.ts';
import { openDoors } from '#doubles/front-doors.ts';
import { leadIdNumber } from '#doubles/records.ts';

const first = attemptIdOf(leadIdNumber(1), 1);
const batch = (...bodies: string[]): SQSEvent => ({ Records: bodies.map((body, i) => ({
  messageId: `message-${i}`, receiptHandle: '', body, attributes: { ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: '', ApproximateFirstReceiveTimestamp: '0' }, messageAttributes: {}, md5OfBody: '', eventSource: 'aws:sqs', eventSourceARN: '', awsRegion: '',
})) });

describe('the dialer\'s function', () => {
  it('dials what its messages name, once each', async () => {
    const { dial, world } = openDoors();
    await world.enquire();
    await world.enquire({ phone: '+442079460019' });
    const second = attemptIdOf(leadIdNumber(2), 1);
    const all = [first, second, first].map((attemptId) => JSON.stringify({ attemptId }));
    expect(await dial(batch(...all))).toEqual({ batchItemFailures: [] });
    expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([first, second]);
  });

  it('keeps the turn that a message holds, and ignores one that is no time', async () => {
    const { dial, world } = openDoors({ intervalMs: 60_000 });
    await world.enquire();
    await dial(batch(JSON.stringify({ attemptId: first, turnAt: '2026-11-21T12:00:01.000Z' })));
    expect([world.waits, world.twilio.rung.length]).toEqual([[1000], 1]);
    await world.enquire({ phone: '+442079460019' });
    expect(await dial(batch(JSON.stringify({ attemptId: attemptIdOf(leadIdNumber(2), 1), turnAt: 'soon' })))).toEqual({ batchItemFailures: [] });
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('gives back the messages that failed, and those alone', async () => {
    const { dial, world, lines } = openDoors();
    await world.enquire();
    const bodies = ['', 'null', '[]', '{"attemptId":7}', '{"attemptId":"att_x"}', '{"attemptId":"../x"}', JSON.stringify({ attemptId: first })];
    expect((await dial(batch(...bodies))).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `message-${i}`));
    expect(world.twilio.rung).toHaveLength(1);
    expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(6);
  });

  it('gives a message back when the store fails', async () => {
    const { world } = openDoors();
    const { dial } = openDoors({ stores: { leads: { ...world.stores.leads, attempt: async () => { throw new Error('the table is away'); } } } });
    expect(await dial(batch(JSON.stringify({ attemptId: first })))).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-0' }] });
  });

  it('logs nobody\'s number', async () => {
    const { dial, world, lines } = openDoors();
    await world.enquire();
    await dial(batch(JSON.stringify({ attemptId: first })));
    expect(lines.join()).not.toMatch(/7946|Ada|boiler/);
    expect(lines.join()).toContain(first);
  });
});

describe('the reconciler\'s function', () => {
  it('tells what it did, and nothing when there was nothing to do', async () => {
    const { world } = openDoors();
    const lines: string[] = [];
    const run = reconcileHandler({ ...world.deps, forgetters: {}, afterSeconds: 90, onFailure: () => {}, log: jsonLog((line) => lines.push(line)) });
    await run();
    expect(lines).toEqual([]);
    await world.enquire();
    world.clock.forward(10_000);
    await run();
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ message: 'reconciled', 'sent-again': 1 }]);
  });
});

describe('GET /health', () => {
  it('is 200 with the parts that work and those that do not', async () => {
    const { health, parts } = openDoors();
    expect(jsonOf(await ask(health, httpEvent({ path: '/health' })))).toEqual({ ok: true, parts: { database: 'works' } });
    parts['relay'] = async () => { throw new Error('it is away'); };
    const answer = await ask(health, httpEvent({ path: '/health' }));
    expect([answer.status, jsonOf(answer)]).toEqual([200, { ok: false, parts: { database: 'works', relay: 'fails' } }]);
    expect(answer.text).not.toContain('away');
  });
});

describe('a handler', () => {
  it('is composed at its first event, once, and again after a composition that failed', async () => {
    let made = 0;
    const handler = lazily(async () => {
      made += 1;
      if (made === 1) throw new Error('no secrets yet');
      return async (event: number) => event + made;
    });
    await expect(handler(1)).rejects.toThrow('no secrets yet');
    expect(await Promise.all([handler(1), handler(2)])).toEqual([3, 4]);
    expect(made).toBe(2);
  });
});
