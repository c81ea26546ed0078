import { describe, expect, it } from 'vitest';
import { clip, clipNames } from '#local/speech/clips.ts';
import { distance, fingerprint } from '#local/speech/fingerprint.ts';
import { recogniser, type Heard } from '#local/speech/recognise.ts';
import { join, lines, silence, withNoise } from './lines.ts';

/** Everything that is heard when the sound comes in pieces of so many samples. */
const listen = (pcm: Int16Array, piece = 160): Heard[] => {
  const ear = recogniser();
  const heard: Heard[] = [];
  for (let at = 0; at < pcm.length; at += piece) heard.push(...ear.hear(pcm.subarray(at, at + piece)));
  return heard;
};

describe('the simulated speech recognition', () => {
  for (const [name, line] of Object.entries(lines)) {
    it(`knows every clip through ${name}`, () => {
      const heard = clipNames.map((clipName) => listen(line(clip(clipName).pcm)).map((event) => (event.kind === 'speech-ended' ? event.clip : event.kind)));
      expect(heard).toEqual(clipNames.map((clipName) => ['speech-started', clipName]));
    });
  }

  it('gives the words of the clip', () => {
    const heard = listen(join(clip('caller-price-question').pcm, silence(8000)));
    expect(heard).toMatchObject([{ kind: 'speech-started' }, { kind: 'speech-ended', text: 'How much does it cost per month?' }]);
  });

  it('takes no clip for another', () => {
    const prints = clipNames.map((name) => fingerprint(clip(name).pcm));
    const pairs = prints.flatMap((a, i) => prints.slice(i + 1).map((b) => distance(a, b)));
    expect(Math.min(...pairs)).toBeGreaterThan(3.4);
  });

  it('does not care in which pieces the sound comes', () => {
    const sound = join(silence(999), clip('caller-tell-me-more').pcm, silence(8000));
    expect(listen(sound, 77)).toEqual(listen(sound, 160));
    expect(listen(sound, 5000)).toEqual(listen(sound, 160));
  });

  it('keeps two utterances apart when a pause of a second lies between them', () => {
    const heard = listen(join(clip('caller-hello').pcm, silence(8000), clip('caller-goodbye').pcm, silence(8000)));
    expect(heard.flatMap((event) => (event.kind === 'speech-ended' ? [event.clip] : []))).toEqual(['caller-hello', 'caller-goodbye']);
  });

  it('says that speech began long before it has ended', () => {
    expect(listen(clip('caller-wait-a-moment').pcm.subarray(0, 4000))).toEqual([{ kind: 'speech-started' }]);
  });

  it('writes "..." for speech that it does not know', () => {
    const backwards = clip('caller-hello').pcm.slice().reverse();
    expect(listen(join(silence(800), backwards, silence(8000)))).toMatchObject([{ kind: 'speech-started' }, { text: '...', clip: undefined }]);
  });

  it('hears nothing in silence', () => {
    expect(listen(silence(80_000))).toEqual([]);
  });

  for (const level of [30, 300, 1000, 3000]) {
    it(`hears nothing in ten seconds of noise (${level} of 32768)`, () => {
      expect(listen(join(silence(8000), withNoise(silence(80_000), level), silence(16_000)))).toEqual([]);
    });
  }

  it('hears nothing in a click', () => {
    expect(listen(join(silence(800), Int16Array.of(20_000, -20_000, 15_000), silence(8000)))).toEqual([]);
  });

  it('ends what is being said when the stream is over', () => {
    const ear = recogniser();
    ear.hear(clip('caller-goodbye').pcm);
    expect(ear.end()).toMatchObject([{ clip: 'caller-goodbye' }]);
    expect(ear.end()).toEqual([]);
  });
});
