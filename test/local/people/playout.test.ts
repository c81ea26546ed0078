import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES, SILENCE } from '#local/people/mulaw.ts';
import { createPlayout } from '#local/people/playout.ts';

const counting = (bytes: number, from = 0): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => (from + i) % 251);

const started = () => {
  const reached: string[] = [];
  return { reached, playout: createPlayout((name) => reached.push(name)) };
};

describe('what waits to be played', () => {
  it('plays silence when nothing was sent', () => {
    expect(started().playout.take()).toEqual({ frame: SILENCE, audible: 0 });
  });

  it('fills up the last frame of odd audio with silence, and says how much of it was sent', () => {
    const { playout } = started();
    playout.add(counting(200));
    expect(playout.take().audible).toBe(160);
    const { frame, audible } = playout.take();
    expect(audible).toBe(40);
    expect([...frame.subarray(0, 40)]).toEqual([...counting(40, 160)]);
    expect(frame.subarray(40).every((byte) => byte === 0xff)).toBe(true);
  });

  it('echoes a mark at once when nothing is buffered', () => {
    const { playout, reached } = started();
    playout.mark('alone');
    expect(reached).toEqual(['alone']);
  });

  it('echoes a mark when the audio before it has been played, not when it was taken', () => {
    const { playout, reached } = started();
    playout.add(counting(FRAME_BYTES));
    playout.mark('end');
    playout.take();
    expect(reached).toEqual([]);
    playout.mark('later');
    expect(reached).toEqual([]);
    playout.take();
    expect(reached).toEqual(['end', 'later']);
  });

  it('echoes marks in the order in which they were sent', () => {
    const { playout, reached } = started();
    for (const name of ['a', 'b', 'c']) {
      playout.add(counting(100));
      playout.mark(name);
    }
    for (let i = 0; i < 4; i += 1) playout.take();
    expect(reached).toEqual(['a', 'b', 'c']);
  });

  it('clear empties the buffer and echoes every pending mark, in order', () => {
    const { playout, reached } = started();
    playout.add(counting(1600));
    playout.mark('one');
    playout.add(counting(1600));
    playout.mark('two');
    playout.take();
    playout.clear();
    expect(reached).toEqual(['one', 'two']);
    expect(playout.buffered).toBe(0);
    expect(playout.take().audible).toBe(0);
    playout.mark('three');
    expect(reached).toEqual(['one', 'two', 'three']);
  });

  it('plays whatever is sent, in whatever pieces, exactly once and in order, unless it was cleared', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), bytes: fc.integer({ min: 0, max: 700 }) }) },
      { weight: 8, arbitrary: fc.record({ do: fc.constant('take' as const), bytes: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('mark' as const), bytes: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), bytes: fc.constant(0) }) },
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const heard: number[] = [];
      const expected: number[] = [];
      const sent: number[] = [];
      const marks: { name: string; after: number }[] = [];
      const reached: string[] = [];
      const early: string[] = [];
      let dropped = 0;
      const playout = createPlayout((name) => {
        reached.push(name);
        // Never before its audio: what was heard or dropped so far covers all that was sent before the mark.
        if (marks.some((one) => one.name === name && one.after > heard.length + dropped)) early.push(name);
      });
      const take = (): void => {
        const { frame, audible } = playout.take();
        heard.push(...frame.subarray(0, audible));
      };
      let position = 0;
      for (const { do: what, bytes } of steps) {
        if (what === 'add') {
          const audio = counting(bytes, position);
          position += bytes;
          sent.push(...audio);
          playout.add(audio);
        } else if (what === 'mark') {
          const name = `m${marks.length}`;
          marks.push({ name, after: sent.length });
          playout.mark(name);
        } else if (what === 'clear') {
          expected.push(...sent.slice(expected.length + dropped, heard.length + dropped));
          dropped = sent.length - heard.length;
          playout.clear();
        } else take();
      }
      while (playout.buffered > 0) take();
      take();
      expect(early).toEqual([]);
      expect(reached).toEqual(marks.map((mark) => mark.name));
      expected.push(...sent.slice(expected.length + dropped));
      expect(heard).toEqual(expected);
    }), { numRuns: 300 });
  });
});
