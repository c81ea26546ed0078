/** The simulated agent's mouth: sends an answer faster than it can be heard, and estimates how much of it has been heard. */
import type { Clip } from '../speech/clips.ts';
import { bytesPerSecond, encode, sampleBytes, type Format } from './formats.ts';

/** Audio leaves this many times faster than it plays. */
const HASTE = 5;
/** Between two clips of one answer: 0.2 s. */
const GAP_SAMPLES = 1600;

export type Utterance = { eventId: number; text: string; clips: readonly Clip[]; onFirst?: () => void };
export type Cut = { eventId: number; original: string; spoken: string };

export type Mouth = {
  /** Resolves when all of it is sent, or as soon as it is cut. */
  say(utterance: Utterance): Promise<'sent' | 'cut'>;
  /** Milliseconds of call time until what was sent has been played; 0 when the agent is silent. */
  remainingMs(): number;
  /** Stops sending; undefined when nothing was playing. */
  cut(): Cut | undefined;
  /** Sends one more piece of the answer that was cut, as a late one would come. */
  sendStale(): void;
  stop(): void;
};

type MouthDeps = {
  format: Format;
  pace: number;
  chunkMs: readonly number[];
  send: (eventId: number, bytes: Buffer, stale: boolean) => void;
};

const encodings = new Map<string, Buffer>();

/** The clips of an answer as bytes of the format; kept, because every call says the same few. */
const bytesOf = (clips: readonly Clip[], format: Format): Buffer => {
  const key = `${format} ${clips.map((clip) => clip.name).join(' ')}`;
  const known = encodings.get(key);
  if (known) return known;
  const gaps = GAP_SAMPLES * Math.max(0, clips.length - 1);
  const pcm = new Int16Array(clips.reduce((sum, clip) => sum + clip.pcm.length, gaps));
  let at = 0;
  for (const clip of clips) {
    pcm.set(clip.pcm, at);
    at += clip.pcm.length + GAP_SAMPLES;
  }
  const made = encode(pcm, format);
  encodings.set(key, made);
  return made;
};

/** The first words, in proportion to the time that they were heard. */
const spokenPart = (text: string, share: number): string => {
  const words = text.split(' ');
  return words.slice(0, Math.floor(words.length * Math.max(0, Math.min(1, share)))).join(' ');
};

export const mouth = ({ format, pace, chunkMs, send }: MouthDeps): Mouth => {
  const perSecond = bytesPerSecond(format);
  const now = (): number => performance.now() * pace;
  type Playing = { utterance: Utterance; bytes: Buffer; sentTo: number; startedMs: number; durationMs: number; finish: (how: 'sent' | 'cut') => void };
  let playing: Playing | undefined;
  let last: Playing | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pieces = 0;

  const next = (piece: number): void => {
    const current = playing;
    if (!current) return;
    const wanted = chunkMs[pieces++ % chunkMs.length] ?? 250;
    const size = Math.max(1, Math.round((wanted / 1000) * (perSecond / sampleBytes(format)))) * sampleBytes(format);
    const bytes = current.bytes.subarray(current.sentTo, current.sentTo + size);
    current.sentTo += bytes.length;
    send(current.utterance.eventId, bytes, false);
    if (piece === 0) current.utterance.onFirst?.();
    if (playing !== current) return;
    if (current.sentTo >= current.bytes.length) return current.finish('sent');
    timer = setTimeout(() => next(piece + 1), ((bytes.length / perSecond) * 1000) / HASTE / pace);
  };

  const remainingMs = (): number => (playing ? Math.max(0, playing.startedMs + playing.durationMs - now()) : 0);

  const say = (utterance: Utterance): Promise<'sent' | 'cut'> => {
    const bytes = bytesOf(utterance.clips, format);
    // What was said before may still be playing; this is heard after it.
    const startedMs = now() + remainingMs();
    clearTimeout(timer);
    playing?.finish('cut');
    return new Promise((finish) => {
      playing = { utterance, bytes, sentTo: 0, startedMs, durationMs: (bytes.length / perSecond) * 1000, finish };
      next(0);
    });
  };

  const cut = (): Cut | undefined => {
    const current = playing;
    if (!current || remainingMs() === 0) return undefined;
    clearTimeout(timer);
    const { utterance } = current;
    const spoken = spokenPart(utterance.text, (now() - current.startedMs) / current.durationMs);
    last = current;
    playing = undefined;
    current.finish('cut');
    return { eventId: utterance.eventId, original: utterance.text, spoken };
  };

  const sendStale = (): void => {
    if (!last) return;
    const size = Math.round(perSecond / sampleBytes(format) / 10) * sampleBytes(format);
    const from = Math.min(last.sentTo, last.bytes.length - size);
    send(last.utterance.eventId, last.bytes.subarray(from, from + size), true);
  };

  const stop = (): void => {
    clearTimeout(timer);
    playing?.finish('cut');
    playing = undefined;
  };

  return { say, remainingMs, cut, sendStale, stop };
};
