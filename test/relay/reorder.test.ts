import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reorder } from '#relay/reorder.ts';

const options = { holdMs: 60, mostWaiting: 64, mostAhead: 10_000 };
const line = (of: Partial<typeof options> = {}) => {
  const out: number[] = [];
  const seen = { gaps: 0, dropped: 0 };
  const buffer = reorder<number>({ ...options, ...of }, { out: (n) => out.push(n), gap: (n) => { seen.gaps += n; }, dropped: () => { seen.dropped++; } });
  return { buffer, out, seen };
};

describe('the order of what arrives through API Gateway', () => {
  it('passes on at once what comes in order', () => {
    const { buffer, out } = line();
    buffer.begin(1, 0);
    for (const n of [1, 2, 3]) buffer.put(n, n, 0);
    expect(out).toEqual([1, 2, 3]);
    expect(buffer.due()).toBeUndefined();
  });

  it('holds what comes too early until what is missing has come', () => {
    const { buffer, out, seen } = line();
    buffer.begin(1, 0);
    buffer.put(3, 3, 0);
    buffer.put(2, 2, 10);
    expect(out).toEqual([]);
    buffer.put(1, 1, 20);
    expect(out).toEqual([1, 2, 3]);
    expect(seen).toEqual({ gaps: 0, dropped: 0 });
  });

  it('waits 60 ms for what is missing, and then counts the gap and goes on', () => {
    const { buffer, out, seen } = line();
    buffer.begin(1, 0);
    buffer.put(4, 4, 100);
    expect(buffer.due()).toBe(160);
    buffer.look(159);
    expect(out).toEqual([]);
    buffer.look(160);
    expect(out).toEqual([4]);
    expect(seen.gaps).toBe(3);
    buffer.put(3, 3, 161);
    expect(out).toEqual([4]);
    expect(seen.dropped).toBe(1);
  });

  it('lets nothing wait longer than that because of an older gap: what came before it in number goes with it', () => {
    const { buffer, out, seen } = line();
    buffer.begin(1, 0);
    buffer.put(9, 9, 0);
    buffer.put(5, 5, 50);
    buffer.look(60);
    expect(out).toEqual([5, 9]);
    expect(seen.gaps).toBe(4 + 3);
  });

  it('keeps what comes before the first number is known, and begins there', () => {
    const { buffer, out, seen } = line();
    buffer.put(3, 3, 0);
    buffer.put(2, 2, 0);
    buffer.look(1000);
    expect(out).toEqual([]);
    buffer.begin(2, 1000);
    expect(out).toEqual([2, 3]);
    buffer.begin(2, 1000);
    expect(seen).toEqual({ gaps: 0, dropped: 1 });
  });

  it('does not believe a number that is out of all reason', () => {
    const { buffer, out, seen } = line();
    buffer.begin(1, 0);
    buffer.put(999_999_999, 0, 0);
    buffer.put(1, 1, 0);
    expect(out).toEqual([1]);
    expect(seen.dropped).toBe(1);
    expect(buffer.waiting()).toBe(0);
  });

  it('gives up a gap early rather than hold more than it may', () => {
    const { buffer, out, seen } = line({ mostWaiting: 3 });
    buffer.begin(1, 0);
    for (const n of [2, 3, 4, 5]) buffer.put(n, n, 0);
    expect(out).toEqual([2, 3, 4, 5]);
    expect(seen.gaps).toBe(1);
  });

  it('gives everything out in order when nothing more will come', () => {
    const { buffer, out, seen } = line();
    buffer.begin(1, 0);
    for (const n of [7, 3, 1]) buffer.put(n, n, 0);
    buffer.flush();
    expect(out).toEqual([1, 3, 7]);
    expect(seen.gaps).toBe(1 + 3);
  });

  it('is the same for any delay within the window, any repetition: all of it, once, in order, no gap', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 59 }), fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 2 })), { minLength: 1, maxLength: 80 }), (frames) => {
      const { buffer, out, seen } = line({ mostWaiting: 500 });
      const arrivals = frames.flatMap(([delay, again], i) => [{ at: 20 * i + delay, n: i }, ...again.map((more) => ({ at: 20 * i + delay + more, n: i }))]).toSorted((a, b) => a.at - b.at);
      buffer.begin(0, 0);
      for (const { at, n } of arrivals) {
        buffer.look(at);
        buffer.put(n, n, at);
      }
      expect(out).toEqual(frames.map((_, i) => i));
      expect(seen).toEqual({ gaps: 0, dropped: arrivals.length - frames.length });
    }));
  });

  it('with losses and any delay at all: in order, nothing twice, each missing number counted once, nothing kept longer than 60 ms', () => {
    fc.assert(fc.property(fc.array(fc.record({ delay: fc.integer({ min: 0, max: 400 }), lost: fc.boolean() }), { minLength: 1, maxLength: 80 }), (frames) => {
      const { buffer, out, seen } = line();
      const arrivals = frames.flatMap(({ delay, lost }, i) => (lost ? [] : [{ at: 20 * i + delay, n: i }])).toSorted((a, b) => a.at - b.at);
      buffer.begin(0, 0);
      for (const { at, n } of arrivals) {
        for (let due = buffer.due(); due !== undefined && due <= at; due = buffer.due()) buffer.look(due);
        buffer.put(n, n, at);
        expect(buffer.due() ?? Infinity).toBeGreaterThan(at);
      }
      buffer.flush();
      expect(out).toEqual(out.toSorted((a, b) => a - b));
      expect(new Set(out).size).toBe(out.length);
      expect(out.length + seen.dropped).toBe(arrivals.length);
      const last = out.at(-1);
      expect(seen.gaps).toBe(last === undefined ? 0 : last + 1 - out.length);
    }));
  });
});
