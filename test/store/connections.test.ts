import { describe, expect, it } from 'vitest';
import { dynamoConnectionStore } from '#store/dynamo-connection-store.ts';
import { withEngine } from './engine.ts';

const { tables } = withEngine();
const at = (seconds: number) => ({ now: () => new Date(1_790_000_000_000 + seconds * 1000) });
const a = { address: '10.0.0.1:3001', task: 'a' };
const b = { address: '10.0.0.2:3001', task: 'b' };
const old = { revision: 'relay:6', startedAt: '2026-11-21T10:00:00.000Z' };
const young = { revision: 'relay:7', startedAt: '2026-11-21T12:00:00.000Z' };
const stream = { carrier: 'twilio' as const, streamSid: 'MZ1', callSid: 'CA1', shape: { encoding: 'mulaw' as const, rateHz: 8000 }, callId: 'call_X_1', epoch: 0 };

describe('who owns a connection', () => {
  it('is the first that claims it, however many claim at once; all of them learn who', async () => {
    const over = await tables();
    const store = dynamoConnectionStore(over, at(0));
    expect(await store.owner('abc=')).toBeUndefined();
    const claims = await Promise.all(Array.from({ length: 10 }, (_, i) => store.claim('abc=', i % 2 === 0 ? a : b)));
    const owner = await store.owner('abc=');
    expect(owner).toMatchObject({ epoch: 0 });
    for (const claim of claims) expect(claim).toEqual(owner);
    expect(await store.claim('other=', b)).toEqual({ ...b, epoch: 0 });
  });

  it('is forgotten some time after the two hours that a connection can last', async () => {
    const over = await tables();
    await dynamoConnectionStore(over, at(0)).claim('abc=', a);
    expect(await dynamoConnectionStore(over, at(2 * 3600 + 60)).owner('abc=')).toEqual({ ...a, epoch: 0 });
    expect(await dynamoConnectionStore(over, at(4 * 3600)).owner('abc=')).toBeUndefined();
  });
});

describe('taking a connection over', () => {
  it('gives it to one of all that try, with the next epoch and what it carries; the others learn who', async () => {
    const over = await tables();
    const store = dynamoConnectionStore(over, at(0));
    const dead = await store.claim('abc=', { address: '10.0.0.9:3001', task: 'dead' });
    expect(await store.carry('abc=', dead, stream)).toBe(true);
    const tries = await Promise.all(Array.from({ length: 10 }, (_, i) => store.takeOver('abc=', dead, i % 2 === 0 ? a : b)));
    const owner = await store.owner('abc=');
    expect(owner).toMatchObject({ epoch: 1, stream });
    for (const known of tries) expect(known).toEqual(owner);
  });

  it('leaves nothing to say to whoever owned it before', async () => {
    const over = await tables();
    const store = dynamoConnectionStore(over, at(0));
    const before = await store.claim('abc=', a);
    const now = await store.takeOver('abc=', before, b);
    expect(await store.carry('abc=', before, stream)).toBe(false);
    expect(await store.takeOver('abc=', before, a)).toEqual(now);
    expect(await store.takeOver('never seen=', before, a)).toBeUndefined();
  });
});

describe('which tasks there are', () => {
  it('are those that reported lately and have not left, with how busy they are', async () => {
    const over = await tables();
    const store = dynamoConnectionStore(over, at(0));
    await store.report({ ...a, ...old, active: 3, capacity: 60, draining: false });
    await dynamoConnectionStore(over, at(10)).report({ ...b, ...young, active: 0, capacity: 60, draining: true });
    expect(await dynamoConnectionStore(over, at(12)).tasks()).toEqual([{ ...a, ...old, active: 3, capacity: 60, draining: false }, { ...b, ...young, active: 0, capacity: 60, draining: true }]);
    expect(await dynamoConnectionStore(over, at(20)).tasks()).toEqual([{ ...b, ...young, active: 0, capacity: 60, draining: true }]);
    await store.leave(b);
    expect(await store.tasks()).toEqual([{ ...a, ...old, active: 3, capacity: 60, draining: false }]);
  });
});
