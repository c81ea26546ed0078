// What every CallStore keeps: run against memory and against the embedded engine.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { statusRank, type CallEvent, type CallRecord } from '#calls/call.ts';
import { eventKey, foldCall, newCallRecord } from '#calls/fold-call.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { eventSet } from '#doubles/call-events.ts';
import { callIdNumber, newCall, sidNumber, statusEvent } from '#doubles/records.ts';
import type { MakeStores } from './engine.ts';

const id = callIdNumber(1);
const many = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

export const callContract = (make: MakeStores, runs: number): void => {
  it('opens a call once; doing it again changes nothing', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    expect(await calls.call(id)).toEqual(newCallRecord(newCall(1)));
    await calls.bind(id, 'twilio', sidNumber(1));
    await calls.open(newCall(1, { to: '+442079460099' }), NOON);
    expect(await calls.call(id)).toEqual(newCallRecord(newCall(1), sidNumber(1)));
    expect(await calls.call(callIdNumber(2))).toBeUndefined();
  });

  it('lets a call go over to another carrier while no carrier\'s call is bound to it, and not after', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    await calls.open(newCall(1, { carrier: 'exotel', from: '+918047112233' }), NOON);
    expect(await calls.call(id)).toEqual(newCallRecord(newCall(1, { carrier: 'exotel', from: '+918047112233' })));
    await calls.bind(id, 'exotel', sidNumber(1));
    await calls.open(newCall(1), NOON);
    expect(await calls.call(id)).toMatchObject({ carrier: 'exotel', from: '+918047112233', callSid: sidNumber(1) });
  });

  it('binds the carrier\'s id both ways, and again without complaint', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    expect(await calls.callIdOf('twilio', sidNumber(1))).toBeUndefined();
    expect([await calls.bind(id, 'twilio', sidNumber(1)), await calls.bind(id, 'twilio', sidNumber(1))]).toEqual(['bound', 'bound']);
    expect(await calls.callIdOf('twilio', sidNumber(1))).toBe(id);
    expect((await calls.call(id))?.callSid).toBe(sidNumber(1));
  });

  it('binds neither a second id to a call nor one id to a second call', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    await calls.open(newCall(2), NOON);
    await calls.bind(id, 'twilio', sidNumber(1));
    expect(await calls.bind(id, 'twilio', sidNumber(2))).toBe('other');
    expect(await calls.bind(callIdNumber(2), 'twilio', sidNumber(1))).toBe('other');
    expect(await calls.bind(callIdNumber(3), 'twilio', sidNumber(3))).toBe('other');
    expect([await calls.callIdOf('twilio', sidNumber(1)), await calls.callIdOf('twilio', sidNumber(2)), await calls.callIdOf('twilio', sidNumber(3))]).toEqual([id, undefined, undefined]);
    expect([(await calls.call(id))?.callSid, (await calls.call(callIdNumber(2)))?.callSid]).toEqual([sidNumber(1), null]);
  });

  it('lets one of twenty ids have the call', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    const answers = await many(20, (i) => (i % 2 ? calls.bind(id, 'twilio', sidNumber(i)) : calls.adopt(id, sidNumber(i)).then((a) => (typeof a === 'string' ? a : 'bound'))));
    expect(answers.filter((a) => a === 'bound')).toHaveLength(1);
    expect(answers.filter((a) => a === 'other')).toHaveLength(19);
    expect((await calls.call(id))?.callSid).toBe(sidNumber(answers.indexOf('bound')));
  });

  it('adopts an id in one step and returns the record; another id is told so, and so is a call that is not there', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    expect(await calls.adopt(id, sidNumber(1))).toEqual(newCallRecord(newCall(1), sidNumber(1)));
    expect(await calls.adopt(id, sidNumber(1))).toEqual(newCallRecord(newCall(1), sidNumber(1)));
    expect([await calls.adopt(id, sidNumber(2)), await calls.adopt(callIdNumber(2), sidNumber(1))]).toEqual(['other', 'none']);
    expect(await calls.call(callIdNumber(2))).toBeUndefined();
    expect(await calls.bind(id, 'twilio', sidNumber(1))).toBe('bound');
    expect(await calls.callIdOf('twilio', sidNumber(1))).toBe(id);
  });

  it('adopts a call that is over, and leaves it out of those that are open', async () => {
    const clock = handClock();
    const { calls } = await make(clock);
    await calls.open(newCall(1), NOON);
    await calls.bind(id, 'twilio', sidNumber(1));
    const over = await calls.append(id, statusEvent('busy'));
    expect(await calls.adopt(id, sidNumber(1))).toEqual(over);
    expect(await calls.openCalls('2026-11-22T00:00:00.000Z', 10)).toEqual([]);
  });

  it('shows the calls that are not concluded and of which nothing was heard, longest silent first', async () => {
    const clock = handClock();
    const { calls } = await make(clock);
    for (const n of [1, 2, 3]) await calls.open(newCall(n), NOON);
    const open = async (before: string): Promise<string[]> => (await calls.openCalls(before, 10)).map((c) => c.callId);
    expect(await open('2026-11-22T00:00:00.000Z')).toEqual([]);
    await calls.bind(callIdNumber(2), 'twilio', sidNumber(2));
    clock.forward(1000);
    await calls.adopt(id, sidNumber(1));
    expect(await open('2026-11-21T12:00:00.500Z')).toEqual([callIdNumber(2)]);
    expect(await open('2026-11-21T12:00:02.000Z')).toEqual([callIdNumber(2), id]);
    clock.forward(1000);
    await calls.append(callIdNumber(2), statusEvent('ringing'));
    expect(await open('2026-11-21T12:00:02.000Z')).toEqual([id, callIdNumber(2)]);
    expect((await calls.openCalls('2026-11-21T12:00:02.000Z', 1)).map((c) => c.callId)).toEqual([id]);
    await calls.append(id, statusEvent('no-answer'));
    expect(await open('2026-11-22T00:00:00.000Z')).toEqual([callIdNumber(2)]);
  });

  it('keeps a call open whose line is down while the relay has not said how its stream ended', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    await calls.bind(id, 'twilio', sidNumber(1));
    await calls.append(id, { kind: 'stream-started', at: NOON, epoch: 0, streamSid: 'MZ1' });
    await calls.append(id, statusEvent('completed'));
    expect(await calls.openCalls('2026-11-22T00:00:00.000Z', 10)).toHaveLength(1);
    await calls.append(id, { kind: 'ended', at: NOON, endReason: 'agent-ended', detail: null, turnMs: [] });
    expect(await calls.openCalls('2026-11-22T00:00:00.000Z', 10)).toEqual([]);
  });

  it('does not lose sight of a call that is bound while an event is being recorded', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    await Promise.all([calls.append(id, statusEvent('ringing')), calls.bind(id, 'twilio', sidNumber(1)), calls.append(id, statusEvent('initiated'))]);
    expect((await calls.call(id))?.callSid).toBe(sidNumber(1));
    expect(await calls.openCalls('2026-11-22T00:00:00.000Z', 10)).toHaveLength(1);
  });

  it('writes nothing for an event that it has', async () => {
    const clock = handClock();
    const { calls } = await make(clock);
    await calls.open(newCall(1), NOON);
    await calls.bind(id, 'twilio', sidNumber(1));
    const first = await calls.append(id, statusEvent('ringing', { sequence: 1 }));
    clock.forward(60_000);
    expect(await calls.append(id, statusEvent('ringing', { sequence: 1 }))).toEqual(first);
    expect(await calls.events(id)).toHaveLength(1);
    // A repeat is no news either.
    expect(await calls.openCalls('2026-11-21T12:00:30.000Z', 10)).toHaveLength(1);
  });

  it('has no events for a call that it does not know, and says so', async () => {
    const { calls } = await make(handClock());
    await expect(calls.append(callIdNumber(7), statusEvent('ringing'))).rejects.toThrow(/no call/);
    expect(await calls.call(callIdNumber(7))).toBeUndefined();
  });

  it('keeps the first reason that a talk ended for', async () => {
    const { calls } = await make(handClock());
    await calls.open(newCall(1), NOON);
    await calls.append(id, { kind: 'ended', at: NOON, endReason: 'agent-ended', detail: null, turnMs: [700] });
    const after = await calls.append(id, { kind: 'ended', at: NOON, endReason: 'operator', detail: 'late', turnMs: [] });
    expect(after).toMatchObject({ endReason: 'agent-ended', endDetail: null, latency: { turnMs: [700] } });
  });

  it('makes the same record of a set of events in any order and with repeats', async () => {
    const { calls } = await make(handClock());
    let n = 10;
    await fc.assert(fc.asyncProperty(eventSet().chain((set) => fc.tuple(fc.constant(set), fc.shuffledSubarray(set, { minLength: set.length }), fc.array(fc.constantFrom(...set), { maxLength: 4 }))), async ([set, order, repeats]) => {
      n += 1;
      await calls.open(newCall(n), NOON);
      let rank = 0;
      for (const event of [...order, ...repeats]) {
        const { status } = await calls.append(callIdNumber(n), event);
        expect(statusRank[status]).toBeGreaterThanOrEqual(rank);
        rank = statusRank[status];
      }
      expect(await calls.call(callIdNumber(n))).toEqual(foldCall(newCallRecord(newCall(n)), set));
    }), { numRuns: runs });
  });

  it('makes the same record when all of them arrive at once, and its status is never seen to move back', async () => {
    const { calls } = await make(handClock());
    let n = 1000;
    await fc.assert(fc.asyncProperty(eventSet(), async (set) => {
      n += 1;
      const callId = callIdNumber(n);
      await calls.open(newCall(n), NOON);
      await calls.bind(callId, 'twilio', sidNumber(n));
      const watching = new AbortController();
      const watch = (async () => {
        let rank = 0;
        while (!watching.signal.aborted) {
          const seen = statusRank[(await calls.call(callId))!.status];
          if (seen < rank) return 'moved back';
          rank = seen;
          await new Promise<void>((resolve) => { setImmediate(resolve); });
        }
        return 'forward only';
      })();
      await Promise.all([...set, ...set].map((event) => calls.append(callId, event)));
      watching.abort();
      expect(await watch).toBe('forward only');
      const expected: CallRecord = foldCall(newCallRecord(newCall(n), sidNumber(n)), set);
      expect(await calls.call(callId)).toEqual(expected);
      const keysOf = (events: CallEvent[]): string[] => events.map(eventKey).sort();
      expect(keysOf(await calls.events(callId))).toEqual(keysOf(set));
    }), { numRuns: runs });
  });

  it('keeps the transcript by turn, a correction in the place of what it corrects', async () => {
    const { calls } = await make(handClock());
    const turn = (index: number, text: string) => ({ index, role: index % 2 ? ('caller' as const) : ('agent' as const), text, at: NOON });
    for (const index of [2, 0, 11, 1]) await calls.putTurn(id, turn(index, `line ${index}`));
    await calls.putTurn(id, turn(2, 'line 2 as it was heard'));
    expect(await calls.turns(id)).toEqual([turn(0, 'line 0'), turn(1, 'line 1'), turn(2, 'line 2 as it was heard'), turn(11, 'line 11')]);
    expect(await calls.turns(callIdNumber(2))).toEqual([]);
    expect(await calls.events(id)).toEqual([]);
  });
};
