import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { leadIdNumber, sidNumber, statusEvent } from '#doubles/records.ts';
import type { Script } from '#doubles/carrier.ts';
import { makeWorld, type WorldOptions } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const other = attemptIdOf(leadIdNumber(2), 1);
const { callId } = readAttemptId(first)!;
const dialled = async (script: Script, options: WorldOptions = {}) => {
  const world = makeWorld(options);
  await world.enquire();
  world.twilio.script.push(script);
  await world.dialAll();
  return world;
};
const stateOf = async (world: ReturnType<typeof makeWorld>, attemptId = first): Promise<string | undefined> => (await world.stores.leads.attempt(attemptId))?.state;

describe('the reconciler', () => {
  it('finds the call of an attempt whose answer was lost, and adopts it', async () => {
    const world = await dialled({ does: 'lose-answer' });
    world.clock.forward(89_000);
    await world.sweep();
    expect(await stateOf(world)).toBe('unknown');
    world.clock.forward(1_000);
    expect(await world.sweep()).toMatchObject({ adopted: 1 });
    expect(await world.view(lead)).toMatchObject({ status: 'dialling', attempts: [{ state: 'placed', callId }], calls: [{ callSid: sidNumber(1), status: 'ringing' }] });
    expect(await world.stores.calls.callIdOf('twilio', sidNumber(1))).toBe(callId);
    await world.settleDown(10);
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('dials again only after two looks at the carrier\'s list, a quiet window apart', async () => {
    const world = await dialled({ does: 'vanish' });
    world.clock.forward(90_000);
    expect(await world.sweep()).toMatchObject({ looked: 1 });
    expect([await stateOf(world), world.messages.length]).toEqual(['unknown', 0]);
    world.clock.forward(89_000);
    await world.sweep();
    expect([await stateOf(world), world.messages.length]).toEqual(['unknown', 0]);
    world.clock.forward(1_000);
    expect(await world.sweep()).toMatchObject({ 'dialled-again': 1 });
    expect(await stateOf(world)).toBe('ready');
    await world.dialAll();
    expect([await stateOf(world), world.twilio.orders.length, world.twilio.rung.length]).toEqual(['placed', 2, 1]);
  });

  it('takes two looks after each loss', async () => {
    const world = await dialled({ does: 'vanish' });
    world.twilio.script.push({ does: 'vanish' });
    world.clock.forward(90_000);
    await world.sweep();
    world.clock.forward(90_000);
    await world.sweep();
    await world.dialAll();
    expect([await stateOf(world), world.twilio.orders.length]).toEqual(['unknown', 2]);
    world.clock.forward(90_000);
    await world.sweep();
    await world.dialAll();
    expect(world.twilio.orders).toHaveLength(2);
    world.clock.forward(90_000);
    await world.sweep();
    await world.dialAll();
    expect([await stateOf(world), world.twilio.rung.length]).toEqual(['placed', 1]);
  });

  it('asks a carrier that never places the call four times, and leaves the rest to the retry plan', async () => {
    const world = await dialled({ does: 'vanish' });
    for (let i = 0; i < 10; i += 1) world.twilio.script.push({ does: 'vanish' });
    for (let i = 0; i < 12 && (await stateOf(world)) !== 'failed'; i += 1) {
      world.clock.forward(90_000);
      await world.sweep();
      await world.dialAll();
    }
    expect([await stateOf(world), world.twilio.orders.length, world.twilio.rung.length]).toEqual(['failed', 4, 0]);
    expect((await world.stores.leads.attempts(lead)).map((attempt) => attempt.state)).toEqual(['failed', 'scheduled']);
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled' });
  });

  it('finds a call that comes late into the list', async () => {
    const world = await dialled({ does: 'lose-answer', listedAfterMs: 120_000 });
    await world.settleDown(10);
    expect([await stateOf(world), world.twilio.rung.length, world.twilio.orders.length]).toEqual(['placed', 1, 1]);
  });

  it('treats an attempt whose dialer died like a lost answer', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.stores.calls.open({ callId, attemptId: first, leadId: lead, carrier: 'twilio', direction: 'outbound', from: '+15005550006', to: '+442079460018' }, world.clock.iso());
    await world.stores.leads.claimAttempt(first, '+442079460018', world.clock.iso());
    world.messages.length = 0;
    world.clock.forward(90_000);
    await world.sweep();
    expect(await stateOf(world)).toBe('unknown');
    expect((await world.view(lead)).attempts[0]!.reason).toMatch(/not known/);
    await world.settleDown(5);
    expect([await stateOf(world), world.twilio.rung.length]).toEqual(['placed', 1]);
  });

  it('never adopts a call that belongs to another attempt to the same number', async () => {
    const world = await dialled({ does: 'vanish' });
    world.clock.forward(60_000);
    await world.enquire({ formUrl: 'https://example.com/2' });
    await world.dialAll();
    world.clock.forward(30_000);
    await world.sweep();
    expect([await stateOf(world), await stateOf(world, other)]).toEqual(['unknown', 'placed']);
    expect(await world.stores.calls.callIdOf('twilio', sidNumber(1))).toBe(readAttemptId(other)!.callId);
  });

  it('never adopts a call that another attempt to the number is just being dialled for', async () => {
    const world = await dialled({ does: 'vanish' });
    world.clock.forward(85_000);
    await world.enquire({ formUrl: 'https://example.com/2' });
    world.twilio.script.push({ does: 'lose-answer' });
    await world.dialAll();
    world.clock.forward(5_000);
    await world.sweep();
    expect([await stateOf(world), await stateOf(world, other)]).toEqual(['unknown', 'unknown']);
    await world.settleDown(10);
    expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([other, first]);
    for (const { callSid, attemptId } of world.twilio.rung) expect(await world.stores.calls.callIdOf('twilio', callSid)).toBe(readAttemptId(attemptId)!.callId);
  });

  it('never adopts a call whose answer document another attempt has fetched', async () => {
    const world = await dialled({ does: 'vanish' });
    world.clock.forward(60_000);
    await world.enquire({ formUrl: 'https://example.com/2' });
    world.twilio.script.push({ does: 'lose-answer' });
    await world.dialAll();
    await world.answer(other, sidNumber(1));
    await world.settleDown(10);
    for (const { callSid, attemptId } of world.twilio.rung) expect(await world.stores.calls.callIdOf('twilio', callSid)).toBe(readAttemptId(attemptId)!.callId);
    expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([other, first]);
  });

  it('gives two lost calls to one number to their own attempts', async () => {
    const world = await dialled({ does: 'lose-answer' });
    world.clock.forward(20_000);
    await world.enquire({ formUrl: 'https://example.com/2' });
    world.twilio.script.push({ does: 'lose-answer' });
    await world.dialAll();
    await world.settleDown(10);
    expect(world.twilio.rung).toHaveLength(2);
    for (const { callSid, attemptId } of world.twilio.rung) expect(await world.stores.calls.callIdOf('twilio', callSid)).toBe(readAttemptId(attemptId)!.callId);
  });

  it('leaves a dialer alone that is still waiting for the carrier\'s answer', async () => {
    const world = makeWorld({ afterSeconds: 1 });
    await world.enquire();
    const place = world.twilio.carrier.place.bind(world.twilio.carrier);
    Object.assign(world.twilio.carrier, { place: async (order: Parameters<typeof place>[0]) => {
      world.clock.forward(10_000);
      await world.sweep();
      return place(order);
    } });
    await world.dialAll();
    expect((await world.stores.leads.attempt(first))?.history.map((step) => step.event)).toEqual(['ready', 'dialling', 'placed']);
  });

  it('waits while the carrier cannot be asked, and tells of it; others are looked at all the same', async () => {
    const world = await dialled({ does: 'vanish' });
    world.clock.forward(90_000);
    await world.enquire({ phone: '+442079460019' });
    world.messages.length = 0;
    world.twilio.down(true);
    world.clock.forward(5_000);
    await world.sweep();
    expect(world.failures.map(({ id }) => id)).toEqual([first]);
    expect(world.messages.map(({ message }) => message.attemptId)).toEqual([other]);
    for (let i = 0; i < 20; i += 1) {
      world.clock.forward(60_000);
      await world.sweep();
    }
    expect(world.twilio.orders).toHaveLength(1);
    world.twilio.down(false);
    await world.settleDown(5);
    expect(await stateOf(world)).toBe('placed');
  });

  it('sends attempts again whose message was lost, and planned ones whose schedule was', async () => {
    const world = makeWorld({ start: '2026-11-21T23:00:00.000Z', policy: { hours: { builtIn: false } } });
    await world.enquire();
    world.schedules.clear();
    world.clock.set('2026-11-22T09:00:04.000Z');
    await world.sweep();
    expect(world.messages).toEqual([]);
    world.clock.forward(1_000);
    await world.sweep();
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('looks up calls of which nothing was heard, and brings them to their end', async () => {
    const world = await dialled({ does: 'place' });
    world.twilio.set(sidNumber(1), 'busy');
    world.clock.forward(89_000);
    expect(await world.sweep()).not.toHaveProperty('calls-looked-up');
    world.clock.forward(1_000);
    expect(await world.sweep()).toMatchObject({ 'calls-looked-up': 1 });
    expect(await world.view(lead)).toMatchObject({ calls: [{ status: 'busy', durationSeconds: 0 }] });
    expect(await world.sweep()).toEqual({});
  });

  it('says how a talk ended when the relay that knew is gone', async () => {
    const world = await dialled({ does: 'place' });
    await world.callback(first, sidNumber(1), statusEvent('in-progress', { at: world.clock.iso() }), { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' }, { kind: 'first-audio', at: world.clock.iso(), epoch: 0, sinceAnswerMs: 1 });
    world.clock.forward(60_000);
    await world.status(first, sidNumber(1), 'completed', 3);
    world.twilio.set(sidNumber(1), 'completed');
    expect((await world.lead(lead)).status).toBe('in-call');
    world.clock.forward(90_000);
    await world.sweep();
    expect(await world.view(lead)).toMatchObject({ status: 'reached', calls: [{ status: 'completed', endReason: 'caller-hung-up' }] });
    expect((await world.view(lead)).timeline.map((step) => step.detail)).toContain('caller-hung-up: relay-lost');
  });

  it('leaves a long talk alone, however often it looks', async () => {
    const world = await dialled({ does: 'place' });
    await world.callback(first, sidNumber(1), statusEvent('in-progress', { at: world.clock.iso() }), { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' });
    world.twilio.set(sidNumber(1), 'in-progress');
    await world.settleDown(9);
    expect(await world.view(lead)).toMatchObject({ status: 'in-call', calls: [{ status: 'in-progress', endReason: null }] });
  });

  it('ends a call that the carrier has forgotten', async () => {
    for (const answered of [false, true]) {
      const world = await dialled({ does: 'place' });
      if (answered) await world.callback(first, sidNumber(1), statusEvent('in-progress', { at: world.clock.iso() }), { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' }, { kind: 'first-audio', at: world.clock.iso(), epoch: 0, sinceAnswerMs: 1 });
      world.twilio.forget(sidNumber(1));
      await world.settleDown(5);
      expect((await world.view(lead)).calls).toMatchObject([{ status: answered ? 'completed' : 'failed' }]);
      expect(await world.isFinal(lead)).toBe(true);
      expect(world.twilio.rung).toHaveLength(1);
    }
  });

  it('brings an attempt to its end whose call was adopted and then forgotten by the carrier', async () => {
    const world = await dialled({ does: 'lose-answer' });
    await world.answer(first, sidNumber(1));
    world.twilio.forget(sidNumber(1));
    await world.settleDown(10);
    expect([await stateOf(world), world.twilio.orders.length]).toEqual(['placed', 1]);
    expect(await world.isFinal(lead)).toBe(true);
  });

  it('does nothing where everything is in order', async () => {
    const world = await dialled({ does: 'place' });
    await world.status(first, sidNumber(1), 'canceled');
    const before = world.stores.dump();
    world.clock.forward(600_000);
    expect(await world.sweep()).toEqual({});
    expect(world.stores.dump()).toBe(before);
  });
});
