/** The simulated services code and decode telephone audio with these: mu-law (ITU-T G.711), one byte a sample, 8 kHz. */

const BIAS = 132;
const CLIP = 32_635;

const decodeOne = (byte: number): number => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + BIAS) << ((code >> 4) & 7)) - BIAS;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
};

const encodeOne = (sample: number): number => {
  const sign = sample < 0 ? 0x80 : 0;
  const level = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = 24 - Math.clz32(level);
  return ~(sign | (exponent << 4) | ((level >> (exponent + 3)) & 0x0f)) & 0xff;
};

const decoded = Int16Array.from({ length: 256 }, (_, byte) => decodeOne(byte));

/** Mu-law bytes to PCM16, one sample a byte. */
export const fromMulaw = (bytes: Uint8Array): Int16Array => Int16Array.from(bytes, (byte) => decoded[byte] ?? 0);

/** PCM16 to mu-law bytes, one byte a sample. */
export const toMulaw = (pcm: Int16Array): Uint8Array => Uint8Array.from(pcm, encodeOne);
