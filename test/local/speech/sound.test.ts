import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, clipNames } from '#local/speech/clips.ts';
import { fromMulaw, toMulaw } from '#local/speech/mulaw.ts';
import { resample, resampler } from '#local/speech/resample.ts';
import { parseWav, wavOf } from '#local/speech/wav.ts';
import { join, rmsOf } from './lines.ts';

const tone = (hz: number, rateHz: number, seconds: number): Int16Array =>
  Int16Array.from({ length: rateHz * seconds }, (_, i) => Math.round(10_000 * Math.sin((2 * Math.PI * hz * i) / rateHz)));

describe('clips', () => {
  it('are all there, about -20 dBFS loud, and none clips', () => {
    const levels = clipNames.map((name) => 20 * Math.log10(rmsOf(clip(name).pcm) / 32_768));
    const peaks = clipNames.map((name) => Math.max(...clip(name).pcm.map(Math.abs)));
    expect(Math.min(...levels)).toBeGreaterThan(-23);
    expect(Math.max(...levels)).toBeLessThan(-18);
    expect(Math.max(...peaks)).toBeLessThan(32_000);
  });

  it('let the agent say at once that it is an AI and who calls', () => {
    expect(clip('agent-greeting').text).toMatch(/AI assistant of \w+/u);
  });

  it('are refused by a name that does not exist', () => {
    expect(() => clip('caller-sings')).toThrow('no clip is called "caller-sings"');
  });
});

describe('mu-law', () => {
  it('agrees with the corner values of G.711', () => {
    expect([...toMulaw(Int16Array.of(0, 32_767, -32_768, 8, -8))]).toEqual([0xff, 0x80, 0x00, 0xfe, 0x7e]);
    expect([...fromMulaw(Uint8Array.of(0xff, 0x7f, 0x80, 0x00))]).toEqual([0, -0, 32_124, -32_124].map((n) => n + 0));
  });

  it('gives every byte back after decoding and coding, but the second zero', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 0x7f);
    expect([...toMulaw(fromMulaw(bytes))]).toEqual([...bytes]);
  });
});

describe('resampling', () => {
  for (const rateHz of [16_000, 22_050, 24_000, 44_100, 48_000]) {
    it(`keeps a 1 kHz tone at ${rateHz} Hz and back`, () => {
      const there = resample(tone(1000, 8000, 0.5), 8000, rateHz);
      expect(there.length).toBe(rateHz / 2);
      const wanted = tone(1000, rateHz, 0.5);
      const middle = (pcm: Int16Array): Int16Array => pcm.subarray(400, pcm.length - 400);
      expect(rmsOf(middle(there.map((sample, i) => sample - (wanted[i] ?? 0))))).toBeLessThan(100);
      const back = resample(there, rateHz, 8000);
      const wantedBack = tone(1000, 8000, 0.5);
      expect(rmsOf(middle(back.map((sample, i) => sample - (wantedBack[i] ?? 0))))).toBeLessThan(150);
    });
  }

  it('takes away what 8 kHz cannot hold', () => {
    expect(rmsOf(resample(tone(6000, 16_000, 0.5), 16_000, 8000).subarray(200, 3800))).toBeLessThan(50);
  });

  it('gives the same samples however the stream is cut', () => {
    const sound = clip('agent-still-there').pcm.subarray(0, 2000);
    assert(
      property(constantFrom(16_000, 22_050, 48_000), array(integer({ min: 0, max: 500 }), { maxLength: 8 }), (toHz, cuts) => {
        const one = resampler(8000, toHz);
        const out: Int16Array[] = [];
        let at = 0;
        for (const cut of [...cuts, sound.length]) {
          out.push(one.push(sound.subarray(at, at + cut)));
          at = Math.min(sound.length, at + cut);
        }
        out.push(one.end());
        expect(join(...out)).toEqual(resample(sound, 8000, toHz));
      }),
      { numRuns: 30 },
    );
  });
});

describe('WAV', () => {
  it('comes back as it went out', () => {
    expect(parseWav(wavOf(Int16Array.of(0, 1, -1, 32_767, -32_768), 22_050))).toEqual({ rateHz: 22_050, pcm: Int16Array.of(0, 1, -1, 32_767, -32_768) });
  });

  it('is refused when it is something else', () => {
    expect(() => parseWav(new TextEncoder().encode('not a wave file at all'))).toThrow('not a WAV file');
  });
});
