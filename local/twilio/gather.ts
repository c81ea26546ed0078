// The verb Gather: listens for keys, speech or both while its prompts play; whichever comes first wins.
import { tell } from './call.ts';
import { FRAME_MS } from '#local/people/mulaw.ts';
import { goTo, type Next, NEXT, type Run, sameDocument } from './run.ts';
import { runPause, runPlay, runSay } from './speak.ts';
import { whole } from './twiml.ts';
import type { Element } from './xml.ts';

/** speechTimeout="auto": the pause after which a sentence counts as over. */
const AUTO_MS = 1000;
const SPEECH_MAX_MS = 60_000;

type Heard = { params: Record<string, string> } | null;

const gatherDigits = async (run: Run, element: Element, keys: { pressed: string[] }): Promise<Heard> => {
  const finish = element.attributes['finishOnKey'] ?? '#';
  const wanted = whole(element, 'numDigits', Infinity, 1);
  const timeoutMs = whole(element, 'timeout', 5, 1) * 1000;
  const last = (): string | undefined => keys.pressed.at(-1);
  const finished = (): boolean => keys.pressed.length >= wanted || (finish !== '' && last() !== undefined && finish.includes(last() as string));
  while (!finished()) {
    const count = keys.pressed.length;
    if (!(await run.line.until(() => keys.pressed.length > count, timeoutMs, run.signal))) break;
  }
  const byKey = finish !== '' && last() !== undefined && finish.includes(last() as string);
  const digits = (byKey ? keys.pressed.slice(0, -1) : keys.pressed).join('');
  return { params: { Digits: digits, ...(byKey ? { FinishedOnKey: last() as string } : {}) } };
};

const gatherSpeech = async (run: Run, element: Element, from: number): Promise<Heard> => {
  const { line, call, signal } = run;
  const quietMs = element.attributes['speechTimeout'] === undefined ? whole(element, 'timeout', 5, 1) * 1000
    : element.attributes['speechTimeout'] === 'auto' ? AUTO_MS : whole(element, 'speechTimeout', 5, 1) * 1000;
  let quietSince = line.said.frames;
  await line.until(() => {
    if (call.caller?.speaking) quietSince = line.said.frames;
    return (line.said.frames - quietSince) * FRAME_MS >= quietMs;
  }, SPEECH_MAX_MS, signal);
  const text = (call.caller?.said ?? []).slice(from).map((said) => said.text).filter((one) => one !== '').join(' ');
  if (text === '') return null;
  return { params: { SpeechResult: text, Confidence: '0.9128386', Language: element.attributes['language'] ?? 'en-US' } };
};

export const runGather = async (run: Run, element: Element): Promise<Next> => {
  const { line, call } = run;
  const input = element.attributes['input'] ?? 'dtmf';
  const byKeys = input.includes('dtmf');
  const bySpeech = input.includes('speech');
  if (bySpeech && element.attributes['speechModel'] !== undefined && element.attributes['speechTimeout'] === 'auto') {
    run.carrier.debugger.note('warning', 13_334, "Gather: speechTimeout='auto' cannot be used with a speechModel", { callSid: call.sid });
  }
  const keys = { pressed: [] as string[] };
  const stop = line.listen({ digit: (digit) => { keys.pressed.push(digit); } });
  // What is being said right now is heard, too: from its beginning, for want of words within a clip.
  const saidBefore = (call.caller?.said ?? []).filter((said) => said.toMs !== null).length;
  const began = (): boolean => (byKeys && keys.pressed.length > 0) || (bySpeech && (call.caller?.said.length ?? 0) > saidBefore);
  // Prompts stop when the caller begins.
  const prompts = new AbortController();
  const prompting: Run = { ...run, signal: AbortSignal.any([run.signal, prompts.signal]) };
  const watching = line.until(began, Infinity, prompting.signal).then(() => prompts.abort(), () => {});
  try {
    for (const child of element.children) {
      try {
        if (child.name === 'Say') await runSay(prompting, child);
        else if (child.name === 'Play') await runPlay(prompting, child);
        else await runPause(prompting, child);
      } catch (error) {
        if (!prompts.signal.aborted || run.signal.aborted) throw error;
        break;
      }
    }
    const timeoutMs = whole(element, 'timeout', 5, 1) * 1000;
    const input = (await line.until(began, timeoutMs, run.signal))
      ? await (keys.pressed.length > 0 && byKeys ? gatherDigits(run, element, keys) : gatherSpeech(run, element, saidBefore))
      : null;
    tell(run.carrier, call, 'gathered', input?.params ?? null);
    if (!input && element.attributes['actionOnEmptyResult'] !== 'true') return NEXT;
    const params = input?.params ?? (bySpeech ? { SpeechResult: '' } : { Digits: '' });
    return goTo(run, element.attributes, params, sameDocument(run, element.attributes, params));
  } finally {
    stop();
    prompts.abort();
    await watching;
  }
};
