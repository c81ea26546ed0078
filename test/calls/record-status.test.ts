import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callStatuses } from '#calls/call.ts';
import { attemptIdOf, attemptStates, readAttemptId } from '#calls/lead.ts';
import { recordOutcome } from '#calls/record-outcome.ts';
import { leadIdNumber, newCall, PHONE, sidNumber, statusEvent } from '#doubles/records.ts';
import { makeWorld } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
/** An attempt in the state of not knowing, as after a time-out. */
const unknown = async () => {
  const world = makeWorld();
  await world.enquire();
  world.twilio.script.push({ does: 'lose-answer' });
  await world.dialAll();
  return world;
};

describe('a callback', () => {
  it('adopts its call for an attempt of which nobody knew whether a phone rings', async () => {
    const world = await unknown();
    expect(await world.status(first, sidNumber(1), 'ringing', 1)).toBe('recorded');
    expect(await world.view(lead)).toMatchObject({ attempts: [{ state: 'placed', callId }], calls: [{ callSid: sidNumber(1), status: 'ringing' }] });
    expect(await world.stores.calls.callIdOf('twilio', sidNumber(1))).toBe(callId);
  });

  it('of a second call for one attempt is a stray, and counts for nothing', async () => {
    const world = await unknown();
    await world.status(first, sidNumber(1), 'ringing');
    const before = world.stores.dump();
    expect(await world.status(first, sidNumber(2), 'completed')).toBe('stray');
    expect(world.stores.dump()).toBe(before);
  });

  it('of a call that belongs to another attempt is a stray', async () => {
    const world = await unknown();
    await world.enquire({ formUrl: 'https://example.com/2' });
    await world.dialAll();
    expect(await world.status(first, sidNumber(2), 'busy')).toBe('stray');
    expect((await world.view(lead)).attempts).toMatchObject([{ state: 'unknown' }]);
  });

  it('finds its call by the carrier\'s id where its address names no attempt', async () => {
    const world = await unknown();
    await expect(world.status('', sidNumber(1), 'ringing')).rejects.toMatchObject({ kind: 'not-found', code: 'no-such-call' });
    await world.status(first, sidNumber(1), 'ringing');
    await world.callback(null, sidNumber(1), statusEvent('busy', { at: world.clock.iso() }));
    expect((await world.view(lead)).calls).toMatchObject([{ status: 'busy' }]);
  });

  it('about nothing of ours is refused in words, and nothing is written', async () => {
    const world = makeWorld();
    const before = world.stores.dump();
    await expect(world.status(first, sidNumber(1), 'ringing')).rejects.toMatchObject({ kind: 'not-found', fields: [{ field: 'attempt' }] });
    await expect(world.callback(null, sidNumber(1), statusEvent('ringing'))).rejects.toMatchObject({ kind: 'not-found', fields: [{ field: 'CallSid' }] });
    await expect(world.callback('nonsense', sidNumber(1), statusEvent('ringing'))).rejects.toMatchObject({ kind: 'not-found' });
    expect(world.stores.dump()).toBe(before);
  });

  it('moves no attempt out of a state that is an end', async () => {
    for (const state of attemptStates.filter((one) => !['ready', 'dialling', 'unknown'].includes(one))) {
      const world = await unknown();
      await world.stores.leads.moveAttempt(first, ['unknown'], { state }, { at: world.clock.iso(), event: state, detail: null });
      await world.status(first, sidNumber(1), 'ringing');
      expect((await world.stores.leads.attempt(first))?.state).toBe(state);
    }
  });

  it('twice is once', async () => {
    const world = await unknown();
    await world.status(first, sidNumber(1), 'busy', 2);
    const before = world.stores.dump();
    world.clock.forward(1000);
    await world.callback(first, sidNumber(1), statusEvent('busy', { sequence: 2, at: '2026-11-21T12:00:00.000Z' }));
    expect(world.stores.dump()).toBe(before);
  });

  it('carries a call through to a lead that was reached, in any order and with repeats, also all at once', async () => {
    const told = [
      statusEvent('initiated', { sequence: 0 }), statusEvent('ringing', { sequence: 1 }), statusEvent('in-progress', { sequence: 2, at: '2026-11-21T12:00:04.000Z' }),
      statusEvent('completed', { sequence: 3, at: '2026-11-21T12:00:40.000Z', durationSeconds: 36 }),
      { kind: 'stream-started' as const, at: '2026-11-21T12:00:05.000Z', epoch: 0, streamSid: 'MZ1' }, { kind: 'first-audio' as const, at: '2026-11-21T12:00:06.000Z', epoch: 0, sinceAnswerMs: 400 },
      { kind: 'ended' as const, at: '2026-11-21T12:00:39.000Z', endReason: 'agent-ended' as const, detail: null, turnMs: [] },
      { kind: 'outcome' as const, at: '2026-11-21T12:01:00.000Z', source: 'agent' as const, disposition: 'interested' as const, summary: 'Wants one.' },
    ];
    let reference: unknown;
    await fc.assert(fc.asyncProperty(fc.shuffledSubarray(told, { minLength: told.length }), fc.array(fc.constantFrom(...told), { maxLength: 5 }), fc.boolean(), async (order, repeats, atOnce) => {
      const world = await unknown();
      const events = [...order, ...repeats];
      if (atOnce) await Promise.all(events.map((event) => world.callback(first, sidNumber(1), event)));
      else for (const event of events) await world.callback(first, sidNumber(1), event);
      const { timeline: _timeline, ...view } = await world.view(lead);
      reference ??= view;
      expect(view).toEqual(reference);
      expect(view).toMatchObject({ status: 'reached', disposition: 'interested', calls: [{ status: 'completed', endReason: 'agent-ended', durationSeconds: 36 }] });
    }), { numRuns: 60 });
  });

  it('comes to the same record when any were lost and the carrier is asked afterwards', async () => {
    await fc.assert(fc.asyncProperty(fc.subarray(callStatuses.slice(1, 4)), fc.boolean(), async (kept, answered) => {
      const world = await unknown();
      for (const word of kept) await world.status(first, sidNumber(1), word);
      if (answered) await world.answer(first, sidNumber(1));
      world.twilio.set(sidNumber(1), 'no-answer');
      await world.settleDown(5);
      expect((await world.view(lead)).calls).toMatchObject([{ status: 'no-answer' }]);
      expect(world.twilio.rung).toHaveLength(1);
    }));
  });
});

describe('what a talk came to, told after the call', () => {
  const outcome = (more: object = {}) => ({ callId, conversationId: 'conv_1', disposition: 'interested' as const, summary: 'Wants one.', at: '2026-11-21T12:05:00.000Z', ...more });
  const talked = async () => {
    const world = await unknown();
    await world.callback(first, sidNumber(1), statusEvent('in-progress'), { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' },
      { kind: 'agent-connected', at: world.clock.iso(), epoch: 0, conversationId: 'conv_1', voiceId: null }, { kind: 'first-audio', at: world.clock.iso(), epoch: 0, sinceAnswerMs: 1 },
      { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] }, statusEvent('completed'));
    return world;
  };

  it('is kept with the call and its lead, once', async () => {
    const world = await talked();
    expect(await recordOutcome(world.deps)(outcome())).toBe('recorded');
    expect(await world.view(lead)).toMatchObject({ status: 'reached', disposition: 'interested', summary: 'Wants one.' });
    const before = world.stores.dump();
    await recordOutcome(world.deps)(outcome({ disposition: 'wrong-number' }));
    expect(world.stores.dump()).toBe(before);
  });

  it('is not ours while no stream of the call began: the agent was opened while the phone rang, and greeted nobody', async () => {
    const world = await unknown();
    await world.status(first, sidNumber(1), 'no-answer');
    const before = world.stores.dump();
    expect(await recordOutcome(world.deps)(outcome({ disposition: 'voicemail' }))).toBe('not-ours');
    expect(world.stores.dump()).toBe(before);
  });

  it('is not ours for another conversation or another account\'s agent', async () => {
    const world = await talked();
    const before = world.stores.dump();
    expect(await recordOutcome(world.deps)(outcome({ conversationId: 'conv_2' }))).toBe('not-ours');
    expect(await recordOutcome(world.deps)(outcome({ callId: null }))).toBe('not-ours');
    expect(await recordOutcome(world.deps)(outcome({ callId: newCall(9).callId }))).toBe('not-ours');
    expect(world.stores.dump()).toBe(before);
  });

  it('suppresses the number when they asked not to be called', async () => {
    const world = await talked();
    await recordOutcome(world.deps)(outcome({ disposition: 'do-not-call' }));
    expect((await world.lead(lead)).status).toBe('do-not-call');
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'opt-out' });
  });
});
