import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AudioFormat, durationMs, FORMAT_NAMES, FORMATS, silence } from '#audio/formats.ts';
import { measureTone, rmsDbfs, sine } from '#audio/level.ts';
import { decodeMulaw, encodeMulaw } from '#audio/mulaw.ts';
import { transcoder } from '#audio/transcoder.ts';
import { cut, joinBytes, noise, pieceLengths } from './pieces.ts';

const ALL = FORMAT_NAMES.map((name) => FORMATS[name]);
const PAIRS = ALL.flatMap((from) => ALL.filter((to) => to !== from).map((to) => [from.name, to.name, from, to] as const));

function asBytes(format: AudioFormat, pcm: Int16Array): Uint8Array {
  return format.encoding === 'mulaw' ? encodeMulaw(pcm) : new Uint8Array(pcm.buffer.slice(0) as ArrayBuffer);
}

function asSamples(format: AudioFormat, bytes: Uint8Array): Int16Array {
  return format.encoding === 'mulaw' ? decodeMulaw(bytes) : new Int16Array(bytes.slice().buffer);
}

function transcoded(from: AudioFormat, to: AudioFormat, bytes: Uint8Array, lengths: readonly number[] = []): Uint8Array {
  const stream = transcoder(from, to);
  // Copied at once: what comes back may be a view of what went in.
  const pieces = cut(bytes, lengths).map((piece) => stream.push(piece).slice());
  return joinBytes([...pieces, stream.flush()]);
}

function middle(samples: Int16Array): Int16Array {
  const edge = Math.floor(samples.length / 10);
  return samples.subarray(edge, samples.length - edge);
}

describe.each(PAIRS)('a transcoder from %s to %s', (_from, _to, from, to) => {
  it('says the same bytes however the stream is cut, samples in two included', () => {
    fc.assert(
      fc.property(noise(4_000), pieceLengths, (bytes, lengths) => {
        expect(Buffer.compare(transcoded(from, to, bytes, lengths), transcoded(from, to, bytes))).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps tones of the telephone band as clean as the narrower format allows', () => {
    for (const hz of [300, 997, 3_000, 3_400]) {
      const tone = sine(hz, from.rateHz, from.rateHz, -6);
      const heard = asSamples(to, transcoded(from, to, asBytes(from, tone), [320, 1, 319, 7, 2_000]));
      const { snrDb, peakDbfs } = measureTone(middle(heard), hz, to.rateHz);
      const mulaw = from.encoding === 'mulaw' || to.encoding === 'mulaw';
      const alone = measureTone(middle(decodeMulaw(encodeMulaw(sine(hz, 8_000, 8_000, -6)))), hz, 8_000).snrDb;
      expect(snrDb).toBeGreaterThan(mulaw ? alone - 0.5 : 80);
      expect(Math.abs(peakDbfs - -6)).toBeLessThan(0.1);
    }
  });

  it('keeps a second a second', () => {
    const heard = transcoded(from, to, silence(from, 1_000), [160, 333]);
    expect(durationMs(to, heard.length)).toBeCloseTo(1_000, 6);
    expect(rmsDbfs(asSamples(to, heard))).toBe(-Infinity);
  });

  it('leaves nothing of the past behind after a reset, half a sample included', () => {
    const next = asBytes(from, sine(440, from.rateHz, 1_000));
    const stream = transcoder(from, to);
    stream.push(new Uint8Array(1_001).fill(0x11));
    stream.reset();
    const heard = joinBytes([stream.push(next).slice(), stream.flush()]);
    expect(Buffer.compare(heard, transcoded(from, to, next))).toBe(0);
  });

  it('begins anew after a flush', () => {
    const bytes = asBytes(from, sine(440, from.rateHz, 1_000));
    const stream = transcoder(from, to);
    const first = joinBytes([stream.push(bytes).slice(), stream.push(Uint8Array.of(7)).slice(), stream.flush()]);
    const second = joinBytes([stream.push(bytes).slice(), stream.push(Uint8Array.of(7)).slice(), stream.flush()]);
    expect(Buffer.compare(second, first)).toBe(0);
  });

  it('keeps nothing of a piece that its owner writes over afterwards', () => {
    const bytes = asBytes(from, sine(440, from.rateHz, 1_000));
    const stream = transcoder(from, to);
    const reused = new Uint8Array(501);
    const out: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += reused.length) {
      const piece = bytes.subarray(at, at + reused.length);
      reused.set(piece);
      out.push(stream.push(reused.subarray(0, piece.length)));
      reused.fill(0xaa);
    }
    expect(Buffer.compare(joinBytes([...out, stream.flush()]), transcoded(from, to, bytes))).toBe(0);
  });
});

describe.each(FORMAT_NAMES)('a transcoder from %s to itself', (name) => {
  it('hands back the very same piece, whatever is in it', () => {
    const stream = transcoder(FORMATS[name], { ...FORMATS[name] });
    expect(stream.passesThrough).toBe(true);
    expect(stream.delayMs).toBe(0);
    for (const piece of [new Uint8Array(160), Uint8Array.of(1), new Uint8Array(0), new Uint8Array(2_000_000)]) {
      expect(stream.push(piece)).toBe(piece);
    }
    expect(stream.flush()).toHaveLength(0);
  });
});

describe('a transcoder', () => {
  it('says each sample at once when only the encoding changes', () => {
    const stream = transcoder(FORMATS.ulaw_8000, FORMATS.pcm_8000);
    expect(stream.delayMs).toBe(0);
    expect([...stream.push(Uint8Array.of(0x00, 0xff))]).toEqual([0x84, 0x82, 0, 0]);
    expect(stream.flush()).toHaveLength(0);
  });

  it('waits with an odd byte for its other half and drops it when none comes', () => {
    const stream = transcoder(FORMATS.pcm_8000, FORMATS.ulaw_8000);
    expect(stream.push(Uint8Array.of(0x84))).toHaveLength(0);
    expect(stream.push(new Uint8Array(0))).toHaveLength(0);
    expect([...stream.push(Uint8Array.of(0x82, 0x00))]).toEqual([0x00]);
    expect(stream.flush()).toHaveLength(0);
    expect([...stream.push(Uint8Array.of(0x00, 0x00))]).toEqual([0xff]);
  });

  it('reads pieces that begin on an odd address', () => {
    const stream = transcoder(FORMATS.pcm_8000, FORMATS.ulaw_8000);
    expect([...stream.push(Uint8Array.of(9, 0x84, 0x82, 0x7c, 0x7d).subarray(1))]).toEqual([0x00, 0x80]);
  });

  it('joins shapes that have no name, such as a recording of 11,025 Hz', () => {
    const stream = transcoder({ encoding: 'pcm16', rateHz: 11_025 }, FORMATS.ulaw_8000);
    const heard = joinBytes([stream.push(asBytes(FORMATS.pcm_8000, sine(997, 11_025, 11_025, -6))), stream.flush()]);
    expect(heard).toHaveLength(8_000);
    expect(measureTone(middle(decodeMulaw(heard)), 997, 8_000).snrDb).toBeGreaterThan(36);
  });

  it.each([
    ['pcm_48000', 'ulaw_8000'],
    ['pcm_16000', 'pcm_8000'],
    ['pcm_22050', 'pcm_24000'],
  ] as const)('takes a message of more than a megabyte, from %s to %s', (fromName, toName) => {
    const from = FORMATS[fromName];
    const to = FORMATS[toName];
    const heard = transcoded(from, to, asBytes(from, sine(997, from.rateHz, 800_000, -6)));
    const samples = asSamples(to, heard);
    expect(samples).toHaveLength(Math.ceil((800_000 * to.rateHz) / from.rateHz));
    expect(measureTone(samples.subarray(-9_000, -1_000), 997, to.rateHz).snrDb).toBeGreaterThan(to.encoding === 'mulaw' ? 36 : 80);
  });
});
