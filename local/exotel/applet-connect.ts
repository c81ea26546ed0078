// The Connect applet: dials other phones, joins the first that answers with the caller, and goes on when they are done. The way to a person.
import { LineOver } from '#local/people/line.ts';
import type { Connect } from './applets.ts';
import { askPlan } from './applet-gather.ts';
import { withQuery } from './ask.ts';
import { runs, talkSeconds, tell } from './call.ts';
import { speakOrPlay } from './applet-speak.ts';
import { type Dialled, dialLeg, joinLegs } from './legs.ts';
import { national, readNumber } from './numbers.ts';
import { askFor, complain, type Next, type Run } from './run.ts';

type Plan = {
  numbers: string[];
  parallel: number;
  ringSeconds: number;
  talkSeconds: number;
  record: boolean;
  again: boolean;
  /** Words or an audio URL, said to the one who answers, or to both. */
  playback: { value: string; both: boolean } | null;
  eventUrl: string | null;
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const positive = (value: unknown, otherwise: number): number => (Number(value) > 0 ? Number(value) : otherwise);

const numbersIn = (run: Run, list: readonly unknown[]): string[] => list.flatMap((one) => {
  const number = typeof one === 'string' ? readNumber(one) : null;
  if (number === null) complain(run, 'connect-answer', 'connect: a number is neither 0 and ten digits nor E.164');
  return number === null ? [] : [number];
});

const readPlan = (run: Run, body: Record<string, unknown>): Plan => {
  const destination = isObject(body['destination']) ? body['destination'] : {};
  const numbers = destination['numbers'];
  if (!Array.isArray(numbers)) complain(run, 'connect-answer', 'connect: destination.numbers is not a list');
  const parallel = isObject(body['parallel_ringing']) && body['parallel_ringing']['activate'] === true ? positive(body['parallel_ringing']['max_parallel_attempts'], Infinity) : 1;
  const playback = isObject(body['start_call_playback']) ? body['start_call_playback'] : null;
  const value = typeof playback?.['value'] === 'string' ? playback['value'] : null;
  const eventUrl = body['dial_passthru_event_url'];
  return {
    numbers: numbersIn(run, Array.isArray(numbers) ? numbers : []), parallel, ringSeconds: positive(body['max_ringing_duration'], 30),
    talkSeconds: positive(body['max_conversation_duration'], 14_400), record: body['record'] === true, again: body['fetch_after_attempt'] === true,
    playback: value === null ? null : { value, both: playback?.['playback_to'] === 'both' },
    eventUrl: typeof eventUrl === 'string' && eventUrl !== '' ? eventUrl : null,
  };
};

/** "busy" means that the phone is being rung, "free" that it is done. */
const tellEvent = (run: Run, plan: Plan, type: 'Dial' | 'Free', number: string): void => {
  if (plan.eventUrl === null) return;
  const url = withQuery(plan.eventUrl, { CallSid: run.call.sid, EventType: type, Status: type === 'Dial' ? 'busy' : 'free', DialWhomNumber: national(number) });
  runs(run.carrier, askFor(run, 'dial-event', { url, method: 'GET' }, run.carrier.stopping.signal), run.call);
};

/** Dials in order, so many at once; the first to answer wins and the others stop ringing. */
const firstToAnswer = async (run: Run, plan: Plan): Promise<Dialled | null> => {
  for (let from = 0; from < plan.numbers.length; from += plan.parallel) {
    const group = plan.numbers.slice(from, from + plan.parallel).map((number) => {
      tellEvent(run, plan, 'Dial', number);
      return dialLeg(run, number, plan.ringSeconds);
    });
    const answered = await new Promise<Dialled | null>((resolve) => {
      void Promise.all(group.map(async (leg) => { if (await leg.answered) resolve(leg); })).then(() => resolve(null));
    });
    for (const leg of group) {
      if (leg === answered) continue;
      leg.end('canceled');
      tellEvent(run, plan, 'Free', leg.leg.number);
    }
    run.signal.throwIfAborted();
    if (answered) return answered;
  }
  return null;
};

const playBefore = async (run: Run, plan: Plan, answered: Dialled): Promise<void> => {
  const other = answered.line();
  if (!plan.playback || !other) return;
  const { value, both } = plan.playback;
  try {
    await Promise.all([speakOrPlay({ ...run, line: other }, value), ...(both ? [speakOrPlay(run, value)] : [])]);
  } catch (error) {
    // They may hang up while it plays.
    if (!(error instanceof LineOver) || run.signal.aborted) throw error;
  }
};

const attempt = async (run: Run, plan: Plan): Promise<boolean> => {
  const { call, carrier } = run;
  if (plan.record) call.request = { ...call.request, record: true };
  call.findings.recorded ||= call.request.record;
  const answered = await firstToAnswer(run, plan);
  const last = answered?.leg ?? call.legs.at(-1);
  const finish = (): void => {
    if (plan.numbers.length === 0) return;
    call.findings.dial = { status: last?.status ?? 'failed', seconds: last ? talkSeconds(last, carrier.settings.clock.date()) : 0, number: last ? national(last.number) : '' };
    tell(carrier, call, 'dialled', call.findings.dial);
  };
  try {
    if (!answered) return false;
    await playBefore(run, plan, answered);
    await joinLegs(run, answered, plan.talkSeconds * 1000);
    return true;
  } finally {
    if (answered) tellEvent(run, plan, 'Free', answered.leg.number);
    answered?.end('completed');
    finish();
  }
};

/** How many times `fetch_after_attempt` may ask again. */
const FETCHES_MAX = 10;

export const runConnect = async (run: Run, applet: Connect): Promise<Next> => {
  const { url } = applet;
  if (url === undefined) {
    await attempt(run, readPlan(run, { destination: { numbers: applet.to ?? [] } }));
    return 'next';
  }
  for (let fetches = 0; fetches < FETCHES_MAX; fetches += 1) {
    const body = await askPlan(run, 'connect', { ...applet, url }, run.call.findings.dial ? { DialCallStatus: run.call.findings.dial.status } : {});
    if (!body) return 'next';
    const plan = readPlan(run, body);
    if ((await attempt(run, plan)) || !plan.again || plan.numbers.length === 0) return 'next';
  }
  return 'next';
};
