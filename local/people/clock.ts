// Every part of the simulated carrier that waits asks this clock; tests hand in one that they turn themselves.

export type Clock = {
  /** Monotonic milliseconds: only differences mean anything. */
  now: () => number;
  date: () => Date;
  /** Runs once after `ms`; the answer cancels it. */
  after: (ms: number, run: () => void) => () => void;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`; rejects with the signal's reason as soon as the signal is aborted. */
export const wait = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const stopped = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', stopped);
      resolve();
    });
    signal.addEventListener('abort', stopped, { once: true });
  });

/**
 * Calls `tick` once for every `everyMs` that has passed, without drift: the nth tick is due at start + n × everyMs whatever happened to
 * those before it. A machine that was busy gets the missed ticks in one go, so that no frame is ever left out.
 */
export const startTicker = (clock: Clock, everyMs: number, tick: () => void): (() => void) => {
  const began = clock.now();
  let ticks = 0;
  const stopping = { now: false };
  let cancel = (): void => {};
  const turn = (): void => {
    while (!stopping.now && clock.now() >= began + (ticks + 1) * everyMs) {
      ticks += 1;
      tick();
    }
    if (!stopping.now) cancel = clock.after(Math.max(1, began + (ticks + 1) * everyMs - clock.now()), turn);
  };
  cancel = clock.after(everyMs, turn);
  return () => {
    stopping.now = true;
    cancel();
  };
};
