import { describe, expect, it } from 'vitest';
import { startTicker } from '#local/people/clock.ts';
import { LineOver, openLine } from '#local/people/line.ts';
import { SILENCE } from '#local/people/mulaw.ts';
import { turnedClock } from './clocks.ts';

const mute = { hears: () => {}, speaks: () => SILENCE };

describe('the line', () => {
  it('has one frame each way for every 20 ms', async () => {
    const clock = turnedClock();
    const line = openLine(clock, mute);
    let frames = 0;
    line.listen({ frame: () => { frames += 1; } });
    await clock.advance(60_000);
    expect(frames).toBe(3000);
    expect(line.heard.all().length).toBe(480_000);
    line.stop();
  });

  it('loses no frame when the machine is busy, and does not drift', () => {
    let now = 0;
    let due: { at: number; run: () => void } | null = null;
    const clock = { now: () => now, date: () => new Date(now), after: (ms: number, run: () => void) => {
      due = { at: now + ms, run };
      return () => { due = null; };
    } };
    let ticks = 0;
    startTicker(clock, 20, () => { ticks += 1; });
    // Every timer comes late, by another 0 to 180 ms.
    for (let i = 0; i < 500; i += 1) {
      const { at, run } = due as unknown as { at: number; run: () => void };
      now = at + ((i * 37) % 10) * 20;
      run();
      expect(ticks).toBe(Math.floor(now / 20));
    }
    expect(ticks).toBeGreaterThan(2000);
  });

  it('plays audio to its end, frame by frame, and then is silent', async () => {
    const clock = turnedClock();
    const line = openLine(clock, mute);
    const audio = Uint8Array.from({ length: 1000 }, (_, i) => i % 200);
    let done = false;
    const playing = line.play(audio, new AbortController().signal).then(() => { done = true; return done; });
    await clock.advance(120);
    expect(done).toBe(false);
    await clock.advance(80);
    expect(await playing).toBe(true);
    expect([...line.heard.audible()]).toEqual([...audio]);
    expect(line.heard.spans()).toEqual([{ fromMs: 0, toMs: 125 }]);
    line.stop();
  });

  it('ends every wait when it is closed', async () => {
    const line = openLine(turnedClock(), mute);
    const waiting = line.until(() => false, 1000);
    line.stop();
    await expect(waiting).rejects.toThrow(LineOver);
    await expect(line.until(() => true, 1000)).rejects.toThrow(LineOver);
  });
});
