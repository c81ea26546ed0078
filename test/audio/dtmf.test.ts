import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dtmf, dtmfMs, keyFrequencies } from '#audio/dtmf.ts';
import { FORMATS, durationMs, type AudioFormat } from '#audio/formats.ts';
import { peak, rmsDbfs } from '#audio/level.ts';
import { decodeMulaw } from '#audio/mulaw.ts';
import { goertzel, keysIn } from '#doubles/key-receiver.ts';

const ALL = '0123456789ABCD*#';
const shapes: [string, AudioFormat][] = Object.values(FORMATS).map((format) => [format.name, format]);
const samplesOf = (bytes: Uint8Array, { encoding }: AudioFormat): Int16Array =>
  (encoding === 'mulaw' ? decodeMulaw(bytes) : new Int16Array(bytes.slice().buffer));
/** Peak level of a tone above the reference, whose sine peaks 3.17 dB below the largest sample (ITU-T G.711). */
const dbm0 = (amplitude: number): number => 20 * Math.log10(amplitude / 32_768) + 3.17;
/** Without the leakage that a piece of a tone has at its ends; halves the peak. */
const windowed = (pcm: Int16Array): Int16Array => pcm.map((sample, i) => sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / pcm.length)));
/** The even part of a key's tone, without its soft edges. */
const plateau = (pcm: Int16Array, rateHz: number): Int16Array => pcm.subarray(Math.ceil(rateHz * 0.01), Math.floor(rateHz * 0.09));

describe.each(shapes)('keys as sound in %s', (_name, shape) => {
  const { rateHz } = shape;

  it('are heard by a receiver, each once and in order', () => {
    expect(keysIn(samplesOf(dtmf(ALL, shape), shape), rateHz).map(({ key }) => key).join('')).toBe(ALL);
  });

  it.each(ALL.split(''))('%s is its two tones and nothing else', (key) => {
    const pcm = plateau(samplesOf(dtmf(key, shape), shape), rateHz);
    const { lowHz, highHz } = keyFrequencies(key)!;
    const [low, high] = [lowHz, highHz].map((hz) => goertzel(pcm, hz, rateHz));
    expect(dbm0(low!)).toBeCloseTo(-8, 0);
    expect(dbm0(high!)).toBeCloseTo(-6, 0);
    // Harmonics, the sums and differences that a clipped pair would make, and silence between the tones: 35 dB down at least, by mu-law's own noise.
    for (const hz of [2 * lowHz, 2 * highHz, 3 * lowHz, lowHz + highHz, highHz - lowHz, 2 * highHz - lowHz].filter((one) => one < rateHz / 2 - 50)) {
      expect(dbm0(2 * goertzel(windowed(pcm), hz, rateHz)), `${hz} Hz`).toBeLessThan(-35);
    }
  });

  it('last 100 ms and are followed by 100 ms of silence, pauses by half a second or two', () => {
    expect(durationMs(shape, dtmf('1w2,', shape).length)).toBeCloseTo(200 + 500 + 200 + 2000, 0);
    expect(dtmfMs('1w2,')).toBe(2900);
    const heard = keysIn(samplesOf(dtmf('1w2,3', shape), shape), rateHz);
    expect(heard.map(({ key, fromMs }) => [key, Math.round(fromMs / 50) * 50])).toEqual([['1', 0], ['2', 700], ['3', 2900]]);
    for (const { ms } of heard) expect(ms).toBeGreaterThanOrEqual(90);
    const gap = samplesOf(dtmf('1', shape), shape).subarray(Math.ceil(rateHz * 0.1));
    expect(rmsDbfs(gap)).toBe(-Infinity);
  });

  it('neither clip nor begin or end with a click', () => {
    const pcm = samplesOf(dtmf('D', shape), shape).subarray(0, Math.floor(rateHz * 0.1));
    expect(peak(pcm)).toBeLessThan(0.65 * 32_768);
    const edge = Math.floor(rateHz / 1000);
    for (const end of [pcm.subarray(0, edge), pcm.subarray(-edge)]) expect(peak(end)).toBeLessThan(0.1 * 32_768);
  });
});

describe('keys as sound', () => {
  it('are as long as their parts together, whatever they are', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...ALL.split(''), 'w', ','), maxLength: 32 }), fc.constantFrom(...Object.values(FORMATS)), (keys, shape) => {
      const bytes = dtmf(keys, shape);
      expect(durationMs(shape, bytes.length)).toBeCloseTo(dtmfMs(keys), 0);
      expect(Buffer.concat(keys.split('').map((key) => dtmf(key, shape))).equals(bytes)).toBe(true);
    }), { numRuns: 50 });
  });

  it.each(['E', 'a', ' ', 'é', '\0', '12x'])('refuse %j', (keys) => {
    expect(() => dtmf(keys, FORMATS.ulaw_8000)).toThrow(RangeError);
    expect(keyFrequencies(keys)).toBeUndefined();
  });
});
