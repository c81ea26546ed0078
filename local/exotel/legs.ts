// A phone that Connect dials beside the call's own: rings by its number's story, and is joined with the caller while both stay.
import { wait } from '#local/people/clock.ts';
import type { Line } from '#local/people/line.ts';
import { SILENCE } from '#local/people/mulaw.ts';
import { createPlayout } from '#local/people/playout.ts';
import { report } from './callbacks.ts';
import { type Leg, runs, type Status, tell } from './call.ts';
import { pickUp } from './phone.ts';
import type { Run } from './run.ts';

export type Dialled = {
  leg: Leg;
  /** True when somebody picked it up. Never rejects. */
  answered: Promise<boolean>;
  line(): Line | null;
  /** Ends it once; a leg that is over keeps its status. */
  end(status: Status): void;
};

export const dialLeg = (run: Run, number: string, ringSeconds: number): Dialled => {
  const { call, carrier } = run;
  const { clock, dialMs, ringMs, noAnswerMs } = carrier.settings;
  const story = carrier.settings.story(number);
  const leg: Leg = { number, status: 'in-progress', answeredAt: null, endedAt: null, machine: story.machine === true };
  const over = new AbortController();
  let line: Line | null = null;
  call.legs.push(leg);
  const end = (status: Status): void => {
    if (leg.endedAt) return;
    leg.status = status;
    leg.endedAt = clock.date();
    over.abort(new Error(status));
    line?.stop();
  };
  const release = (): void => end(leg.answeredAt ? 'completed' : 'canceled');
  run.signal.addEventListener('abort', release, { once: true });
  over.signal.addEventListener('abort', () => run.signal.removeEventListener('abort', release), { once: true });

  const ring = async (): Promise<boolean> => {
    const mostMs = ringSeconds * 1000;
    const rings = story.phone === 'rings-on' ? noAnswerMs : ringMs;
    try {
      await wait(clock, dialMs + Math.min(rings, mostMs), over.signal);
    } catch {
      return false;
    }
    if (story.rest === 'invalid-number') end('failed');
    else if (story.phone === 'rings-on' || rings > mostMs) end('no-answer');
    else if (story.phone === 'busy') end('busy');
    else {
      leg.answeredAt = clock.date();
      ({ line } = pickUp(carrier, call, call.legs.indexOf(leg) + 1, { number, story }, () => end('completed')));
      tell(carrier, call, 'leg answered', { leg: call.legs.indexOf(leg) + 1 });
      report(carrier, call, 'answered');
      return true;
    }
    return false;
  };
  const answered = ring();
  runs(carrier, answered, call);
  return { leg, answered, line: () => line, end };
};

/** Lets the two hear each other until the leg is over, or for `mostMs`. Rejects when the call ends. */
export const joinLegs = async (run: Run, dialled: Dialled, mostMs: number): Promise<void> => {
  const other = dialled.line();
  if (!other) return;
  const toCaller = createPlayout(() => {});
  const toOther = createPlayout(() => {});
  run.line.source = toCaller;
  other.source = toOther;
  const stops = [
    run.line.listen({ frame: (said) => { if (said !== SILENCE) toOther.add(said); } }),
    other.listen({ frame: (said) => { if (said !== SILENCE) toCaller.add(said); } }),
  ];
  try {
    // What was said before they hung up is still heard.
    await run.line.until(() => dialled.leg.endedAt !== null && toCaller.buffered === 0, mostMs, run.signal);
  } finally {
    stops.forEach((stop) => stop());
    if (run.line.source === toCaller) run.line.source = null;
  }
};
