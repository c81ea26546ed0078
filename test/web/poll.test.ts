import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { afterFailuresMs, poll, type Timers } from '../../web/poll.ts';

const timers: Timers = { set: (run, ms) => Number(setTimeout(run, ms)), clear: (handle) => clearTimeout(handle) };

describe('a poll', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  /** Answers with the given waits in turn, then pauses. */
  const counting = (...waits: (number | null)[]) => {
    const asked: number[] = [];
    const began = Date.now();
    return { asked, ask: async () => { asked.push(Date.now() - began); return waits.shift() ?? null; } };
  };

  it('asks at once, and then at the pace that each answer sets', async () => {
    const { asked, ask } = counting(1000, 3000, 1000);
    poll(ask, timers);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toEqual([0, 1000, 4000, 5000]);
  });

  it('pauses on null, and asks again when it is woken', async () => {
    const { asked, ask } = counting(null, 500);
    const woken = poll(ask, timers);
    await vi.advanceTimersByTimeAsync(10_000);
    woken.now();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toEqual([0, 10_000, 10_500]);
  });

  it('has one question under way at a time: a wake-up in between is the next question', async () => {
    let under = 0;
    let most = 0;
    let count = 0;
    const slow = poll(async () => {
      count += 1;
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => { setTimeout(resolve, 400); });
      under -= 1;
      return null;
    }, timers);
    slow.now();
    slow.now();
    await vi.advanceTimersByTimeAsync(5000);
    expect([count, most]).toEqual([2, 1]);
  });

  it('a wake-up takes the place of the question that was planned', async () => {
    const { asked, ask } = counting(5000, 5000);
    const woken = poll(ask, timers);
    await vi.advanceTimersByTimeAsync(1000);
    woken.now();
    await vi.advanceTimersByTimeAsync(5500);
    expect(asked).toEqual([0, 1000, 6000]);
  });

  it('asks nothing more once stopped, not even when woken, and tells the question under way', async () => {
    let signal: AbortSignal | undefined;
    let count = 0;
    const stopped = poll(async (given) => { signal = given; count += 1; return 100; }, timers);
    stopped.stop();
    stopped.now();
    await vi.advanceTimersByTimeAsync(5000);
    expect([count, signal?.aborted]).toEqual([1, true]);
  });

  it('waits longer after each failure, up to half a minute', () => {
    expect([1, 2, 3, 4, 5, 6, 50].map(afterFailuresMs)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });
});
