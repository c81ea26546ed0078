import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureTone, peak, rmsDbfs, sine } from '#audio/level.ts';
import { resampler } from '#audio/resample.ts';
import { cut, joinSamples, noise, pieceLengths } from './pieces.ts';

const RATES_HZ = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];
const PAIRS = RATES_HZ.flatMap((fromHz) => RATES_HZ.filter((toHz) => toHz !== fromHz).map((toHz) => [fromHz, toHz] as const));

function resampled(fromHz: number, toHz: number, samples: Int16Array, lengths: readonly number[] = []): Int16Array {
  const stream = resampler(fromHz, toHz);
  const pieces = cut(samples, lengths).map((piece) => stream.push(piece));
  return joinSamples([...pieces, stream.flush()]);
}

/** Without the first and last tenth, where a tone that begins at once is not yet, or no longer, a tone. */
function middle(samples: Int16Array): Int16Array {
  const edge = Math.floor(samples.length / 10);
  return samples.subarray(edge, samples.length - edge);
}

describe.each(PAIRS)('a resampler from %i to %i Hz', (fromHz, toHz) => {
  it('says the same samples however the stream is cut', () => {
    fc.assert(
      fc.property(noise(6_000), pieceLengths, (bytes, lengths) => {
        const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
        const whole = resampled(fromHz, toHz, samples);
        expect(Buffer.compare(Buffer.from(resampled(fromHz, toHz, samples, lengths).buffer), Buffer.from(whole.buffer))).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('makes n samples into n times the ratio, rounded up', () => {
    for (const n of [0, 1, 2, 79, 160, 441, 959, 960, 961, 5_000]) {
      expect(resampled(fromHz, toHz, new Int16Array(n))).toHaveLength(Math.ceil((n * toHz) / fromHz));
    }
  });

  it('holds back no more than its delay', () => {
    const stream = resampler(fromHz, toHz);
    const said = stream.push(new Int16Array(fromHz)).length;
    const heldMs = ((toHz - said) * 1_000) / toHz;
    expect(heldMs).toBeLessThanOrEqual(stream.delayMs + 1_000 / toHz);
    expect(heldMs).toBeGreaterThan(stream.delayMs - 2_000 / fromHz);
    expect(stream.delayMs).toBe((stream.delaySamples * 1_000) / fromHz);
    expect(stream.delayMs).toBeLessThan(3.2);
  });

  it.each([300, 997, 3_000, 3_400])('keeps a tone of %i Hz clean, loud and in time', (hz) => {
    const heard = resampled(fromHz, toHz, sine(hz, fromHz, fromHz, -6), [160, 320, 1, 4_000]);
    const { snrDb, peakDbfs } = measureTone(middle(heard), hz, toHz);
    expect(snrDb).toBeGreaterThan(80);
    expect(Math.abs(peakDbfs - -6)).toBeLessThan(0.05);
    // The same instants: the difference from the tone as it would have been sampled at the new rate is only rounding.
    const expected = sine(hz, toHz, heard.length, -6);
    const difference = heard.map((sample, i) => sample - (expected[i] ?? 0));
    expect(peak(middle(difference))).toBeLessThanOrEqual(2);
  });

  // Nothing to try where the input cannot hold such a tone either.
  const tooHigh = [toHz * 0.575, toHz * 0.7, toHz * 0.9].filter((hz) => hz < fromHz / 2);
  it.each(tooHigh)('keeps out a tone of %d Hz, which the lower rate cannot carry', (hz) => {
    expect(rmsDbfs(middle(resampled(fromHz, toHz, sine(hz, fromHz, fromHz, -1))))).toBeLessThan(-80);
  });

  it('keeps a constant level exactly', () => {
    for (const level of [12_345, -20_000, 32_767, -32_768]) {
      const heard = middle(resampled(fromHz, toHz, new Int16Array(fromHz / 10).fill(level)));
      expect(new Set(heard)).toEqual(new Set([level]));
    }
  });

  it('holds what rises above full scale instead of wrapping round', () => {
    // A square wave overshoots when its upper harmonics go.
    const square = Int16Array.from({ length: fromHz }, (_, i) => (Math.floor((i * 500) / fromHz) % 2 === 0 ? 32_767 : -32_768));
    const heard = resampled(fromHz, toHz, square);
    const wrong = heard.filter((sample, k) => {
      const phase = ((k * 500) / toHz) % 2;
      const high = phase > 0.25 && phase < 0.75;
      const low = phase > 1.25 && phase < 1.75;
      return (high && sample < 25_000) || (low && sample > -25_000);
    });
    expect(wrong).toHaveLength(0);
    expect(peak(heard)).toBeGreaterThanOrEqual(32_767);
  });

  it('begins anew after a reset and after a flush', () => {
    const stream = resampler(fromHz, toHz);
    const tone = sine(440, fromHz, 1_000);
    const first = joinSamples([stream.push(tone), stream.flush()]);
    const second = joinSamples([stream.push(tone), stream.flush()]);
    stream.push(new Int16Array(777).fill(30_000));
    stream.reset();
    const third = joinSamples([stream.push(tone), stream.flush()]);
    expect([...second]).toEqual([...first]);
    expect([...third]).toEqual([...first]);
  });
});

describe('a resampler', () => {
  it('hands pieces back untouched when the rates are equal', () => {
    const piece = Int16Array.of(1, 2, 3);
    const stream = resampler(16_000, 16_000);
    expect(stream.push(piece)).toBe(piece);
    expect(stream.flush()).toHaveLength(0);
    expect(stream.delayMs).toBe(0);
  });

  it('gives back a telephone tone after a detour through any rate', () => {
    for (const detourHz of RATES_HZ) {
      const back = resampled(detourHz, 8_000, resampled(8_000, detourHz, sine(997, 8_000, 8_000, -6)));
      expect(back).toHaveLength(8_000);
      expect(measureTone(middle(back), 997, 8_000).snrDb).toBeGreaterThan(80);
    }
  });

  it('serves two streams of the same rates without mixing them', () => {
    const a = resampler(8_000, 16_000);
    const b = resampler(8_000, 16_000);
    const tone = sine(997, 8_000, 320);
    const alone = resampled(8_000, 16_000, tone);
    const heard = joinSamples([a.push(tone.subarray(0, 160)), (b.push(new Int16Array(160).fill(9_999)), a.push(tone.subarray(160))), a.flush()]);
    expect([...heard]).toEqual([...alone]);
  });

  it.each([
    [0, 8_000],
    [8_000, -1],
    [8_000.5, 16_000],
    [NaN, 8_000],
    [8_000, Infinity],
  ])('refuses %d to %d Hz: not whole numbers', (fromHz, toHz) => {
    expect(() => resampler(fromHz, toHz)).toThrow('a sample rate is a whole number of Hz');
  });

  it('refuses a ratio that would need a table without end', () => {
    expect(() => resampler(8_000, 44_101)).toThrow('too odd');
  });
});
