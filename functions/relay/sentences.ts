// The recorded sentences that a caller hears when the agent cannot be had: read once at start, in the carrier's format when they are said.
import { readFileSync } from 'node:fs';
import { transcoder } from '#audio/transcoder.ts';
import type { AudioShape } from '#audio/formats.ts';
import { readWav, type Recording } from '#audio/wav.ts';

export const sentenceNames = ['agent-unavailable', 'one-moment', 'call-ended'] as const;
export type SentenceName = (typeof sentenceNames)[number];

/** The bytes of a sentence in a carrier's shape. */
export type Sentences = (name: SentenceName, shape: AudioShape) => Buffer;

/** Reads all of them from a folder of WAV files. Throws when one is missing or is not a mono WAV: better at start than in a call. */
export const loadSentences = (folder: URL = new URL('sentences/', import.meta.url)): Sentences => {
  const recordings = new Map<SentenceName, Recording>(sentenceNames.map((name) => {
    try {
      return [name, readWav(readFileSync(new URL(`${name}.wav`, folder)))];
    } catch (cause) {
      throw new Error(`The recorded sentence ${name}.wav cannot be used; put an 8 kHz mono WAV of that name into functions/relay/sentences/`, { cause });
    }
  }));
  const made = new Map<string, Buffer>();
  return (name, shape) => {
    const key = `${name}/${shape.encoding}/${shape.rateHz}`;
    const known = made.get(key);
    if (known) return known;
    const recording = recordings.get(name)!;
    const change = transcoder(recording, shape);
    const bytes = Buffer.concat([change.push(recording.bytes), change.flush()]);
    made.set(key, bytes);
    return bytes;
  };
};
