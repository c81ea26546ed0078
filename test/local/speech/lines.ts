/** Bad telephone lines for the recogniser's tests: each takes what was said and returns what arrives. Same input, same output. */
import { fromMulaw, toMulaw } from '#local/speech/mulaw.ts';
import { resample } from '#local/speech/resample.ts';

export const join = (...pieces: readonly Int16Array[]): Int16Array => {
  const whole = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

export const silence = (samples: number): Int16Array => new Int16Array(samples);

/** White noise with a fixed seed; `rms` in sample units. */
export const withNoise = (pcm: Int16Array, rms: number): Int16Array => {
  let seed = 7;
  const uniform = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (seed + 1) / 0x8000_0001;
  };
  return pcm.map((sample) => {
    const gauss = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.max(-32_768, Math.min(32_767, Math.round(sample + rms * gauss)));
  });
};

export const rmsOf = (pcm: Int16Array): number => Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, pcm.length));

const spoken = (pcm: Int16Array): Int16Array => join(silence(4137), pcm, silence(9000));
const louder = (pcm: Int16Array, gain: number): Int16Array => pcm.map((sample) => Math.max(-32_768, Math.min(32_767, sample * gain)));

export const lines: Record<string, (pcm: Int16Array) => Int16Array> = {
  'a clean line': spoken,
  'mu-law': (pcm) => fromMulaw(toMulaw(spoken(pcm))),
  '8 kHz to 16 kHz and back': (pcm) => resample(resample(spoken(pcm), 8000, 16_000), 16_000, 8000),
  '8 kHz to 22.05 kHz and back': (pcm) => resample(resample(spoken(pcm), 8000, 22_050), 22_050, 8000),
  'half the loudness': (pcm) => louder(spoken(pcm), 0.5),
  'more loudness': (pcm) => louder(spoken(pcm), 1.5),
  'two lost frames': (pcm) => spoken(join(pcm.subarray(0, 1600), pcm.subarray(1760, 3000), pcm.subarray(3160))),
  'noise at 20 dB': (pcm) => withNoise(spoken(pcm), rmsOf(pcm) / 10),
  'noise that had been there for long': (pcm) => withNoise(join(silence(24_000), spoken(pcm)), rmsOf(pcm) / 10),
  'all of it at once': (pcm) =>
    louder(fromMulaw(toMulaw(resample(resample(withNoise(spoken(join(pcm.subarray(0, 1600), pcm.subarray(1760))), rmsOf(pcm) / 10), 8000, 16_000), 16_000, 8000))), 0.8),
};
