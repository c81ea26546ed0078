// How the person on the line tells speech from silence: by the energy of what is played to them, frame by frame.
import { FRAME_MS, SILENCE, toLinear } from './mulaw.ts';

/** Mean amplitude (of 32768) above which a frame counts as sound; telephone hiss stays far below. */
const LOUD = 150;
/** Three frames in a row start speech, so that a click does not. */
const START_FRAMES = 3;

export type Hearing = {
  hears(frame: Uint8Array): void;
  /** Somebody speaks: since three loud frames, and until `endMs` of quiet. */
  readonly speaking: boolean;
  /** Milliseconds of the speech that is going on or has just ended. */
  readonly speechMs: number;
  /** Milliseconds of quiet up to now. */
  readonly quietMs: number;
  /** How many times speech has begun. */
  readonly turns: number;
};

export const loud = (frame: Uint8Array): boolean => {
  if (frame === SILENCE) return false;
  let sum = 0;
  for (const byte of frame) sum += Math.abs(toLinear(byte));
  return sum / frame.length > LOUD;
};

export const createHearing = (endMs: number): Hearing => {
  let inRow = 0;
  let quiet = 0;
  let spoken = 0;
  let speaking = false;
  let turns = 0;
  return {
    hears(frame) {
      if (loud(frame)) {
        inRow += 1;
        quiet = 0;
        if (!speaking && inRow >= START_FRAMES) {
          speaking = true;
          spoken = START_FRAMES - 1;
          turns += 1;
        }
      } else {
        inRow = 0;
        quiet += 1;
        if (quiet * FRAME_MS >= endMs) speaking = false;
      }
      if (speaking) spoken += 1;
    },
    get speaking() { return speaking; },
    get speechMs() { return spoken * FRAME_MS; },
    get quietMs() { return quiet * FRAME_MS; },
    get turns() { return turns; },
  };
};
