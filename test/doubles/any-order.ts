// Runs work whose every step waits for a scheduler, letting the steps happen in the order that fast-check chooses.
import type * as fc from 'fast-check';

/** `work`: everything that it awaits is scheduled on `s` (stores made with `between`). Rejects as the work does. */
export const inAnyOrder = async <T>(s: fc.Scheduler, work: Promise<T>): Promise<T> => {
  const state = { over: false };
  const settled = work.finally(() => { state.over = true; });
  settled.catch(() => {});
  while (!state.over) {
    if (s.count() > 0) await s.waitOne();
    else await new Promise<void>((resolve) => { setImmediate(resolve); });
  }
  return settled;
};
