/** The recogniser compares sounds with these: energies of four bands per 20 ms, and a distance that forgives small shifts. */

/** 20 ms at 8 kHz. */
export const FRAME = 160;
const BANDS: readonly (readonly [lowHz: number, highHz: number])[] = [[150, 600], [600, 1200], [1200, 2200], [2200, 3400]];
/** Below this, relative to the whole utterance's level, a band counts as empty: noise 20 dB down must not be seen. */
const FLOOR_DB = -22;
/** Frames this far under the utterance's level are cut off both ends, so that its edges do not depend on the noise. */
const EDGE_DB = -13;
/** How far two recordings may drift apart, in frames: lost frames, and the phase of the frames. */
const DRIFT = 12;

/** One utterance: for each 20 ms the level of each band in dB against the whole utterance. */
export type Fingerprint = Float32Array[];

export const db = (power: number): number => 10 * Math.log10(power + 1e-12);

/** Mean power of a piece, full scale = 1. */
export const powerOf = (pcm: Int16Array): number => {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return sum / Math.max(1, pcm.length) / 32_768 ** 2;
};

/** A band-pass of second order (constant 0 dB peak), run twice for steeper sides. */
const bandPass = (pcm: Float64Array, lowHz: number, highHz: number): Float64Array => {
  const centre = Math.sqrt(lowHz * highHz);
  const w = (2 * Math.PI * centre) / 8000;
  const alpha = (Math.sin(w) * (highHz - lowHz)) / (2 * centre);
  const [b0, a0, a1, a2] = [alpha, 1 + alpha, -2 * Math.cos(w), 1 - alpha];
  const out = new Float64Array(pcm.length);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let i = 0; i < pcm.length; i++) {
    const x = pcm[i] ?? 0;
    const y = (b0 * (x - x2) - a1 * y1 - a2 * y2) / a0;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    out[i] = y;
  }
  return out;
};

const powers = (signal: Float64Array): Float64Array => {
  const out = new Float64Array(Math.floor(signal.length / FRAME));
  for (let frame = 0; frame < out.length; frame++) {
    let sum = 0;
    for (let i = frame * FRAME; i < (frame + 1) * FRAME; i++) sum += (signal[i] ?? 0) ** 2;
    out[frame] = sum / FRAME;
  }
  return out;
};

/** Fingerprint of an utterance at 8 kHz; empty when there is nothing in it. */
export const fingerprint = (pcm: Int16Array): Fingerprint => {
  const signal = Float64Array.from(pcm, (sample) => sample / 32_768);
  const whole = powers(signal);
  let [first, last, level] = [0, whole.length - 1, 0];
  // Twice: what is cut off the first time (noise before the words, a long pause) had lowered the level.
  for (let round = 0; round < 2; round++) {
    const kept = whole.slice(first, last + 1);
    const mean = kept.reduce((sum, power) => sum + power, 0) / Math.max(1, kept.length);
    if (mean <= 0) return [];
    level = db(mean);
    const loud = (power: number): boolean => db(power) > level + EDGE_DB;
    last = first + kept.findLastIndex(loud);
    first += kept.findIndex(loud);
  }
  const bands = BANDS.map(([low, high]) => powers(bandPass(bandPass(signal, low, high), low, high)));
  const out: Fingerprint = [];
  for (let frame = first; frame <= last; frame++) {
    out.push(Float32Array.from(bands, (band) => {
      // Over three frames, so that it matters little where the frames begin.
      const around = (band[Math.max(first, frame - 1)] ?? 0) + 2 * (band[frame] ?? 0) + (band[Math.min(last, frame + 1)] ?? 0);
      return Math.max(FLOOR_DB, db(around / 4) - level);
    }));
  }
  return out;
};

const apart = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let band = 0; band < a.length; band++) sum += Math.abs((a[band] ?? 0) - (b[band] ?? 0));
  return sum / a.length;
};

/** Mean distance in dB along the best alignment; Infinity when the lengths alone rule it out. */
export const distance = (a: Fingerprint, b: Fingerprint): number => {
  if (a.length === 0 || b.length === 0 || Math.abs(a.length - b.length) > DRIFT) return Infinity;
  let above = new Float64Array(b.length + 1).fill(Infinity);
  above[0] = 0;
  for (let i = 1; i <= a.length; i++) {
    const row = new Float64Array(b.length + 1).fill(Infinity);
    const frame = a[i - 1] ?? new Float32Array(0);
    for (let j = Math.max(1, i - DRIFT); j <= Math.min(b.length, i + DRIFT); j++) {
      const cost = apart(frame, b[j - 1] ?? new Float32Array(0));
      // A step that skips time on one side costs its frame once more.
      const straight = (above[j - 1] ?? Infinity) + cost;
      const aside = Math.min(above[j] ?? Infinity, row[j - 1] ?? Infinity) + 1.5 * cost;
      row[j] = Math.min(straight, aside);
    }
    above = row;
  }
  return (above[b.length] ?? Infinity) / Math.max(a.length, b.length);
};
