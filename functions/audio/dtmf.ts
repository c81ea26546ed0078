/**
 * Keys of a telephone as sound (DTMF), in any carrier's shape: for the relay, whose carriers have no message that presses a key. Pure.
 *
 * Frequencies are those of ITU-T Q.23. Levels are measured as G.711 does, where the largest sine that mu-law can write is +3.17 dBm0: the low
 * tone is at -8 dBm0 and the high one 2 dB above it, as ETSI ES 201 235-2 asks of a sender, because lines weaken high tones more. Together they
 * peak at 62 % of full scale. Each key sounds for 100 ms and is followed by 100 ms of silence: Q.24 lets receivers want 40 ms of each.
 */
import { bytesPerSample, silenceByte, type AudioShape } from './formats.ts';
import { encodeMulaw } from './mulaw.ts';

const LOW_HZ = [697, 770, 852, 941];
const HIGH_HZ = [1209, 1336, 1477, 1633];
const PAD = ['123A', '456B', '789C', '*0#D'];

const OVERLOAD_DBM0 = 3.17;
const LOW_DBM0 = -8;
const HIGH_DBM0 = -6;
const TONE_MS = 100;
const GAP_MS = 100;
/** Raised cosine at both ends of a tone: a hard edge clicks, and a click is energy at every frequency. */
const EDGE_MS = 5;

/** What may stand between keys, and for how long it waits. */
export const PAUSES_MS: Readonly<Record<string, number>> = { w: 500, ',': 2000 };

/** The two frequencies of a key, or undefined when the telephone has no such key. */
export const keyFrequencies = (key: string): { lowHz: number; highHz: number } | undefined => {
  const row = PAD.findIndex((keys) => key.length === 1 && keys.includes(key));
  return row < 0 ? undefined : { lowHz: LOW_HZ[row]!, highHz: HIGH_HZ[PAD[row]!.indexOf(key)]! };
};

/** How long these keys and pauses last as sound, in ms. */
export const dtmfMs = (keys: string): number => keys.split('').reduce((ms, key) => ms + (PAUSES_MS[key] ?? TONE_MS + GAP_MS), 0);

const amplitude = (dbm0: number): number => 32_767 * 10 ** ((dbm0 - OVERLOAD_DBM0) / 20);

const tone = (key: string, rateHz: number): Int16Array => {
  const pair = keyFrequencies(key);
  if (!pair) throw new RangeError(`dtmf: a telephone has no key ${key}`);
  const samples = Math.round((TONE_MS * rateHz) / 1000);
  const edge = (EDGE_MS * rateHz) / 1000;
  const [low, high] = [amplitude(LOW_DBM0), amplitude(HIGH_DBM0)];
  return Int16Array.from({ length: samples }, (_, i) => {
    const fromEnd = Math.min(i, samples - 1 - i);
    const shape = fromEnd >= edge ? 1 : (1 - Math.cos((Math.PI * fromEnd) / edge)) / 2;
    const turn = (2 * Math.PI * i) / rateHz;
    return Math.round(shape * (low * Math.sin(turn * pair.lowHz) + high * Math.sin(turn * pair.highHz)));
  });
};

const written = (pcm: Int16Array, shape: AudioShape): Uint8Array => {
  if (shape.encoding === 'mulaw') return encodeMulaw(pcm);
  const bytes = Buffer.alloc(pcm.length * 2);
  pcm.forEach((sample, i) => bytes.writeInt16LE(sample, i * 2));
  return bytes;
};

/**
 * The sound of keys (0-9, A-D, * and #) and pauses (PAUSES_MS), one after the other: whole samples, bytes in the carrier's shape. Throws
 * RangeError for anything else.
 */
export const dtmf = (keys: string, shape: AudioShape): Uint8Array => {
  const size = bytesPerSample(shape);
  const pause = (ms: number): Uint8Array => new Uint8Array(Math.round((ms * shape.rateHz) / 1000) * size).fill(silenceByte(shape));
  const pieces = keys.split('').flatMap((key) => (PAUSES_MS[key] === undefined ? [written(tone(key, shape.rateHz), shape), pause(GAP_MS)] : [pause(PAUSES_MS[key])]));
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
};
