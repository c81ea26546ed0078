import { describe, expect, it } from 'vitest';
import { measureTone, peak, rmsDbfs, sine, snrDb } from '#audio/level.ts';

describe('level', () => {
  it('calls a full-scale square 0 dBFS and a full-scale sine 3 dB less', () => {
    expect(rmsDbfs(Int16Array.of(-32_768, -32_768))).toBe(0);
    expect(rmsDbfs(sine(1_000, 8_000, 8_000, 0))).toBeCloseTo(-3.01, 2);
    expect(rmsDbfs(sine(1_000, 8_000, 8_000, -20))).toBeCloseTo(-23.01, 2);
  });

  it('calls silence, and nothing at all, minus infinity', () => {
    expect(rmsDbfs(new Int16Array(160))).toBe(-Infinity);
    expect(rmsDbfs(new Int16Array(0))).toBe(-Infinity);
  });

  it('finds the peak on either side', () => {
    expect(peak(Int16Array.of(3, -32_768, 32_767))).toBe(32_768);
    expect(peak(new Int16Array(0))).toBe(0);
  });

  it('finds a tone of any phase among noise of known level', () => {
    const tone = sine(997, 8_000, 8_060, -6).subarray(60);
    // A second tone 40 dB below stands for the noise.
    const noise = sine(2_503, 8_000, 8_000, -46);
    const { peakDbfs, snrDb } = measureTone(tone.map((sample, i) => sample + (noise[i] ?? 0)), 997, 8_000);
    expect(peakDbfs).toBeCloseTo(-6, 2);
    expect(snrDb).toBeCloseTo(40, 1);
  });

  it('is not disturbed by a part of a period at the end', () => {
    expect(snrDb(sine(300, 8_000, 1_003, -6), 300, 8_000)).toBeGreaterThan(85);
  });

  it('finds no tone in silence or in another tone', () => {
    expect(snrDb(new Int16Array(160), 997, 8_000)).toBe(-Infinity);
    expect(snrDb(sine(1_000, 8_000, 8_000), 2_000, 8_000)).toBeLessThan(-60);
  });

  it('measures nothing in fewer than three samples', () => {
    expect(() => measureTone(new Int16Array(2), 997, 8_000)).toThrow('2 samples');
  });
});
