// Writes down what happens to a call, behind the talk: in order, tried again when the store fails, never in the way of audio. One for each bridge.
import type { CallEvent, Turn } from '#calls/call.ts';
import { wait } from '#house/clock.ts';
import type { Log } from '#house/log.ts';
import type { Metrics } from './metrics.ts';
import type { RecordEvent } from './ports.ts';

export interface Recorder {
  event(event: CallEvent): void;
  turn(turn: Turn): void;
  /** True once everything so far was written; false when that took longer than `ms`, or something could not be. */
  written(ms: number): Promise<boolean>;
}

interface RecorderDeps {
  record: RecordEvent;
  putTurn: (callId: string, turn: Turn) => Promise<void>;
  log: Log;
  metrics: Metrics;
}

/** More than a store that is down for a minute leaves behind; beyond that the newest are lost, and counted. */
const MOST_WAITING = 500;
const TRIES = 6;
const FIRST_WAIT_MS = 100;

export const recorder = (callId: string, { record, putTurn, log, metrics }: RecorderDeps): Recorder => {
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  let lost = 0;

  const write = async (what: string, once: () => Promise<unknown>): Promise<void> => {
    for (let tried = 1; ; tried++) {
      try {
        await once();
        return;
      } catch (error) {
        if (tried === TRIES) {
          lost++;
          metrics.count('records_lost');
          log.error('something that happened to a call could not be written down', { callId, what, error });
          return;
        }
        metrics.count('record_retries');
        await wait(FIRST_WAIT_MS * 2 ** (tried - 1));
      }
    }
  };
  const follow = (what: string, once: () => Promise<unknown>): void => {
    if (waiting >= MOST_WAITING) {
      lost++;
      metrics.count('records_lost');
      return;
    }
    waiting++;
    const before = last;
    const next = async (): Promise<void> => {
      await before;
      await write(what, once);
      waiting--;
    };
    last = next();
  };

  return {
    event: (event) => follow(event.kind, () => record(callId, event)),
    turn: (turn) => follow('turn', () => putTurn(callId, turn)),
    written: async (ms) => {
      const late = new AbortController();
      const inTime = await Promise.race([last.then(() => true), wait(ms, late.signal).then(() => false, () => false)]);
      late.abort(new Error('written'));
      return inTime && lost === 0;
    },
  };
};
