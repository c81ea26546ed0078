import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TAKEOVERS } from '#calls/answer-call.ts';
import type { CallEvent } from '#calls/call.ts';
import { byeSentence, keyQuestion } from '#calls/choose-key.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { inAnyOrder } from '#doubles/any-order.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import { makeWorld, type World } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const [first, second] = [attemptIdOf(lead, 1), attemptIdOf(lead, 2)];
const { callId } = readAttemptId(first)!;
const sid = sidNumber(1);
const at = '2026-11-21T12:00:00.000Z';
const failed: CallEvent = { kind: 'ended', at, endReason: 'agent-failed', detail: 'agent-quota-exceeded', turnMs: [] };
const question = { flow: 'ask-key', attemptId: first, sentence: keyQuestion, otherwise: byeSentence };
const soon = { flow: 'say-goodbye', sentence: expect.stringMatching(/call you back as soon as we can/) as string };
const never = { flow: 'say-goodbye', sentence: expect.stringMatching(/not be called again/) as string };
const bye = { flow: 'say-goodbye', sentence: byeSentence };

/** The agent could not be had: the caller has heard so, and is on the line. */
const missed = async (...more: CallEvent[]): Promise<World> => {
  const world = makeWorld();
  await world.enquire();
  await world.dialAll();
  await world.answer(first, sid);
  for (const event of [{ kind: 'stream-started' as const, at, epoch: 0, streamSid: 'MZ1' }, ...more, failed]) await world.event(callId, event);
  return world;
};
const chosen = async (world: World): Promise<(string | null)[]> => (await world.view(lead)).timeline.filter(({ event }) => event === 'key-chosen').map(({ detail }) => detail);

describe('who could not talk with the agent', () => {
  it('is asked for a key when the stream has ended, however often that document is fetched', async () => {
    const world = await missed();
    expect([await world.after(first, sid), await world.after(first, sid)]).toEqual([question, question]);
  });

  it('is asked, too, when the stream was lost too often, and first told so', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.answer(first, sid);
    for (let epoch = 0; epoch < MAX_TAKEOVERS; epoch += 1) await world.after(first, sid);
    const lost = { ...question, sentence: `We are sorry, the line to our assistant was lost. ${keyQuestion}` };
    expect([await world.after(first, sid), await world.after(first, sid)]).toEqual([lost, lost]);
  });

  it.each<[string, CallEvent]>([
    ['the agent ended the talk', { kind: 'ended', at, endReason: 'agent-ended', detail: null, turnMs: [] }], ['its time was over', { kind: 'ended', at, endReason: 'timed-out', detail: null, turnMs: [] }],
    ['an operator ended it', { kind: 'ended', at, endReason: 'operator', detail: null, turnMs: [] }], ['they opted out', { kind: 'opt-out', at, by: 'voice' }], ['a machine answered', { kind: 'answered-by', at, answeredBy: 'machine_start' }],
    ['they asked for another call before', { kind: 'callback-asked', at, by: 'agent', dueAt: '2026-11-21T15:00:00.000Z', note: null }],
  ])('is not asked when %s', async (_what, event) => {
    const world = await missed(event);
    expect(await world.after(first, sid)).toEqual({ flow: 'hang-up' });
  });

  it('is not asked when the line is down', async () => {
    const world = await missed();
    expect(await world.after(first, sid, true)).toEqual({ flow: 'hang-up' });
    await world.status(first, sid, 'completed');
    expect(await world.after(first, sid)).toEqual({ flow: 'hang-up' });
  });

  it('is called back in five minutes at key 1: one attempt, instead of the one that the plan would make', async () => {
    const world = await missed();
    await world.after(first, sid);
    expect(await world.key(first, sid, '1')).toEqual(soon);
    world.clock.forward(2000);
    expect(await world.key(first, sid, '1')).toEqual(soon);
    await world.status(first, sid, 'completed');
    expect(await world.view(lead)).toMatchObject({
      status: 'scheduled', disposition: 'callback', attempts: [{ state: 'placed' }, { attemptId: second, state: 'scheduled', dueAt: '2026-11-21T12:05:00.000Z', reason: 'They asked to be called at this time.' }],
    });
    expect(await chosen(world)).toEqual(['call-me-back']);
    world.clock.set('2026-11-21T12:05:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('is never called again at key 9', async () => {
    const world = await missed();
    expect([await world.key(first, sid, '9'), await world.key(first, sid, '9')]).toEqual([never, never]);
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'opt-out' });
    await world.status(first, sid, 'completed');
    expect(await world.view(lead)).toMatchObject({ status: 'do-not-call', attempts: [{ state: 'placed' }] });
    expect(await chosen(world)).toEqual(['do-not-call']);
  });

  it.each(['', '5', '#', '19', 'toString'])('hears goodbye at "%s", and is tried again by the plan', async (digits) => {
    const world = await missed();
    expect(await world.key(first, sid, digits)).toEqual(bye);
    await world.status(first, sid, 'completed');
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', attempts: [{}, { state: 'scheduled', dueAt: '2026-11-21T12:15:00.000Z', reason: expect.stringContaining('not available') }] });
    expect(await chosen(world)).toEqual(['nothing']);
  });

  it('is heard once: what comes later changes nothing, and is answered like the first', async () => {
    const world = await missed();
    await world.key(first, sid, '');
    expect([await world.key(first, sid, '1'), await world.key(first, sid, '9'), await world.after(first, sid)]).toEqual([bye, bye, { flow: 'hang-up' }]);
    expect(await world.stores.suppressions.suppression(PHONE)).toBeUndefined();
    expect(await chosen(world)).toEqual(['nothing']);
  });

  it('gets one answer from documents that are fetched at once, and what it says is what is done', async () => {
    await fc.assert(fc.asyncProperty(fc.scheduler(), fc.array(fc.constantFrom('1', '9', ''), { minLength: 2, maxLength: 4 }), async (s, pressed) => {
      let slow = false;
      const world = makeWorld({ between: async () => { if (slow) await s.schedule(Promise.resolve()); } });
      await world.enquire();
      await world.dialAll();
      await world.answer(first, sid);
      await world.event(callId, failed);
      slow = true;
      const answers = await inAnyOrder(s, Promise.all(pressed.map((digits) => world.key(first, sid, digits))));
      slow = false;
      await world.status(first, sid, 'completed');
      expect(new Set(answers.map((flow) => JSON.stringify(flow))).size).toBe(1);
      const [choice] = await chosen(world);
      expect(answers[0]).toEqual({ 'call-me-back': soon, 'do-not-call': never, nothing: bye }[choice!]);
      expect((await world.view(lead)).attempts.map(({ dueAt }) => dueAt).slice(1)).toEqual({ 'call-me-back': ['2026-11-21T12:05:00.000Z'], 'do-not-call': [], nothing: ['2026-11-21T12:15:00.000Z'] }[choice!]);
    }), { numRuns: 60 });
  });
});
