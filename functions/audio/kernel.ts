/**
 * The low-pass filters that the resampler slides along the samples, one table per ratio of rates, built when a ratio is first used
 * and shared from then on by every stream of that ratio.
 *
 * A Kaiser-windowed sinc that is 6 dB down at the lower rate's Nyquist frequency, cut into one row of taps for each place between
 * two input samples at which an output sample can fall (a polyphase bank). Rows are scaled to sum to one, so that a constant
 * stays that constant.
 */

export type Kernel = {
  /** Rows: output samples for each `down` input samples. */
  readonly up: number;
  readonly down: number;
  /** Input samples that one output sample is made of; a multiple of 4, half on either side of it. */
  readonly taps: number;
  /** `up` rows of `taps` weights. */
  readonly rows: Float64Array;
  /** Row 0 is a single 1, because output sample 0 of each period is an input sample: true when the rate does not fall. */
  readonly firstRowIsUnit: boolean;
};

/** Zero crossings of the sinc on either side, and the window's shape; bench/audio.ts prints what they buy and what they cost. */
export type Steepness = { readonly crossings: number; readonly beta: number };

/** With 8 kHz on the narrow side: flat within 0.01 dB up to 3.4 kHz, 6 dB down at 4 kHz, 85 dB and more from 4.6 kHz; 3 ms of delay. */
export const TELEPHONE: Steepness = { crossings: 24, beta: 8 };

/** Beyond this a ratio is a mistake: the worst of ordinary rates is 640 (11,025 to 16,000 Hz). */
const MOST_ROWS = 1_000;

const built = new Map<string, Kernel>();

/** The kernel from one rate to another, both whole numbers of Hz. Throws RangeError for other numbers and for ratios of more than 1,000 rows. */
export function kernel(fromHz: number, toHz: number, steepness: Steepness = TELEPHONE): Kernel {
  for (const hz of [fromHz, toHz]) {
    if (!Number.isInteger(hz) || hz < 1) throw new RangeError(`a sample rate is a whole number of Hz, not ${hz}`);
  }
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const up = toHz / divisor;
  const down = fromHz / divisor;
  if (up > MOST_ROWS) throw new RangeError(`no resampling from ${fromHz} to ${toHz} Hz: the ratio ${up}:${down} is too odd`);
  const key = `${up}:${down}:${steepness.crossings}:${steepness.beta}`;
  const known = built.get(key);
  if (known !== undefined) return known;
  const made = build(up, down, steepness);
  built.set(key, made);
  return made;
}

function build(up: number, down: number, { crossings, beta }: Steepness): Kernel {
  // 1 is the input's Nyquist frequency.
  const cutoff = Math.min(1, up / down);
  const half = 2 * Math.ceil(crossings / cutoff / 2);
  const taps = 2 * half;
  const rows = new Float64Array(up * taps);
  const windowAtCentre = besselI0(beta);
  for (let row = 0; row < up; row++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      // Distance from the output sample, in input samples; the row's output lies between taps half - 1 and half.
      const distance = tap - (half - 1) - row / up;
      const edge = 1 - (distance / half) ** 2;
      const window = edge <= 0 ? 0 : besselI0(beta * Math.sqrt(edge)) / windowAtCentre;
      const weight = sinc(cutoff * distance) * window;
      rows[row * taps + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < taps; tap++) rows[row * taps + tap]! /= sum;
  }
  return { up, down, taps, rows, firstRowIsUnit: cutoff === 1 };
}

function sinc(x: number): number {
  // Whole numbers by hand: sin(pi * 5) is not quite 0 in floating point, and a unit row must be exactly that.
  if (Number.isInteger(x)) return x === 0 ? 1 : 0;
  return Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of order zero, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-16; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
