// The recorded voice of the simulated people: clips of local/speech as mu-law, encoded once, asked for by name from the stories.
import { clip } from '#local/speech/clips.ts';
import type { Utterance } from './caller.ts';
import { encodeMulaw } from './mulaw.ts';

/** Each clip is encoded at most once per maker. Throws for a name that no clip has. */
export const recordedVoice = (): ((name: string) => Utterance) => {
  const made = new Map<string, Utterance>();
  return (name) => {
    const known = made.get(name);
    if (known) return known;
    const { text, pcm } = clip(name);
    const utterance = { name, text, audio: encodeMulaw(pcm) };
    made.set(name, utterance);
    return utterance;
  };
};
