// Time as a dependency: real in processes, held still in tests.
import type { Clock } from '#calls/ports.ts';

export const systemClock: Clock = { now: () => new Date() };

/**
 * Milliseconds of a clock that never goes back, whole ones: a number with a fraction is an object of its own to V8, made anew and found anew each time
 * that somebody keeps it, which is several times a frame.
 */
export const steadyMs = (): number => Math.trunc(performance.now());

/** Waits. Rejects with the signal's reason when it is aborted first. */
export const wait = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
