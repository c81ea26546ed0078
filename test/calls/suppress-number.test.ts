import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { recordOutcome } from '#calls/record-outcome.ts';
import { suppressNumber, type SuppressDeps } from '#calls/suppress-number.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import { makeWorld, type World } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const other = leadIdNumber(2);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const suppress = (world: World, more: Partial<SuppressDeps> = {}) =>
  suppressNumber({ ...world.deps, onHangUpFailure: (error, id) => world.failures.push({ error, id }), ...more })({ phone: PHONE, reason: 'crm', at: world.clock.iso(), note: null });
/** A lead on the phone, and an earlier enquiry of the same number whose next attempt is planned. */
const talkingAndPlanned = async (): Promise<World> => {
  const world = makeWorld();
  await world.enquire();
  await world.enquire({ formUrl: 'https://example.com/other' });
  await world.dialAll();
  await world.status(attemptIdOf(other, 1), sidNumber(2), 'busy', 1);
  await world.status(first, sidNumber(1), 'in-progress', 1);
  expect((await world.lead(other)).status).toBe('scheduled');
  return world;
};
/** Why the number is not called, what the other enquiry has come to, and how many phones rang in the half hour after. */
const whatFollows = async (world: World): Promise<unknown[]> => {
  const rung = world.twilio.rung.length;
  const { status, attempts } = await world.view(other);
  await world.settleDown(30);
  return [(await world.stores.suppressions.suppression(PHONE))?.reason, status, attempts.at(-1)?.state, world.twilio.rung.length - rung];
};

describe('whoever does not want to be called is not, from that moment on and for none of their enquiries', () => {
  it('when they press 9 while the agent talks', async () => {
    const world = await talkingAndPlanned();
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'key-9' });
    expect(await whatFollows(world)).toEqual(['opt-out', 'do-not-call', 'cancelled', 0]);
  });

  it('when they press 9 outside the stream: on the list before any callback, and the rest follows with it', async () => {
    const world = await talkingAndPlanned();
    expect(await world.key(first, sidNumber(1), '9')).toMatchObject({ flow: 'say-goodbye' });
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'opt-out' });
    await world.status(first, sidNumber(1), 'completed', 2);
    expect(await whatFollows(world)).toEqual(['opt-out', 'do-not-call', 'cancelled', 0]);
  });

  it('when they say so to the agent', async () => {
    const world = await talkingAndPlanned();
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    expect(await whatFollows(world)).toEqual(['opt-out', 'do-not-call', 'cancelled', 0]);
  });

  it('when the analysis of the talk says that they said so', async () => {
    const world = await talkingAndPlanned();
    await recordOutcome(world.deps)({ callId, conversationId: 'conv_1', disposition: 'do-not-call', summary: null, at: world.clock.iso() });
    expect(await whatFollows(world)).toEqual(['opt-out', 'do-not-call', 'cancelled', 0]);
  });

  it('when the carrier says that their number is on its do-not-disturb list', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.enquire({ formUrl: 'https://example.com/other' });
    world.twilio.script.push({ does: 'place' }, { does: 'answer', outcome: { outcome: 'refused', code: 'dnd', reason: 'Do not disturb.', doNotDisturb: true } });
    await world.dialAll();
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'carrier-dnd' });
    expect((await world.lead(other)).status).toBe('do-not-call');
    await world.status(first, sidNumber(1), 'no-answer', 1);
    expect((await world.lead(lead)).status).toBe('do-not-call');
    await world.settleDown(60);
    expect(world.twilio.rung).toHaveLength(1);
  });

  it('when the CRM, the API or the console says so', async () => {
    const world = await talkingAndPlanned();
    await suppress(world);
    expect(await whatFollows(world)).toEqual(['crm', 'do-not-call', 'cancelled', 0]);
  });
});

describe('suppressing a number', () => {
  it('silences a phone that rings, and lets a talk go on', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.enquire({ formUrl: 'https://example.com/other' });
    await world.dialAll();
    await world.status(first, sidNumber(1), 'in-progress', 1);
    await world.status(attemptIdOf(other, 1), sidNumber(2), 'ringing', 1);
    await suppress(world);
    expect(world.twilio.hungUp).toEqual([sidNumber(2)]);
  });

  it('has a ready attempt refused when its message comes', async () => {
    const world = makeWorld();
    await world.enquire();
    await suppress(world);
    await world.dialAll();
    expect([world.twilio.orders, (await world.view(lead)).attempts[0]!.state]).toEqual([[], 'refused']);
  });

  it('hangs up what the carrier was being asked for at that moment', async () => {
    const world = makeWorld();
    await world.enquire();
    const carrier = { ...world.deps.carriers.twilio! };
    world.deps.carriers.twilio!.place = async (order) => {
      await suppress(world);
      return carrier.place(order);
    };
    await world.dialAll();
    expect(world.twilio.hungUp).toEqual([sidNumber(1)]);
  });

  it('holds although the carrier cannot be reached', async () => {
    const world = makeWorld();
    await world.enquire();
    await world.dialAll();
    world.twilio.down(true);
    await suppress(world);
    expect(world.failures.map(({ id }) => id)).toEqual([callId]);
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'crm' });
  });
});
