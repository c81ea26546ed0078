// The Gather applet: asks a URL what to say and how many keys to take; what was pressed is told to the next Passthru.
import type { Gather } from './applets.ts';
import { shortParams } from './applet-params.ts';
import { type Outgoing, withQuery } from './ask.ts';
import { tell } from './call.ts';
import { collectKeys, type KeyPlan } from './keys.ts';
import { askFor, complain, jsonOf, type Next, type Run } from './run.ts';
import { speakOrPlay } from './applet-speak.ts';

type Plan = KeyPlan & { prompt: string; repeatPrompt: string; repeats: number };

const promptOf = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return null;
  const { text, audio_url: url } = value as Record<string, unknown>;
  return typeof url === 'string' && url !== '' ? url : typeof text === 'string' && text !== '' ? text : null;
};

const whole = (value: unknown, otherwise: number): number => {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : otherwise;
};

const readPlan = (run: Run, body: Record<string, unknown>): Plan | null => {
  const prompt = promptOf(body['gather_prompt']);
  if (prompt === null) {
    complain(run, 'gather-answer', 'gather: gather_prompt has neither text nor audio_url');
    return null;
  }
  const finish = body['finish_on_key'];
  return {
    prompt, repeatPrompt: promptOf(body['repeat_gather_prompt']) ?? prompt, maxDigits: Math.max(1, whole(body['max_input_digits'], 255)),
    finishKeys: typeof finish === 'string' ? finish : '#', timeoutMs: whole(body['input_timeout'], 5) * 1000, repeats: whole(body['repeat_menu'], 0),
  };
};

/** Asks with the header that Exotel puts on these two applets; the fallback URL is asked when the first gave nothing of use. */
export const askPlan = async (run: Run, what: 'gather' | 'connect', applet: { url: string; fallbackUrl?: string }, params: Record<string, string> = {}): Promise<Record<string, unknown> | null> => {
  for (const url of [applet.url, applet.fallbackUrl]) {
    if (url === undefined) continue;
    const outgoing: Outgoing = { url: withQuery(url, { ...shortParams(run.call), ...params }), method: 'GET', headers: { 'Exotel-Version': '1.0' } };
    const answer = await askFor(run, what, outgoing);
    const body = answer && jsonOf(run, what, answer);
    if (body) return body;
  }
  return null;
};

export const runGather = async (run: Run, applet: Gather): Promise<Next> => {
  const { call, carrier } = run;
  const body = await askPlan(run, 'gather', applet);
  const plan = body && readPlan(run, body);
  if (!plan) return 'next';
  call.findings.digits = null;
  for (let turn = 0; turn <= plan.repeats && call.findings.digits === null; turn += 1) {
    call.findings.digits = await collectKeys(run, plan, (prompting) => speakOrPlay(prompting, turn === 0 ? plan.prompt : plan.repeatPrompt));
  }
  tell(carrier, call, 'gathered', call.findings.digits);
  return 'next';
};
