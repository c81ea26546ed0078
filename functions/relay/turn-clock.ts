// Measures what a caller waits for: from the end of their words to the agent's first audio, turn by turn. One for each bridge.
import { decodeMulawInto } from '#audio/mulaw.ts';
import { bytesPerMs, type AudioShape } from '#audio/formats.ts';

export interface TurnClock {
  /** A frame of caller audio as base64; one every 60 ms or so is listened to, which is as fine as this needs. */
  heard(payload: Buffer, now: number): void;
  /** The agent understood something: what was loud was speech. */
  callerSpoke(now: number): void;
  /** Agent audio goes out. The turn's wait in ms when it is the first of an answer, else undefined. */
  agentSpeaks(now: number): number | undefined;
  readonly turnMs: number[];
}

/** Mean magnitude of PCM16 above which a frame counts as speech: about -38 dBFS, between line noise and a quiet voice. */
const LOUD = 400;
/** Speech that ended longer ago than this before its transcript is not what the transcript is of. */
const MOST_LAG_MS = 10_000;
const MOST_TURNS = 500;

const loudness = (shape: AudioShape, bytes: Buffer, samples: Int16Array): number => {
  let count: number;
  if (shape.encoding === 'mulaw') count = decodeMulawInto(bytes.subarray(0, samples.length), samples);
  else {
    count = Math.min(bytes.length >> 1, samples.length);
    for (let i = 0; i < count; i++) samples[i] = bytes.readInt16LE(2 * i);
  }
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.abs(samples[i]!);
  return count === 0 ? 0 : sum / count;
};

export const turnClock = (shape: AudioShape): TurnClock => {
  // Shared by no one: a frame of 20 ms at 8 kHz.
  const samples = new Int16Array(160);
  const turnMs: number[] = [];
  const longFrame = (60 * bytesPerMs(shape) * 4) / 3;
  let frames = 0;
  let loudAt: number | undefined;
  let waitingSince: number | undefined;
  return {
    heard: (payload, now) => {
      // Twilio's are 20 ms, Exotel's 100.
      if (frames++ % 3 !== 0 && payload.length < longFrame) return;
      if (loudness(shape, Buffer.from(payload.toString('latin1'), 'base64'), samples) > LOUD) loudAt = now;
    },
    callerSpoke: (now) => {
      waitingSince = loudAt !== undefined && now - loudAt < MOST_LAG_MS ? loudAt : now;
    },
    agentSpeaks: (now) => {
      if (waitingSince === undefined) return undefined;
      const wait = Math.max(0, Math.round(now - waitingSince));
      waitingSince = undefined;
      if (turnMs.length < MOST_TURNS) turnMs.push(wait);
      return wait;
    },
    turnMs,
  };
};
