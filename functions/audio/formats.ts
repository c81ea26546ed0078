/**
 * The closed set of audio formats that a carrier or the agent may speak, for the codecs, the bridge and the playout: what a name
 * means, how long so many bytes last, and what silence is made of.
 *
 * Everything is mono. `pcm16` is signed 16-bit little-endian without a header.
 */
import { MULAW_SILENCE } from './mulaw.ts';

export type Encoding = 'mulaw' | 'pcm16';

/** How samples are written down and how many there are in a second. */
export type AudioShape = { readonly encoding: Encoding; readonly rateHz: number };

export type FormatName =
  | 'ulaw_8000'
  | 'pcm_8000'
  | 'pcm_16000'
  | 'pcm_22050'
  | 'pcm_24000'
  | 'pcm_44100'
  | 'pcm_48000';

/** A shape that has a name: the names are those of ElevenLabs' agent settings. */
export type AudioFormat = AudioShape & { readonly name: FormatName };

/** Every format by its name. */
export const FORMATS: Readonly<Record<FormatName, AudioFormat>> = {
  ulaw_8000: { name: 'ulaw_8000', encoding: 'mulaw', rateHz: 8_000 },
  pcm_8000: { name: 'pcm_8000', encoding: 'pcm16', rateHz: 8_000 },
  pcm_16000: { name: 'pcm_16000', encoding: 'pcm16', rateHz: 16_000 },
  pcm_22050: { name: 'pcm_22050', encoding: 'pcm16', rateHz: 22_050 },
  pcm_24000: { name: 'pcm_24000', encoding: 'pcm16', rateHz: 24_000 },
  pcm_44100: { name: 'pcm_44100', encoding: 'pcm16', rateHz: 44_100 },
  pcm_48000: { name: 'pcm_48000', encoding: 'pcm16', rateHz: 48_000 },
};

/** Their names, the narrowest first. */
export const FORMAT_NAMES = Object.keys(FORMATS) as readonly FormatName[];

/** The format of this name, or undefined when the set has no such name; names are case-sensitive. */
export function parseFormat(name: string): AudioFormat | undefined {
  return Object.hasOwn(FORMATS, name) ? FORMATS[name as FormatName] : undefined;
}

/** Whether bytes of one shape may be handed on as the other, untouched. */
export function sameShape(a: AudioShape, b: AudioShape): boolean {
  return a.encoding === b.encoding && a.rateHz === b.rateHz;
}

export function bytesPerSample(shape: AudioShape): 1 | 2 {
  return shape.encoding === 'mulaw' ? 1 : 2;
}

/** Bytes in a millisecond; not a whole number at 22,050 and 44,100 Hz. */
export function bytesPerMs(shape: AudioShape): number {
  return (shape.rateHz * bytesPerSample(shape)) / 1_000;
}

/** How long `bytes` bytes last, in milliseconds, fractions included. */
export function durationMs(shape: AudioShape, bytes: number): number {
  return (bytes * 1_000) / (shape.rateHz * bytesPerSample(shape));
}

/** The byte that silence is made of: 0xFF in mu-law, 0 in PCM. */
export function silenceByte(shape: AudioShape): number {
  return shape.encoding === 'mulaw' ? MULAW_SILENCE : 0;
}

/** `ms` milliseconds of silence, to the nearest whole sample. Throws RangeError unless `ms` is a number from 0 up. */
export function silence(shape: AudioShape, ms: number): Uint8Array {
  if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`silence: ms must be 0 or more, not ${ms}`);
  const samples = Math.round((ms * shape.rateHz) / 1_000);
  return new Uint8Array(samples * bytesPerSample(shape)).fill(silenceByte(shape));
}
