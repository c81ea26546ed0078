// What happens when a number is dialled: its last two digits choose one of these stories. Asked by the REST front, the switch and the caller.
import type { Script } from './caller.ts';

export type Story = {
  digits: string;
  title: string;
  /** What the REST API does before a call exists. */
  rest?: 'invalid-number' | 'unavailable' | 'too-many-twice' | 'answer-lost';
  phone: 'answers' | 'busy' | 'rings-on';
  machine?: true;
  callbacks?: 'twice-and-out-of-order' | 'final-lost';
  /** The carrier's media socket breaks once, in the middle of what is played. */
  socketDrops?: true;
  slow?: true;
  person: Script;
};

const HELLO_AFTER_MS = 3000;
const ANSWERS = ['caller-yes-please', 'caller-tell-me-more', 'caller-price-question', 'caller-sounds-good', 'caller-goodbye'];

/**
 * Listens, answers every turn of the other side with the next clip, says nothing more when they are used up, and hangs up when nothing
 * is heard for `patienceMs`.
 */
export const converses = (patienceMs: number, answers: readonly string[] = ANSWERS): Script => async (me) => {
  if (!(await me.hearsSpeech(HELLO_AFTER_MS))) await me.says('caller-hello');
  for (let turn = 0; ; turn += 1) {
    while (!(await me.hearsThemFinish(patienceMs))) {
      if (await me.hearsSpeech(1)) continue;
      me.hangsUp();
      return;
    }
    const answer = answers[turn];
    if (answer !== undefined) await me.says(answer);
  }
};

const waitsForAVoice = (patienceMs: number): Script => async (me) => {
  for (let waited = 0; waited < patienceMs; waited += 10_000) {
    if (await me.hearsSpeech(waited === 0 ? HELLO_AFTER_MS : 10_000)) return converses(20_000)(me);
    await me.says('caller-hello');
  }
  me.hangsUp();
};

/** Hears that nobody can talk with them, and presses a key: there may be a question for one, with or without a pause before it. Talks where somebody talks. */
const waitsForAVoiceOrAKey = (patienceMs: number, digit: string): Script => async (me) => {
  for (let waited = 0; ; waited += 10_000) {
    if (await me.hearsSpeech(waited === 0 ? HELLO_AFTER_MS : 10_000)) break;
    if (waited >= patienceMs) return me.hangsUp();
    await me.says('caller-hello');
  }
  for (let turn = 0; turn < 2 && (turn === 0 || (await me.hearsSpeech(4000))); turn += 1) {
    await me.hearsThemFinish(60_000);
    await me.presses(digit);
  }
  await converses(20_000)(me);
};

const talksOver: Script = async (me) => {
  // The first time they speak, and once more later: an interruption of the greeting and one of an answer.
  for (const what of ['caller-wait-a-moment', 'caller-tell-me-more']) {
    if (!(await me.hearsThemSpeakFor(1200, 20_000))) break;
    await me.says(what);
    await me.hearsQuiet(400, 10_000);
  }
  while (!(await me.hearsThemFinish(20_000)) && (await me.hearsSpeech(1)));
  await converses(20_000, ['caller-sounds-good', 'caller-goodbye'])(me);
};

const machine: Script = async (me) => {
  await me.waits(600);
  await me.says('voicemail-greeting');
  await me.says('voicemail-beep');
  // The machine records until it has heard nothing for 5 s, or for a minute.
  await me.waits(8000);
  await me.hearsQuiet(5000, 60_000);
  me.hangsUp();
};

const presses = (digit: string): Script => async (me) => {
  await me.hearsThemFinish(20_000);
  await me.presses(digit);
  while (await me.hearsSpeech(15_000)) await me.hearsThemFinish(60_000);
  me.hangsUp();
};

/** Somebody of the business who takes a call over: greets, listens, answers, and ends the call. */
const takesOver: Script = async (me) => {
  await me.says('caller-hello');
  await me.hearsThemFinish(8000);
  await me.says('caller-yes-please');
  await me.waits(1500);
  me.hangsUp();
};

const noisy: Script = async (me) => {
  const noise = (seconds: number) => {
    let seed = 7;
    const audio = Uint8Array.from({ length: seconds * 8000 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      // Quiet codes of either sign: mu-law 0x60–0x6f and 0xe0–0xef, a street and not a voice.
      return (seed & 0x8000 ? 0xe0 : 0x60) + ((seed >> 8) & 0x0f);
    });
    return { name: 'noise', text: '', audio };
  };
  await me.says(noise(2));
  await me.hearsThemFinish(20_000);
  await me.says(noise(1));
  await me.says('caller-yes-please');
  await me.waits(1800);
  await me.says('caller-tell-me-more');
  await me.says(noise(1));
  await converses(20_000, ['caller-sounds-good', 'caller-goodbye'])(me);
};

/** All stories; `patienceMs` is how long a person stays on a line on which nothing is heard. */
export const tellStories = (patienceMs: number): ((number: string) => Story) => {
  const talks = converses(patienceMs);
  const patient = waitsForAVoice(45_000);
  const answers = (digits: string, title: string, person: Script = talks, more: Partial<Story> = {}): Story =>
    ({ digits, title, phone: 'answers', person, ...more });
  const stories = [
    answers('00', 'answers and talks'),
    answers('01', 'busy', talks, { phone: 'busy' }),
    answers('02', 'no answer', talks, { phone: 'rings-on' }),
    answers('03', 'the carrier refuses the number', talks, { rest: 'invalid-number' }),
    answers('04', 'answering machine with beep', machine, { machine: true }),
    answers('05', 'hangs up after 2 s', async (me) => { await me.waits(2000); me.hangsUp(); }),
    answers('06', 'presses 9', presses('9')),
    answers('07', 'talks over the agent', talksOver),
    answers('08', 'asks for a person', converses(60_000, ['caller-human-please', 'caller-sounds-good', 'caller-goodbye'])),
    answers('09', 'noise and pauses', noisy),
    answers('10', 'callbacks twice and out of order', talks, { callbacks: 'twice-and-out-of-order' }),
    answers('11', 'the final callback never comes', talks, { callbacks: 'final-lost' }),
    answers('12', 'the call is accepted, the answer is lost', talks, { rest: 'answer-lost' }),
    answers('13', '503 before anything is placed', talks, { rest: 'unavailable' }),
    answers('14', '429 twice, then accepts', talks, { rest: 'too-many-twice' }),
    answers('15', 'the media socket drops in mid-sentence', talks, { socketDrops: true }),
    answers('16', 'waits for a voice, presses 1 when asked for a key', waitsForAVoiceOrAKey(45_000, '1')),
    answers('17', 'answers and talks', patient),
    answers('18', 'waits for a voice', patient),
    answers('19', 'two seconds late with everything', talks, { slow: true }),
    answers('20', 'a colleague who takes calls over', takesOver),
  ];
  const byDigits = new Map(stories.map((story) => [story.digits, story]));
  const usual = answers('00', 'answers and talks');
  return (number) => byDigits.get(number.slice(-2)) ?? usual;
};
