import { describe, expect, it } from 'vitest';
import { turnDialling } from '#calls/switch.ts';
import { attemptIdOf } from '#calls/lead.ts';
import { leadIdNumber, PHONE } from '#doubles/records.ts';
import { makeWorld, type World } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const turn = (world: World, on: boolean) => turnDialling(world.deps)(on, 'admin-token');

describe('while calling is switched off', () => {
  it('enquiries are kept, told that they are put off, and called as soon as it is on again', async () => {
    const world = makeWorld();
    expect(await turn(world, false)).toEqual({ dialling: false, at: world.clock.iso(), by: 'admin-token', broughtForward: 0 });
    expect(await world.enquire()).toMatchObject({ status: 'scheduled' });
    expect((await world.view(lead)).attempts).toMatchObject([{ state: 'scheduled', dueAt: '2026-11-21T12:15:00.000Z', decision: { code: 'kill-switch' } }]);
    await world.settleDown(200);
    expect(world.twilio.rung).toEqual([]);
    expect(await turn(world, true)).toMatchObject({ dialling: true, broughtForward: 1 });
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('attempts that are ready are not dialled either', async () => {
    const world = makeWorld();
    await world.enquire();
    await turn(world, false);
    await world.dialAll();
    expect([world.twilio.rung, (await world.lead(lead)).status]).toEqual([[], 'scheduled']);
  });

  it('looks less often the longer it lasts, and never more than two hours apart', async () => {
    const world = makeWorld({ policy: { hours: { builtIn: false, default: [{ start: '00:00', end: '24:00' }] }, holidays: { builtIn: false } } });
    await turn(world, false);
    await world.enquire();
    await world.settleDown(24 * 60);
    expect((await world.stores.leads.attempt(first))!.history.length).toBeLessThan(20);
    await turn(world, true);
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('what is refused for good is refused all the same', async () => {
    const world = makeWorld();
    await turn(world, false);
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'api', at: world.clock.iso(), note: null });
    expect(await world.enquire()).toMatchObject({ status: 'do-not-call' });
  });

  it('nobody is rung outside their hours when it is on again', async () => {
    const world = makeWorld();
    await turn(world, false);
    await world.enquire();
    world.clock.set('2026-11-21T23:00:00.000Z');
    await world.dialAll();
    await turn(world, true);
    await world.dialAll();
    expect([world.twilio.rung, (await world.view(lead)).attempts[0]]).toMatchObject([[], { state: 'scheduled', dueAt: '2026-11-22T09:00:00.000Z' }]);
  });

  it('the policy\'s own switch puts off in the same way', async () => {
    const world = makeWorld({ policy: { killSwitch: true } });
    expect(await world.enquire()).toMatchObject({ status: 'scheduled' });
    await world.settleDown(60);
    expect(world.twilio.rung).toEqual([]);
    world.deps.policy.killSwitch = false;
    await world.settleDown(125);
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('switching off twice keeps since when, and what others planned stays where it is', async () => {
    const world = makeWorld({ start: '2026-11-21T23:00:00.000Z' });
    await world.enquire();
    const at = world.clock.iso();
    await turn(world, false);
    world.clock.forward(60_000);
    expect(await turn(world, false)).toMatchObject({ at });
    expect(await turn(world, true)).toMatchObject({ broughtForward: 0 });
    expect((await world.view(lead)).attempts[0]!.dueAt).toBe('2026-11-22T09:00:00.000Z');
  });
});
