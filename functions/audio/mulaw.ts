/**
 * G.711 mu-law to PCM16 and back by table, for the transcoder and for anyone who listens by numbers; it keeps nothing between calls.
 *
 * The tables follow ITU-T G.711 table 2 scaled from 14 to 16 bits: 8 segments of 16 steps, inverted on the wire. A sample that
 * lies on a decision value takes the outer step, whatever its sign. Code 0x7F is negative zero: it decodes to 0, which encodes
 * as 0xFF, so it is the one code that does not come back.
 */

/** 33, the offset that makes segment ends powers of two, in units of 16-bit PCM. */
const BIAS = 132;
/** The largest magnitude that the last segment holds once the bias is added. */
const LARGEST_BIASED = 32_767;

/** What a quiet line sounds like in mu-law: positive zero. */
export const MULAW_SILENCE = 0xff;

function encodeSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = Math.min(Math.abs(sample) + BIAS, LARGEST_BIASED);
  // 132..255 is segment 0; each segment after it is twice as wide.
  const segment = 24 - Math.clz32(biased);
  const step = (biased >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | step) & 0xff;
}

function decodeCode(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + BIAS) << (inverted >> 4 & 0x07)) - BIAS;
  return inverted & 0x80 ? 0 - magnitude : magnitude;
}

const DECODED = Int16Array.from({ length: 256 }, (_, code) => decodeCode(code));
/** Indexed by the sample's 16 bits read as unsigned. */
const ENCODED = Uint8Array.from({ length: 65_536 }, (_, bits) => encodeSample((bits << 16) >> 16));

/** Decodes `codes` into the front of `into`, which must hold at least as many samples; returns how many were written. */
export function decodeMulawInto(codes: Uint8Array, into: Int16Array): number {
  const length = codes.length;
  if (into.length < length) throw new RangeError(`decodeMulawInto: ${length} codes do not fit into ${into.length} samples`);
  for (let i = 0; i < length; i++) into[i] = DECODED[codes[i]!]!;
  return length;
}

/** Encodes `samples` into the front of `into`, which must hold at least as many bytes; returns how many were written. */
export function encodeMulawInto(samples: Int16Array, into: Uint8Array): number {
  const length = samples.length;
  if (into.length < length) throw new RangeError(`encodeMulawInto: ${length} samples do not fit into ${into.length} bytes`);
  for (let i = 0; i < length; i++) into[i] = ENCODED[samples[i]! & 0xffff]!;
  return length;
}

/** One PCM16 sample for each mu-law code, in a new array. */
export function decodeMulaw(codes: Uint8Array): Int16Array {
  const samples = new Int16Array(codes.length);
  decodeMulawInto(codes, samples);
  return samples;
}

/** One mu-law code for each PCM16 sample, in a new array. */
export function encodeMulaw(samples: Int16Array): Uint8Array {
  const codes = new Uint8Array(samples.length);
  encodeMulawInto(samples, codes);
  return codes;
}
