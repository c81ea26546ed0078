// The verbs of the legacy XML: Say, Play, Gather, Record, Dial, Redirect and Hangup. Run by exoml.ts.
import { loud } from '#local/people/ears.ts';
import { toMulaw } from '#local/people/mulaw.ts';
import type { Element } from '#local/twilio/xml.ts';
import { runConnect } from './applet-connect.ts';
import { playSound, sayWords } from './applet-speak.ts';
import { recordingUrl, tell } from './call.ts';
import { collectKeys } from './keys.ts';
import { readNumber } from './numbers.ts';
import { complain, type Run } from './run.ts';

export type Document = { url: string; verbs: readonly Element[] };
/** Another document to run in place of the rest. */
export type Go = { url: string; method: 'GET' | 'POST'; params: Record<string, string> };
type Verb = (run: Run, element: Element, document: Document) => Promise<'next' | 'hang-up' | Go> | 'next' | 'hang-up' | Go;

const BEEP = Uint8Array.from({ length: 2400 }, (_, i) => toMulaw(Math.round(9000 * Math.sin((2 * Math.PI * 1000 * i) / 8000))));
const RECORD_MAX_SECONDS = 3600;

const whole = (element: Element, name: string, otherwise: number): number => {
  const text = element.attributes[name]?.trim() ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : otherwise;
};

/** Where an action leads; none means the next verb, one that is no address ends the call. */
const goTo = (run: Run, element: Element, document: Document, params: Record<string, string>): 'next' | 'hang-up' | Go => {
  const action = element.attributes['action']?.trim() ?? '';
  if (action === '') return 'next';
  if (!URL.canParse(action, document.url)) {
    complain(run, 'exoml-answer', 'exoml: an action is no URL');
    return 'hang-up';
  }
  return { url: new URL(action, document.url).href, method: element.attributes['method']?.toUpperCase() === 'GET' ? 'GET' : 'POST', params };
};

const loops = async (element: Element, turn: () => Promise<void>): Promise<void> => {
  // loop="0" means until the call ends.
  const times = whole(element, 'loop', 1) || Infinity;
  for (let i = 0; i < times; i += 1) await turn();
};

const say = async (run: Run, element: Element): Promise<'next'> => {
  if (element.text.trim() !== '') await loops(element, () => sayWords(run, element.text));
  return 'next';
};

const play = async (run: Run, element: Element, document: Document): Promise<'next'> => {
  const url = element.text.trim();
  if (URL.canParse(url, document.url)) await loops(element, () => playSound(run, new URL(url, document.url).href));
  else complain(run, 'exoml-answer', 'exoml: Play has no URL');
  return 'next';
};

const gather: Verb = async (run, element, document) => {
  const plan = { maxDigits: whole(element, 'numDigits', Infinity), finishKeys: element.attributes['finishOnKey'] ?? '#', timeoutMs: whole(element, 'timeout', 5) * 1000 };
  const keys = await collectKeys(run, plan, async (prompting) => {
    for (const child of element.children) await (child.name === 'Say' ? say(prompting, child) : play(prompting, child, document));
  });
  tell(run.carrier, run.call, 'gathered', keys);
  if (keys === null || keys === '') return 'next';
  const next = goTo(run, element, document, { Digits: keys });
  return next === 'next' ? { url: document.url, method: 'POST', params: { Digits: keys } } : next;
};

const record: Verb = async (run, element, document) => {
  const { line, signal, call, carrier } = run;
  if (element.attributes['playBeep'] !== 'false') await line.play(BEEP, signal);
  const finish = element.attributes['finishOnKey'] ?? '#';
  const [quietFrames, from] = [whole(element, 'timeout', 5) * 50, line.said.frames];
  let [quiet, ended] = [0, false];
  const stop = line.listen({ frame: (said) => { quiet = loud(said) ? 0 : quiet + 1; }, digit: (digit) => { ended ||= finish.includes(digit); } });
  try {
    await line.until(() => ended || quiet >= quietFrames, whole(element, 'maxLength', RECORD_MAX_SECONDS) * 1000, signal);
  } finally {
    stop();
  }
  call.request = { ...call.request, record: true };
  return goTo(run, element, document, { CallSid: call.sid, RecordingSid: call.sid, RecordingUrl: recordingUrl(carrier, call),
    RecordingDuration: String(Math.round((line.said.frames - from) / 50)) });
};

const dial: Verb = async (run, element, document) => {
  const texts = [element.text, ...element.children.map((child) => child.text)].map((text) => text.trim()).filter((text) => text !== '');
  const numbers = texts.map(readNumber).filter((number) => number !== null);
  if (numbers.length < texts.length) complain(run, 'exoml-answer', 'exoml: Dial has a number that is neither 0 and ten digits nor E.164');
  await runConnect(run, { applet: 'connect', to: numbers });
  const { dial } = run.call.findings;
  return goTo(run, element, document, { DialCallStatus: dial?.status ?? 'failed', DialCallDuration: String(dial?.seconds ?? 0) });
};

const redirect: Verb = (run, element, document) => {
  const url = element.text.trim();
  if (!URL.canParse(url, document.url)) {
    complain(run, 'exoml-answer', 'exoml: Redirect has no URL');
    return 'hang-up';
  }
  return { url: new URL(url, document.url).href, method: element.attributes['method']?.toUpperCase() === 'GET' ? 'GET' : 'POST', params: {} };
};

export const VERBS: Readonly<Record<string, Verb>> = { Say: say, Play: play, Gather: gather, Record: record, Dial: dial, Redirect: redirect, Hangup: () => 'hang-up' };
