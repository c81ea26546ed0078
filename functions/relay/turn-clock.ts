// Measures what a caller waits for: from the end of their words to the agent's first audio, turn by turn. One for each bridge.
import { decodeMulaw } from '#audio/mulaw.ts';
import type { AudioShape } from '#audio/formats.ts';

export interface TurnClock {
  /** Caller audio as base64; a frame every 60 ms or so is as fine as this needs. */
  heard(payload: Buffer): void;
  /** The agent understood something: what was loud was speech. */
  callerSpoke(): void;
  /** Agent audio goes out. The turn's wait in ms when it is the first of an answer, else undefined. */
  agentSpeaks(): number | undefined;
  readonly turnMs: number[];
}

/** Mean magnitude of PCM16 above which a frame counts as speech: about -38 dBFS, between line noise and a quiet voice. */
const LOUD = 400;
/** Speech that ended longer ago than this before its transcript is not what the transcript is of. */
const MOST_LAG_MS = 10_000;
const MOST_TURNS = 500;

/** Values of base64's letters; anything else, its padding included, is 0. */
const digits = new Uint8Array(256);
'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('').forEach((letter, value) => {
  digits[letter.charCodeAt(0)] = value;
});
const magnitudes = Uint16Array.from(decodeMulaw(Uint8Array.from({ length: 256 }, (_, code) => code)), Math.abs);

/** Eight letters are six bytes: whole samples in either encoding. Of so many letters, eight are listened to. */
const EVERY = 32;

/**
 * Mean magnitude of a frame, out of a quarter of its samples, straight from its base64: a frame of 20 ms took 0.7 µs decoded whole, and takes 0.1.
 */
const loudness = ({ encoding }: AudioShape, base64: Buffer): number => {
  let sum = 0;
  let samples = 0;
  for (let at = 0; at + 8 <= base64.length; at += EVERY) {
    const high = (digits[base64[at]!]! << 18) | (digits[base64[at + 1]!]! << 12) | (digits[base64[at + 2]!]! << 6) | digits[base64[at + 3]!]!;
    const low = (digits[base64[at + 4]!]! << 18) | (digits[base64[at + 5]!]! << 12) | (digits[base64[at + 6]!]! << 6) | digits[base64[at + 7]!]!;
    if (encoding === 'mulaw') {
      sum += magnitudes[high >> 16]! + magnitudes[(high >> 8) & 0xff]! + magnitudes[high & 0xff]!;
      sum += magnitudes[low >> 16]! + magnitudes[(low >> 8) & 0xff]! + magnitudes[low & 0xff]!;
      samples += 6;
    } else {
      // Little-endian: the second byte of each pair is the high one, and has the sign.
      sum += Math.abs(((((high >> 8) & 0xff) << 24) >> 16) | (high >> 16));
      sum += Math.abs((((low >> 16) << 24) >> 16) | (high & 0xff));
      sum += Math.abs((((low & 0xff) << 24) >> 16) | ((low >> 8) & 0xff));
      samples += 3;
    }
  }
  return samples === 0 ? 0 : sum / samples;
};

class ListeningClock implements TurnClock {
  readonly turnMs: number[] = [];
  readonly #shape: AudioShape;
  readonly #ms: () => number;
  #loudAt: number | undefined = undefined;
  #waitingSince: number | undefined = undefined;

  constructor(shape: AudioShape, ms: () => number) {
    this.#shape = shape;
    this.#ms = ms;
  }

  heard(payload: Buffer): void {
    if (loudness(this.#shape, payload) > LOUD) this.#loudAt = this.#ms();
  }

  callerSpoke(): void {
    const now = this.#ms();
    this.#waitingSince = this.#loudAt !== undefined && now - this.#loudAt < MOST_LAG_MS ? this.#loudAt : now;
  }

  agentSpeaks(): number | undefined {
    if (this.#waitingSince === undefined) return undefined;
    const wait = Math.max(0, Math.round(this.#ms() - this.#waitingSince));
    this.#waitingSince = undefined;
    if (this.turnMs.length < MOST_TURNS) this.turnMs.push(wait);
    return wait;
  }
}

export const turnClock = (shape: AudioShape, ms: () => number): TurnClock => new ListeningClock(shape, ms);
