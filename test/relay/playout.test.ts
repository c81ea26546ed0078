import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { playout, type Playout } from '#relay/playout.ts';

// Mu-law at 8 kHz: 8 bytes are a millisecond.
const fresh = (): Playout => playout({ bytesPerMs: 8, lostEchoMs: 5000 });
const SECOND = 8000;

describe('what was handed over', () => {
  it('is nothing at first', () => {
    const p = fresh();
    expect([p.handedBytes(), p.heardBytes(), p.aheadBytes(0), p.remainingMs(0), p.pendingMarks(), p.heardBy(0)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('adds up', () => {
    const p = fresh();
    p.handed(160, 0);
    p.handed(320, 5);
    expect(p.handedBytes()).toBe(480);
    expect(p.aheadBytes(5)).toBe(480);
  });

  it('plays in real time from when it came to an idle carrier', () => {
    const p = fresh();
    p.handed(SECOND, 1000);
    expect(p.remainingMs(1000)).toBe(1000);
    expect(p.remainingMs(1400)).toBe(600);
    expect(p.remainingMs(9000)).toBe(0);
  });

  it('queues behind what is still playing', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.handed(SECOND, 500);
    expect(p.remainingMs(500)).toBe(1500);
  });

  it('starts anew after a pause', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.handed(SECOND, 5000);
    expect(p.remainingMs(5000)).toBe(1000);
  });
});

describe('a mark that comes back', () => {
  it('says that everything before it was heard', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const name = p.mark();
    p.handed(SECOND, 0);
    expect(p.echoed(name, 1000)).toBe('heard');
    expect(p.heardBytes()).toBe(SECOND);
    expect(p.aheadBytes(1000)).toBe(SECOND);
  });

  it('has a name of its own, with its generation', () => {
    const p = fresh();
    expect([p.mark(), p.mark()]).toEqual(['g0:m1', 'g0:m2']);
    p.clear(0);
    expect(p.mark()).toBe('g1:m3');
  });

  it('is ignored when it is none of ours', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.mark();
    expect(p.echoed('m1', 10)).toBe('unknown');
    expect(p.echoed('g7:m1', 10)).toBe('unknown');
    expect(p.heardBytes()).toBe(0);
  });

  it('counts once', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const name = p.mark();
    p.echoed(name, 1000);
    expect(p.echoed(name, 1000)).toBe('unknown');
  });

  it('makes up for earlier ones that were lost', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const lost = p.mark();
    p.handed(SECOND, 0);
    expect(p.echoed(p.mark(), 2000)).toBe('heard');
    expect(p.heardBytes()).toBe(2 * SECOND);
    expect(p.pendingMarks()).toBe(0);
    expect(p.echoed(lost, 2001)).toBe('unknown');
  });

  it('corrects the clock when the carrier plays late', () => {
    const p = fresh();
    p.handed(2 * SECOND, 0);
    p.handed(0, 0);
    const q = fresh();
    q.handed(SECOND, 0);
    const name = q.mark();
    q.handed(SECOND, 0);
    q.echoed(name, 1700);
    expect(q.remainingMs(1700)).toBe(1000);
    expect(q.lastEchoLateMs()).toBe(700);
    expect(p.remainingMs(1700)).toBe(300);
  });

  it('corrects the clock when the carrier plays early', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const name = p.mark();
    p.handed(SECOND, 0);
    p.echoed(name, 400);
    expect(p.remainingMs(400)).toBe(1000);
    expect(p.lastEchoLateMs()).toBe(-600);
  });

  it('at the very end leaves nothing ahead', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.echoed(p.mark(), 1000);
    expect([p.aheadBytes(1000), p.remainingMs(1000), p.heardBy(1000)]).toEqual([0, 0, SECOND]);
  });

  it('at once when nothing is queued is heard at once', () => {
    const p = fresh();
    expect(p.echoed(p.mark(), 0)).toBe('heard');
    expect(p.heardBytes()).toBe(0);
  });
});

describe('between two marks', () => {
  it('the clock says what is being heard', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.mark();
    expect(p.heardBy(250)).toBe(2000);
  });

  it('never beyond a mark that has not come back', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const first = p.mark();
    p.handed(SECOND, 0);
    p.mark();
    p.handed(SECOND, 0);
    p.echoed(first, 1000);
    expect(p.heardBy(2900)).toBe(2 * SECOND);
  });

  it('unless no mark has ever come back: then the clock alone is believed', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.mark();
    p.handed(SECOND, 0);
    expect(p.heardBy(1900)).toBe(15_200);
  });

  it('never less than the last mark that did', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const name = p.mark();
    p.handed(SECOND, 0);
    p.echoed(name, 500);
    expect(p.heardBy(500)).toBe(SECOND);
    expect(p.heardBy(750)).toBe(SECOND + 2000);
  });

  it('never more than was handed over', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    expect(p.heardBy(60_000)).toBe(SECOND);
  });
});

describe('a clear', () => {
  it('says how far the caller heard', () => {
    const p = fresh();
    p.handed(10 * SECOND, 0);
    expect(p.clear(3000)).toBe(3 * SECOND);
  });

  it('leaves nothing at the carrier', () => {
    const p = fresh();
    p.handed(10 * SECOND, 0);
    p.mark();
    p.clear(1000);
    expect([p.aheadBytes(1000), p.remainingMs(1000), p.pendingMarks()]).toEqual([0, 0, 0]);
  });

  it('does not make heard what was dropped, when its marks come back', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    const first = p.mark();
    p.handed(SECOND, 0);
    const second = p.mark();
    p.clear(100);
    expect([p.echoed(first, 101), p.echoed(second, 101)]).toEqual(['cleared', 'cleared']);
    expect(p.heardBytes()).toBe(0);
    expect(p.echoed(first, 102)).toBe('unknown');
  });

  it('lets audio after it be heard as ever', () => {
    const p = fresh();
    p.handed(10 * SECOND, 0);
    p.clear(100);
    p.handed(SECOND, 200);
    expect(p.aheadBytes(200)).toBe(SECOND);
    expect(p.remainingMs(200)).toBe(1000);
    expect(p.heardBy(700)).toBe(10 * SECOND + 4000);
    expect(p.echoed(p.mark(), 1200)).toBe('heard');
    expect(p.heardBytes()).toBe(11 * SECOND);
  });

  it('of nothing is harmless', () => {
    const p = fresh();
    expect(p.clear(0)).toBe(0);
    expect(p.clear(0)).toBe(0);
    p.handed(160, 0);
    expect(p.aheadBytes(0)).toBe(160);
  });

  it('twice in a row says the same', () => {
    const p = fresh();
    p.handed(2 * SECOND, 0);
    const name = p.mark();
    p.handed(SECOND, 0);
    p.echoed(name, 2000);
    expect(p.clear(2500)).toBe(2 * SECOND + 4000);
    expect(p.aheadBytes(2600)).toBe(0);
  });

  it('forgets the oldest of very many cleared marks', () => {
    const p = fresh();
    const names = Array.from({ length: 600 }, () => p.mark());
    p.clear(0);
    expect(p.echoed(names[0]!, 1)).toBe('unknown');
    expect(p.echoed(names[599]!, 1)).toBe('cleared');
  });
});

describe('echoes that are lost', () => {
  it('do not hold audio back for ever', () => {
    const p = fresh();
    p.handed(10 * SECOND, 0);
    p.mark();
    expect(p.aheadBytes(4999)).toBe(10 * SECOND);
    expect(p.aheadBytes(6000)).toBe(9 * SECOND);
    expect(p.aheadBytes(15_000)).toBe(0);
  });

  it('are not taken for hearing', () => {
    const p = fresh();
    p.handed(SECOND, 0);
    p.mark();
    expect(p.aheadBytes(60_000)).toBe(0);
    expect(p.heardBytes()).toBe(0);
  });
});

type Step = { step: 'hand'; bytes: number } | { step: 'mark' } | { step: 'clear' } | { step: 'wait'; ms: number } | { step: 'lose' };
const steps = fc.array(fc.oneof<fc.Arbitrary<Step>[]>(
  fc.integer({ min: 1, max: 20_000 }).map((bytes) => ({ step: 'hand', bytes })),
  fc.constant<Step>({ step: 'mark' }),
  fc.constant<Step>({ step: 'clear' }),
  fc.constant<Step>({ step: 'lose' }),
  fc.integer({ min: 1, max: 3000 }).map((ms) => ({ step: 'wait', ms })),
), { maxLength: 60 });

/** A carrier that plays exactly in real time, echoes marks when it reaches them, and all of them at a clear. */
const carrier = () => {
  let queue: ({ bytes: number } | { name: string })[] = [];
  let truth = 0;
  return {
    hand: (bytes: number) => void queue.push({ bytes }),
    mark: (name: string) => void queue.push({ name }),
    /** Names that come back now, in order. */
    echoes: (): string[] => {
      const names: string[] = [];
      while (queue[0] && 'name' in queue[0]) names.push((queue.shift() as { name: string }).name);
      return names;
    },
    play: (ms: number) => {
      let bytes = ms * 8;
      while (bytes > 0 && queue[0] && 'bytes' in queue[0]) {
        const taken = Math.min(bytes, queue[0].bytes);
        queue[0].bytes -= taken;
        bytes -= taken;
        truth += taken;
        if (queue[0].bytes > 0) return;
        queue.shift();
        if (queue[0] && 'name' in queue[0]) return;
      }
    },
    clear: (): string[] => {
      const names = queue.flatMap((item) => ('name' in item ? [item.name] : []));
      queue = [];
      return names;
    },
    heard: () => truth,
    held: () => queue.reduce((sum, item) => sum + ('bytes' in item ? item.bytes : 0), 0),
  };
};

describe('in any order of audio, marks, clears, waiting and lost echoes', () => {
  it('never claims more than the caller heard, nor less than the marks say, and nothing is ahead that is not there', () => {
    fc.assert(fc.property(steps, (list) => {
      const p = fresh();
      const c = carrier();
      let now = 0;
      let losing = 0;
      let dropped = 0;
      let handed = 0;
      const broken: string[] = [];
      const holds = (claim: boolean, what: string): void => {
        if (!claim) broken.push(what);
      };
      const echo = (names: string[], expected: 'heard' | 'cleared'): void => {
        for (const name of names) {
          if (losing > 0) losing--;
          else holds([expected, 'unknown'].includes(p.echoed(name, now)), `an echo is ${expected}`);
        }
      };
      for (const step of list) {
        const before = p.heardBytes();
        if (step.step === 'hand') {
          p.handed(step.bytes, now);
          c.hand(step.bytes);
          handed += step.bytes;
        } else if (step.step === 'mark') {
          c.mark(p.mark());
          echo(c.echoes(), 'heard');
        } else if (step.step === 'lose') losing++;
        else if (step.step === 'clear') {
          const until = p.clear(now);
          holds(until <= handed, 'no more was heard than handed over');
          dropped += c.held();
          echo(c.clear(), 'cleared');
          holds(p.aheadBytes(now) === 0, 'a clear leaves nothing ahead');
        } else {
          for (let i = 0; i < step.ms; i++) {
            c.play(1);
            now++;
            echo(c.echoes(), 'heard');
          }
        }
        holds(p.handedBytes() === handed, 'all that was handed over is counted');
        holds(p.heardBytes() >= before, 'what was heard stays heard');
        // A mark is a position; what the caller really heard is that less what clears had dropped before it.
        holds(p.heardBytes() - dropped <= c.heard(), 'marks claim no more than was heard');
        holds(p.aheadBytes(now) >= c.held(), 'what the carrier holds is ahead, while no echo is overdue');
        holds(p.aheadBytes(now) <= handed, 'no more is ahead than was handed over');
        holds(p.heardBy(now) >= p.heardBytes() && p.heardBy(now) <= handed, 'the clock stays between the marks');
      }
      expect(broken).toEqual([]);
    }), { numRuns: 300 });
  });

  it('knows by the clock, to the byte, what a punctual carrier plays', () => {
    fc.assert(fc.property(fc.array(fc.record({ bytes: fc.integer({ min: 8, max: 20_000 }).map((n) => n - (n % 8)), waitMs: fc.integer({ min: 0, max: 4000 }) }), { minLength: 1, maxLength: 20 }), (list) => {
      const p = fresh();
      let now = 0;
      let end = 0;
      let handed = 0;
      for (const { bytes, waitMs } of list) {
        p.handed(bytes, now);
        handed += bytes;
        end = Math.max(end, now) + bytes / 8;
        now += waitMs;
        expect(p.remainingMs(now)).toBeCloseTo(Math.max(0, end - now), 6);
        expect(p.heardBy(now)).toBeCloseTo(handed - Math.max(0, (end - now) * 8), 6);
      }
    }));
  });

  it('takes an echo for heard exactly when no clear came between the mark and it', () => {
    fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (clears) => {
      const p = fresh();
      for (const cleared of clears) {
        p.handed(800, 0);
        const name = p.mark();
        if (cleared) p.clear(0);
        expect(p.echoed(name, 0)).toBe(cleared ? 'cleared' : 'heard');
      }
    }));
  });
});
