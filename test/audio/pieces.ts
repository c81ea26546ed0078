/** Ways to cut a stream into pieces, for the tests of everything that must not care how its stream was cut. */
import * as fc from 'fast-check';

/** Lengths of pieces, empty and single ones among them; `cut` uses them one after another and hands over the rest at the end. */
export const pieceLengths = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.integer({ min: 0, max: 700 })), { maxLength: 40, size: 'max' });

/** Streams of every length up to `most`, of bytes that follow from a seed: fast-check's own arrays would stay at about ten. */
export function noise(most: number): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.integer({ min: 0, max: most }), fc.integer()).map(([length, seed]) => {
    let state = seed;
    return Uint8Array.from({ length }, () => {
      // Numerical Recipes' linear congruential generator; its high bits are the random ones.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return state >>> 24;
    });
  });
}

/** Views of `whole`, in order, that together are all of it. */
export function cut<T extends Uint8Array | Int16Array>(whole: T, lengths: readonly number[]): T[] {
  const pieces: T[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(whole.subarray(at, at + length) as T);
    at = Math.min(whole.length, at + length);
  }
  pieces.push(whole.subarray(at) as T);
  return pieces;
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

export function joinSamples(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
