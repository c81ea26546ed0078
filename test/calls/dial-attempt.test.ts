import { describe, expect, it } from 'vitest';
import { dialAttempt } from '#calls/dial-attempt.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import type { DialOrder, DialOutcome, ExpectedCall } from '#calls/ports.ts';
import { makeWorld, type WorldOptions } from '#doubles/world.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const turns = async (): Promise<void> => { await new Promise<void>((resolve) => { setImmediate(resolve); }); };
const enquired = async (options: WorldOptions = {}) => {
  const world = makeWorld(options);
  await world.enquire();
  world.messages.length = 0;
  return world;
};
const answering = async (outcome: DialOutcome, options: WorldOptions = {}) => {
  const world = await enquired(options);
  world.twilio.script.push({ does: 'answer', outcome });
  return world;
};

describe('the dialer', () => {
  it('asks the carrier once, with the attempt\'s id, and notes the call', async () => {
    const world = await enquired();
    expect(await world.dial({ attemptId: first })).toBe('dialled');
    expect(world.twilio.orders).toEqual([{ attemptId: first, callId, to: PHONE, ringSeconds: 30, limitSeconds: 600 }]);
    expect(await world.view(lead)).toMatchObject({ status: 'dialling', attempts: [{ state: 'placed', callId }], calls: [{ callId, callSid: sidNumber(1), status: 'queued', from: '+15005550006', to: PHONE, direction: 'outbound' }] });
    expect(await world.stores.calls.callIdOf('twilio', sidNumber(1))).toBe(callId);
  });

  it('lets the carrier cut a call later where a person may take it over', async () => {
    const world = await enquired();
    await dialAttempt({ ...world.deps, mayTransfer: (carrier) => carrier === 'twilio' })({ attemptId: first });
    expect(world.twilio.orders).toMatchObject([{ limitSeconds: 600 + 3600 }]);
  });

  it('does nothing for a message that comes again', async () => {
    const world = await enquired();
    await world.dial({ attemptId: first });
    const before = world.stores.dump();
    expect([await world.dial({ attemptId: first }), await world.dial({ attemptId: first, turnAt: world.clock.iso() })]).toEqual(['not-ready', 'not-ready']);
    expect(world.stores.dump()).toBe(before);
    expect(world.twilio.orders).toHaveLength(1);
  });

  it('asks the carrier once although ten dialers take the message at once', async () => {
    const world = await enquired({ between: turns });
    const results = await Promise.all(Array.from({ length: 10 }, () => world.dial({ attemptId: first })));
    expect(results.filter((result) => result === 'dialled')).toHaveLength(1);
    expect(world.twilio.orders).toHaveLength(1);
    expect((await world.view(lead)).attempts).toMatchObject([{ state: 'placed' }]);
  });

  it('says which phone is about to ring, and until when, where somebody wants to know; and of nothing that was not placed', async () => {
    const expected: ExpectedCall[] = [];
    const placed = await enquired();
    const refused = await answering({ outcome: 'refused', code: '21211', reason: 'No such number.', doNotDisturb: false });
    for (const world of [placed, refused]) await dialAttempt({ ...world.deps, expects: { expect: async (call) => void expected.push(call) } })({ attemptId: first });
    expect(expected).toEqual([{ callId, carrier: 'twilio', callSid: sidNumber(1), leadId: lead, placedAt: placed.clock.iso(), until: new Date(placed.clock.now().getTime() + 40_000).toISOString() }]);
  });

  it('knows nothing of an attempt that was never written', async () => {
    const world = makeWorld();
    expect([await world.dial({ attemptId: first }), await world.dial({ attemptId: 'nonsense' })]).toEqual(['no-such-attempt', 'no-such-attempt']);
    expect(world.twilio.orders).toEqual([]);
  });

  it('does not dial who opted out between the enquiry and the dial', async () => {
    const world = await enquired();
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'opt-out', at: world.clock.iso(), note: null });
    expect(await world.dial({ attemptId: first })).toBe('refused');
    expect(await world.view(lead)).toMatchObject({ status: 'do-not-call', disposition: 'do-not-call', attempts: [{ state: 'refused', decision: { code: 'do-not-call' } }] });
    expect(world.twilio.orders).toEqual([]);
  });

  it('puts off a dial whose hours have closed since the enquiry', async () => {
    const world = await enquired({ start: '2026-11-21T20:59:30.000Z', policy: { hours: { builtIn: false } } });
    world.clock.set('2026-11-21T21:00:00.000Z');
    expect(await world.dial({ attemptId: first })).toBe('later');
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', attempts: [{ state: 'scheduled', dueAt: '2026-11-22T09:00:00.000Z' }] });
    expect([...world.schedules]).toEqual([[first, '2026-11-22T09:00:00.000Z']]);
  });

  it('dials a scheduled attempt when it is due, and not before', async () => {
    const world = await enquired({ start: '2026-11-21T23:00:00.000Z', policy: { hours: { builtIn: false } } });
    expect(await world.dial({ attemptId: first })).toBe('not-due');
    expect([...world.schedules]).toEqual([[first, '2026-11-22T09:00:00.000Z']]);
    world.clock.set('2026-11-22T09:00:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('takes a place under the day\'s cap for an attempt that comes due, and puts it off when there is none', async () => {
    const world = makeWorld({ policy: { caps: { callsPerDay: 1 }, hours: { builtIn: false, default: [{ start: '00:00', end: '24:00' }] } } });
    await world.enquire();
    await world.enquire({ phone: '+442079460019' });
    await world.enquire({ phone: '+442079460020' });
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
    world.clock.set('2026-11-22T00:00:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(2);
    expect((await world.view(leadIdNumber(3))).attempts).toMatchObject([{ state: 'scheduled', dueAt: '2026-11-23T00:00:00.000Z' }]);
    world.clock.set('2026-11-23T00:00:00.000Z');
    await world.dialAll();
    expect(world.twilio.rung.map((call) => call.attemptId).sort()).toEqual([1, 2, 3].map((n) => attemptIdOf(leadIdNumber(n), 1)));
  });

  it('waits for a turn that is near, and dials then', async () => {
    const world = makeWorld({ intervalMs: 1500 });
    await world.enquire();
    await world.enquire({ phone: '+442079460019' });
    world.messages.length = 0;
    await world.dial({ attemptId: first });
    await world.dial({ attemptId: attemptIdOf(leadIdNumber(2), 1) });
    expect(world.waits).toEqual([1500]);
    expect(world.twilio.rung.map((call) => call.startedAt)).toEqual(['2026-11-21T12:00:00.000Z', '2026-11-21T12:00:01.500Z']);
  });

  it('goes back to the queue with a turn that is far, and dials at that turn', async () => {
    const world = makeWorld({ intervalMs: 60_000 });
    await world.enquire();
    await world.enquire({ phone: '+442079460019' });
    await world.dialAll();
    const second = attemptIdOf(leadIdNumber(2), 1);
    expect(world.messages).toEqual([{ message: { attemptId: second, turnAt: '2026-11-21T12:01:00.000Z' }, at: Date.parse('2026-11-21T12:01:00.000Z') }]);
    world.clock.forward(60_000);
    await world.dialAll();
    expect(world.twilio.rung.map((call) => call.startedAt)).toEqual(['2026-11-21T12:00:00.000Z', '2026-11-21T12:01:00.000Z']);
  });

  it('paces a hundred enquiries that come at once, with sweeps in between, and wastes few turns', async () => {
    const world = makeWorld({ intervalMs: 10_000, policy: { caps: { perAddressPerHour: 200, perAddressPerDay: 200, spendPerDay: 1_000_000 } } });
    for (let i = 0; i < 100; i += 1) await world.enquire({ phone: `+44207946${String(i).padStart(4, '0')}` });
    for (let second = 0; second < 1100; second += 5) {
      await world.dialAll();
      if (second % 60 === 0) await world.sweep();
      world.clock.forward(5_000);
    }
    const times = world.twilio.rung.map((call) => Date.parse(call.startedAt!));
    expect(times).toHaveLength(100);
    expect(times.slice(1).filter((time, i) => time - times[i]! < 10_000)).toEqual([]);
    expect(times.at(-1)! - times[0]!).toBeLessThan(1_000_000);
  });

  it('keeps a turn that is further away than the queue can hold a message', async () => {
    const world = makeWorld({ intervalMs: 2_000_000 });
    await world.enquire();
    await world.enquire({ phone: '+442079460019' });
    for (let minute = 0; minute < 40; minute += 1) {
      await world.dialAll();
      await world.sweep();
      world.clock.forward(60_000);
    }
    expect(world.twilio.rung.map((call) => call.attemptId)).toEqual([first, attemptIdOf(leadIdNumber(2), 1)]);
  });

  it('notes a refusal in words, and rings nobody', async () => {
    const world = await answering({ outcome: 'refused', code: 'twilio-21211', reason: 'The number is not valid.', doNotDisturb: false });
    expect(await world.dial({ attemptId: first })).toBe('dialled');
    expect(await world.view(lead)).toMatchObject({ status: 'unreachable', disposition: 'unreachable', attempts: [{ state: 'failed', reason: 'The number is not valid.', callId: null }], calls: [] });
  });

  it('suppresses a number that the carrier has on its do-not-disturb list', async () => {
    const world = await answering({ outcome: 'refused', code: 'exotel-dnd', reason: 'Do not disturb.', doNotDisturb: true });
    await world.dial({ attemptId: first });
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'carrier-dnd', note: 'exotel-dnd' });
    expect((await world.lead(lead)).status).toBe('do-not-call');
  });

  it('tries again through the other carrier when this one refused, if there is one', async () => {
    const world = await answering({ outcome: 'refused', code: 'twilio-21215', reason: 'Not this country.', doNotDisturb: false }, { others: ['exotel'] });
    await world.dial({ attemptId: first });
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', attempts: [{ state: 'failed' }, { carrier: 'exotel', state: 'scheduled', dueAt: '2026-11-21T12:01:00.000Z' }] });
    world.clock.forward(60_000);
    await world.dialAll();
    expect([world.twilio.rung, world.all.exotel.rung.map((call) => call.attemptId)]).toEqual([[], [attemptIdOf(lead, 2)]]);
  });

  it('comes back after the delay that the carrier asks for, as often as it asks', async () => {
    const world = await enquired();
    for (let i = 0; i < 4; i += 1) world.twilio.script.push({ does: 'answer', outcome: { outcome: 'not-now', retryAfterMs: 7_000, reason: 'Busy.' } });
    await world.dial({ attemptId: first });
    expect(await world.view(lead)).toMatchObject({ attempts: [{ state: 'ready', dueAt: '2026-11-21T12:00:07.000Z', reason: 'Busy.' }] });
    expect(world.messages).toEqual([{ message: { attemptId: first }, at: Date.parse('2026-11-21T12:00:07.000Z') }]);
    // A second message does not come before the time.
    expect(await world.dial({ attemptId: first })).toBe('not-due');
    for (let i = 0; i < 4; i += 1) {
      world.clock.forward(7_000);
      await world.dialAll();
    }
    expect(world.twilio.orders).toHaveLength(5);
    expect(world.twilio.rung).toMatchObject([{ attemptId: first, startedAt: '2026-11-21T12:00:28.000Z' }]);
  });

  it('does not dial again while nobody knows whether a phone rings', async () => {
    const world = await answering({ outcome: 'unknown', reason: 'The answer was lost.' });
    await world.dial({ attemptId: first });
    expect(await world.view(lead)).toMatchObject({ status: 'dialling', attempts: [{ state: 'unknown', reason: 'The answer was lost.' }] });
    expect([await world.dial({ attemptId: first }), world.twilio.orders.length]).toEqual(['not-ready', 1]);
  });

  it('does not dial when a phone was answered for the attempt meanwhile', async () => {
    const world = await enquired();
    world.twilio.script.push({ does: 'vanish' });
    await world.dial({ attemptId: first });
    // The sweep was about to try again when the phone that did ring was answered.
    await world.stores.leads.moveAttempt(first, ['unknown'], { state: 'ready', dueAt: world.clock.iso() }, { at: world.clock.iso(), event: 'ready', detail: 'the carrier never placed it' });
    await world.answer(first, sidNumber(77));
    await world.dial({ attemptId: first });
    expect(world.twilio.orders).toHaveLength(1);
    expect(await world.view(lead)).toMatchObject({ attempts: [{ state: 'placed' }], calls: [{ callSid: sidNumber(77) }] });
  });

  it('lets a callback be first: the carrier\'s answer then changes nothing', async () => {
    const world = await enquired();
    const place = world.twilio.carrier.place.bind(world.twilio.carrier);
    Object.assign(world.twilio.carrier, { place: async (order: DialOrder) => {
      const outcome = await place(order);
      await world.status(first, sidNumber(1), 'ringing', 1);
      await world.status(first, sidNumber(1), 'busy', 2);
      return outcome;
    } });
    await world.dial({ attemptId: first });
    expect(await world.view(lead)).toMatchObject({ attempts: [{ state: 'placed' }, { state: 'scheduled' }], calls: [{ status: 'busy', callSid: sidNumber(1) }] });
  });

  it('says so when the attempt wants a carrier that there is no account for', async () => {
    const world = await enquired();
    await world.stores.leads.moveAttempt(first, ['ready'], { carrier: 'exotel' }, { at: world.clock.iso(), event: 'ready', detail: null });
    await expect(world.dial({ attemptId: first })).rejects.toThrow(/exotel/);
  });

  it('rings one phone at most, and forgets nobody, at whatever step it is killed', async () => {
    for (const script of [{ does: 'place' as const }, { does: 'lose-answer' as const }, { does: 'vanish' as const }]) {
      for (const when of ['before', 'after'] as const) {
        for (let at = 0; at < 26; at += 1) {
          const world = await enquired();
          world.twilio.script.push(script);
          await world.dial({ attemptId: first }, { at, when }).catch(() => {});
          await world.dial({ attemptId: first });
          await world.settleDown(10);
          expect(world.twilio.rung).toHaveLength(1);
          expect((await world.view(lead)).attempts).toMatchObject([{ state: 'placed', callId }]);
        }
      }
    }
  });
});
