/** The simulated agent's audio formats: what the socket carries in either direction, to and from samples. */
import { fromMulaw, toMulaw } from '../speech/mulaw.ts';
import { resample, resampler } from '../speech/resample.ts';

export const FORMATS = ['pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100', 'pcm_48000', 'ulaw_8000'] as const;
export type Format = (typeof FORMATS)[number];

export const isFormat = (value: unknown): value is Format => FORMATS.includes(value as Format);
export const rateOf = (format: Format): number => Number(format.slice(format.indexOf('_') + 1));
/** Bytes of one sample. */
export const sampleBytes = (format: Format): number => (format === 'ulaw_8000' ? 1 : 2);
export const bytesPerSecond = (format: Format): number => rateOf(format) * sampleBytes(format);

const littleEndian = (pcm: Int16Array): Buffer => {
  const out = Buffer.alloc(2 * pcm.length);
  for (let i = 0; i < pcm.length; i++) out.writeInt16LE(pcm[i] ?? 0, 2 * i);
  return out;
};

/** An odd last byte is half a sample and is left out. */
const fromLittleEndian = (bytes: Uint8Array): Int16Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength >> 1 }, (_, i) => view.getInt16(2 * i, true));
};

/** A recording of 8 kHz in the format's bytes. */
export const encode = (pcm: Int16Array, format: Format): Buffer =>
  format === 'ulaw_8000' ? Buffer.from(toMulaw(pcm)) : littleEndian(resample(pcm, 8000, rateOf(format)));

/** The format's bytes to samples at the format's own rate. */
export const samplesOf = (bytes: Uint8Array, format: Format): Int16Array => (format === 'ulaw_8000' ? fromMulaw(bytes) : fromLittleEndian(bytes));

/** Bytes that come in pieces, to 8 kHz samples. */
export const decoder = (format: Format): ((bytes: Uint8Array) => Int16Array) => {
  const toTelephone = resampler(rateOf(format), 8000);
  return (bytes) => toTelephone.push(samplesOf(bytes, format));
};
