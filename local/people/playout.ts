// What waits to be played to the caller: the stream adds audio and marks, the line takes one frame every 20 ms. Pure arithmetic, no clock.
import { FRAME_BYTES, SILENCE } from './mulaw.ts';

export type Taken = {
  /** Always 160 bytes; shorter audio is filled up with silence. */
  frame: Uint8Array;
  /** How many bytes of it were sent to us; the rest is silence of our own. */
  audible: number;
};

export type Playout = {
  add(audio: Uint8Array): void;
  mark(name: string): void;
  /** Empties the buffer; every mark that is still pending is reached now, in order. A frame already taken has been heard. */
  clear(): void;
  take(): Taken;
  /** Bytes that are still to be taken. */
  readonly buffered: number;
};

/**
 * `reached` is called once for each mark: when all audio before it has been played, at once if there is none. A frame is played during the
 * 20 ms after it was taken, so a mark behind it is reached when the next frame is taken.
 */
export const createPlayout = (reached: (mark: string) => void): Playout => {
  let queue: (Uint8Array | string)[] = [];
  let head = 0;
  let offset = 0;
  let buffered = 0;
  let playing = false;
  let passed: string[] = [];

  const flushPassed = (): void => {
    const due = passed;
    passed = [];
    due.forEach(reached);
  };
  const advance = (): void => {
    head += 1;
    offset = 0;
    if (head < 512) return;
    queue = queue.slice(head);
    head = 0;
  };

  return {
    add(audio) {
      if (audio.length === 0) return;
      queue.push(audio);
      buffered += audio.length;
    },
    mark(name) {
      if (head < queue.length) queue.push(name);
      else if (playing) passed.push(name);
      else reached(name);
    },
    clear() {
      const pending = [...passed, ...queue.slice(head).filter((item) => typeof item === 'string')];
      queue = [];
      head = 0;
      offset = 0;
      buffered = 0;
      passed = [];
      pending.forEach(reached);
    },
    take() {
      playing = false;
      flushPassed();
      const frame = buffered > 0 ? new Uint8Array(FRAME_BYTES) : SILENCE;
      let filled = 0;
      while (filled < FRAME_BYTES && head < queue.length) {
        const item = queue[head] as Uint8Array | string;
        if (typeof item === 'string') {
          passed.push(item);
          advance();
          continue;
        }
        const piece = item.subarray(offset, offset + FRAME_BYTES - filled);
        frame.set(piece, filled);
        filled += piece.length;
        offset += piece.length;
        buffered -= piece.length;
        if (offset === item.length) advance();
      }
      if (filled > 0 && filled < FRAME_BYTES) frame.fill(0xff, filled);
      playing = filled > 0;
      // Marks at the very end of the audio ride with the frame they follow.
      if (playing) {
        for (let item = queue[head]; typeof item === 'string'; item = queue[head]) {
          passed.push(item);
          advance();
        }
      } else flushPassed();
      return { frame, audible: filled };
    },
    get buffered() {
      return buffered;
    },
  };
};
