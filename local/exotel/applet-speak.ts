// The Greeting applet, and how any applet fills the caller's ear: words become a hum as long as they are, audio URLs are fetched and played.
import { hum, readWav } from '#local/people/mulaw.ts';
import type { Greeting } from './applets.ts';
import { shortParams } from './applet-params.ts';
import { withQuery } from './ask.ts';
import { tell } from './call.ts';
import { askFor, complain, type Next, type Run } from './run.ts';

const URL_LINE = /^https?:\/\/\S+$/i;

export const sayWords = async (run: Run, text: string): Promise<void> => {
  const words = text.replace(/\s+/g, ' ').trim();
  if (words === '') return;
  tell(run.carrier, run.call, 'said to the caller', words);
  await run.line.play(hum(words), run.signal);
};

/** 8 kHz, one channel, 16 bits: what Exotel asks for. */
const isPhoneWav = (file: Buffer): boolean =>
  file.length > 44 && file.toString('latin1', 8, 12) === 'WAVE' && file.readUInt16LE(22) === 1 && file.readUInt32LE(24) === 8000 && file.readUInt16LE(34) === 16;

export const playSound = async (run: Run, url: string): Promise<void> => {
  const answer = await askFor(run, 'sound', { url, method: 'GET' });
  if (!answer) return;
  const audio = answer.status === 200 && isPhoneWav(answer.body) ? readWav(answer.body) : null;
  if (!audio) {
    complain(run, 'sound-answer', answer.status === 200 ? 'the sound is not a WAV with 8 kHz, one channel and 16 bits' : `the sound was answered with ${answer.status}`);
    return;
  }
  tell(run.carrier, run.call, 'played to the caller', url);
  await run.line.play(audio, run.signal);
};

/** Text to be read, or an audio URL. */
export const speakOrPlay = (run: Run, line: string): Promise<void> => (URL_LINE.test(line.trim()) ? playSound(run, line.trim()) : sayWords(run, line));

/** What a dynamic Greeting answers, or null: HEAD and GET must both say `text/plain`, to the letter. */
const fetchText = async (run: Run, address: string): Promise<string | null> => {
  const url = withQuery(address, shortParams(run.call));
  for (const method of ['HEAD', 'GET']) {
    const answer = await askFor(run, 'greeting', { url, method });
    if (!answer) return null;
    if (answer.status !== 200 || answer.contentType !== 'text/plain') {
      complain(run, 'greeting-answer', `greeting: ${method} was answered with ${answer.status} and ${answer.contentType ?? 'no Content-Type'}; it must be 200 and text/plain, with nothing behind it`);
      return null;
    }
    if (method === 'GET') return answer.body.toString('utf8');
  }
  return null;
};

export const runGreeting = async (run: Run, { text }: Greeting): Promise<Next> => {
  const words = URL_LINE.test(text.trim()) ? await fetchText(run, text.trim()) : text;
  // One audio URL a line; lines of words are read in one go.
  for (const line of words?.split(/\r?\n/) ?? []) await speakOrPlay(run, line);
  return 'next';
};
