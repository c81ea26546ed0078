// Used by the local queue and timer: time as an argument, so that a test can hold it.
export interface LocalClock {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Runs once, `ms` from now; gives back what cancels it. */
  after: (ms: number, run: () => void) => () => void;
}

/** setTimeout's longest wait, about 24.8 days: a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const realClock: LocalClock = {
  now: () => Date.now(),
  after: (ms, run) => {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      timer = setTimeout(() => { if (left > LONGEST_MS) wait(left - LONGEST_MS); else run(); }, Math.min(Math.max(left, 0), LONGEST_MS));
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

export type Log = (entry: { level: 'info' | 'error'; message: string; [field: string]: unknown }) => void;
