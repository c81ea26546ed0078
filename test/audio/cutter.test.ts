import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cutting, cutter } from '#audio/cutter.ts';
import { FORMATS } from '#audio/formats.ts';
import { cut, joinBytes, noise, pieceLengths } from './pieces.ts';

const TWILIO: Cutting = { shape: FORMATS.ulaw_8000, frameBytes: 160 };
const EXOTEL: Cutting = { shape: FORMATS.pcm_8000, frameBytes: 320, leastBytes: 3_200, mostBytes: 100_000 };

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i % 250) + 1);

const cuttings = fc
  .record({ shape: fc.constantFrom(FORMATS.ulaw_8000, FORMATS.pcm_8000), frames: fc.integer({ min: 1, max: 200 }), least: fc.integer({ min: 0, max: 900 }), more: fc.integer({ min: 0, max: 900 }) })
  .map(({ shape, frames, least, more }): Cutting => {
    const frameBytes = frames * 2;
    return { shape, frameBytes, leastBytes: least, mostBytes: Math.max(frameBytes, Math.ceil(least / frameBytes) * frameBytes) + more };
  });

describe('a cutter', () => {
  it('loses, repeats and reorders nothing, whatever the pieces and sizes, and keeps to the sizes', () => {
    fc.assert(
      fc.property(cuttings, noise(6_000), pieceLengths, (cutting, bytes, lengths) => {
        const stream = cutter(cutting);
        const pieces = cut(bytes, lengths).flatMap((piece) => stream.push(piece));
        expect(joinBytes(pieces)).toHaveLength(bytes.length - stream.heldBytes());
        const last = stream.flush();
        if (last !== undefined) pieces.push(last);
        const out = joinBytes(pieces);
        const whole = bytes.length - (cutting.shape.encoding === 'mulaw' ? 0 : bytes.length % 2);
        expect(Buffer.compare(out.subarray(0, whole), bytes.subarray(0, whole))).toBe(0);
        const silent = cutting.shape.encoding === 'mulaw' ? 0xff : 0;
        expect(out.subarray(whole).every((byte) => byte === silent)).toBe(true);
        for (const piece of pieces) {
          expect(piece.length % cutting.frameBytes).toBe(0);
          expect(piece.length).toBeGreaterThanOrEqual(Math.max(cutting.frameBytes, cutting.leastBytes ?? 0));
          expect(piece.length).toBeLessThanOrEqual(cutting.mostBytes ?? Infinity);
        }
      }),
    );
  });

  it('gives the same bytes, silence at the end included, however a stream of frames is cut', () => {
    fc.assert(
      fc.property(noise(4_000), pieceLengths, (bytes, lengths) => {
        const all = (pieces: Uint8Array[]): Uint8Array => {
          const stream = cutter(TWILIO);
          const out = pieces.flatMap((piece) => stream.push(piece));
          return joinBytes([...out, stream.flush() ?? new Uint8Array(0)]);
        };
        expect(Buffer.compare(all(cut(bytes, lengths)), all([bytes]))).toBe(0);
      }),
    );
  });

  it('passes whole frames on without copying them', () => {
    const bytes = counting(480);
    expect(cutter(TWILIO).push(bytes)[0]).toBe(bytes);
  });

  it('passes on as many whole frames as there are and holds the rest', () => {
    const stream = cutter(TWILIO);
    expect(stream.push(counting(500)).map((piece) => piece.length)).toEqual([480]);
    expect(stream.heldBytes()).toBe(20);
    expect(stream.push(new Uint8Array(0))).toEqual([]);
    expect(stream.push(counting(139))).toEqual([]);
    expect(stream.push(counting(1)).map((piece) => piece.length)).toEqual([160]);
    expect(stream.heldBytes()).toBe(0);
  });

  it('fills the last mu-law frame with 0xFF', () => {
    const stream = cutter(TWILIO);
    stream.push(counting(3));
    expect(stream.flush()).toEqual(Uint8Array.of(1, 2, 3, ...Array<number>(157).fill(0xff)));
  });

  it("fills the last PCM piece with zeros up to the carrier's least piece", () => {
    const stream = cutter(EXOTEL);
    expect(stream.push(counting(4))).toEqual([]);
    const last = stream.flush();
    expect(last).toHaveLength(3_200);
    expect(last?.subarray(0, 6)).toEqual(Uint8Array.of(1, 2, 3, 4, 0, 0));
  });

  it('drops half a sample at the end rather than make a click of it', () => {
    const stream = cutter({ shape: FORMATS.pcm_8000, frameBytes: 320 });
    stream.push(counting(3));
    expect(stream.flush()?.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 0, 0));
    stream.push(counting(1));
    expect(stream.flush()).toBeUndefined();
  });

  it('splits a message of a megabyte at the greatest piece', () => {
    const lengths = cutter(EXOTEL).push(new Uint8Array(1_452_781)).map((piece) => piece.length);
    expect(lengths).toEqual([...Array<number>(14).fill(99_840), 54_720]);
  });

  it('has nothing to say at the end when nothing is held', () => {
    const stream = cutter(TWILIO);
    expect(stream.flush()).toBeUndefined();
    stream.push(counting(160));
    expect(stream.flush()).toBeUndefined();
    stream.push(counting(1));
    stream.flush();
    expect(stream.flush()).toBeUndefined();
  });

  it('forgets the remainder on reset', () => {
    const stream = cutter(TWILIO);
    stream.push(counting(159));
    stream.reset();
    expect(stream.heldBytes()).toBe(0);
    expect(stream.push(new Uint8Array(160).fill(7))).toEqual([new Uint8Array(160).fill(7)]);
  });

  it('keeps nothing of a remainder that its owner writes over afterwards', () => {
    const stream = cutter(TWILIO);
    const reused = counting(100);
    stream.push(reused);
    reused.fill(0);
    const [piece] = stream.push(counting(60));
    expect(piece).toEqual(joinBytes([counting(100), counting(60)]));
  });

  it.each([
    [{ shape: FORMATS.ulaw_8000, frameBytes: 0 }, 'positive multiple of 1'],
    [{ shape: FORMATS.ulaw_8000, frameBytes: 1.5 }, 'positive multiple of 1'],
    [{ shape: FORMATS.pcm_8000, frameBytes: 321 }, 'positive multiple of 2'],
    [{ shape: FORMATS.pcm_8000, frameBytes: 320, mostBytes: 319 }, 'no whole frame of 320'],
    [{ shape: FORMATS.pcm_8000, frameBytes: 320, leastBytes: 641, mostBytes: 959 }, 'no whole frame of 320'],
    [{ shape: FORMATS.pcm_8000, frameBytes: 320, leastBytes: NaN }, 'no whole frame of 320'],
  ])('refuses sizes that cannot be kept: %j', (cutting, message) => {
    expect(() => cutter(cutting)).toThrow(message);
  });
});
