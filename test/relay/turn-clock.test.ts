import { describe, expect, it } from 'vitest';
import type { AudioShape } from '#audio/formats.ts';
import { encodeMulaw } from '#audio/mulaw.ts';
import { turnClock } from '#relay/turn-clock.ts';

const twilio: AudioShape = { encoding: 'mulaw', rateHz: 8000 };
const exotel: AudioShape = { encoding: 'pcm16', rateHz: 8000 };

/** A tone as the carrier sends it: base64 as bytes. `amplitude` of 32,767. */
const tone = ({ encoding }: AudioShape, frameMs: number, amplitude: number): Buffer => {
  const samples = Int16Array.from({ length: 8 * frameMs }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * 310 * i) / 8000)));
  const bytes = encoding === 'mulaw' ? Buffer.from(encodeMulaw(samples)) : Buffer.from(samples.buffer);
  return Buffer.from(bytes.toString('base64'), 'latin1');
};

/** A caller who talks for 300 ms, is quiet for 400, and is then understood; the agent answers 250 ms later. */
const turn = (shape: AudioShape, frameMs: number, loud: number, quiet: number): number | undefined => {
  let now = 0;
  const clock = turnClock(shape, () => now);
  const talk = (ms: number, amplitude: number): void => {
    for (let passed = 0; passed < ms; passed += frameMs) {
      now += frameMs;
      clock.heard(tone(shape, frameMs, amplitude));
    }
  };
  talk(300, loud);
  talk(400, quiet);
  clock.callerSpoke();
  now += 250;
  return clock.agentSpeaks();
};

describe.each([['Twilio, frames of 20 ms', twilio, 20], ['Exotel, frames of 100 ms', exotel, 100]] as const)('what a caller waits for (%s)', (_name, shape, frameMs) => {
  it('begins with the last sound of their words, not with the agent understanding them', () => {
    const wait = turn(shape, frameMs, 3000, 0)!;
    expect(wait).toBeGreaterThanOrEqual(650);
    expect(wait).toBeLessThanOrEqual(650 + 60);
  });

  it('is the same where a line hums quietly', () => {
    expect(turn(shape, frameMs, 3000, 200)).toBe(turn(shape, frameMs, 3000, 0));
  });

  it('begins with the understanding where nothing was loud', () => {
    expect(turn(shape, frameMs, 300, 0)).toBe(250);
  });

  it('is told once a turn', () => {
    let now = 0;
    const clock = turnClock(shape, () => now);
    expect(clock.agentSpeaks()).toBeUndefined();
    clock.callerSpoke();
    now = 70;
    expect([clock.agentSpeaks(), clock.agentSpeaks(), clock.turnMs]).toEqual([70, undefined, [70]]);
  });
});

it('takes a frame of any length, also of bytes that are no sound', () => {
  const clock = turnClock(exotel, () => 0);
  for (const text of ['', 'AAAA', '////'.repeat(2000), '=', '\u0000\u00ff{}']) expect(() => clock.heard(Buffer.from(text, 'latin1'))).not.toThrow();
});
