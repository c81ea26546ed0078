// Clocks for these tests: one that only moves when it is told to, and one that runs faster than real time.
import type { Clock } from '#local/people/clock.ts';

/** Moves by `advance`; timers due on the way run in their order. */
export const turnedClock = (): Clock & { advance: (ms: number) => Promise<void> } => {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    date: () => new Date(1_700_000_000_000 + now),
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => { timers = timers.filter((one) => one !== timer); };
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = Math.max(now, next.at);
        timers = timers.filter((one) => one !== next);
        next.run();
        await new Promise(setImmediate);
      }
      now = end;
    },
  };
};

/** Real time, `factor` times as fast: a call of a minute takes seconds, and still has 3000 frames. */
export const fastClock = (factor: number): Clock => {
  const began = Date.now();
  const now = (): number => performance.now() * factor;
  const start = now();
  return {
    now,
    date: () => new Date(began + (now() - start)),
    after: (ms, run) => {
      const due = now() + ms;
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        // Node's timers may be a millisecond early, which is `factor` of them here.
        timer = setTimeout(() => (now() < due ? wait() : run()), (due - now()) / factor);
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
};
