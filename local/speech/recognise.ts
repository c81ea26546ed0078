/** The simulated agent (and tests) listen with this: a stream of 8 kHz audio in, "somebody began to speak" and "they said …" out. */
import { clip, clipNames, type Clip } from './clips.ts';
import { db, distance, FRAME, fingerprint, powerOf, type Fingerprint } from './fingerprint.ts';

export type Heard =
  | { kind: 'speech-started' }
  /** `text` is "..." when no known clip was said (as the real recognition does); `clip` and `distanceDb` tell people why. */
  | { kind: 'speech-ended'; text: string; clip: string | undefined; distanceDb: number; seconds: number };

export type Recogniser = {
  /** Takes PCM16 at 8 kHz in pieces of any size. */
  hear(pcm: Int16Array): Heard[];
  /** The stream is over: whatever is being said ends here. */
  end(): Heard[];
};

/** Quieter than this is silence whatever the background, dBFS. */
const SILENCE_DB = -48;
/** Speech stands out of the background by this much. */
const ABOVE_DB = 7;
/** Inside an utterance, frames this far under its loudest one count as a pause. */
const UNDER_PEAK_DB = 17;
/** The background is the quietest 20 ms of the last 2 s. */
const BACKGROUND_FRAMES = 100;
/** So much loud sound before somebody is held to have begun to speak: 120 ms. */
const START_FRAMES = 6;
/** An utterance that never pauses is cut here: 30 s. */
const LONGEST_FRAMES = 1500;
/** Levels of steady noise vary by about 0.5 dB between 20 ms frames, those of speech by 5 and more. */
const STEADY_DB = 1.5;
/** The same clip through a bad line came out at 1.2 dB at most, two different clips at 3.5 dB at least. */
const SAME_DB = 2.4;

const spread = (levels: readonly number[]): number => {
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  return Math.sqrt(levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length);
};

const prints = new Map<string, Fingerprint>();
const printOf = (known: Clip): Fingerprint => {
  const print = prints.get(known.name) ?? fingerprint(known.pcm);
  prints.set(known.name, print);
  return print;
};

/** The known clip nearest to an utterance, and how far it is away. */
export const nearestClip = (pcm: Int16Array, known: readonly Clip[]): { clip: Clip | undefined; distanceDb: number } => {
  const print = fingerprint(pcm);
  let best: { clip: Clip | undefined; distanceDb: number } = { clip: undefined, distanceDb: Infinity };
  for (const candidate of known) {
    const away = distance(print, printOf(candidate));
    if (away < best.distanceDb) best = { clip: candidate, distanceDb: away };
  }
  return best;
};

/** A recogniser for one stream. `hangoverMs` of quiet end an utterance. */
export const recogniser = ({ known = clipNames.map(clip), hangoverMs = 500 }: { known?: readonly Clip[]; hangoverMs?: number } = {}): Recogniser => {
  const hangoverFrames = Math.ceil(hangoverMs / 20);
  const background = new Float64Array(BACKGROUND_FRAMES).fill(-90);
  let at = 0;
  let rest = new Int16Array(0);
  let before: Int16Array[] = [];
  let said: Int16Array[] | undefined;
  let levels: number[] = [];
  let [peak, loud, quiet, began] = [-90, 0, 0, false];

  const finish = (): Heard[] => {
    const frames = said ?? [];
    const [hadBegun, length] = [began, loud];
    [said, levels, peak, loud, quiet, began] = [undefined, [], -90, 0, 0, false];
    if (length < START_FRAMES) return [];
    const pcm = new Int16Array(frames.length * FRAME);
    frames.forEach((frame, index) => pcm.set(frame, index * FRAME));
    const { clip: nearest, distanceDb } = nearestClip(pcm, known);
    const sure = distanceDb < SAME_DB ? nearest : undefined;
    if (!sure && !hadBegun) return [];
    const ended: Heard = { kind: 'speech-ended', text: sure ? sure.text : '...', clip: sure?.name, distanceDb, seconds: pcm.length / 8000 };
    return hadBegun ? [ended] : [{ kind: 'speech-started' }, ended];
  };

  const frameIn = (frame: Int16Array): Heard[] => {
    const level = db(powerOf(frame));
    background[at++ % BACKGROUND_FRAMES] = level;
    const threshold = Math.max(SILENCE_DB, Math.min(...background) + ABOVE_DB, said ? peak - UNDER_PEAK_DB : -90);
    if (!said) {
      before = [...before.slice(-4), frame];
      if (level <= threshold) return [];
      said = [...before];
    } else said.push(frame);
    if (level > threshold) {
      levels.push(level);
      loud += 1;
      quiet = 0;
      peak = Math.max(peak, level);
    } else quiet += 1;
    if (quiet >= hangoverFrames || said.length >= LONGEST_FRAMES) return finish();
    if (began || loud < START_FRAMES || spread(levels) < STEADY_DB) return [];
    began = true;
    return [{ kind: 'speech-started' }];
  };

  const hear = (pcm: Int16Array): Heard[] => {
    const joined = new Int16Array(rest.length + pcm.length);
    joined.set(rest);
    joined.set(pcm, rest.length);
    const out: Heard[] = [];
    let from = 0;
    for (; from + FRAME <= joined.length; from += FRAME) out.push(...frameIn(joined.slice(from, from + FRAME)));
    rest = joined.slice(from);
    return out;
  };

  return { hear, end: () => (said ? finish() : []) };
};
