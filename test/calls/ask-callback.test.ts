import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedAnew } from '#calls/cancel-plans.ts';
import type { CallEvent } from '#calls/call.ts';
import { cancelAttempt, rescheduleAttempt } from '#calls/change-attempt.ts';
import { eraseNumber } from '#calls/erase-lead.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { retryLead, type RetryDeps } from '#calls/retry-lead.ts';
import { settleLead } from '#calls/settle-lead.ts';
import { turnDialling } from '#calls/switch.ts';
import { inAnyOrder } from '#doubles/any-order.ts';
import { leadIdNumber, newCall, PHONE, sidNumber, statusEvent } from '#doubles/records.ts';
import { makeWorld, type World, type WorldOptions } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const [first, second, third] = [attemptIdOf(lead, 1), attemptIdOf(lead, 2), attemptIdOf(lead, 3)];
const { callId } = readAttemptId(first)!;
const deps = (world: World): RetryDeps => ({ ...world.deps, onQueueFailure: () => {} });
const at = '2026-11-21T12:00:00.000Z';
const stream: CallEvent = { kind: 'stream-started', at, epoch: 0, streamSid: 'MZ1' };
const heard: CallEvent = { kind: 'first-audio', at, epoch: 0, sinceAnswerMs: 400 };
const over = (when = at): CallEvent => ({ kind: 'ended', at: when, endReason: 'agent-ended', detail: null, turnMs: [] });

/** Saturday noon in London; they are talking. */
const talking = async (options: WorldOptions = {}): Promise<World> => {
  const world = makeWorld(options);
  await world.enquire();
  await world.dialAll();
  for (const event of [stream, heard]) await world.event(callId, event);
  await world.status(first, sidNumber(1), 'in-progress', 1);
  return world;
};
const hangUp = async (world: World, n = 1): Promise<void> => {
  const attemptId = attemptIdOf(lead, n);
  await world.event(readAttemptId(attemptId)!.callId, over(world.clock.iso()));
  await world.status(attemptId, sidNumber(n), 'completed', 9);
};
const attempts = async (world: World) => (await world.view(lead)).attempts;

describe('a person on the line who asks to be called later', () => {
  it('is called at that time: planned at once, told in words on their own clock, and dialled when it comes', async () => {
    const world = await talking();
    expect(await world.ask(callId, '2026-11-21T15:30', 'after work')).toEqual({ isError: false, result: 'Planned: they will be called today at 3:30 pm, their time.' });
    expect(await attempts(world)).toMatchObject([{ state: 'placed' }, { attemptId: second, state: 'scheduled', dueAt: '2026-11-21T15:30:00.000Z', reason: 'They asked to be called at this time.', decision: { outcome: 'allowed' } }]);
    expect(world.schedules.get(second)).toBe('2026-11-21T15:30:00.000Z');
    expect((await world.lead(lead)).status).toBe('in-call');
    await hangUp(world);
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', disposition: 'callback', attempts: [{}, { state: 'scheduled' }] });
    expect(await world.stores.calls.call(callId)).toMatchObject({ disposition: 'callback' });
    expect((await world.view(lead)).timeline).toContainEqual({ at, event: 'callback-asked', detail: 'for 2026-11-21T15:30:00.000Z: after work' });
    world.clock.set('2026-11-21T15:30:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
    for (const event of [stream, heard]) await world.event(readAttemptId(second)!.callId, event);
    await hangUp(world, 2);
    expect(await world.view(lead)).toMatchObject({ status: 'reached', disposition: 'unknown', attempts: [{}, { state: 'placed' }] });
    expect(world.schedules.size).toBe(0);
  });

  it('outside calling hours is called when they begin, and the agent is told so', async () => {
    const world = await talking();
    expect(await world.ask(callId, '2026-11-21T22:00')).toEqual({ isError: false, result: expect.stringMatching(/cannot be called at that time\. .*outside calling hours.* allowed: tomorrow, Sunday 22 November, at 9:00 am, their time\. Tell them\./) });
    expect((await attempts(world))[1]).toMatchObject({ dueAt: '2026-11-22T09:00:00.000Z', decision: { code: 'outside-hours' } });
  });

  it('in less than two minutes is called in two, when the line is free', async () => {
    const world = await talking();
    await world.ask(callId, 'in 0 minutes');
    expect((await attempts(world))[1]!.dueAt).toBe('2026-11-21T12:02:00.000Z');
  });

  it('and talks on when that time has come is called once the talk is over', async () => {
    const world = await talking();
    await world.ask(callId, 'in 2 minutes');
    world.clock.set('2026-11-21T12:02:00.000Z');
    await world.dialAll();
    expect([world.twilio.rung.length, world.schedules.get(second)]).toEqual([1, '2026-11-21T12:03:00.000Z']);
    await hangUp(world);
    world.clock.set('2026-11-21T12:03:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('is called though nothing more is ever heard of the call on which they asked', async () => {
    const world = await talking();
    await world.ask(callId, 'in 2 minutes');
    world.clock.set('2026-11-21T13:15:00.000Z');
    await world.dial({ attemptId: second });
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('asks twice, and the one planned attempt moves', async () => {
    const world = await talking();
    await world.ask(callId, 'in an hour');
    world.clock.forward(20_000);
    expect(await world.ask(callId, '2026-11-23T10:00')).toEqual({ isError: false, result: 'Planned: they will be called on Monday 23 November at 10:00 am, their time.' });
    await hangUp(world);
    expect(await attempts(world)).toMatchObject([{}, { attemptId: second, state: 'scheduled', dueAt: '2026-11-23T10:00:00.000Z' }]);
    expect([...world.schedules]).toEqual([[second, '2026-11-23T10:00:00.000Z']]);
  });

  it('takes over an attempt that the plan had made meanwhile', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.status(first, sidNumber(1), 'no-answer', 1);
    expect((await attempts(world))[1]).toMatchObject({ state: 'scheduled', dueAt: '2026-11-21T12:30:00.000Z' });
    await world.ask(callId, 'in 5 hours');
    expect(await attempts(world)).toMatchObject([{}, { attemptId: second, state: 'scheduled', dueAt: '2026-11-21T17:00:00.000Z' }]);
  });

  it.each([
    ['tomorrow', /when cannot be read\. Use a time such as .* It is now today at 12:00 pm, 2026-11-21T12:00Z\./], ['2026-11-21T11:00', /That time is over\. It is now today at 12:00 pm/], ['2028-01-01T10:00', /more than a year ahead/],
    ['2027-01-15T10:00', /cannot be called then\. .*consent.* Do not promise a call\./i],
  ])('%s is refused in words that the agent can act on, and nothing is written', async (when, words) => {
    const world = await talking();
    const before = world.stores.dump();
    expect(await world.ask(callId, when)).toEqual({ isError: true, result: expect.stringMatching(words) });
    expect(world.stores.dump()).toBe(before);
  });

  it('whose zone nobody knows is asked for it', async () => {
    const world = makeWorld({ start: '2026-11-21T18:00:00.000Z' });
    // Mexico has four zones, and this browser hides where it is.
    await world.enquire({ phone: '+525512345678', country: 'MX', timeZone: null });
    await world.dialAll();
    expect(await world.ask(callId, '2026-11-23T15:00')).toEqual({ isError: true, result: expect.stringMatching(/in which city they are/) });
    expect(await world.ask(callId, '2026-11-23T15:00-05:00')).toEqual({ isError: false, result: expect.stringMatching(/on Monday 23 November at .*\(America\//) });
  });

  it('is planned also while calling is switched off: the switch is asked when the time has come', async () => {
    const world = await talking();
    await turnDialling(world.deps)(false, 'admin-token');
    expect(await world.ask(callId, 'in 3 hours')).toMatchObject({ isError: false });
    await hangUp(world);
    world.clock.set('2026-11-21T15:00:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
    expect((await attempts(world))[1]).toMatchObject({ state: 'scheduled', decision: { code: 'kill-switch' } });
  });

  it('needs permission at that time like any dial: too often called is put off again', async () => {
    const world = await talking({ policy: { frequency: { perDay: 1 } } });
    expect(await world.ask(callId, 'in 3 hours')).toMatchObject({ isError: false, result: expect.stringMatching(/as often as the policy allows.*tomorrow, Sunday 22 November, at 12:00 pm/) });
  });
});

describe('a callback that was asked for', () => {
  const planned = async (when = 'in 3 hours', options: WorldOptions = {}): Promise<World> => {
    const world = await talking(options);
    await world.ask(callId, when);
    return world;
  };

  it('is tried again by a plan of its own when nobody answers, and the lead was reached in the end, as one who asked', async () => {
    const world = makeWorld({ policy: { frequency: { perDay: 9 }, retry: { outcomes: { 'no-answer': { afterMinutes: [30, 60] } } } } });
    await world.enquire();
    await world.dialAll();
    await world.status(first, sidNumber(1), 'no-answer', 1);
    world.clock.set('2026-11-21T12:30:00.000Z');
    await world.dialAll();
    const { callId: answered } = readAttemptId(second)!;
    for (const event of [stream, heard]) await world.event(answered, event);
    await world.ask(answered, 'in 3 hours');
    await hangUp(world, 2);
    const due: string[] = [];
    for (let n = 3; n <= 5; n += 1) {
      expect(await world.lead(lead)).toMatchObject({ status: 'scheduled', disposition: 'callback' });
      const [when] = world.schedules.values();
      due.push(when!);
      world.clock.set(when!);
      await world.dialAll();
      await world.status(attemptIdOf(lead, n), sidNumber(n), 'no-answer', 1);
    }
    // The first attempt's no-answer is not counted: 30 minutes and an hour after the time that they asked for.
    expect(due).toEqual(['2026-11-21T15:30:00.000Z', '2026-11-21T16:00:00.000Z', '2026-11-21T17:00:00.000Z']);
    expect(await world.lead(lead)).toMatchObject({ status: 'reached', disposition: 'callback' });
    expect(world.schedules.size).toBe(0);
  });

  it('is called off by an opt-out, in the same talk or later, and by a suppression', async () => {
    for (const optOut of [(world: World) => world.event(callId, { kind: 'opt-out', at, by: 'voice' as const }), async (world: World) => {
      await world.stores.suppressions.suppress({ phone: PHONE, reason: 'crm', at, note: null });
      await settleLead(world.deps)(lead);
    }]) {
      const world = await planned();
      await optOut(world);
      expect((await attempts(world))[1]).toMatchObject({ state: 'cancelled' });
      expect(await world.ask(callId, 'in 4 hours')).toEqual({ isError: true, result: expect.stringMatching(/cannot be called then/) });
      await hangUp(world);
      expect((await attempts(world)).filter(({ state }) => state === 'scheduled')).toEqual([]);
      expect(world.schedules.size).toBe(0);
    }
  });

  it('stays where a person moved it, and cancelled where a person cancelled it, until they ask again', async () => {
    const moved = await planned();
    await hangUp(moved);
    moved.clock.forward(60_000);
    await rescheduleAttempt(deps(moved))(second, '2026-11-22T14:00:00Z');
    await settleLead(moved.deps)(lead);
    expect((await attempts(moved))[1]).toMatchObject({ state: 'scheduled', dueAt: '2026-11-22T14:00:00.000Z' });
    const cancelled = await planned();
    cancelled.clock.forward(60_000);
    await cancelAttempt(deps(cancelled))(second);
    await settleLead(cancelled.deps)(lead);
    expect(await attempts(cancelled)).toMatchObject([{}, { state: 'cancelled' }]);
    await cancelled.ask(callId, 'in 2 hours');
    await hangUp(cancelled);
    expect(await attempts(cancelled)).toMatchObject([{}, { state: 'cancelled' }, { attemptId: third, state: 'scheduled' }]);
  });

  it('is brought forward by a person who asks for a retry after the talk', async () => {
    const world = await planned();
    await hangUp(world);
    world.clock.forward(60_000);
    expect(await retryLead(deps(world))(lead)).toMatchObject({ attemptId: second, state: 'ready' });
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('ends when the same number asks anew by the form', async () => {
    const world = await planned();
    await hangUp(world);
    expect(await askedAnew(world.deps)(PHONE, leadIdNumber(2))).toBe(1);
    expect(await world.view(lead)).toMatchObject({ status: 'reached', disposition: 'callback', attempts: [{}, { state: 'cancelled' }] });
  });

  it('is erased with the lead, the note included, and cannot come back', async () => {
    const world = await talking();
    await world.ask(callId, 'in 3 hours', 'call my neighbour instead');
    await eraseNumber({ ...world.deps, erasures: world.stores.erasures, onHangUpFailure: () => {}, onForgetFailure: () => {} })(PHONE);
    expect(world.schedules.size).toBe(0);
    expect(await world.ask(callId, 'in 4 hours', 'call my neighbour instead')).toMatchObject({ isError: true });
    await world.event(callId, { kind: 'callback-asked', at, by: 'agent', dueAt: '2026-11-21T16:00:00.000Z', note: 'call my neighbour instead' });
    expect(world.stores.dump()).not.toContain('neighbour');
    expect((await world.stores.leads.attempts(lead)).map(({ state }) => state)).toEqual(['placed', 'cancelled']);
  });

  it('is planned by whoever settles the lead next, when the process that noted it dies', async () => {
    const world = await talking();
    await world.stores.calls.append(callId, { kind: 'callback-asked', at, by: 'agent', dueAt: '2026-11-21T15:00:00.000Z', note: null });
    await hangUp(world);
    expect((await attempts(world))[1]).toMatchObject({ state: 'scheduled', dueAt: '2026-11-21T15:00:00.000Z' });
  });

  const wish = (dueAt = '2026-11-21T15:00:00.000Z'): CallEvent => ({ kind: 'callback-asked', at, by: 'agent', dueAt, note: null });

  it('waits for a call that is under way, and is made when that one comes to nothing', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.status(first, sidNumber(1), 'no-answer', 1);
    world.clock.set('2026-11-21T12:30:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
    expect(await world.ask(callId, 'in 3 hours')).toEqual({ isError: true, result: expect.stringMatching(/being called at this moment/) });
    expect(await attempts(world)).toHaveLength(2);
    await world.status(second, sidNumber(2), 'no-answer', 1);
    expect(await attempts(world)).toMatchObject([{}, {}, { attemptId: third, state: 'scheduled', dueAt: '2026-11-21T15:30:00.000Z' }]);
  });

  it('that becomes known only after a later talk is not made', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.status(first, sidNumber(1), 'no-answer', 1);
    world.clock.set('2026-11-21T12:30:00.000Z');
    await world.dialAll();
    for (const event of [stream, heard]) await world.event(readAttemptId(second)!.callId, event);
    await hangUp(world, 2);
    await world.event(callId, wish());
    expect(await attempts(world)).toHaveLength(2);
    expect(await world.lead(lead)).toMatchObject({ status: 'reached', disposition: 'unknown' });
  });

  it('of a number that is suppressed makes no attempt at all', async () => {
    const world = await talking();
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'crm', at, note: null });
    await world.event(callId, wish());
    await hangUp(world);
    expect(await attempts(world)).toHaveLength(1);
  });

  it('that nobody could plan for a day is not made good', async () => {
    const world = await talking();
    await world.stores.calls.append(callId, wish());
    world.clock.set('2026-11-23T12:00:00.000Z');
    await hangUp(world);
    expect(await attempts(world)).toHaveLength(1);
  });
});

describe('somebody who rings in and asks to be called', () => {
  const ringing = async (world: World, from: string): Promise<string> => {
    const inbound = 'call_01KADM7Q2V8ZC4T9W6N3HZZZZZ';
    await world.stores.calls.open(newCall(1, { callId: inbound, attemptId: null, leadId: null, direction: 'inbound', from, to: '+15005550006' }), world.clock.iso());
    await world.stores.calls.bind(inbound, 'twilio', sidNumber(50));
    return inbound;
  };

  it('is not, where nobody has on record that they agreed', async () => {
    const world = makeWorld();
    const inbound = await ringing(world, PHONE);
    expect(await world.ask(inbound, 'in 3 hours')).toEqual({ isError: true, result: expect.stringMatching(/not on record that this number agreed/) });
    expect(await world.ask('call_01KADM7Q2V8ZC4T9W6N3H00009', 'in 3 hours')).toMatchObject({ isError: true });
    expect(world.schedules.size).toBe(0);
  });

  it('is, where they filled in the form before: the next attempt of that lead', async () => {
    const world = await talking();
    await hangUp(world);
    const inbound = await ringing(world, PHONE);
    world.clock.forward(60_000);
    expect(await world.ask(inbound, 'in 3 hours')).toMatchObject({ isError: false });
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', disposition: 'callback', attempts: [{}, { attemptId: second, state: 'scheduled', dueAt: '2026-11-21T15:01:00.000Z' }] });
    await settleLead(world.deps)(lead);
    expect((await attempts(world))[1]).toMatchObject({ state: 'scheduled' });
    world.clock.set('2026-11-21T15:01:00.000Z');
    await world.callback(null, sidNumber(50), statusEvent('completed', { at: world.clock.iso() }));
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
  });
});

describe('asking, callbacks, the end and an opt-out, in any order', () => {
  type Happening = 'ask' | 'ask-again' | 'ringing' | 'in-progress' | 'completed' | 'stream' | 'heard' | 'ended' | 'opt-out' | 'sweep';
  const happen = (world: World, what: Happening): Promise<unknown> => {
    switch (what) {
      case 'ask': return world.ask(callId, '2026-11-21T15:00');
      case 'ask-again': return world.ask(callId, '2026-11-21T16:00');
      case 'stream': return world.event(callId, stream);
      case 'heard': return world.event(callId, heard);
      case 'ended': return world.event(callId, over());
      case 'opt-out': return world.event(callId, { kind: 'opt-out', at, by: 'voice' });
      case 'sweep': return settleLead(world.deps)(lead);
      case 'ringing': case 'in-progress': case 'completed': return world.status(first, sidNumber(1), what, ['ringing', 'in-progress', 'completed'].indexOf(what));
    }
  };
  const happenings = fc.array(fc.constantFrom<Happening>('ask-again', 'ringing', 'in-progress', 'completed', 'stream', 'heard', 'ended', 'opt-out', 'sweep'), { maxLength: 10 })
    .chain((some) => fc.shuffledSubarray(['ask' as const, ...some], { minLength: some.length + 1 }));
  const dialled = async (between?: () => Promise<void>): Promise<World> => {
    const world = makeWorld(between ? { between } : {});
    await world.enquire();
    await world.dialAll();
    return world;
  };
  const scheduled = async (world: World) => (await world.stores.leads.attempts(lead)).filter(({ state }) => state === 'scheduled');

  it('one after the other, leave one planned attempt, at the time asked for last; after an opt-out none', async () => {
    await fc.assert(fc.asyncProperty(happenings, async (order) => {
      const world = await dialled();
      for (const what of order) {
        await happen(world, what);
        world.clock.forward(1000);
      }
      await settleLead(world.deps)(lead);
      const left = await scheduled(world);
      const last = order.findLast((what) => what.startsWith('ask'));
      expect(left.map(({ attemptId, dueAt }) => [attemptId, dueAt])).toEqual(order.includes('opt-out') ? [] : [[second, last === 'ask' ? '2026-11-21T15:00:00.000Z' : '2026-11-21T16:00:00.000Z']]);
    }), { numRuns: 300 });
  });

  it('all at once, leave one planned attempt; after an opt-out none', async () => {
    await fc.assert(fc.asyncProperty(fc.scheduler(), happenings, async (s, all) => {
      let slow = false;
      const world = await dialled(async () => { if (slow) await s.schedule(Promise.resolve()); });
      slow = true;
      await inAnyOrder(s, Promise.all(all.map((what) => happen(world, what))));
      slow = false;
      await settleLead(world.deps)(lead);
      const left = await scheduled(world);
      expect(left.map(({ attemptId }) => attemptId)).toEqual(all.includes('opt-out') ? [] : [second]);
      expect((await world.stores.leads.attempts(lead)).length).toBeLessThanOrEqual(2);
    }), { numRuns: 150 });
  });
});
