import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eraseLead, eraseNumber, type EraseDeps } from '#calls/erase-lead.ts';
import { exportNumber } from '#calls/export-number.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { recordOutcome } from '#calls/record-outcome.ts';
import { takeEnquiry } from '#calls/take-enquiry.ts';
import { inAnyOrder } from '#doubles/any-order.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import { makeWorld, type World } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const NAME = 'Ada Byron';
const SAID = 'my daughter has measles';
const SUMMARY = 'She wants a boiler before Christmas.';
const RECORDING = 'https://api.twilio.com/recordings/RE1';
/** Everything about the person that a store may have been told, in the ways in which it is written. */
const personal = [PHONE, PHONE.slice(1), '02079460018', '20 7946 0018', NAME, 'a boiler', '203.0.113.7', 'Europe/London', 'Firefox', 'https://example.com/form', SAID, SUMMARY, RECORDING];

const eraseDeps = (world: World): EraseDeps => ({
  ...world.deps, erasures: world.stores.erasures, onHangUpFailure: (error) => world.failures.push({ error, id: 'hang-up' }), onForgetFailure: (error) => world.failures.push({ error, id: 'forget' }),
});
const erase = (world: World, leadId = lead) => eraseLead(eraseDeps(world))(leadId);
const leftOf = (world: World): string[] => {
  const dump = world.stores.dump();
  return personal.filter((text) => dump.includes(text));
};
const enquire = (world: World) => world.enquire({}, { ip: '203.0.113.7', userAgent: 'Firefox', idempotencyKey: 'one' });
/** Everything that can happen on a call, as its parts tell of it. */
const talk = async (world: World): Promise<void> => {
  await world.status(first, sidNumber(1), 'in-progress', 1);
  await world.event(callId, { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' });
  await world.event(callId, { kind: 'agent-connected', at: world.clock.iso(), epoch: 0, conversationId: 'conv_1', voiceId: null });
  await world.event(callId, { kind: 'first-audio', at: world.clock.iso(), epoch: 0, sinceAnswerMs: 400 });
  await world.stores.calls.putTurn(callId, { index: 0, role: 'caller', text: SAID, at: world.clock.iso() });
};
const over = async (world: World): Promise<void> => {
  await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'caller-hung-up', detail: null, turnMs: [600] });
  await world.status(first, sidNumber(1), 'completed', 2);
  await world.callback(first, sidNumber(1), { kind: 'recording', at: world.clock.iso(), recordingSid: 'RE1', url: RECORDING, durationSeconds: 12 });
  await recordOutcome(world.deps)({ callId, conversationId: 'conv_1', disposition: 'interested', summary: SUMMARY, at: world.clock.iso() });
};

describe('erasing a lead', () => {
  it('leaves nothing personal of a lead that was called and talked', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    await over(world);
    expect(personal.filter((text) => !world.stores.dump().includes(text))).toEqual(['02079460018', '20 7946 0018']);
    expect(await erase(world)).toEqual({ leads: 1, calls: 1, turns: 1, recordings: 1, pending: 0, ended: 0, notEnded: 0 });
    expect(leftOf(world)).toEqual([]);
    expect(world.forgotten).toEqual(['twilio#recording#RE1', 'elevenlabs#conversation#conv_1']);
    expect(await world.stores.leads.lead(lead)).toBeUndefined();
  });

  it('ends the call that is going on, and keeps nothing of what is said or told afterwards', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    expect(await erase(world)).toMatchObject({ calls: 1, turns: 1, ended: 1, notEnded: 0 });
    expect(world.twilio.hungUp).toEqual([sidNumber(1)]);
    await world.stores.calls.putTurn(callId, { index: 1, role: 'agent', text: SAID, at: world.clock.iso() });
    await over(world);
    expect(leftOf(world)).toEqual([]);
    expect(await world.stores.calls.turns(callId)).toEqual([]);
    expect(await world.stores.calls.call(callId)).toMatchObject({ status: 'completed', endReason: 'operator', endDetail: 'erased', from: '', to: '', summary: null, recordingUrl: null });
    await world.settleDown(5);
    expect(world.failures).toEqual([]);
    expect(leftOf(world)).toEqual([]);
  });

  it('answers a phone that picks up after it with a hang-up', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await erase(world);
    expect(await world.answer(first, sidNumber(1))).toEqual({ flow: 'hang-up' });
    expect(await world.after(first, sidNumber(1))).toEqual({ flow: 'hang-up' });
  });

  it('has a recording deleted that is told of only after it', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await erase(world);
    await world.callback(first, sidNumber(1), { kind: 'recording', at: world.clock.iso(), recordingSid: 'RE9', url: RECORDING, durationSeconds: 3 });
    expect(await world.stores.forgets.due(world.clock.iso(), 10)).toEqual([{ service: 'twilio', kind: 'recording', id: 'RE9' }]);
    expect(leftOf(world)).toEqual([]);
  });

  it('tells what could not be deleted elsewhere, and keeps it on the list', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    await over(world);
    world.outside.down = true;
    expect(await erase(world)).toMatchObject({ pending: 2 });
    world.clock.forward(16 * 60_000);
    expect(await world.stores.forgets.due(world.clock.iso(), 10)).toHaveLength(2);
    expect(leftOf(world)).toEqual([]);
  });

  it('has every conversation of a call deleted: one that broke off, and the one that followed it', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    await world.event(callId, { kind: 'agent-connected', at: world.clock.iso(), epoch: 0, conversationId: 'conv_2', voiceId: null });
    await over(world);
    await erase(world);
    expect(world.forgotten).toEqual(['twilio#recording#RE1', 'elevenlabs#conversation#conv_1', 'elevenlabs#conversation#conv_2']);
  });

  it('erases although the carrier cannot be reached to end the call, and says so', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    world.twilio.down(true);
    expect(await erase(world)).toMatchObject({ ended: 0, notEnded: 1 });
    expect(leftOf(world)).toEqual([]);
  });

  it('lets a dial message that is late do nothing', async () => {
    const world = makeWorld();
    await enquire(world);
    await erase(world);
    await world.dialAll();
    expect(world.twilio.orders).toEqual([]);
    expect(leftOf(world)).toEqual([]);
  });

  it('hangs up a call whose carrier was being asked at that moment', async () => {
    const world = makeWorld();
    await enquire(world);
    const carrier = { ...world.deps.carriers.twilio! };
    world.deps.carriers.twilio!.place = async (order) => {
      await erase(world);
      return carrier.place(order);
    };
    await world.dialAll();
    expect(world.twilio.hungUp).toEqual([sidNumber(1)]);
    expect(leftOf(world)).toEqual([]);
  });

  it('keeps a suppression, without the number', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    await over(world);
    await erase(world);
    expect(leftOf(world)).toEqual([]);
    expect(await world.stores.suppressions.suppression(PHONE)).toEqual({ phone: null, reason: 'opt-out', at: world.clock.iso(), note: null });
    expect(await world.enquire({}, { idempotencyKey: 'two' })).toMatchObject({ status: 'do-not-call' });
  });

  it('keeps the opt-out of somebody who is erased while it is being carried to the list, without the number', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    const stored = { ...world.stores.suppressions };
    let overtaken = false;
    world.stores.suppressions.suppress = async (...args) => {
      if (!overtaken) {
        overtaken = true;
        const begun = await world.stores.erasures.begin(lead, world.clock.iso());
        await world.stores.erasures.eraseCall(callId, world.clock.iso());
        await world.stores.erasures.finish(begun!);
      }
      return stored.suppress(...args);
    };
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    expect([overtaken, leftOf(world), await stored.suppression(PHONE)]).toMatchObject([true, [], { phone: null, reason: 'opt-out' }]);
  });

  it('can be repeated, and says when there never was such a lead', async () => {
    const world = makeWorld();
    await enquire(world);
    expect(await erase(world)).toMatchObject({ leads: 1 });
    expect(await erase(world)).toMatchObject({ leads: 1, turns: 0 });
    expect(await erase(world, leadIdNumber(99))).toBeUndefined();
  });

  it('forgets the enquiry\'s key: the same form again is a new enquiry', async () => {
    const world = makeWorld();
    const { leadId } = await enquire(world);
    await erase(world);
    expect((await enquire(world)).leadId).not.toBe(leadId);
  });

  it('leaves nothing personal, whatever happens at the same time and in whatever order', async () => {
    await fc.assert(fc.asyncProperty(fc.scheduler(), async (s) => {
      const world = makeWorld({ between: async () => { await s.schedule(Promise.resolve()); } });
      await inAnyOrder(s, enquire(world));
      await inAnyOrder(s, Promise.all([
        world.dialAll().catch(() => {}), talk(world).then(() => over(world)).catch(() => {}), erase(world), world.settleDown(1).catch(() => {}),
      ]));
      expect(leftOf(world)).toEqual([]);
      await inAnyOrder(s, over(world).catch(() => {}));
      expect(leftOf(world)).toEqual([]);
    }), { numRuns: 60 });
  });
});

describe('erasing a number', () => {
  it('erases all its enquiries and leaves those of others alone', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.enquire({ formUrl: 'https://example.com/form?again' });
    await world.enquire({ phone: '+442079460019', name: 'Charles' }, { ip: '203.0.113.9' });
    const { counts, leadIds } = await eraseNumber(eraseDeps(world))(PHONE);
    expect([counts.leads, leadIds.toSorted()]).toEqual([2, [lead, leadIdNumber(2)]]);
    expect(await world.stores.leads.lead(leadIdNumber(3))).toMatchObject({ name: 'Charles', phone: '+442079460019' });
    expect(world.stores.dump()).not.toContain(PHONE);
  });

  it('erases calls that came from it, too, and what is said on them later', async () => {
    const world = makeWorld();
    const inbound = 'call_01KADM7Q2V8ZC4T9W6N3H00042';
    await world.stores.calls.open({ callId: inbound, attemptId: null, leadId: null, carrier: 'twilio', direction: 'inbound', from: PHONE, to: '+15005550006' }, world.clock.iso());
    await world.stores.calls.putTurn(inbound, { index: 0, role: 'caller', text: SAID, at: world.clock.iso() });
    expect((await exportNumber({ ...world.deps })(PHONE)).inboundCalls).toMatchObject([{ callId: inbound, from: PHONE, transcript: [{ text: SAID }] }]);
    expect((await eraseNumber(eraseDeps(world))(PHONE)).counts).toMatchObject({ calls: 1, turns: 1 });
    await world.stores.calls.putTurn(inbound, { index: 1, role: 'caller', text: SAID, at: world.clock.iso() });
    expect(leftOf(world)).toEqual([]);
  });

  it('knows nothing of a number that nobody gave', async () => {
    const world = makeWorld();
    expect((await eraseNumber(eraseDeps(world))('+442079460077')).counts.leads).toBe(0);
  });
});

describe('an export', () => {
  it('holds everything of everybody who gave the number, and whether it is called', async () => {
    const world = makeWorld();
    await enquire(world);
    await world.dialAll();
    await talk(world);
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'key-9' });
    await over(world);
    const person = await exportNumber(world.deps)(PHONE);
    expect(person).toMatchObject({ phone: PHONE, leads: [{ leadId: lead, name: NAME, consent: { ip: '203.0.113.7' }, calls: [{ transcript: [{ text: SAID }], recordingUrl: RECORDING }] }], suppression: { reason: 'opt-out' } });
    expect(person.dialledAt).toHaveLength(1);
  });

  it('says of a number that nobody gave that nothing is known', async () => {
    const world = makeWorld();
    expect(await exportNumber(world.deps)('+442079460077')).toEqual({ phone: '+442079460077', exportedAt: world.clock.iso(), leads: [], inboundCalls: [], suppression: null, dialledAt: [] });
  });
});

it('an enquiry that came in while its number was erased stands on its own', async () => {
  const world = makeWorld();
  await enquire(world);
  await Promise.all([eraseNumber(eraseDeps(world))(PHONE), takeEnquiry(world.enquiryDeps)({ name: 'New', phone: PHONE, country: 'GB', consentText: 'yes', interest: null, timeZone: null, formUrl: null, captcha: null }, { ip: null, userAgent: null, idempotencyKey: 'new' })]);
  expect(personal.filter((text) => text !== PHONE && text !== PHONE.slice(1) && text !== 'Europe/London' && world.stores.dump().includes(text))).toEqual([]);
});
