import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leadCalledBack } from '#calls/cancel-plans.ts';
import { cancelAttempt, rescheduleAttempt } from '#calls/change-attempt.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { retryLead, type RetryDeps } from '#calls/retry-lead.ts';
import { inAnyOrder } from '#doubles/any-order.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import { makeWorld, type World, type WorldOptions } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const second = attemptIdOf(lead, 2);
const deps = (world: World): RetryDeps => ({ ...world.deps, onQueueFailure: (_error, attemptId) => world.queueFailures.push(attemptId) });
const retry = (world: World, leadId = lead) => retryLead(deps(world))(leadId);
const turns = async (): Promise<void> => { await new Promise<void>((resolve) => { setImmediate(resolve); }); };
/** A lead whose phone was not answered: the plan has another attempt in half an hour. */
const unanswered = async (options: WorldOptions = {}): Promise<World> => {
  const world = makeWorld(options);
  await world.enquire();
  await world.dialAll();
  await world.status(first, sidNumber(1), 'no-answer', 1);
  return world;
};
/** A lead that was talked with. */
const reached = async (): Promise<World> => {
  const world = makeWorld();
  await world.enquire();
  await world.dialAll();
  const { callId } = readAttemptId(first)!;
  await world.event(callId, { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' });
  await world.event(callId, { kind: 'first-audio', at: world.clock.iso(), epoch: 0, sinceAnswerMs: 400 });
  await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] });
  await world.status(first, sidNumber(1), 'completed', 2);
  world.clock.forward(60_000);
  return world;
};

describe('a retry that a person asks for', () => {
  it('is refused where they opted out on a call of this enquiry, also when the number was taken off the list', async () => {
    const world = await reached();
    await world.event(readAttemptId(first)!.callId, { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    await world.stores.suppressions.unsuppress(PHONE);
    await expect(retry(world)).rejects.toMatchObject({ code: 'do-not-call', message: 'They asked not to be called, on a call of this enquiry.' });
    expect(await world.stores.suppressions.suppression(PHONE)).toBeUndefined();
    expect((await world.view(lead)).attempts).toHaveLength(1);
  });

  it('moves the planned attempt to now instead of making another one', async () => {
    const world = await unanswered();
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', attempts: [{ state: 'placed' }, { attemptId: second, state: 'scheduled' }] });
    world.clock.forward(60_000);
    expect(await retry(world)).toMatchObject({ attemptId: second, state: 'ready', dueAt: world.clock.iso(), decision: { outcome: 'allowed' } });
    expect(world.schedules.has(second)).toBe(false);
    await world.dialAll();
    expect(world.twilio.orders.map((order) => order.attemptId)).toEqual([first, second]);
    expect((await world.view(lead)).attempts).toHaveLength(2);
  });

  it('makes the next attempt when none is planned, also for a lead that was reached', async () => {
    const world = await reached();
    expect((await world.lead(lead)).status).toBe('reached');
    expect(await retry(world)).toMatchObject({ attemptId: second, state: 'ready' });
    expect((await world.lead(lead)).status).toBe('dialling');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
    await world.status(second, sidNumber(2), 'completed', 9);
    expect((await world.lead(lead)).status).toBe('reached');
  });

  it('waits for calling hours, and is not called off because the lead was reached before', async () => {
    const world = await reached();
    world.clock.set('2026-11-21T23:00:00.000Z');
    expect(await retry(world)).toMatchObject({ state: 'scheduled', dueAt: '2026-11-22T09:00:00.000Z', reason: expect.stringContaining('calling hours') });
    expect(world.schedules.get(second)).toBe('2026-11-22T09:00:00.000Z');
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', attempts: [{}, { state: 'scheduled' }] });
    world.clock.set('2026-11-22T09:00:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('is refused while a call is live, an attempt is under way, or nobody knows whether a phone rings', async () => {
    const world = makeWorld();
    await world.enquire();
    await expect(retry(world)).rejects.toMatchObject({ kind: 'conflict', code: 'attempt-under-way' });
    await world.dialAll();
    await expect(retry(world)).rejects.toMatchObject({ code: 'attempt-under-way' });
    await world.status(first, sidNumber(1), 'in-progress', 1);
    await expect(retry(world)).rejects.toMatchObject({ code: 'attempt-under-way' });
    const lost = makeWorld();
    await lost.enquire();
    lost.twilio.script.push({ does: 'lose-answer' });
    await lost.dialAll();
    await expect(retry(lost)).rejects.toMatchObject({ code: 'attempt-under-way' });
    expect(lost.twilio.rung).toHaveLength(1);
  });

  it('is refused in the words of the decision where permission is', async () => {
    const world = await unanswered();
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'crm', at: world.clock.iso(), note: null });
    await expect(retry(world)).rejects.toMatchObject({ kind: 'conflict', code: 'do-not-call', message: 'The CRM says not to call this number.' });
    await expect(retry(world, leadIdNumber(9))).rejects.toMatchObject({ kind: 'not-found', code: 'no-such-lead' });
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('counts under the ceilings of the day', async () => {
    const world = await unanswered({ policy: { caps: { callsPerDay: 1 } } });
    expect(await retry(world)).toMatchObject({ state: 'scheduled', decision: { code: 'calls-cap' }, dueAt: '2026-11-22T00:00:00.000Z' });
  });

  it('makes one attempt when twenty people ask at once, and one phone rings', async () => {
    for (const make of [() => unanswered({ between: turns }), async () => { const world = await reached(); return world; }]) {
      const world = await make();
      world.clock.forward(60_000);
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => retry(world)));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(asked.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))).toEqual(Array.from({ length: 19 }, () => 'attempt-under-way'));
      await world.dialAll();
      expect([world.twilio.rung.length, (await world.view(lead)).attempts.length]).toEqual([2, 2]);
      expect([...world.stores.memory.used.entries()].find(([key]) => key.startsWith('dial#calls'))?.[1]).toBe(2);
    }
  });

  it('is left to the sweep when its message cannot be sent', async () => {
    const world = await unanswered();
    world.clock.forward(60_000);
    const failing: RetryDeps = { ...deps(world), queue: { send: async () => { throw new Error('no queue'); } } };
    expect(await retryLead(failing)(lead)).toMatchObject({ state: 'ready' });
    expect(world.queueFailures).toEqual([second]);
    await world.settleDown(1);
    expect(world.twilio.rung).toHaveLength(2);
  });
});

describe('a planned attempt', () => {
  const later = '2026-11-21T16:00:00.000Z';

  it('is moved to another time', async () => {
    const world = await unanswered();
    expect(await rescheduleAttempt(deps(world))(second, '2026-11-21T16:00:00Z')).toMatchObject({ state: 'scheduled', dueAt: later });
    expect(world.schedules.get(second)).toBe(later);
    world.clock.forward(3_600_000);
    await world.dialAll();
    await world.sweep();
    expect(world.twilio.rung).toHaveLength(1);
    world.clock.set(later);
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
  });

  it('is moved to the first permitted moment after the time that was wished', async () => {
    const world = await unanswered();
    expect(await rescheduleAttempt(deps(world))(second, '2026-11-21T23:30:00.000Z')).toMatchObject({ dueAt: '2026-11-22T09:00:00.000Z', reason: expect.stringContaining('calling hours') });
  });

  it.each([[undefined], ['tomorrow'], ['2026-11-21T16:00:00'], ['2026-11-21T11:59:59.000Z'], ['2028-01-01T00:00:00.000Z'], [5]])('is not moved to %s', async (at) => {
    await expect(rescheduleAttempt(deps(await unanswered()))(second, at)).rejects.toMatchObject({ kind: 'invalid', fields: [{ field: 'at' }] });
  });

  it('is not moved once it was dialled, nor when there is none', async () => {
    const world = await unanswered();
    await expect(rescheduleAttempt(deps(world))(first, later)).rejects.toMatchObject({ code: 'attempt-not-scheduled' });
    await expect(rescheduleAttempt(deps(world))(attemptIdOf(lead, 3), later)).rejects.toMatchObject({ code: 'no-such-attempt' });
    await expect(cancelAttempt(deps(world))('nonsense')).rejects.toMatchObject({ code: 'no-such-attempt' });
    await expect(cancelAttempt(deps(world))(first)).rejects.toMatchObject({ code: 'attempt-under-way' });
  });

  it('that is moved while the dialer has it in hand rings at its new time', async () => {
    const world = await unanswered();
    world.clock.set((await world.view(lead)).attempts[1]!.dueAt);
    const stored = { ...world.stores.leads };
    let moved = false;
    world.stores.leads.moveAttempt = async (...args) => {
      if (!moved) {
        moved = true;
        await rescheduleAttempt({ ...deps(world), leads: stored })(second, later);
      }
      return stored.moveAttempt(...args);
    };
    expect(await world.dial({ attemptId: second })).toBe('not-due');
    expect([world.twilio.rung.length, world.schedules.get(second), (await world.view(lead)).attempts[1]!.state]).toEqual([1, later, 'scheduled']);
  });

  it('is cancelled, and the lead comes to rest', async () => {
    const world = await unanswered();
    expect(await cancelAttempt(deps(world))(second)).toMatchObject({ state: 'cancelled', reason: 'Cancelled by a person.' });
    expect(await cancelAttempt(deps(world))(second)).toMatchObject({ state: 'cancelled' });
    expect(world.schedules.has(second)).toBe(false);
    await world.settleDown(120);
    expect(await world.view(lead)).toMatchObject({ status: 'unreachable', disposition: 'unreachable' });
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('is cancelled before anybody tried: whether they could be reached is unknown, and its place under the ceilings is free again', async () => {
    const world = makeWorld();
    await world.enquire();
    await cancelAttempt(deps(world))(first);
    expect(await world.view(lead)).toMatchObject({ status: 'unreachable', disposition: 'unknown' });
    expect([...world.stores.memory.used.entries()].filter(([key]) => key.startsWith('dial#')).map(([, used]) => used)).toEqual([0, 0]);
    await world.dialAll();
    expect(world.twilio.rung).toEqual([]);
  });

  it('that is cancelled while dialers take its message is either dialled once or cancelled, never both', async () => {
    await fc.assert(fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 3 }), async (s, dialers) => {
      const world = makeWorld({ between: async () => { await s.schedule(Promise.resolve()); } });
      await inAnyOrder(s, world.enquire());
      const [cancelled] = await inAnyOrder(s, Promise.all([
        cancelAttempt(deps(world))(first).then(() => true, () => false), ...Array.from({ length: dialers }, () => world.dial({ attemptId: first })),
      ]));
      expect(world.twilio.rung).toHaveLength(cancelled ? 0 : 1);
      expect((await inAnyOrder(s, world.view(lead))).attempts[0]!.state).toBe(cancelled ? 'cancelled' : 'placed');
    }), { numRuns: 100 });
  });
});

describe('plans end', () => {
  it('when the same number asks anew: that enquiry goes on instead', async () => {
    const world = await unanswered();
    world.clock.forward(11 * 60_000);
    const anew = await world.enquire();
    expect(await world.view(lead)).toMatchObject({ status: 'unreachable', attempts: [{}, { state: 'cancelled', reason: expect.stringContaining('anew') }] });
    await world.settleDown(60);
    expect(world.twilio.orders.map((order) => readAttemptId(order.attemptId)!.leadId)).toEqual([lead, anew.leadId]);
  });

  it('not when the new enquiry is refused', async () => {
    const world = await unanswered();
    world.deps.policy.countries.refuse.push('GB');
    world.clock.forward(11 * 60_000);
    expect((await world.enquire()).status).toBe('refused');
    expect((await world.view(lead)).attempts[1]!.state).toBe('scheduled');
  });

  it('when the lead calls back, also those that were about to be dialled', async () => {
    const world = await unanswered();
    await world.enquire({ formUrl: 'https://example.com/other', phone: '+442079460019' });
    expect(await leadCalledBack(world.deps)(PHONE)).toBe(1);
    expect(await leadCalledBack(world.deps)('+442079460019')).toBe(1);
    await world.settleDown(60);
    expect(world.twilio.rung).toHaveLength(1);
    expect((await world.view(leadIdNumber(2))).attempts).toMatchObject([{ state: 'cancelled', reason: 'They called back.' }]);
  });
});
