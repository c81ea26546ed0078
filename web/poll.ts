// Called by both pages: asks again and again, one question at a time, at the pace that each answer sets.

export interface Timers {
  set(run: () => void, ms: number): number;
  clear(handle: number): void;
}

export interface Poll {
  /** Asks at once, or right after the question that is under way; wakes a poll that had paused. */
  now(): void;
  /** For good. An answer that is still under way changes nothing any more: `ask` is told by the signal. */
  stop(): void;
}

const windowTimers: Timers = { set: (run, ms) => window.setTimeout(run, ms), clear: (handle) => window.clearTimeout(handle) };

/** `ask` resolves to the milliseconds until it wants to be asked again, or null to pause. It must not reject. Starts at once. */
export const poll = (ask: (signal: AbortSignal) => Promise<number | null>, timers: Timers = windowTimers): Poll => {
  const stopped = new AbortController();
  let timer: number | undefined;
  let asking = false;
  let again = false;

  const turn = async (): Promise<void> => {
    timer = undefined;
    asking = true;
    again = false;
    const wait = await ask(stopped.signal);
    asking = false;
    if (stopped.signal.aborted) return;
    if (again) start();
    else if (wait !== null) timer = timers.set(start, wait);
  };
  const start = (): void => void turn();

  start();
  return {
    now: () => {
      if (stopped.signal.aborted) return;
      if (asking) { again = true; return; }
      if (timer !== undefined) timers.clear(timer);
      start();
    },
    stop: () => {
      stopped.abort();
      if (timer !== undefined) timers.clear(timer);
    },
  };
};

/** How long to wait after so many failures in a row: 1 s, 2 s, 4 s … 30 s. */
export const afterFailuresMs = (failures: number): number => Math.min(30_000, 1000 * 2 ** Math.max(0, failures - 1));
