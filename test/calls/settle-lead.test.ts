import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { settleLead } from '#calls/settle-lead.ts';
import { leadIdNumber, PHONE, sidNumber, statusEvent } from '#doubles/records.ts';
import { makeWorld, type WorldOptions } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const second = attemptIdOf(lead, 2);
const turns = async (): Promise<void> => { await new Promise<void>((resolve) => { setImmediate(resolve); }); };
const unanswered = async (options: WorldOptions = {}) => {
  const world = makeWorld(options);
  await world.enquire();
  await world.dialAll();
  await world.status(first, sidNumber(1), 'no-answer');
  return world;
};
const talk = (at: string) => [statusEvent('in-progress', { at }), { kind: 'stream-started' as const, at, epoch: 0, streamSid: 'MZ1' }, { kind: 'first-audio' as const, at, epoch: 0, sinceAnswerMs: 1 }];

describe('settling a lead', () => {
  it('plans the next attempt when nobody answered: one, however often and by however many it is settled', async () => {
    const world = await unanswered({ between: turns });
    await Promise.all(Array.from({ length: 8 }, () => settleLead(world.deps)(lead)));
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', disposition: null, attempts: [{ attemptId: first, state: 'placed' }, { attemptId: second, state: 'scheduled', dueAt: '2026-11-21T12:30:00.000Z' }] });
    expect((await world.view(lead)).attempts).toHaveLength(2);
    expect([...world.schedules]).toEqual([[second, '2026-11-21T12:30:00.000Z']]);
  });

  it('goes through the whole plan and ends unreachable', async () => {
    const world = await unanswered({ policy: { hours: { builtIn: false, default: [{ start: '00:00', end: '24:00' }] } } });
    for (let n = 2; n <= 4; n += 1) {
      expect((await world.lead(lead)).status).toBe('scheduled');
      world.clock.set([...world.schedules.values()][0]!);
      await world.dialAll();
      await world.status(attemptIdOf(lead, n), sidNumber(n), 'no-answer');
    }
    expect(await world.view(lead)).toMatchObject({ status: 'unreachable', disposition: 'unreachable' });
    expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([1, 2, 3, 4].map((n) => attemptIdOf(lead, n)));
    expect(world.schedules.size).toBe(0);
  });

  it('plans nothing after a talk', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.callback(first, sidNumber(1), ...talk(world.clock.iso()), { kind: 'ended', at: world.clock.iso(), endReason: 'caller-hung-up', detail: null, turnMs: [] }, statusEvent('completed'));
    expect(await world.view(lead)).toMatchObject({ status: 'reached', disposition: 'unknown', attempts: [{ state: 'placed' }] });
    expect(world.schedules.size).toBe(0);
  });

  it('plans again after a machine, also one that the agent talked to', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.callback(first, sidNumber(1), ...talk(world.clock.iso()), { kind: 'answered-by', at: world.clock.iso(), answeredBy: 'machine_end_beep' }, { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] }, statusEvent('completed'));
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', attempts: [{ state: 'placed' }, { attemptId: second, state: 'scheduled', dueAt: '2026-11-21T16:00:00.000Z' }] });
  });

  it('suppresses the number at an opt-out, ends as do-not-call, and plans nothing', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    await world.callback(first, sidNumber(1), ...talk(world.clock.iso()), { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'opt-out', at: world.clock.iso() });
    await world.callback(first, sidNumber(1), { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] }, statusEvent('completed'));
    expect(await world.view(lead)).toMatchObject({ status: 'do-not-call', disposition: 'do-not-call', attempts: [{ state: 'placed' }] });
    expect((await world.view(lead)).attempts).toHaveLength(1);
  });

  it('cancels what is planned when the number is suppressed, and plans nothing else', async () => {
    const world = await unanswered();
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'console', at: world.clock.iso(), note: null });
    await settleLead(world.deps)(lead);
    expect(await world.view(lead)).toMatchObject({ status: 'do-not-call', attempts: [{ state: 'placed' }, { state: 'cancelled' }] });
    expect((await world.view(lead)).attempts).toHaveLength(2);
    expect(world.schedules.size).toBe(0);
    world.clock.forward(3_600_000);
    await world.dial({ attemptId: second });
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('cancels what is planned when the late word is that they did talk', async () => {
    const world = await unanswered();
    await world.callback(first, sidNumber(1), ...talk(world.clock.iso()), { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] });
    expect(await world.view(lead)).toMatchObject({ status: 'reached', attempts: [{ state: 'placed' }, { state: 'cancelled' }] });
    expect(world.schedules.size).toBe(0);
  });

  it('writes nothing when nothing has changed', async () => {
    const world = await unanswered();
    const before = world.stores.dump();
    await settleLead(world.deps)(lead);
    expect(world.stores.dump()).toBe(before);
    expect(await settleLead(world.deps)(leadIdNumber(9))).toBeUndefined();
  });

  it('ends at what is true when two settle against each other', async () => {
    const world = makeWorld({ between: turns });
    await world.enquire();
    await world.dialAll();
    const { callId } = readAttemptId(first)!;
    await Promise.all([world.status(first, sidNumber(1), 'ringing'), world.status(first, sidNumber(1), 'in-progress'), world.event(callId, { kind: 'answered-by', at: world.clock.iso(), answeredBy: 'human' }), world.status(first, sidNumber(1), 'initiated')]);
    expect((await world.lead(lead)).status).toBe('in-call');
  });
});
