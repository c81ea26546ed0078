/**
 * Changes the sample rate of one stream of PCM16, for the transcoder: pieces in, pieces out, the same samples however the stream was
 * cut, and no click where two pieces meet.
 *
 * Output sample k stands at the time of input position k * fromHz / toHz: the filter's delay is held back rather than written as
 * leading silence, so n samples become exactly ceil(n * toHz / fromHz) once flushed, and a second of the agent stays a second at
 * the carrier. It is plain arithmetic, ready when the module is loaded; there is nothing to wait for.
 */
import { kernel, type Steepness, TELEPHONE } from './kernel.ts';

export type Resampler = {
  /** Input samples held back until those after them are known. */
  readonly delaySamples: number;
  /** The same, in milliseconds. */
  readonly delayMs: number;
  /** The next samples of the stream; what can be said so far comes back, which may be nothing. */
  push(samples: Int16Array): Int16Array;
  /** The stream ends here: what was held back, as if silence followed. The resampler is then as new. */
  flush(): Int16Array;
  /** Forgets the stream so far, unsaid samples included: the next one begins out of silence. */
  reset(): void;
};

/** 20 ms at 48 kHz: long pieces pass through in blocks of this many samples, so that a stream's memory stays small. */
const BLOCK_SAMPLES = 960;

/**
 * A resampler for one stream. Equal rates hand every piece back untouched. Throws RangeError when a rate is not a whole number of
 * Hz or the ratio is too odd for a table; any two of 8,000, 16,000, 22,050, 24,000, 44,100 and 48,000 Hz are fine.
 */
export function resampler(fromHz: number, toHz: number, steepness: Steepness = TELEPHONE): Resampler {
  const { up, down, taps, rows, firstRowIsUnit } = kernel(fromHz, toHz, steepness);
  if (up === down) return untouched;

  const half = taps / 2;
  const wholeStep = Math.floor(down / up);
  const fractionStep = down % up;
  const window = new Float64Array(taps + BLOCK_SAMPLES);
  // Samples in `window`; half - 1 of silence stand before the stream's first sample, so that output 0 falls on input 0.
  let filled = half - 1;
  // Where the next output's taps begin, and how far between two input samples it lies, in units of 1 / up.
  let start = 0;
  let fraction = 0;

  /** How many outputs have all their taps once `more` samples are added. */
  function ready(more: number): number {
    const room = filled + more - taps - start;
    return room < 0 ? 0 : Math.floor(((room + 1) * up - 1 - fraction) / down) + 1;
  }

  function write(into: Int16Array, from: number): number {
    let at = from;
    const last = filled - taps;
    while (start <= last) {
      if (firstRowIsUnit && fraction === 0) {
        into[at++] = window[start + half - 1]!;
      } else {
        const row = fraction * taps;
        let a = 0;
        let b = 0;
        let c = 0;
        let d = 0;
        for (let tap = 0; tap < taps; tap += 4) {
          a += rows[row + tap]! * window[start + tap]!;
          b += rows[row + tap + 1]! * window[start + tap + 1]!;
          c += rows[row + tap + 2]! * window[start + tap + 2]!;
          d += rows[row + tap + 3]! * window[start + tap + 3]!;
        }
        // A band-limited curve rises above its samples: near full scale it has to be held, or it would wrap round.
        const sum = Math.round(a + b + c + d);
        into[at++] = sum > 32_767 ? 32_767 : sum < -32_768 ? -32_768 : sum;
      }
      start += wholeStep;
      fraction += fractionStep;
      if (fraction >= up) {
        fraction -= up;
        start++;
      }
    }
    window.copyWithin(0, start, filled);
    filled -= start;
    start = 0;
    return at;
  }

  function push(samples: Int16Array): Int16Array {
    const out = new Int16Array(ready(samples.length));
    let written = 0;
    for (let at = 0; at < samples.length; at += BLOCK_SAMPLES) {
      const block = samples.length <= BLOCK_SAMPLES ? samples : samples.subarray(at, at + BLOCK_SAMPLES);
      window.set(block, filled);
      filled += block.length;
      written = write(out, written);
    }
    return out;
  }

  function reset(): void {
    window.fill(0, 0, half);
    filled = half - 1;
    start = 0;
    fraction = 0;
  }

  return {
    delaySamples: half,
    delayMs: (half * 1_000) / fromHz,
    push,
    flush() {
      const out = push(new Int16Array(half));
      reset();
      return out;
    },
    reset,
  };
}

const NONE = new Int16Array(0);

const untouched: Resampler = {
  delaySamples: 0,
  delayMs: 0,
  push: (samples) => samples,
  flush: () => NONE,
  reset() {},
};
