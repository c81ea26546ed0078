import { describe, expect, it } from 'vitest';
import { measureTone, sine } from '#audio/level.ts';
import { decodeMulaw, decodeMulawInto, encodeMulaw, encodeMulawInto, MULAW_SILENCE } from '#audio/mulaw.ts';

/**
 * G.711 table 2a as the Recommendation builds it, in 14-bit units: 128 intervals on the positive side, the first one 1 wide, then
 * 15 of 2, then 16 each of 4, 8, 16 … 256; an interval is heard as its middle, the first as 0.
 */
const INTERVALS = (() => {
  const widths = [1, ...Array<number>(15).fill(2), ...[4, 8, 16, 32, 64, 128, 256].flatMap((width) => Array<number>(16).fill(width))];
  let from = 0;
  return widths.map((width, i) => {
    const interval = { from, heard: i === 0 ? 0 : from + width / 2 };
    from += width;
    return interval;
  });
})();

function codeByTheBook(sample: number): number {
  const magnitude = Math.abs(sample) / 4;
  const number = INTERVALS.findLastIndex(({ from }) => from <= magnitude);
  return (sample < 0 ? 0x7f : 0xff) - number;
}

function sampleByTheBook(code: number): number {
  const heard = INTERVALS[0x7f - (code & 0x7f)]?.heard ?? NaN;
  return heard === 0 ? 0 : (code & 0x80 ? 4 : -4) * heard;
}

const EVERY_SAMPLE = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
const EVERY_CODE = Uint8Array.from({ length: 256 }, (_, i) => i);

describe('mu-law', () => {
  it('has the 128 intervals of G.711 up to 8,159', () => {
    expect(INTERVALS).toHaveLength(128);
    expect(INTERVALS.at(-1)).toEqual({ from: 8_159 - 256, heard: 8_159 - 128 });
  });

  it('encodes each of the 65,536 samples as G.711 says', () => {
    expect(Buffer.compare(encodeMulaw(EVERY_SAMPLE), Uint8Array.from(EVERY_SAMPLE, codeByTheBook))).toBe(0);
  });

  it('decodes each of the 256 codes as G.711 says', () => {
    expect([...decodeMulaw(EVERY_CODE)]).toEqual([...EVERY_CODE].map(sampleByTheBook));
  });

  it('gives back every code but negative zero, which becomes zero', () => {
    const back = encodeMulaw(decodeMulaw(EVERY_CODE));
    const changed = [...EVERY_CODE].filter((code) => back[code] !== code);
    expect(changed).toEqual([0x7f]);
    expect(back[0x7f]).toBe(0xff);
  });

  it('hears both zeros as silence', () => {
    expect([...decodeMulaw(Uint8Array.of(0xff, 0x7f))]).toEqual([0, 0]);
    expect(encodeMulaw(Int16Array.of(0))[0]).toBe(MULAW_SILENCE);
  });

  it('holds what is too loud at the loudest code', () => {
    expect([...encodeMulaw(Int16Array.of(32_767, 32_636, -32_636, -32_768))]).toEqual([0x80, 0x80, 0x00, 0x00]);
    expect([...decodeMulaw(Uint8Array.of(0x80, 0x00))]).toEqual([32_124, -32_124]);
  });

  it('costs a tone of 997 Hz all but 37 dB', () => {
    const { snrDb, peakDbfs } = measureTone(decodeMulaw(encodeMulaw(sine(997, 8_000, 8_000, -6))), 997, 8_000);
    expect(snrDb).toBeGreaterThan(36.9);
    expect(snrDb).toBeLessThan(40);
    expect(peakDbfs).toBeCloseTo(-6, 1);
  });

  it('writes into the front of a larger buffer and says how much', () => {
    const samples = new Int16Array(4).fill(9);
    expect(decodeMulawInto(Uint8Array.of(0x80, 0x00), samples)).toBe(2);
    expect([...samples]).toEqual([32_124, -32_124, 9, 9]);
    const codes = new Uint8Array(3).fill(9);
    expect(encodeMulawInto(Int16Array.of(0, -32_768), codes)).toBe(2);
    expect([...codes]).toEqual([0xff, 0x00, 9]);
  });

  it('refuses a buffer that is too small', () => {
    expect(() => decodeMulawInto(new Uint8Array(3), new Int16Array(2))).toThrow('3 codes do not fit into 2 samples');
    expect(() => encodeMulawInto(new Int16Array(3), new Uint8Array(2))).toThrow('3 samples do not fit into 2 bytes');
  });
});
