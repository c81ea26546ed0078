// What every applet is given and answers with, and how it asks a customer's URL; see flow.ts for the loop around them.
import type { Line } from '#local/people/line.ts';
import { wait } from '#local/people/clock.ts';
import { type Answer, ask, NoAnswer, type Outgoing } from './ask.ts';
import type { Flow } from './applets.ts';
import { type Call, type Carrier, tell } from './call.ts';

export type Run = {
  carrier: Carrier;
  call: Call;
  line: Line;
  /** Aborted when the call ends; every wait of an applet ends with it. */
  signal: AbortSignal;
};

/** What follows an applet: the next one, another flow in place of the rest, or the end of the call. */
export type Next = 'next' | 'hang-up' | { branch: Flow };

/** How long an applet waits for its URL: a third-party claim, see README. */
const APPLET_TIMEOUT_MS = 5000;

export const complain = (run: Run, code: string, message: string): void => run.carrier.notices.note('error', code, message, run.call.sid);

/** The answer, or null with a notice when there was none. Rejects when the call ends (or `signal` does). */
export const askFor = async (run: Run, what: string, outgoing: Outgoing, signal = run.signal): Promise<Answer | null> => {
  const { call, carrier } = run;
  if (call.story.slow) await wait(carrier.settings.clock, carrier.settings.slowMs, signal);
  const entry = { applet: what, method: outgoing.method, url: outgoing.url, status: null as number | null };
  tell(carrier, call, 'asked', entry);
  try {
    const answer = await ask(outgoing, APPLET_TIMEOUT_MS, signal);
    entry.status = answer.status;
    return answer;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    complain(run, `${what}-unreachable`, `${what}: ${error.message}`);
    return null;
  }
};

/** A JSON object out of a 2xx answer, or null with a notice. */
export const jsonOf = (run: Run, what: string, answer: Answer): Record<string, unknown> | null => {
  const wrong = (why: string): null => {
    complain(run, `${what}-answer`, `${what}: ${why}`);
    return null;
  };
  if (answer.status < 200 || answer.status > 299) return wrong(`the answer's status is ${answer.status}`);
  if (!/^application\/json\b/i.test(answer.contentType ?? '')) return wrong(`the answer is ${answer.contentType ?? 'of no type'}, not application/json`);
  try {
    const parsed: unknown = JSON.parse(answer.body.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch { /* said below */ }
  return wrong('the answer is not a JSON object');
};
