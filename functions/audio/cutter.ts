/**
 * Cuts one stream of audio bytes into pieces that a carrier likes, for the playout: whole multiples of a frame, neither too short nor
 * too long, the remainder held until more comes and the very last filled up with silence.
 *
 * Twilio plays any size but wants multiples of 160 bytes to play them smoothly; Exotel wants multiples of 320 bytes, from 3.2 KB to
 * 100 KB, and waits 20 ms on anything else; an agent's message may be more than a megabyte.
 */
import { type AudioShape, bytesPerSample, silenceByte } from './formats.ts';

export type Cutting = {
  /** What the bytes are, for the silence at the end. */
  readonly shape: AudioShape;
  /** Every piece is a whole multiple of this many bytes. */
  readonly frameBytes: number;
  /** No piece is shorter than this; rounded up to whole frames. One frame when not given. */
  readonly leastBytes?: number;
  /** No piece is longer than this; rounded down to whole frames. No limit when not given. */
  readonly mostBytes?: number;
};

export type Cutter = {
  /** Bytes that wait for more: fewer than the least piece. */
  heldBytes(): number;
  /** The next bytes, of any number; the pieces that are whole now, perhaps none. A piece may be a view of `bytes`, or `bytes` itself. */
  push(bytes: Uint8Array): Uint8Array[];
  /** The audio pauses or ends here: what was held, filled up with silence to the least piece, or undefined when nothing was. */
  flush(): Uint8Array | undefined;
  /** After a barge-in: drops what was held. */
  reset(): void;
};

class HoldingCutter implements Cutter {
  readonly #cutting: Cutting;
  readonly #least: number;
  readonly #most: number;
  readonly #held: Uint8Array;
  #heldBytes = 0;

  constructor(cutting: Cutting, least: number, most: number) {
    this.#cutting = cutting;
    this.#least = least;
    this.#most = most;
    this.#held = new Uint8Array(least);
  }

  heldBytes(): number {
    return this.#heldBytes;
  }

  push(bytes: Uint8Array): Uint8Array[] {
    const least = this.#least;
    const held = this.#held;
    const pieces: Uint8Array[] = [];
    let rest = bytes;
    if (this.#heldBytes > 0) {
      const missing = Math.min(least - this.#heldBytes, rest.length);
      held.set(rest.subarray(0, missing), this.#heldBytes);
      this.#heldBytes += missing;
      rest = rest.subarray(missing);
      if (this.#heldBytes < least) return pieces;
      pieces.push(held.slice());
      this.#heldBytes = 0;
    }
    while (rest.length >= least) {
      const whole = Math.min(this.#most, rest.length - (rest.length % this.#cutting.frameBytes));
      pieces.push(whole === bytes.length ? bytes : rest.subarray(0, whole));
      rest = rest.subarray(whole);
    }
    held.set(rest);
    this.#heldBytes = rest.length;
    return pieces;
  }

  flush(): Uint8Array | undefined {
    if (this.#heldBytes === 0) return undefined;
    const { shape } = this.#cutting;
    // A sample whose second byte never came cannot be played; filling it up would make a click of it.
    const whole = this.#heldBytes - (this.#heldBytes % bytesPerSample(shape));
    const piece = this.#held.slice().fill(silenceByte(shape), whole);
    this.#heldBytes = 0;
    return whole === 0 ? undefined : piece;
  }

  reset(): void {
    this.#heldBytes = 0;
  }
}

/** A cutter for one stream. Throws RangeError when the sizes contradict each other or would cut a sample in two. */
export function cutter(cutting: Cutting): Cutter {
  const { shape, frameBytes } = cutting;
  const sampleBytes = bytesPerSample(shape);
  if (!Number.isInteger(frameBytes) || frameBytes < 1 || frameBytes % sampleBytes !== 0) {
    throw new RangeError(`cutter: frameBytes must be a positive multiple of ${sampleBytes}, not ${frameBytes}`);
  }
  const least = Math.max(1, Math.ceil((cutting.leastBytes ?? frameBytes) / frameBytes)) * frameBytes;
  const most = Math.floor((cutting.mostBytes ?? Infinity) / frameBytes) * frameBytes;
  // `!` because NaN compares as neither.
  if (!(least <= most)) throw new RangeError(`cutter: no whole frame of ${frameBytes} bytes fits between ${cutting.leastBytes} and ${cutting.mostBytes}`);
  return new HoldingCutter(cutting, least, most);
}
