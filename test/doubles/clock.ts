// A clock that stands still until it is told otherwise.
import type { Clock } from '#calls/ports.ts';

export interface HandClock extends Clock {
  forward(ms: number): void;
  set(iso: string): void;
  iso(): string;
}

/** Saturday noon in London: inside everybody's calling hours who is near. */
export const NOON = '2026-11-21T12:00:00.000Z';

export const handClock = (start: string = NOON): HandClock => {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    forward: (ms) => { at += ms; },
    set: (iso) => { at = Date.parse(iso); },
    iso: () => new Date(at).toISOString(),
  };
};
