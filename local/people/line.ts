// The open line of one answered call: every 20 ms it plays one frame to the caller, takes one from them, and shows both to whoever listens.
import { type Clock, startTicker } from './clock.ts';
import { FRAME_BYTES, FRAME_MS, SILENCE } from './mulaw.ts';
import { createPlayout, type Taken } from './playout.ts';

export type Source = { take(): Taken };
export type Listener = { frame?(said: Uint8Array, heard: Uint8Array): void; digit?(digit: string): void };
export type Ears = { hears(frame: Uint8Array): void; speaks(): Uint8Array };

export type Track = {
  push(frame: Uint8Array, audible: number): void;
  /** All of it from the answer on, silence included: 8000 mu-law bytes a second. */
  all(): Uint8Array;
  /** Only the bytes that somebody sent, end to end: what to compare with what was sent. */
  audible(): Uint8Array;
  /** Where sound was, in milliseconds from the answer. */
  spans(): { fromMs: number; toMs: number }[];
  readonly frames: number;
};

export const createTrack = (): Track => {
  // Plain bytes that grow by doubling: an object for each frame would cost as much again as its sound.
  let bytes = new Uint8Array(50 * FRAME_BYTES);
  let sizes = new Uint8Array(50);
  let frames = 0;
  return {
    push(frame, audible) {
      if (frames === sizes.length) {
        const [largerBytes, largerSizes] = [new Uint8Array(bytes.length * 2), new Uint8Array(sizes.length * 2)];
        largerBytes.set(bytes);
        largerSizes.set(sizes);
        [bytes, sizes] = [largerBytes, largerSizes];
      }
      bytes.set(frame, frames * FRAME_BYTES);
      sizes[frames] = audible;
      frames += 1;
    },
    all: () => bytes.slice(0, frames * FRAME_BYTES),
    audible: () => Buffer.concat(Array.from(sizes.subarray(0, frames), (size, i) => bytes.subarray(i * FRAME_BYTES, i * FRAME_BYTES + size))),
    spans() {
      const spans: { fromMs: number; toMs: number }[] = [];
      sizes.subarray(0, frames).forEach((size, i) => {
        if (size === 0) return;
        const last = spans.at(-1);
        const toMs = i * FRAME_MS + size / 8;
        if (last && last.toMs >= i * FRAME_MS) last.toMs = toMs;
        else spans.push({ fromMs: i * FRAME_MS, toMs });
      });
      return spans;
    },
    get frames() {
      return frames;
    },
  };
};

/** The reason with which every wait on a line ends when the line does. */
export class LineOver extends Error {
  override name = 'LineOver';
}

export type Line = {
  readonly heard: Track;
  readonly said: Track;
  /** What the caller hears; null is silence. */
  source: Source | null;
  listen(listener: Listener): () => void;
  press(digit: string): void;
  /** True as soon as `check` holds (looked at once per frame, and now), false after `maxMs` of line time; rejects when line or signal end. */
  until(check: () => boolean, maxMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Plays audio to its end. */
  play(audio: Uint8Array, signal: AbortSignal): Promise<void>;
  stop(): void;
};

type Waiter = { check: () => boolean; last: number; done: (held: boolean) => void; fail: (why: Error) => void };

export const openLine = (clock: Clock, ears: Ears): Line => {
  const listeners = new Set<Listener>();
  const waiters = new Set<Waiter>();
  const heard = createTrack();
  const said = createTrack();
  let over = false;

  const tick = (): void => {
    const out = line.source?.take() ?? { frame: SILENCE, audible: 0 };
    heard.push(out.frame, out.audible);
    ears.hears(out.frame);
    const spoken = ears.speaks();
    said.push(spoken, spoken === SILENCE ? 0 : FRAME_BYTES);
    for (const listener of listeners) listener.frame?.(spoken, out.frame);
    for (const waiter of waiters) {
      if (waiter.check()) waiter.done(true);
      else if (heard.frames >= waiter.last) waiter.done(false);
    }
  };
  const stopTicker = startTicker(clock, FRAME_MS, tick);

  const until: Line['until'] = (check, maxMs, signal) =>
    new Promise((resolve, reject) => {
      if (over) {
        reject(new LineOver('the line is closed'));
        return;
      }
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (check() || maxMs <= 0) {
        resolve(check());
        return;
      }
      const settle = (): void => {
        waiters.delete(waiter);
        signal?.removeEventListener('abort', aborted);
      };
      const waiter: Waiter = {
        check,
        last: heard.frames + Math.ceil(maxMs / FRAME_MS),
        done: (held) => { settle(); resolve(held); },
        fail: (why) => { settle(); reject(why); },
      };
      const aborted = (): void => waiter.fail(signal?.reason as Error);
      signal?.addEventListener('abort', aborted, { once: true });
      waiters.add(waiter);
    });

  const line: Line = {
    heard,
    said,
    source: null,
    listen(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    press(digit) {
      for (const listener of listeners) listener.digit?.(digit);
    },
    until,
    async play(audio, signal) {
      let played = false;
      const playout = createPlayout(() => { played = true; });
      playout.add(audio);
      playout.mark('end');
      line.source = playout;
      try {
        await until(() => played, Infinity, signal);
      } finally {
        if (line.source === playout) line.source = null;
      }
    },
    stop() {
      if (over) return;
      over = true;
      stopTicker();
      for (const waiter of waiters) waiter.fail(new LineOver('the line is closed'));
    },
  };
  return line;
};
