import { describe, expect, it } from 'vitest';
import { dynamoConnectionStore } from '#store/dynamo-connection-store.ts';
import { withEngine } from './engine.ts';

const { tables } = withEngine();
const at = (seconds: number) => ({ now: () => new Date(1_790_000_000_000 + seconds * 1000) });
const a = { address: '10.0.0.1:3001', task: 'a' };
const b = { address: '10.0.0.2:3001', task: 'b' };

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

describe('which tasks there are', () => {
  it('are those that reported lately and have not left, with how busy they are', async () => {
    const over = await tables();
    const store = dynamoConnectionStore(over, at(0));
    await store.report({ ...a, active: 3, capacity: 60, draining: false });
    await dynamoConnectionStore(over, at(10)).report({ ...b, active: 0, capacity: 60, draining: true });
    expect(await dynamoConnectionStore(over, at(12)).tasks()).toEqual([{ ...a, active: 3, capacity: 60, draining: false }, { ...b, active: 0, capacity: 60, draining: true }]);
    expect(await dynamoConnectionStore(over, at(20)).tasks()).toEqual([{ ...b, active: 0, capacity: 60, draining: true }]);
    await store.leave(b);
    expect(await store.tasks()).toEqual([{ ...a, active: 3, capacity: 60, draining: false }]);
  });
});
