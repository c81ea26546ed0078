/** The simulated phone network says these: short clips of speech, read from `clips/` once, 8 kHz mono PCM16. */
import { readFileSync } from 'node:fs';
import { parseWav } from './wav.ts';

export type Clip = {
  name: string;
  /** The words that are said; empty for a tone. */
  text: string;
  /** 8000 samples a second. Shared between all who ask: do not write into it. */
  pcm: Int16Array;
};

type Entry = { text: string; into?: string };

const here = new URL('./', import.meta.url);
const entries = JSON.parse(readFileSync(new URL('clips.json', here), 'utf8')) as Record<string, Entry>;
const read = new Map<string, Clip>();

/** Every clip's name, in the order of clips.json. Sentences recorded for the relay (they have `into`) are not among them. */
export const clipNames: readonly string[] = Object.keys(entries).filter((name) => entries[name]?.into === undefined);

/** One clip by name. Throws RangeError for a name that is not in `clipNames`. */
export const clip = (name: string): Clip => {
  const known = read.get(name);
  if (known) return known;
  const entry = entries[name];
  if (!entry || entry.into !== undefined) throw new RangeError(`no clip is called "${name}"`);
  const wav = parseWav(readFileSync(new URL(`clips/${name}.wav`, here)));
  if (wav.rateHz !== 8000) throw new RangeError(`clip "${name}" has ${wav.rateHz} Hz, wanted 8000`);
  const made: Clip = { name, text: entry.text, pcm: wav.pcm };
  read.set(name, made);
  return made;
};
