import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breaker, MOST_FAILURES, REST_MS } from '#calls/breaker.ts';
import { carriersFor } from '#calls/choose-carrier.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { readPolicy } from '#calls/policy.ts';
import type { DialOutcome } from '#calls/ports.ts';
import type { Script } from '#doubles/carrier.ts';
import { handClock } from '#doubles/clock.ts';
import { memoryStores } from '#doubles/memory-stores.ts';
import { leadIdNumber, PHONE } from '#doubles/records.ts';
import { makeWorld } from '#doubles/world.ts';

const routes = (list: { prefix: string; carriers: string[] }[]) => readPolicy({ carriers: { routes: list as never } });
const answers = (outcome: DialOutcome): Script => ({ does: 'answer', outcome });
const unreachable = answers({ outcome: 'not-now', retryAfterMs: 5000, reason: 'Not reached.', unreachable: true });
const tooMany = answers({ outcome: 'not-now', retryAfterMs: 2000, reason: 'Too many.' });
const noKyc = answers({ outcome: 'refused', code: 'exotel-403', reason: 'No KYC.', doNotDisturb: false, account: true });
const badNumber = answers({ outcome: 'refused', code: 'x-1', reason: 'No such number.', doNotDisturb: false });
const first = attemptIdOf(leadIdNumber(1), 1);
const { callId } = readAttemptId(first)!;

describe('which carriers a number is called through', () => {
  it('is the order of the configuration where no rule fits', () => {
    expect(carriersFor(PHONE, routes([{ prefix: '+91', carriers: ['exotel'] }]), ['twilio', 'exotel'])).toEqual(['twilio', 'exotel']);
  });

  it('is the rule with the longest prefix', () => {
    const policy = routes([{ prefix: '+91', carriers: ['exotel'] }, { prefix: '+9198', carriers: ['twilio', 'exotel'] }]);
    expect(carriersFor('+919876543210', policy, ['exotel', 'twilio'])).toEqual(['twilio', 'exotel']);
    expect(carriersFor('+918876543210', policy, ['exotel', 'twilio'])).toEqual(['exotel']);
  });

  it('leaves out carriers without credentials, and a rule of only such', () => {
    expect(carriersFor('+919876543210', routes([{ prefix: '+91', carriers: ['exotel', 'twilio'] }]), ['twilio'])).toEqual(['twilio']);
    expect(carriersFor('+919876543210', routes([{ prefix: '+91', carriers: ['exotel'] }]), ['twilio'])).toEqual(['twilio']);
  });

  it('is refused by the policy when it names a carrier that there is not', () => {
    expect(() => routes([{ prefix: '+91', carriers: ['vonage'] }])).toThrow('must be a carrier: twilio or exotel');
    expect(() => routes([{ prefix: '91', carriers: ['exotel'] }])).toThrow('must be the beginning of an international number');
  });

  it('decides at the enquiry, so that the attempt says it', async () => {
    const world = makeWorld({ others: ['exotel'], policy: { carriers: { routes: [{ prefix: '+44', carriers: ['exotel'] }] } } });
    const { leadId } = await world.enquire();
    await world.dialAll();
    expect((await world.view(leadId)).attempts).toMatchObject([{ carrier: 'exotel', state: 'placed' }]);
    expect((await world.view(leadId)).calls).toMatchObject([{ carrier: 'exotel' }]);
  });
});

describe('the breaker', () => {
  const make = () => {
    const clock = handClock();
    return { clock, one: breaker({ health: memoryStores({ clock }).health, clock }) };
  };
  it('lets a carrier be asked until it has failed three times in a row', async () => {
    const { one } = make();
    for (let i = 0; i < MOST_FAILURES - 1; i += 1) await one.failed('twilio');
    expect(await one.admits('twilio')).toBe(true);
    await one.failed('twilio');
    expect([await one.admits('twilio'), await one.admits('exotel')]).toEqual([false, true]);
  });

  it('forgets failures at a success, and those that lie far apart', async () => {
    const { one, clock } = make();
    for (let i = 0; i < 10; i += 1) {
      await one.failed('twilio');
      await one.worked('twilio');
    }
    for (let i = 0; i < 10; i += 1) {
      await one.failed('twilio');
      clock.forward(301_000);
    }
    expect(await one.admits('twilio')).toBe(true);
  });

  it('lets one of fifty try when the rest is over, and another after the next rest', async () => {
    const { one, clock } = make();
    for (let i = 0; i < MOST_FAILURES; i += 1) await one.failed('twilio');
    clock.forward(REST_MS);
    const tries = await Promise.all(Array.from({ length: 50 }, () => one.admits('twilio')));
    expect(tries.filter(Boolean)).toHaveLength(1);
    clock.forward(REST_MS);
    expect(await one.admits('twilio')).toBe(true);
    await one.worked('twilio');
    expect(await one.admits('twilio')).toBe(true);
  });

  it('counts every failure of those who fail at once', async () => {
    const { one } = make();
    await Promise.all(Array.from({ length: MOST_FAILURES }, () => one.failed('twilio')));
    expect(await one.admits('twilio')).toBe(false);
  });
});

describe('failover', () => {
  it('gives the same attempt to the other carrier at once when the first cannot be reached', async () => {
    const world = makeWorld({ others: ['exotel'] });
    world.twilio.script.push(unreachable);
    const { leadId } = await world.enquire();
    await world.dialAll();
    expect([world.twilio.rung.length, world.all.exotel.rung.length]).toEqual([0, 1]);
    const view = await world.view(leadId);
    expect(view.attempts).toMatchObject([{ carrier: 'exotel', state: 'placed' }]);
    expect(view.calls).toMatchObject([{ carrier: 'exotel', callId }]);
    expect(view.timeline.find(({ event }) => event === 'attempt-other-carrier')?.detail).toBe('Not reached. Through exotel.');
  });

  it('does the same when a carrier refuses every call of the account', async () => {
    const world = makeWorld({ others: ['exotel'] });
    world.twilio.script.push(noKyc);
    await world.enquire();
    await world.dialAll();
    expect(world.all.exotel.rung).toHaveLength(1);
  });

  it.each<[string, Script]>([['an outcome that nobody knows', { does: 'vanish' }], ['a lost answer', { does: 'lose-answer' }], ['too many requests', tooMany], ['a refusal of the number', badNumber]])('never follows %s', async (_name, script) => {
    const world = makeWorld({ others: ['exotel'] });
    world.twilio.script.push(script);
    await world.enquire();
    await world.dialAll();
    expect(world.all.exotel.orders).toEqual([]);
  });

  it('never follows for an attempt whose outcome was once unknown, even when the carrier is then unreachable', async () => {
    const world = makeWorld({ others: ['exotel'] });
    world.twilio.script.push({ does: 'vanish' }, unreachable, unreachable, unreachable, unreachable);
    await world.enquire();
    await world.dialAll();
    await world.settleDown(10);
    expect(world.all.exotel.orders.filter(({ attemptId }) => attemptId === first)).toEqual([]);
    expect(world.twilio.rung.filter(({ attemptId }) => attemptId === first)).toHaveLength(1);
  });

  it('waits like any attempt when all carriers are down, and rings one phone when one is back', async () => {
    const world = makeWorld({ others: ['exotel'] });
    world.twilio.script.push(...Array.from({ length: 6 }, () => unreachable));
    world.all.exotel.script.push(...Array.from({ length: 6 }, () => unreachable));
    await world.enquire();
    await world.dialAll();
    expect(world.twilio.orders.length + world.all.exotel.orders.length).toBeLessThanOrEqual(2);
    await world.settleDown(5);
    expect(world.twilio.rung.length + world.all.exotel.rung.length).toBe(1);
  });

  it('does not happen where the policy says so', async () => {
    const world = makeWorld({ others: ['exotel'], policy: { carriers: { failover: false } } });
    world.twilio.script.push(unreachable, noKyc);
    await world.enquire();
    await world.dialAll();
    await world.settleDown(30);
    expect(world.all.exotel.orders).toEqual([]);
  });

  it('does not happen to a carrier that the number\'s route leaves out', async () => {
    const world = makeWorld({ others: ['exotel'], policy: { carriers: { routes: [{ prefix: '+44', carriers: ['twilio'] }] } } });
    world.twilio.script.push(unreachable, unreachable);
    await world.enquire();
    await world.dialAll();
    await world.settleDown(3);
    expect([world.all.exotel.orders.length, world.twilio.rung.length]).toEqual([0, 1]);
  });

  it('steers new attempts round a carrier that rests, without asking it', async () => {
    const world = makeWorld({ others: ['exotel'] });
    world.twilio.script.push(...Array.from({ length: MOST_FAILURES }, () => unreachable));
    for (let i = 0; i < MOST_FAILURES + 2; i += 1) {
      await world.enquire({ phone: `+44207946001${i}` }, { ip: `203.0.113.${i}` });
      await world.dialAll();
    }
    expect(world.twilio.orders).toHaveLength(MOST_FAILURES);
    expect(world.all.exotel.rung).toHaveLength(MOST_FAILURES + 2);
    world.clock.forward(REST_MS);
    await world.enquire({ phone: '+442079460019' }, { ip: '203.0.113.9' });
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
  });

  const trouble = fc.constantFrom<Script>({ does: 'place' }, { does: 'place' }, { does: 'lose-answer' }, { does: 'lose-answer', listedAfterMs: 45_000 }, { does: 'vanish' }, unreachable, tooMany, noKyc);
  it('rings one phone for each of many enquiries, or has planned to, whatever happens to either carrier in their middle', async () => {
    await fc.assert(fc.asyncProperty(fc.array(trouble, { maxLength: 60 }), fc.array(trouble, { maxLength: 60 }), async (ofTwilio, ofExotel) => {
      const big = 10_000_000;
      const world = makeWorld({ others: ['exotel'], policy: { caps: { callsPerDay: big, spendPerDay: 1_000_000_000 } } });
      world.twilio.script.push(...structuredClone(ofTwilio));
      world.all.exotel.script.push(...structuredClone(ofExotel));
      for (let i = 0; i < 200; i += 1) {
        await world.enquire({ phone: `+442079${String(460_000 + i)}` }, { ip: `203.0.${i}.1` });
        if (i % 7 === 0) await world.dialAll();
      }
      await world.dialAll();
      await world.settleDown(12);
      const rung = [...world.twilio.rung, ...world.all.exotel.rung];
      const perNumber = new Map<string, number>();
      for (const { to } of rung) perNumber.set(to, (perNumber.get(to) ?? 0) + 1);
      expect([...perNumber.values()].filter((count) => count !== 1)).toEqual([]);
      // Dials of an attempt that failed count for the number's frequency cap, also where none rang: then the next one stands for another day.
      const { leads } = await world.stores.leads.list({ limit: 200 });
      const planned = leads.filter(({ phone, status }) => !perNumber.has(phone) && status === 'scheduled');
      expect(perNumber.size + planned.length).toBe(200);
    }), { numRuns: 2 });
  });
});
