import { describe, expect, it } from 'vitest';
import { bytesPerMs, durationMs, FORMAT_NAMES, FORMATS, parseFormat, sameShape, silence, silenceByte } from '#audio/formats.ts';

describe('formats', () => {
  it('knows the seven formats of the agent by name', () => {
    expect(FORMAT_NAMES).toEqual(['ulaw_8000', 'pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100', 'pcm_48000']);
    expect(parseFormat('ulaw_8000')).toEqual({ name: 'ulaw_8000', encoding: 'mulaw', rateHz: 8_000 });
    expect(parseFormat('pcm_22050')).toEqual({ name: 'pcm_22050', encoding: 'pcm16', rateHz: 22_050 });
  });

  it.each(['', 'pcm', 'pcm_11025', 'PCM_8000', ' pcm_8000', 'mp3_44100_128', 'constructor', '__proto__'])('does not know %j', (name) => {
    expect(parseFormat(name)).toBeUndefined();
  });

  it('knows how long bytes last, fractions included', () => {
    expect(durationMs(FORMATS.ulaw_8000, 160)).toBe(20);
    expect(durationMs(FORMATS.pcm_8000, 3_200)).toBe(200);
    expect(durationMs(FORMATS.pcm_16000, 3_200)).toBe(100);
    expect(durationMs(FORMATS.pcm_44100, 2)).toBeCloseTo(1 / 44.1, 12);
    expect(bytesPerMs(FORMATS.pcm_22050)).toBeCloseTo(44.1, 12);
  });

  it('makes silence of the right byte and of whole samples', () => {
    expect(silence(FORMATS.ulaw_8000, 20)).toEqual(new Uint8Array(160).fill(0xff));
    expect(silence(FORMATS.pcm_8000, 20)).toEqual(new Uint8Array(320));
    expect(silence(FORMATS.pcm_22050, 1)).toHaveLength(44);
    expect(silence(FORMATS.pcm_48000, 0)).toHaveLength(0);
    expect([silenceByte(FORMATS.ulaw_8000), silenceByte(FORMATS.pcm_44100)]).toEqual([0xff, 0]);
  });

  it.each([-1, NaN, Infinity])('makes no silence of %d ms', (ms) => {
    expect(() => silence(FORMATS.pcm_8000, ms)).toThrow('ms must be 0 or more');
  });

  it('takes two shapes for the same only when encoding and rate agree', () => {
    expect(sameShape(FORMATS.pcm_8000, { encoding: 'pcm16', rateHz: 8_000 })).toBe(true);
    expect(sameShape(FORMATS.pcm_8000, FORMATS.ulaw_8000)).toBe(false);
    expect(sameShape(FORMATS.pcm_8000, FORMATS.pcm_16000)).toBe(false);
  });
});
