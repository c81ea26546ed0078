// Callbacks come late, twice, out of order: from outside, whatever the carrier's internet does to them, the same record.
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { noise } from '#doubles/other-sound.ts';
import type { OtherCall } from '#doubles/other-twilio-call.ts';
import type { Phone } from '#doubles/other-twilio.ts';
import { until } from './until.ts';
import { startWorld, type CallSeen, type LeadSeen, type World } from './world.ts';

let world: World;
beforeAll(async () => { world = await startWorld({ stack: { env: { CALLS_PER_SECOND: '1000' } } }); });
afterAll(() => world.end());

interface Told { status: string; sequence: number; more: Record<string, string> }
/** Twilio's own times, the same for every call (what differs between two records is then our doing), and so late that no next attempt is due yet. */
const began = Date.now() - 30_000;
const at = (second: number): Record<string, string> => ({ Timestamp: new Date(began + 1000 * second).toUTCString() });
const stories: Record<string, Told[]> = {
  'was talked through': [
    { status: 'initiated', sequence: 0, more: at(0) }, { status: 'ringing', sequence: 1, more: at(2) }, { status: 'in-progress', sequence: 2, more: at(9) },
    { status: 'completed', sequence: 3, more: { ...at(21), CallDuration: '12', Duration: '1', SipResponseCode: '200' } },
  ],
  'was busy': [
    { status: 'initiated', sequence: 0, more: at(0) }, { status: 'ringing', sequence: 1, more: at(2) },
    { status: 'busy', sequence: 2, more: { ...at(4), CallDuration: '0', SipResponseCode: '486' } },
  ],
  'never rang': [{ status: 'initiated', sequence: 0, more: at(0) }, { status: 'failed', sequence: 1, more: { ...at(1), CallDuration: '0', SipResponseCode: '404' } }],
};

/** What must be the same for two calls: everything but ids, numbers, and the times that we measured ourselves. */
const record = ({ calls: [call], attempts, status, disposition, summary, timeline }: LeadSeen, withTimes: boolean) => {
  const { callId: _c, attemptId: _a, callSid: _s, to: _t, conversationId: _v, latency: _l, transcript, ...rest } = call as CallSeen;
  return {
    ...rest, transcript: transcript.map(({ role, text }) => ({ role, text })), status, disposition, summary, attempts: attempts.map(({ state, carrier }) => ({ state, carrier })),
    steps: withTimes ? timeline.filter(({ event }) => event.startsWith('call-')).map(({ event, detail }) => ({ event, detail })).toSorted((a, b) => a.event.localeCompare(b.event)) : [],
  };
};

const tell = async (call: OtherCall, told: Told[]): Promise<void> => {
  for (const { status, sequence, more } of told) {
    const answer = await call.tells(status, sequence, more);
    expect([status, answer.status]).toEqual([status, 204]);
  }
};
/** All of the callbacks in this order, some twice; the last repeats are at once and side by side. */
const delivery = (story: Told[]) => fc.tuple(
  fc.shuffledSubarray(story, { minLength: story.length }), fc.array(fc.nat({ max: story.length - 1 }), { maxLength: 4 }), fc.boolean(), fc.nat({ max: 2 }),
);

const deliver = async (phone: Phone): Promise<LeadSeen> => {
  const person = await world.ask({ phone });
  const call = await person.call();
  await until('it was called', () => call.life !== undefined);
  await call.life;
  // The dialer reads the carrier's answer in its own time.
  return person.until('the attempt was placed', ({ attempts }) => attempts[0]?.state === 'placed');
};

test.for(Object.keys(stories))('a call that %s has one record, in whatever order and however often it is told, before the carrier answered or after', async (name) => {
  const story = stories[name]!;
  const right = record(await deliver({ life: (call) => tell(call, story) }), true);
  expect(right.endedAt).not.toBeNull();
  const deliveries = fc.sample(delivery(story), { numRuns: 10, seed: 7 });
  const seen = await Promise.all(deliveries.map(async ([order, again, sideBySide, early]) => {
    const repeats = again.map((index) => story[index]!);
    const lead = await deliver({
      early: (call) => tell(call, order.slice(0, early)),
      life: async (call) => {
        const rest = [...order.slice(early), ...repeats];
        if (sideBySide) await Promise.all(rest.map((one) => tell(call, [one])));
        else await tell(call, rest);
      },
    });
    return { order: [early, sideBySide, ...order, ...repeats].map((told) => (typeof told === 'object' ? told.status : told)), record: record(lead, true) };
  }));
  for (const { order, record: made } of seen) expect({ order, record: made }).toEqual({ order, record: right });
});

test('a real talk has one record too, though its callbacks come in any order around it', async () => {
  const story = stories['was talked through']!;
  const sound = noise(2400, 5);
  const deliveries = fc.sample(delivery(story), { numRuns: 6, seed: 11 });
  const seen = await Promise.all(deliveries.map(async ([order, again]) => {
    const person = await world.ask({
      agent: async (agent) => {
        agent.metadata('ulaw_8000');
        agent.says('Hello, and goodbye.', 1);
        agent.audio(sound, 1);
        agent.ends();
      },
      // The final callback overtakes the talk itself only in the tests above: a phone that talks is not down.
      phone: { life: async (call) => {
        const before = order.filter(({ status }) => status !== 'completed');
        await call.run(await call.document(), { caller: () => tell(call, before) });
        await tell(call, [...again.map((index) => story[index]!), story.at(-1)!, ...before.slice(0, 2)]);
      } },
    });
    const call = await person.call();
    await until('it was called', () => call.life !== undefined);
    await call.life;
    const lead = await person.until('the talk is on record', ({ status }) => status === 'reached');
    expect(call.line!.heard().equals(sound)).toBe(true);
    return record(lead, true);
  }));
  for (const one of seen) {
    expect(one).toEqual(seen[0]);
    expect(one).toMatchObject({ status: 'reached', endReason: 'agent-ended', durationSeconds: 12, transcript: [{ role: 'agent', text: 'Hello, and goodbye.' }] });
  }
});

test('a call without its final callback comes to an end all the same: it is looked up at the carrier', async () => {
  const other = await startWorld({ stack: { env: { RECONCILE_AFTER_SECONDS: '1' } } });
  try {
    const person = await other.ask({ phone: { life: async (call) => {
      await call.tells('ringing', 1);
      call.status = 'no-answer';
    } } });
    const lead = await person.until('the lead is tried again', ({ status }) => status === 'scheduled');
    expect(lead.calls[0]).toMatchObject({ status: 'no-answer' });
    expect(other.twilio.dials(person.phone)).toHaveLength(1);
  } finally {
    await other.end();
  }
});
