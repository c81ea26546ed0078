/** Listens to PCM16 by numbers, for tests, the bench and metrics: how loud it is, how high it peaks, how clean a known tone is. */

/** The largest magnitude a PCM16 sample can have: 0 dBFS. A full-scale sine is therefore at -3.01 dBFS RMS. */
const FULL_SCALE = 32_768;

/** Root mean square in dB below full scale; -Infinity for silence and for nothing at all. */
export function rmsDbfs(pcm: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < pcm.length; i++) energy += pcm[i]! * pcm[i]!;
  return energy === 0 ? -Infinity : 10 * Math.log10(energy / pcm.length / FULL_SCALE ** 2);
}

/** The largest magnitude, 0 to 32,768. */
export function peak(pcm: Int16Array): number {
  let largest = 0;
  for (let i = 0; i < pcm.length; i++) largest = Math.max(largest, Math.abs(pcm[i]!));
  return largest;
}

/** `samples` samples of a sine of `hz` whose peak lies `peakDbfs` below full scale, starting at phase 0. */
export function sine(hz: number, rateHz: number, samples: number, peakDbfs = -6): Int16Array {
  const amplitude = 10 ** (peakDbfs / 20) * (FULL_SCALE - 1);
  return Int16Array.from({ length: samples }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz)));
}

export type Tone = {
  /** Peak of the tone below full scale, in dB. */
  readonly peakDbfs: number;
  /** The tone against everything that is not the tone, in dB; Infinity when nothing else is there. */
  readonly snrDb: number;
};

/**
 * The part of `pcm` that is a sine of `hz`, of whatever phase and level, found by projection onto sine and cosine (least squares,
 * so that a part of a period at the end does no harm), and the rest as noise. Throws RangeError for fewer than 3 samples.
 */
export function measureTone(pcm: Int16Array, hz: number, rateHz: number): Tone {
  if (pcm.length < 3) throw new RangeError(`a tone cannot be measured in ${pcm.length} samples`);
  const step = (2 * Math.PI * hz) / rateHz;
  let ss = 0;
  let sc = 0;
  let cc = 0;
  let xs = 0;
  let xc = 0;
  for (let i = 0; i < pcm.length; i++) {
    const s = Math.sin(step * i);
    const c = Math.cos(step * i);
    ss += s * s;
    sc += s * c;
    cc += c * c;
    xs += pcm[i]! * s;
    xc += pcm[i]! * c;
  }
  const determinant = ss * cc - sc * sc;
  const inSine = (xs * cc - xc * sc) / determinant;
  const inCosine = (xc * ss - xs * sc) / determinant;
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < pcm.length; i++) {
    const expected = inSine * Math.sin(step * i) + inCosine * Math.cos(step * i);
    signal += expected * expected;
    noise += (pcm[i]! - expected) ** 2;
  }
  return {
    peakDbfs: 20 * Math.log10(Math.hypot(inSine, inCosine) / FULL_SCALE),
    snrDb: signal === 0 ? -Infinity : 10 * Math.log10(signal / noise),
  };
}

/** The SNR of a tone of `hz` in `pcm`; see measureTone. */
export function snrDb(pcm: Int16Array, hz: number, rateHz: number): number {
  return measureTone(pcm, hz, rateHz).snrDb;
}
