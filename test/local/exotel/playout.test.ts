import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeard } from '#local/exotel/heard.ts';
import { createPlayout } from '#local/exotel/playout.ts';
import { voice } from './customer.ts';

const started = (rateHz = 8000, afterClear: 'dropped' | 'echoed' = 'dropped') => {
  const reached: string[] = [];
  return { reached, heard: createHeard(), playout: createPlayout(rateHz, (name) => reached.push(name), afterClear) };
};
const bytes = (pcm: Int16Array): Buffer => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);

describe('what waits to be played', () => {
  it.each([[8000, 160], [16_000, 320], [24_000, 480]])('is taken in frames of 20 ms at %d Hz', (rateHz, samples) => {
    const { playout } = started(rateHz);
    expect(playout.take()).toEqual({ rateHz, pcm: new Int16Array(samples), sent: [] });
    playout.add(voice(3200));
    expect(playout.bufferedMs).toBe(1_600_000 / rateHz);
    expect(playout.take().sent).toEqual([[0, samples]]);
  });

  it('echoes a mark when the audio before it has been played, not when it was taken; at once when nothing waits', () => {
    const { playout, reached } = started();
    playout.mark('alone');
    playout.add(voice(320));
    playout.mark('end');
    playout.take();
    expect(reached).toEqual(['alone']);
    playout.take();
    expect(reached).toEqual(['alone', 'end']);
  });

  it('makes a gap after a chunk that is no multiple of 320 bytes: the rest of its piece, and 20 ms', () => {
    const { playout, heard } = started();
    playout.add(voice(330));
    playout.add(voice(320, 4));
    while (playout.bufferedMs > 0) heard.push(playout.take());
    // 165 samples, then 155 + 160 of silence.
    expect(heard.spans()).toEqual([{ fromMs: 0, toMs: 165 / 8 }, { fromMs: 480 / 8, toMs: 640 / 8 }]);
    expect(bytes(heard.sent()).equals(Buffer.concat([voice(330), voice(320, 4)]))).toBe(true);
  });

  it('loses half a sample at the end of a chunk, and not the samples behind it', () => {
    const { playout, heard } = started();
    playout.add(voice(321));
    playout.add(voice(320, 4));
    while (playout.bufferedMs > 0) heard.push(playout.take());
    expect(bytes(heard.sent()).equals(Buffer.concat([voice(320), voice(320, 4)]))).toBe(true);
    expect(heard.spans()).toHaveLength(2);
  });

  it.each([['dropped', []], ['echoed', ['behind', 'last']]] as const)('clear keeps the chunk that plays and drops what waits; marks are %s', (afterClear, marks) => {
    const { playout, reached, heard } = started(8000, afterClear);
    playout.add(voice(640));
    playout.mark('behind');
    playout.add(voice(640, 3));
    playout.mark('last');
    heard.push(playout.take());
    playout.clear();
    expect(reached).toEqual(marks);
    expect(playout.bufferedMs).toBe(20);
    while (playout.bufferedMs > 0) heard.push(playout.take());
    expect(bytes(heard.sent()).equals(voice(640))).toBe(true);
  });

  it('is heard whole, in order and without a gap, whatever the sizes, as long as they are multiples of 320', () => {
    fc.assert(fc.property(fc.constantFrom(8000, 16_000, 24_000), fc.array(fc.record({ pieces: fc.integer({ min: 1, max: 40 }), takes: fc.integer({ min: 0, max: 30 }) }), { minLength: 1, maxLength: 30 }), (rateHz, steps) => {
      const { playout, reached, heard } = started(rateHz);
      const sent: Buffer[] = [];
      steps.forEach(({ pieces, takes }, i) => {
        sent.push(voice(pieces * 320, i));
        playout.add(sent.at(-1) as Buffer);
        playout.mark(`m${i}`);
        for (let taken = 0; taken < takes; taken += 1) heard.push(playout.take());
      });
      while (playout.bufferedMs > 0) heard.push(playout.take());
      heard.push(playout.take());
      expect(bytes(heard.sent()).equals(Buffer.concat(sent))).toBe(true);
      expect(reached).toEqual(steps.map((_, i) => `m${i}`));
    }), { numRuns: 200 });
  });
});

describe('what was heard', () => {
  it('keeps stretches at several rates, each in its place', () => {
    const heard = createHeard();
    heard.push({ rateHz: 8000, pcm: new Int16Array(160), sent: [] });
    heard.push({ rateHz: 16_000, pcm: new Int16Array(320).fill(1000), sent: [[0, 320]] });
    heard.push({ rateHz: 8000, pcm: new Int16Array(160).fill(500), sent: [[80, 160]] });
    expect(heard.spans()).toEqual([{ fromMs: 20, toMs: 40 }, { fromMs: 50, toMs: 60 }]);
    expect(heard.rateHz).toBe(16_000);
    expect(heard.pcm()).toHaveLength(960);
    expect(heard.pcm(8000)).toHaveLength(480);
    expect([...heard.sent()]).toEqual([...Array.from({ length: 320 }, () => 1000), ...Array.from({ length: 80 }, () => 500)]);
  });
});
