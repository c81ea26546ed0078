// Every format that an ElevenLabs agent may have, heard at the other end of a Twilio call; the stack stands behind public https and wss addresses.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromMulaw, likeness, samplesOf, sweepAs } from '#doubles/other-sound.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const PUBLIC = 'https://voice.example.com';
const MEDIA = 'wss://media.example.com/twilio';
let world: World;
beforeAll(async () => {
  world = await startWorld({
    // What a public address leads to is known once the ports are.
    twilio: {
      signsFragments: true, withoutSequence: true, signsHandshake: true,
      reach: (url) => url.replace(PUBLIC, world.stack.base).replace(MEDIA, `ws://127.0.0.1:${world.stack.relayPort}/twilio`),
    },
    stack: { env: { PUBLIC_BASE_URL: `${PUBLIC}/`, PUBLIC_STREAM_URL: MEDIA } },
  });
});
afterAll(() => world.end());

/** Sizes that split samples, frames and base64 groups anywhere. */
const oddSizes = [1, 2, 3, 333, 640, 7, 12_001, 4097, 1, 160];
const pieces = (bytes: Buffer): Buffer[] => {
  const made: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = oddSizes[turn % oddSizes.length]!;
    made.push(bytes.subarray(at, at + size));
    at += size;
  }
  return made;
};

/** The sweep goes both ways in this format: what the caller heard, what the agent heard, and how it ended. */
const sweepBothWays = async (format: string, seconds: number, cut: (bytes: Buffer) => Buffer[]) => {
  const sound = sweepAs(format, seconds);
  let finished = false;
  const person = await world.ask({
    agent: async (agent) => {
      agent.metadata(format);
      agent.says('A tone.', 1);
      for (const piece of cut(sound)) agent.audio(piece, 1);
      await until('the caller has said it all', () => finished, 25_000);
      agent.ends();
    },
    phone: { life: (call) => call.answers({ caller: async (line) => {
      line.say(sweepAs('ulaw_8000', seconds));
      const begin = line.spoken.length;
      await until('the caller has said it all', () => line.spoken.length > begin + 8000 * seconds + 1600, 25_000);
      finished = true;
    } }) },
  });
  const call = await person.call();
  await until('the line is open', () => call.line !== undefined);
  await call.life;
  const talk = world.agent.talks.find(({ variables }) => Object.values(variables).includes(person.name))!;
  const lead = await person.until('the call is on record', ({ calls }) => calls[0]?.status === 'completed' && calls[0].endReason !== null);
  return { heard: call.line!.heard(), agentHeard: talk.heard(), sent: sound, largest: Math.max(...cut(sound).map(({ length }) => length)), lead, faults: call.line!.faults };
};

/** From the first sample that is loud on. */
const fromOnset = (samples: number[], before: number): number[] => samples.slice(Math.max(0, samples.findIndex((s) => Math.abs(s) > 600) - before));

describe.concurrent('a call between formats', () => {
  for (const format of ['ulaw_8000', 'pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100', 'pcm_48000']) {
    test(`lets both hear the whole of each other, as loud as it was said, when the agent speaks ${format} in odd pieces`, async () => {
      const seconds = 1.6;
      const { heard, agentHeard, lead, faults, sent } = await sweepBothWays(format, seconds, pieces);
      expect(faults).toEqual([]);
      expect(format !== 'ulaw_8000' || heard.equals(sent)).toBe(true);
      expect(Math.abs(heard.length / 8 - seconds * 1000)).toBeLessThan(20);
      const caller = likeness([...heard].map(fromMulaw), 8000, seconds);
      expect(caller.snrDb).toBeGreaterThan(25);
      expect(caller.gain).toBeGreaterThan(0.9);
      expect(caller.gain).toBeLessThan(1.1);

      const rate = Number(format.split('_')[1]);
      const samples = fromOnset(samplesOf(agentHeard, format.startsWith('ulaw') ? 'mulaw' : 'pcm'), 0).slice(0, Math.round(rate * seconds));
      // The onset is the first loud sample of the sweep, a fraction of a millisecond into it: a negative delay.
      const agent = likeness(samples, rate, seconds, 2);
      expect(agent.snrDb).toBeGreaterThan(25);
      expect(agent.gain).toBeGreaterThan(0.9);
      expect(agent.gain).toBeLessThan(1.1);
      expect(lead.status).toBe('reached');
    });
  }

  test('takes eight seconds of 48 kHz audio in one message of more than a megabyte', async () => {
    const { heard, largest, faults } = await sweepBothWays('pcm_48000', 8.3, (bytes) => [bytes]);
    expect(largest * 4 / 3).toBeGreaterThan(1024 * 1024);
    expect(faults).toEqual([]);
    expect(Math.abs(heard.length / 8 - 8300)).toBeLessThan(20);
    expect(likeness([...heard].map(fromMulaw), 8000, 8.3).snrDb).toBeGreaterThan(25);
  });

  test('ends honestly when the agent speaks a format that nobody knows', async () => {
    const person = await world.ask({ agent: async (agent) => {
      agent.metadata('opus_48000_64');
      await agent.closed;
    } });
    const lead = await person.until('the call is on record', ({ calls }) => calls[0]?.status === 'completed' && calls[0].endReason !== null);
    expect(lead.calls[0]!.endReason).toBe('agent-failed');
    const call = await person.call();
    expect(call.line!.heard().length).toBeGreaterThan(8000);
  });
});
