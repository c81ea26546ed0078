// What waits to be played to the caller: the stream adds chunks and marks, the line takes 20 ms at a time. Pure arithmetic, no clock.
import type { Frame } from './heard.ts';

/** The platform plays in pieces of 320 bytes; what is left over in a chunk makes it wait for 20 ms, which is a gap that one hears. */
export const PIECE_BYTES = 320;

export type Playout = {
  /** One chunk of PCM16LE at the stream's rate. A length that is no multiple of 320 bytes is followed by a gap. */
  add(audio: Uint8Array): void;
  mark(name: string): void;
  /** Drops every chunk that is not yet playing, and the marks behind it. The chunk that plays is heard to its end. */
  clear(): void;
  take(): Frame;
  /** Milliseconds that are still to be taken. */
  readonly bufferedMs: number;
};

type Item = { kind: 'chunk'; pcm: Int16Array } | { kind: 'gap'; length: number } | { kind: 'mark'; name: string };

const samples = (audio: Uint8Array): Int16Array => {
  const view = new DataView(audio.buffer, audio.byteOffset, audio.byteLength);
  return Int16Array.from({ length: audio.byteLength >> 1 }, (_, i) => view.getInt16(2 * i, true));
};

/**
 * `reached` is called when all audio before a mark has been played, at once if there is none; for a mark that a clear overtook, at once when
 * `afterClear` is "echoed" and never otherwise. A frame is played during the 20 ms after it was taken.
 */
export const createPlayout = (rateHz: number, reached: (mark: string) => void, afterClear: 'dropped' | 'echoed'): Playout => {
  const frameSamples = rateHz / 50;
  let queue: Item[] = [];
  let offset = 0;
  let buffered = 0;
  let playing = false;
  let passed: string[] = [];

  const flushPassed = (): void => {
    const due = passed;
    passed = [];
    due.forEach(reached);
  };
  const passMarks = (): void => {
    for (let item = queue[0]; item?.kind === 'mark'; item = queue[0]) {
      passed.push(item.name);
      queue.shift();
    }
  };
  const lengthOf = (item: Item): number => (item.kind === 'chunk' ? item.pcm.length : item.kind === 'gap' ? item.length : 0);

  return {
    add(audio) {
      const pcm = samples(audio);
      if (pcm.length > 0) queue.push({ kind: 'chunk', pcm });
      buffered += pcm.length;
      if (audio.length % PIECE_BYTES === 0) return;
      const length = frameSamples + ((PIECE_BYTES / 2 - (pcm.length % (PIECE_BYTES / 2))) % (PIECE_BYTES / 2));
      queue.push({ kind: 'gap', length });
      buffered += length;
    },
    mark(name) {
      if (queue.length > 0) queue.push({ kind: 'mark', name });
      else if (playing) passed.push(name);
      else reached(name);
    },
    clear() {
      const kept = offset > 0 ? queue.slice(0, 1) : [];
      const overtaken = queue.filter((item) => item.kind === 'mark').map((item) => item.name);
      queue = kept;
      buffered = kept[0] ? lengthOf(kept[0]) - offset : 0;
      if (afterClear === 'echoed') overtaken.forEach(reached);
    },
    take() {
      playing = false;
      flushPassed();
      const pcm = new Int16Array(frameSamples);
      const sent: [number, number][] = [];
      let filled = 0;
      while (filled < frameSamples) {
        passMarks();
        const item = queue[0];
        if (!item || item.kind === 'mark') break;
        const count = Math.min(frameSamples - filled, lengthOf(item) - offset);
        if (item.kind === 'chunk') {
          pcm.set(item.pcm.subarray(offset, offset + count), filled);
          const before = sent.at(-1);
          if (before?.[1] === filled) before[1] = filled + count;
          else sent.push([filled, filled + count]);
        }
        filled += count;
        offset += count;
        buffered -= count;
        if (offset < lengthOf(item)) continue;
        queue.shift();
        offset = 0;
      }
      playing = filled > 0;
      // Marks at the very end of the audio ride with the frame that they follow.
      passMarks();
      if (!playing) flushPassed();
      return { rateHz, pcm, sent };
    },
    get bufferedMs() { return (buffered * 1000) / rateHz; },
  };
};
