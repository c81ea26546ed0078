// The verbs that fill the caller's ear: Say (a hum as long as the words), Play (a WAV from anywhere) and Pause.
import { tell } from './call.ts';
import { commonParams } from './callbacks.ts';
import { hum, readWav } from '#local/people/mulaw.ts';
import { type Next, NEXT, resolveUrl, type Run } from './run.ts';
import { whole } from './twiml.ts';
import { sendWebhook, WebhookFailure } from './webhook.ts';
import type { Element } from './xml.ts';

const words = (element: Element): string => [element.text, ...element.children.map(words)].join(' ').replace(/\s+/g, ' ').trim();
const SOUND_MAX_BYTES = 40 * 1024 * 1024;

const repeat = async (run: Run, element: Element, audio: Uint8Array): Promise<void> => {
  // loop="0" means for ever: until the call ends or is redirected.
  const times = whole(element, 'loop', 1) || Infinity;
  for (let i = 0; i < times && audio.length > 0; i += 1) await run.line.play(audio, run.signal);
};

export const runSay = async (run: Run, element: Element): Promise<Next> => {
  const text = words(element);
  if (text === '') return NEXT;
  tell(run.carrier, run.call, 'said to the caller', text);
  await repeat(run, element, hum(text));
  return NEXT;
};

/** An mp3 cannot be decoded here: a hum stands in for it, as long as 128 kbit/s would make it, 30 s at most. */
const soundOf = (body: Buffer): Uint8Array => readWav(body) ?? hum('x'.repeat(Math.min(545, Math.ceil(body.length / 16_000 / 0.055))));

export const runPlay = async (run: Run, element: Element): Promise<Next> => {
  const { carrier, call, signal } = run;
  const digits = element.attributes['digits'];
  if (digits !== undefined) {
    tell(carrier, call, 'digits played to the caller', digits);
    await run.line.until(() => false, digits.length * 200, signal);
    return NEXT;
  }
  const url = resolveUrl(run, element.text.trim());
  if (url === null) return NEXT;
  const where = { callSid: call.sid, url };
  try {
    const answer = await sendWebhook(carrier.settings.authToken, { url, method: 'GET', params: commonParams(carrier, call), maxBytes: SOUND_MAX_BYTES }, signal);
    if (answer.status < 200 || answer.status > 299) carrier.debugger.note('error', 11_200, `Play was answered with ${answer.status}`, where);
    else if (!/^audio\//i.test(answer.contentType ?? '')) {
      carrier.debugger.note('error', 12_300, `Play: invalid Content-Type ${answer.contentType ?? 'none at all'}`, where);
    } else {
      tell(carrier, call, 'played to the caller', url);
      await repeat(run, element, soundOf(answer.body));
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof WebhookFailure)) throw error;
    carrier.debugger.note('error', error.code, `Play: ${error.message}`, where);
  }
  return NEXT;
};

export const runPause = async (run: Run, element: Element): Promise<Next> => {
  await run.line.until(() => false, whole(element, 'length', 1) * 1000, run.signal);
  return NEXT;
};
