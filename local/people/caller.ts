// The person at the other end: ears, a mouth and a finger, driven by a script (see stories.ts). One for each answered call.
import { createHearing } from './ears.ts';
import { type Line, LineOver } from './line.ts';
import { FRAME_BYTES, FRAME_MS, SILENCE } from './mulaw.ts';

/** Something to say: mu-law at 8 kHz; `text` is what a speech recogniser would make of it. */
export type Utterance = { name: string; text: string; audio: Uint8Array };

export type Said = { name: string; text: string; fromMs: number; toMs: number | null };

/** What a script can do. Every promise rejects when the line ends, which ends the script. */
export type Person = {
  /** True when speech is heard (or going on) within `ms`, false otherwise. */
  hearsSpeech(withinMs: number): Promise<boolean>;
  /** True when they who spoke have been quiet for 0.9 s; false when nobody spoke, or they still speak, after `withinMs`. */
  hearsThemFinish(withinMs: number): Promise<boolean>;
  /** True once they have been speaking for `ms` without a stop; false after `withinMs`. */
  hearsThemSpeakFor(ms: number, withinMs: number): Promise<boolean>;
  /** True once the line has been quiet for `ms`; false after `withinMs`. */
  hearsQuiet(ms: number, withinMs: number): Promise<boolean>;
  /** Speaks, by clip name or with audio of one's own, and resolves when it is said. */
  says(what: string | Utterance): Promise<void>;
  presses(digits: string): Promise<void>;
  waits(ms: number): Promise<void>;
  hangsUp(): void;
};

export type Script = (me: Person) => Promise<void>;

export type Caller = {
  hears(frame: Uint8Array): void;
  speaks(): Uint8Array;
  /** Lets the script run on the line until it ends or the line does. */
  follow(line: Line, script: Script, hangUp: () => void): Promise<void>;
  readonly said: Said[];
  readonly speaking: boolean;
};

/** Quiet for so long is the end of what they were saying; between sentences of one turn people and agents pause less. */
const TURN_END_MS = 900;

const SCRAP_MS = 1000;

export const createCaller = (voice: (name: string) => Utterance): Caller => {
  const hearing = createHearing(TURN_END_MS);
  const said: Said[] = [];
  const mouth: { utterance: Utterance; offset: number; said: Said | null; done: () => void }[] = [];
  let frames = 0;
  let finishedTurns = 0;

  const speaks = (): Uint8Array => {
    frames += 1;
    const current = mouth[0];
    if (!current) return SILENCE;
    if (!current.said) {
      current.said = { name: current.utterance.name, text: current.utterance.text, fromMs: (frames - 1) * FRAME_MS, toMs: null };
      said.push(current.said);
    }
    const piece = current.utterance.audio.subarray(current.offset, current.offset + FRAME_BYTES);
    current.offset += FRAME_BYTES;
    if (current.offset >= current.utterance.audio.length) {
      current.said.toMs = frames * FRAME_MS;
      mouth.shift();
      current.done();
    }
    if (piece.length === FRAME_BYTES) return piece;
    const padded = new Uint8Array(FRAME_BYTES).fill(0xff);
    padded.set(piece);
    return padded;
  };

  const follow: Caller['follow'] = async (line, script, hangUp) => {
    const me: Person = {
      hearsSpeech: (withinMs) => line.until(() => hearing.speaking, withinMs),
      async hearsThemFinish(withinMs) {
        const finished = await line.until(() => hearing.turns > finishedTurns && !hearing.speaking, withinMs);
        if (finished) finishedTurns = hearing.turns;
        return finished;
      },
      hearsThemSpeakFor: (ms, withinMs) => line.until(() => hearing.speaking && hearing.speechMs >= ms, withinMs),
      hearsQuiet: (ms, withinMs) => line.until(() => hearing.quietMs >= ms, withinMs),
      async says(what) {
        let done = false;
        mouth.push({ utterance: typeof what === 'string' ? voice(what) : what, offset: 0, said: null, done: () => { done = true; } });
        await line.until(() => done, Infinity);
        // A scrap of speech that broke off while we spoke was their giving way, and wants no answer.
        if (!hearing.speaking && hearing.speechMs < SCRAP_MS) finishedTurns = hearing.turns;
      },
      async presses(digits) {
        for (const digit of digits) {
          line.press(digit);
          await line.until(() => false, 200);
        }
      },
      async waits(ms) {
        await line.until(() => false, ms);
      },
      hangsUp: hangUp,
    };
    try {
      await script(me);
    } catch (error) {
      if (!(error instanceof LineOver)) throw error;
    }
  };

  return {
    hears: (frame) => hearing.hears(frame),
    speaks,
    follow,
    said,
    get speaking() { return mouth.length > 0; },
  };
};
