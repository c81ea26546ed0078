// Called by the local composition in place of EventBridge Scheduler: one-time schedules by name, and rates.
// It holds nothing durable: after a start, the composition schedules again what the database says is due.
import { realClock, type LocalClock, type Log } from './clock.ts';

export interface TimerOptions {
  /** The target of the one-time schedules. A rejection is tried again, a few times, later and later. */
  fire: (payload: string, name: string) => Promise<void>;
  clock?: LocalClock;
  log?: Log;
}

export interface LocalTimer {
  /** Fires once at `at` (at once, when that is past). The same name again replaces what has not fired yet. */
  schedule: (name: string, at: Date, payload: string) => void;
  /** False when there was none. */
  cancel: (name: string) => boolean;
  /** What has not fired yet, earliest first. */
  list: () => { name: string; at: Date; payload: string }[];
  /** Runs every `ms`, never twice at once: a run that takes longer lets its turns pass. Gives back what ends it. */
  every: (ms: number, run: () => Promise<void>) => () => void;
  /** Cancels everything; resolves when what is running has ended. */
  stop: () => Promise<void>;
}

/** Scheduler's own default is 185 tries within a day; a person at a desk wants to see it end. */
const MOST_TRIES = 5;
const RETRY_FIRST_MS = 1_000;

export const localTimer = ({ fire, clock = realClock, log = () => {} }: TimerOptions): LocalTimer => {
  const scheduled = new Map<string, { at: Date; payload: string; cancel: () => void }>();
  const rates = new Set<() => void>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const track = (work: Promise<void>): void => {
    const tracked: Promise<void> = work.finally(() => running.delete(tracked));
    running.add(tracked);
  };

  const put = (name: string, at: Date, payload: string, dueMs: number, tries: number): void => {
    scheduled.get(name)?.cancel();
    const cancel = clock.after(Math.max(0, dueMs - clock.now()), () => {
      scheduled.delete(name); // before it runs: what it schedules under its own name is a new one
      track((async () => {
        try {
          await fire(payload, name);
        } catch (error) {
          log({ level: 'error', message: 'schedule failed', tries, error });
          // One scheduled meanwhile under the same name takes its place.
          if (tries < MOST_TRIES && !stopped && !scheduled.has(name)) put(name, at, payload, clock.now() + RETRY_FIRST_MS * 2 ** (tries - 1), tries + 1);
        }
      })());
    });
    scheduled.set(name, { at, payload, cancel });
  };

  return {
    schedule: (name, at, payload) => {
      if (stopped) throw new Error('The timer is stopped');
      if (Number.isNaN(at.getTime())) throw new RangeError(`schedule ${name} has no valid time`);
      put(name, at, payload, at.getTime(), 1);
    },
    cancel: (name) => {
      scheduled.get(name)?.cancel();
      return scheduled.delete(name);
    },
    list: () => [...scheduled].map(([name, { at, payload }]) => ({ name, at, payload })).sort((a, b) => a.at.getTime() - b.at.getTime()),
    every: (ms, run) => {
      let busy = false;
      let cancel = (): void => {};
      const turn = (): void => {
        cancel = clock.after(ms, turn);
        if (busy) return;
        busy = true;
        track((async () => {
          try {
            await run();
          } catch (error) {
            log({ level: 'error', message: 'rate failed', error });
          } finally {
            busy = false;
          }
        })());
      };
      cancel = clock.after(ms, turn);
      const end = (): void => { cancel(); rates.delete(end); };
      rates.add(end);
      return end;
    },
    stop: async () => {
      stopped = true;
      for (const { cancel } of scheduled.values()) cancel();
      scheduled.clear();
      for (const end of rates) end();
      await Promise.all(running);
    },
  };
};
