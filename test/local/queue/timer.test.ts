import { afterEach, describe, expect, it, vi } from 'vitest';
import { realClock } from '#local/queue/clock.ts';
import { localTimer } from '#local/queue/timer.ts';
import { heldClock } from './held-clock.ts';

const timer = (fail: (payload: string) => boolean = () => false) => {
  const clock = heldClock();
  const fired: { name: string; payload: string; afterMs: number }[] = [];
  const start = clock.now();
  const made = localTimer({ clock, fire: async (payload, name) => {
    fired.push({ name, payload, afterMs: clock.now() - start });
    if (fail(payload)) throw new Error('no');
  } });
  return { ...made, clock, fired, in: (ms: number) => new Date(start + ms) };
};

describe('one-time schedules', () => {
  it('fire once at their time, and at once when that is past', async () => {
    const { schedule, clock, fired, in: at } = timer();
    schedule('later', at(5_000), 'b');
    schedule('past', at(-1), 'a');
    await clock.advance(4_999);
    expect(fired).toEqual([{ name: 'past', payload: 'a', afterMs: 0 }]);
    await clock.advance(60_000);
    expect(fired.slice(1)).toEqual([{ name: 'later', payload: 'b', afterMs: 5_000 }]);
  });

  it('of the same name replace one another: the attempt fires once', async () => {
    const { schedule, list, clock, fired, in: at } = timer();
    schedule('att_1', at(1_000), 'first');
    schedule('att_1', at(2_000), 'second');
    expect(list()).toEqual([{ name: 'att_1', at: at(2_000), payload: 'second' }]);
    await clock.advance(10_000);
    expect(fired.map(({ payload }) => payload)).toEqual(['second']);
    expect(list()).toEqual([]);
  });

  it('can be cancelled, and are listed earliest first', async () => {
    const { schedule, cancel, list, clock, fired, in: at } = timer();
    schedule('b', at(2_000), '');
    schedule('a', at(1_000), '');
    expect(list().map(({ name }) => name)).toEqual(['a', 'b']);
    expect([cancel('a'), cancel('a')]).toEqual([true, false]);
    await clock.advance(10_000);
    expect(fired.map(({ name }) => name)).toEqual(['b']);
  });

  it('are tried again a few times when their target fails, later and later', async () => {
    const { schedule, clock, fired, list, in: at } = timer(() => true);
    schedule('a', at(0), '');
    await clock.advance(600_000);
    expect(fired.map(({ afterMs }) => afterMs)).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
    expect(list()).toEqual([]);
  });

  it('refuse a time that is none', () => {
    expect(() => timer().schedule('a', new Date('soon'), '')).toThrow('schedule a has no valid time');
  });
});

describe('rates', () => {
  it('never run twice at once, and go on after a failure', async () => {
    const { every, clock } = timer();
    const slow = Promise.withResolvers<void>();
    let runs = 0;
    const end = every(1_000, async () => { runs += 1; if (runs === 1) await slow.promise; if (runs === 2) throw new Error('once'); });
    await clock.advance(3_000);
    expect(runs).toBe(1);
    slow.resolve();
    await clock.advance(2_000);
    expect(runs).toBe(3);
    end();
    await clock.advance(5_000);
    expect(runs).toBe(3);
  });
});

describe('stopping the timer', () => {
  it('cancels all, waits for what runs, and takes nothing new', async () => {
    const { schedule, every, stop, clock, fired, in: at } = timer();
    const slow = Promise.withResolvers<void>();
    let ended = false;
    every(1_000, async () => { await slow.promise; ended = true; });
    await clock.advance(1_000);
    schedule('a', at(5_000), '');
    const stopped = stop().then(() => ended);
    slow.resolve();
    expect(await stopped).toBe(true);
    await clock.advance(60_000);
    expect(fired).toEqual([]);
    expect(() => schedule('b', at(0), '')).toThrow('stopped');
  });
});

describe('the real clock', () => {
  afterEach(() => { vi.useRealTimers(); });

  it('waits longer than setTimeout can', async () => {
    vi.useFakeTimers();
    const run = vi.fn<() => void>();
    const days = 24 * 60 * 60 * 1_000;
    realClock.after(60 * days, run);
    await vi.advanceTimersByTimeAsync(60 * days - 1);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledOnce();
  });

  it('can be cancelled', async () => {
    vi.useFakeTimers();
    const run = vi.fn<() => void>();
    realClock.after(10, run)();
    await vi.advanceTimersByTimeAsync(20);
    expect(run).not.toHaveBeenCalled();
  });
});
