import { describe, expect, it } from 'vitest';
import type { Clock, ExpectedCall } from '#calls/ports.ts';
import { handClock } from '#doubles/clock.ts';
import { memoryRinging } from '#doubles/memory-ringing.ts';
import { dynamoRingingStore } from '#store/dynamo-ringing-store.ts';
import { withEngine } from './engine.ts';

const { tables } = withEngine();
const a = { address: '10.0.0.1:3001', task: 'a' };
const b = { address: '10.0.0.2:3001', task: 'b' };
/** Placed so many seconds after noon, and expected to ring for 40 s. */
const call = (n: number, seconds = 0): ExpectedCall => {
  const at = (after: number): string => new Date(Date.parse('2026-11-21T12:00:00.000Z') + after * 1000).toISOString();
  return { callId: `call_${n}`, carrier: 'twilio', callSid: `CA${n}`, leadId: `lead_${n}`, placedAt: at(seconds), until: at(seconds + 40) };
};

describe.each([
  ['memory', async (clock: Clock) => memoryRinging(clock).store],
  ['DynamoDB', async (clock: Clock) => dynamoRingingStore(await tables(), clock)],
])('calls that ring, in %s', (_where, make) => {
  it('are told to whoever asks, the oldest first, until they cannot ring any more', async () => {
    const clock = handClock();
    const store = await make(clock);
    expect(await store.ringing()).toEqual([]);
    await store.expect(call(1, 5));
    await store.expect(call(2));
    expect(await store.ringing()).toEqual([{ ...call(2), holder: null }, { ...call(1, 5), holder: null }]);
    clock.forward(41_000);
    expect(await store.ringing()).toEqual([{ ...call(1, 5), holder: null }]);
    clock.forward(5000);
    expect(await store.ringing()).toEqual([]);
  });

  it('are held by one of all that claim them, and everybody learns by whom', async () => {
    const store = await make(handClock());
    await store.expect(call(1));
    await store.expect(call(2));
    const claims = await Promise.all(Array.from({ length: 10 }, (_, i) => store.claim('call_1', i % 2 === 0 ? a : b)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const winner = claims.indexOf(true) % 2 === 0 ? a : b;
    expect((await store.ringing()).map(({ callId, holder }) => ({ callId, holder }))).toEqual([{ callId: 'call_1', holder: winner }, { callId: 'call_2', holder: null }]);
  });

  it('are off the list once they are over, and cannot be claimed then', async () => {
    const store = await make(handClock());
    await store.expect(call(1));
    await store.over('call_1');
    await store.over('call_1');
    expect([await store.ringing(), await store.claim('call_1', a), await store.claim('call_never', a)]).toEqual([[], false, false]);
    expect(await store.ringing()).toEqual([]);
  });
});

describe('what expired in DynamoDB', () => {
  it('is taken away by whoever sees it: the table does so days later, and each look would be paid for it', async () => {
    const clock = handClock();
    const over = await tables();
    const store = dynamoRingingStore(over, clock);
    await store.expect(call(1));
    clock.forward(60_000);
    await store.ringing();
    // As a clock that went back would see it, were it there.
    expect(await dynamoRingingStore(over, handClock()).ringing()).toEqual([]);
  });
});
