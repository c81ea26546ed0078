// Every way in which a call can end badly, from outside: what the caller hears, what stands on record, what becomes of the lead.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loudness, noise } from '#doubles/other-sound.ts';
import type { Script } from '#doubles/other-elevenlabs.ts';
import type { Phone } from '#doubles/other-twilio.ts';
import type { OtherCall, Talk } from '#doubles/other-twilio-call.ts';
import { until } from './until.ts';
import { startWorld, type LeadSeen, type World } from './world.ts';

let world: World;
beforeAll(async () => { world = await startWorld(); });
afterAll(() => world.end());

/** Somebody is called; resolves when the record of the call is final. */
const ended = async (who: { agent?: Script; phone?: Phone; talk?: Talk }) => {
  const person = await world.ask({ ...(who.agent ? { agent: who.agent } : {}), phone: who.phone ?? { life: (call) => call.answers(who.talk) } });
  const call = await person.call();
  await until('the phone was called', () => call.life !== undefined);
  await call.life;
  const lead = await person.until('the end is on record', ({ calls }) => calls[0]?.endedAt !== null && calls[0]?.status !== 'in-progress' && (call.lines.length === 0 || calls[0]?.endReason !== null), 25_000);
  return { call, lead, record: lead.calls[0]!, person };
};

/** The caller was never left in silence for long, then heard a sentence, then the line was closed. */
const heardSentence = async (call: OtherCall, after: Buffer = Buffer.alloc(0)): Promise<void> => {
  const line = call.lines[0]!;
  expect(line.firstAudioAt! - line.startedAt).toBeLessThan(8000);
  const heard = line.heard();
  expect(heard.subarray(0, after.length).equals(after)).toBe(true);
  const sentence = heard.subarray(after.length);
  expect(sentence.length / 8).toBeGreaterThan(1000);
  expect(loudness(sentence)).toBeGreaterThan(300);
  // Whole: what was sent is what was heard.
  expect(heard.equals(line.received())).toBe(true);
  expect(call.verbs.at(-1)!.name).toBe('Hangup');
};
const triesAgain = ({ attempts, status }: LeadSeen): void => {
  expect(status).toBe('scheduled');
  expect(attempts.map(({ state }) => state)).toEqual(['placed', 'scheduled']);
  expect(Date.parse(attempts[1]!.dueAt)).toBeGreaterThan(Date.now());
  expect(attempts[1]!.reason).toMatch(/trying again/);
};
const unanswered = (status: string, sip: string): Phone => ({
  life: async (call) => {
    call.status = 'ringing';
    await call.tells('initiated', 0);
    await call.tells('ringing', 1);
    call.status = status;
    await call.tells(status, 2, { CallDuration: '0', Duration: '0', SipResponseCode: sip });
  },
});

describe.concurrent('a call that comes to nothing', () => {
  test('is busy: not answered, unreachable for now, tried again later', async () => {
    const { record, lead } = await ended({ phone: unanswered('busy', '486') });
    expect(record).toMatchObject({ status: 'busy', answeredAt: null, endReason: null, durationSeconds: 0, transcript: [] });
    triesAgain(lead);
  });

  test('is not answered: tried again later', async () => {
    const { record, lead } = await ended({ phone: unanswered('no-answer', '487') });
    expect(record).toMatchObject({ status: 'no-answer', answeredAt: null, endReason: null, transcript: [] });
    triesAgain(lead);
  });

  test('fails at the carrier: says so', async () => {
    const { record } = await ended({ phone: { life: async (call) => {
      await call.tells('initiated', 0);
      call.status = 'failed';
      await call.tells('failed', 1, { SipResponseCode: '404' });
    } } });
    expect(record).toMatchObject({ status: 'failed', endReason: 'carrier-failed', answeredAt: null });
  });

  test('is refused by the carrier (400, 21211): no call, a reason that a person understands, nobody rings', async () => {
    const person = await world.ask({ phone: { rest: { status: 400, body: { code: 21211, message: 'The \'To\' number is not a valid phone number.', more_info: 'https://www.twilio.com/docs/errors/21211', status: 400 } } } });
    const lead = await person.until('the lead is unreachable', ({ status }) => status === 'unreachable');
    expect(lead.attempts).toHaveLength(1);
    expect(lead.attempts[0]).toMatchObject({ state: 'failed', reason: expect.stringMatching(/number is not valid/i), callId: null });
    expect(lead.calls).toEqual([]);
    expect(world.twilio.dials(person.phone)).toHaveLength(1);
  });

  test('is asked for again after 429, when the carrier said, and is placed once', async () => {
    const person = world.somebody();
    world.twilio.phones.set(person.phone, { rest: { status: 429, body: { code: 20429, message: 'Too Many Requests', status: 429 }, headers: { 'retry-after': '1' } } });
    const asker = await world.ask({ number: person.phone });
    await until('the first answer was 429', () => world.twilio.dials(person.phone).length === 1);
    world.twilio.phones.delete(person.phone);
    const lead = await asker.until('the lead is reached', ({ status }) => status === 'reached');
    const [first, second, ...more] = world.twilio.dials(person.phone);
    expect(more).toEqual([]);
    expect(second!.at - first!.at).toBeGreaterThan(900);
    expect(lead.calls).toHaveLength(1);
  });
});

describe.concurrent('a talk that breaks off', () => {
  test('because the caller hangs up after two seconds: caller-hung-up, and the lead was reached', async () => {
    const { record, lead } = await ended({
      agent: async (a) => {
        a.metadata('ulaw_8000');
        a.says('Hello.', 1);
        a.audio(noise(40_000, 1), 1);
        expect(await a.closed).toBeLessThan(1006);
      },
      talk: { caller: async (line) => {
        await until('two seconds were heard', () => line.heard().length >= 16_000);
        line.hangUp();
      } },
    });
    expect(record).toMatchObject({ status: 'completed', endReason: 'caller-hung-up' });
    expect(lead.status).toBe('reached');
  });

  test('because the agent\'s quota is used up (a flat error, then 1002): the caller is told, and is called again later', async () => {
    const { call, record, lead } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      a.send({ type: 'error', message: 'received 1002 (protocol error) This request exceeds your quota limit.' });
      a.close(1002, 'This request exceeds your quota limit.');
    } });
    await heardSentence(call);
    expect(record.endReason).toBe('agent-failed');
    expect(lead.timeline.find(({ event }) => event === 'talk-ended')!.detail).toMatch(/quota/);
    expect(lead.timeline.find(({ event }) => event === 'key-chosen')!.detail).toBe('nothing');
    triesAgain(lead);
  });

  test('because the agent\'s quota is used up, and they press 1: they are asked once, and called back in five minutes', async () => {
    const { call, lead } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      a.close(1002, 'This request exceeds your quota limit.');
    }, talk: { keys: '1' } });
    await heardSentence(call);
    expect(call.verbs.map(({ name }) => name)).toEqual(['Connect', 'Gather', 'Say', 'Hangup', 'Say', 'Hangup']);
    expect(call.spoken).toEqual([expect.stringMatching(/press 1/), expect.stringMatching(/call you back/)]);
    expect(lead).toMatchObject({ status: 'scheduled', disposition: 'callback', attempts: [{ state: 'placed' }, { state: 'scheduled', reason: 'They asked to be called at this time.' }] });
    expect(Date.parse(lead.attempts[1]!.dueAt) - Date.now()).toBeLessThan(5 * 60_000);
  });

  test('because an override was refused (1008 after the metadata): the caller is told', async () => {
    const { call, record } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      a.send({ type: 'error', error_event: { code: 1008, error_type: 'override_error', message: 'Override for field \'voice_id\' is not allowed by config.', reason: 'Override' } });
      a.close(1008, 'Override for field \'voice_id\' is not allowed by config.');
    } });
    await heardSentence(call);
    expect(record.endReason).toBe('agent-failed');
  });

  test('because the agent says nothing though it pings: the caller is reassured, then told', async () => {
    const { call, record, lead } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      for (let id = 1; a.open; id++) {
        a.send({ type: 'ping', ping_event: { event_id: id, ping_ms: 20 } });
        await Promise.race([a.closed, new Promise((resolve) => { setTimeout(resolve, 500); })]);
      }
    } });
    await heardSentence(call);
    expect(record.endReason).toBe('agent-failed');
    expect(record.latency.answerToFirstAudioMs).toBeNull();
    triesAgain(lead);
  });

  test('because the agent crashes in mid-sentence (1011): the caller hears what was said, and then is told', async () => {
    const said = noise(8000, 2);
    const { call, record, lead } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      a.says('I was about to', 1);
      a.audio(said, 1);
      a.close(1011, 'unknown_websocket_crash');
    } });
    await heardSentence(call, said);
    expect(record.endReason).toBe('agent-failed');
    expect(lead.status).toBe('reached');
  });

  test('because the agent keeps the caller in a queue and then gives up: the caller is told', async () => {
    const { call, record } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      a.send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
      a.send({ type: 'queue_status', queue_status_event: { status: 'timed_out' } });
      a.close(3008, 'too many concurrent connections');
    } });
    await heardSentence(call);
    expect(record.endReason).toBe('agent-failed');
  });

  test('because the carrier\'s line tears: the talk goes on in a new stream', async () => {
    let streams = 0;
    const { call, record } = await ended({ agent: async (a) => {
      a.metadata('ulaw_8000');
      a.audio(noise(8000, 30 + streams), 1);
      if (streams++ === 0) return;
      a.ends();
    }, talk: { caller: async (line, c) => {
      await until('something was heard', () => line.heard().length > 1600);
      if (c.lines.length === 1) line.tear();
    } } });
    expect(call.lines).toHaveLength(2);
    expect(record.endReason).toBe('agent-ended');
  });
});

test.each<[string, 'fails' | 'never']>([['cannot be had, nor when it is asked for once more', 'fails'], ['does not come', 'never']])(
  'a talk breaks off because the agent\'s address %s: the caller is told within 8 s, and is called again later', async (_what, fate) => {
    // Also those that the relay asked for ahead of need.
    world.agent.forgetSignedUrls();
    world.agent.everySignedUrl = fate;
    const { call, record, lead } = await ended({});
    world.agent.everySignedUrl = undefined;
    await heardSentence(call);
    expect(record).toMatchObject({ endReason: 'agent-failed', conversationId: null, transcript: [] });
    triesAgain(lead);
  });

test('a talk begins all the same when the agent\'s address is refused once', async () => {
  world.agent.forgetSignedUrls();
  world.agent.signedUrls.push('fails');
  const { record } = await ended({});
  expect(world.agent.signedUrls).toEqual([]);
  expect(record).toMatchObject({ endReason: 'agent-ended' });
});
