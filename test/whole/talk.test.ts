// The house rules of a talk, from outside: another fake Twilio on one side of npm start, another fake ElevenLabs on the other, every sample compared.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noise } from '#doubles/other-sound.ts';
import type { Script } from '#doubles/other-elevenlabs.ts';
import type { Talk } from '#doubles/other-twilio-call.ts';
import { fresh } from './stack.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => { world = await startWorld({ twilio: { signsHandshake: true } }); });
afterAll(() => world.end());

/** Somebody is called and talks; resolves when the call is over on both sides. */
const talk = async (agent: Script, caller: Talk = {}) => {
  const person = await world.ask({ agent, phone: { life: (call) => call.answers(caller) } });
  const call = await person.call();
  await until('the line is open', () => call.line !== undefined);
  await call.life;
  const lead = await person.until('the talk is on record', ({ calls }) => calls[0]?.endReason !== null && calls[0]?.status === 'completed');
  expect(call.lines.flatMap(({ faults }) => faults)).toEqual([]);
  return { person, call, line: call.lines.at(-1)!, lead, agent: world.agent.talks.find(({ variables }) => Object.values(variables).includes(person.name))! };
};

describe.concurrent('a call between strangers', () => {
  test('is asked for once, in Twilio\'s own words', async () => {
    const { call, person, lead } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(noise(1600, 2), 1);
      a.ends();
    });
    const asked = world.twilio.dials(person.phone);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    const { form } = call;
    expect(form.get('To')).toBe(person.phone);
    expect(form.get('From')).toBe(world.twilio.number);
    expect(form.getAll('StatusCallbackEvent')).toEqual(['initiated', 'ringing', 'answered', 'completed']);
    for (const name of ['Url', 'StatusCallback']) expect(form.get(name)).toContain(`attempt=${lead.attempts[0]!.attemptId}`);
    expect(Number(form.get('Timeout'))).toBeGreaterThan(0);
    const stream = call.verbs[0]!.children[0]!;
    expect([call.verbs[0]!.name, stream.name]).toEqual(['Connect', 'Stream']);
    expect(stream.attributes['url']).toMatch(/^wss?:\/\/[^?]+$/);
    expect(stream.attributes).not.toHaveProperty('track');
    for (const { attributes } of stream.children) expect(`${attributes['name']}${attributes['value']}`.length).toBeLessThan(500);
    expect(call.verbs[0]!.attributes['action']).toBeDefined();
    expect(call.verbs.map(({ name }) => name)).toEqual(['Connect', 'Hangup']);
    // One for each talk, one that is under way, and the few that are asked for ahead of need.
    expect(world.agent.asked.filter(({ path }) => path.includes('signed')).length).toBeLessThanOrEqual(world.agent.talks.length + 1 + 4);
  });

  test('lets the caller hear every byte of mu-law that the agent sent, once and in order, whatever its sizes', async () => {
    const sound = noise(20_003, 3);
    const { line, lead } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.says('Hello.', 1);
      let at = 0;
      for (const size of [1, 159, 160, 161, 3, 7000, 320, 4801, 33, 2000]) {
        a.audio(sound.subarray(at, at + size), 1, { alignment: { chars: ['H'], char_start_times_ms: [0], char_durations_ms: [10] }, is_final: false });
        at += size;
      }
      a.audio(sound.subarray(at), 1);
      await a.untilHeard(8 * 2600);
      a.ends();
    }, { markLateMs: 350 });
    expect(line.heard().equals(sound)).toBe(true);
    expect(lead.calls[0]!.endReason).toBe('agent-ended');
    expect(lead.status).toBe('reached');
  });

  test('lets the goodbye be heard to its last sample before the line is closed, though the agent is gone at once', async () => {
    const goodbye = noise(16_077, 4);
    const { line, call } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(goodbye, 7);
      a.ends();
    });
    expect(line.heard().equals(goodbye)).toBe(true);
    expect(call.verbs.at(-1)!.name).toBe('Hangup');
  });

  test('lets the goodbye be heard when audio follows end_call, and when no mark ever comes back', async () => {
    const goodbye = noise(12_000, 5);
    const { line } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(goodbye.subarray(0, 4000), 7);
      a.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 't', tool_type: 'system', is_error: false, is_called: true, event_id: 15 } });
      a.audio(goodbye.subarray(4000), 7);
      a.close(1000);
    }, { markLateMs: Infinity });
    expect(line.heard().equals(goodbye)).toBe(true);
  });

  test('hangs up by itself when the agent says end_call and then neither speaks nor closes', async () => {
    const { lead, agent } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(noise(800, 6), 1);
      a.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 't', tool_type: 'system', is_error: false, is_called: true, event_id: 15 } });
    });
    expect(lead.calls[0]!.endReason).toBe('agent-ended');
    await agent.closed;
  });

  test('lets the agent hear every byte of the caller from the first frame, though it is slow to get ready', async () => {
    const words = noise(9000, 7);
    const { line, agent } = await talk(async (a) => {
      await until('the caller has spoken for a while', () => world.twilio.calls.some(({ line: l }) => (l?.spoken.includes(words.subarray(0, 4000)) ?? false)));
      a.send({ type: 'asr_initiation_metadata', asr_initiation_metadata_event: {} });
      a.metadata('ulaw_8000');
      await a.untilHeard(12_000);
      a.audio(noise(1600, 8), 1);
      a.ends();
    }, { frames: [160, 320, 80, 37, 160, 1], caller: (l) => l.say(words) });
    const heard = agent.heard();
    expect(heard.length).toBeGreaterThanOrEqual(12_000);
    expect(heard.equals(line.spoken.subarray(0, heard.length))).toBe(true);
    expect(heard.includes(words)).toBe(true);
  });

  test('plays nothing stale after a barge-in, and all of an answer that carries the interruption\'s own id', async () => {
    const [first, stale, answer] = [noise(48_000, 9), noise(8000, 10), noise(8013, 11)];
    const { line, call, lead } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.says('A very long story about a house and a garden.', 1);
      a.audio(first, 1);
      await until('the caller has heard a second of it', () => (call0()?.heard().length ?? 0) > 8000);
      a.hears('Stop, please.', 2);
      a.send({ type: 'interruption', interruption_event: { event_id: 2 } });
      a.audio(stale, 1);
      a.send({ type: 'agent_response_correction', agent_response_correction_event: { original_agent_response: 'A very long story about a house and a garden.', corrected_agent_response: 'A very long', event_id: 1 } });
      a.says('Of course.', 2);
      a.audio(answer.subarray(0, 5), 2);
      a.audio(answer.subarray(5), 2);
      a.ends();
    }, { markLateMs: 200, caller: (l) => { bargedIn = l; } });
    expect(line.clears).toHaveLength(1);
    const heard = line.heard();
    const cut = heard.length - answer.length;
    expect(heard.subarray(cut).equals(answer)).toBe(true);
    expect(heard.subarray(0, cut).equals(first.subarray(0, cut))).toBe(true);
    expect(cut).toBeGreaterThan(8000);
    expect(cut).toBeLessThan(24_000);
    expect(call.lines).toHaveLength(1);
    expect(lead.calls[0]!.transcript.map(({ role, text }) => `${role}: ${text}`)).toEqual(['agent: A very long', 'caller: Stop, please.', 'agent: Of course.']);
  });
  let bargedIn: { heard: () => Buffer } | undefined;
  const call0 = () => bargedIn;

  test('takes one message of more than a megabyte, and stops where the caller hangs up', async () => {
    const long = noise(800_000, 12);
    const { line, lead } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(long, 1);
      await a.closed;
    }, { caller: async (l) => {
      await until('two seconds were heard', () => l.heard().length > 16_000);
      l.hangUp();
    } });
    const heard = line.heard();
    expect(heard.length).toBeGreaterThan(16_000);
    expect(heard.equals(long.subarray(0, heard.length))).toBe(true);
    expect(lead.calls[0]!.endReason).toBe('caller-hung-up');
    expect(lead.status).toBe('reached');
  });

  test('answers pings of every id, tools that it does not have, and lets unknown messages pass', async () => {
    const sound = noise(4000, 13);
    const { agent, line } = await talk(async (a) => {
      a.send({ type: 'ping', ping_event: { event_id: 0, ping_ms: null } });
      a.metadata('ulaw_8000', { something_new: [1] });
      a.send({ type: 'ping', ping_event: { event_id: 1, ping_ms: 50 } });
      for (const odd of [{ type: 'tomorrow', tomorrow_event: {} }, { type: 'vad_score', vad_score_event: { vad_score: 0.5 } }, { hello: 1 }, [], 'null', 'not json at all', { type: 'audio' }, { type: 'audio', audio_event: { audio_base_64: 5 } }]) a.send(odd);
      a.send({ type: 'client_tool_call', client_tool_call: { tool_name: 'make_coffee', tool_call_id: 'tool_7', parameters: { sugar: 2 }, event_id: 3 } });
      await a.untilFrame('client_tool_result');
      a.audio(sound, 1);
      a.ends();
    });
    expect(agent.frames.filter(({ type }) => type === 'pong').map((pong) => pong['event_id'])).toEqual([0, 1]);
    expect(agent.frames.find(({ type }) => type === 'client_tool_result')).toMatchObject({ tool_call_id: 'tool_7', is_error: true });
    expect(line.heard().equals(sound)).toBe(true);
  });

  test('tells the agent who is called and why, in variables that are all strings', async () => {
    const { agent, person } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(noise(800, 14), 1);
      a.ends();
    });
    expect(agent.init['type']).toBe('conversation_initiation_client_data');
    const values = Object.values(agent.variables);
    expect(values.every((value) => typeof value === 'string')).toBe(true);
    expect(values).toEqual(expect.arrayContaining([person.name, person.phone, 'a "callback" & more']));
  });

  test('ends as an opt-out when the caller presses 9, and the number is not called again', async () => {
    const { person, call } = await talk(async (a) => {
      a.metadata('ulaw_8000');
      a.audio(noise(24_000, 15), 1);
      await a.closed;
    }, { caller: async (l) => {
      await until('something was heard', () => l.heard().length > 1600);
      l.press('9');
    } });
    const lead = await person.until('the lead is not called again', ({ status }) => status === 'do-not-call');
    expect(lead.disposition).toBe('do-not-call');
    expect(call.verbs.at(-1)!.name).toBe('Hangup');
    const again = await fetch(`${world.stack.base}/enquire`, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': 'once-more', ...fresh }, body: JSON.stringify({ phone: person.phone, consent: true }) });
    expect(await again.json()).toMatchObject({ status: 'do-not-call' });
    expect(world.twilio.dials(person.phone)).toHaveLength(1);
  });
});
