import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TAKEOVERS, type CallFlow } from '#calls/answer-call.ts';
import { isBeingTransferred, type CallEvent } from '#calls/call.ts';
import { isConcluded } from '#calls/fold-call.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { ticketId, openTicket } from '#calls/ticket.ts';
import { transferEnded, type TransferEnd } from '#calls/transfer-call.ts';
import { leadIdNumber, sidNumber, statusEvent } from '#doubles/records.ts';
import { makeWorld } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const sid = sidNumber(1);
const asked = (epoch = 0): CallEvent => ({ kind: 'transfer', at: '2026-11-21T12:00:20.000Z', epoch, state: 'asked', detail: 'Wants a person.' });

/** A call that talks with the agent, on its first stream. */
const talking = async () => {
  const world = makeWorld();
  await world.enquire();
  await world.dialAll();
  await world.answer(first, sid);
  await world.status(first, sid, 'in-progress', 2);
  await world.event(callId, { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ0' });
  await world.event(callId, { kind: 'first-audio', at: world.clock.iso(), epoch: 0, sinceAnswerMs: 400 });
  world.clock.forward(30_000);
  const dialled = (dialStatus: string, more: Partial<TransferEnd> = {}): Promise<CallFlow | 'not-asked'> =>
    transferEnded(world.answerDeps)({ callId, attemptId: first, callSid: sid, epoch: 0, dialStatus, dialSeconds: null, lineIsDown: false, ...more });
  const record = async () => (await world.stores.calls.call(callId))!;
  return { ...world, dialled, record };
};
const ticketOf = (world: Awaited<ReturnType<typeof talking>>, flow: CallFlow | 'not-asked'): string => {
  expect(flow).toMatchObject({ flow: 'talk' });
  const ticket = openTicket(world.answerDeps.ticketSecret, (flow as { ticket: string }).ticket, sid, world.clock.now());
  return ticketId(ticket as Exclude<typeof ticket, string>);
};

describe('a call whose agent asked for a person', () => {
  it('is dialled on to the people who take over, by the number that the caller knows', async () => {
    const world = await talking();
    await world.event(callId, asked());
    expect(await world.after(first, sid)).toEqual({ flow: 'transfer', attemptId: first, epoch: 0, numbers: ['+15005550010', '+15005550011'], callerId: (await world.record()).from });
  });

  it('gets the same document however often it is fetched, and nothing is written by that', async () => {
    const world = await talking();
    await world.event(callId, asked());
    const before = world.stores.dump();
    const flows = [await world.after(first, sid), await world.answer(first, sid), ...await Promise.all([world.after(first, sid), world.after(first, sid)])];
    expect(new Set(flows.map((flow) => JSON.stringify(flow))).size).toBe(1);
    expect(world.stores.dump()).toBe(before);
  });

  it('is not dialled on when the caller has hung up, when it was ended by a person, or from a second phone', async () => {
    const world = await talking();
    await world.event(callId, asked());
    expect(await world.after(first, sid, true)).toEqual({ flow: 'hang-up' });
    expect(await world.after(first, sidNumber(2))).toMatchObject({ flow: 'say-goodbye' });
    await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'operator', detail: null, turnMs: [] });
    expect([await world.after(first, sid), await world.answer(first, sid)]).toEqual([{ flow: 'hang-up' }, { flow: 'hang-up' }]);
  });

  it('is dialled on although its caller does not want to be called again: a person was asked for now', async () => {
    const world = await talking();
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    await world.event(callId, asked());
    expect(await world.after(first, sid)).toMatchObject({ flow: 'transfer' });
  });

  it('goes back to the agent where there is no number to dial', async () => {
    const world = await talking();
    world.answerDeps.transferNumbers.twilio = [];
    await world.event(callId, asked());
    expect(ticketOf(world, await world.after(first, sid))).toBe(`${callId}#1`);
    expect((await world.record()).transfer).toEqual({ state: 'failed', epoch: 0 });
  });

  it('is not dialled on when another stream had the call before that was written down', async () => {
    const world = await talking();
    expect(ticketOf(world, await world.after(first, sid))).toBe(`${callId}#1`);
    await world.event(callId, asked());
    expect(isBeingTransferred(await world.record())).toBe(false);
    expect(await world.answer(first, sid)).toMatchObject({ flow: 'talk' });
  });

  it('says so in the lead\'s timeline, from the wish to the way back', async () => {
    const world = await talking();
    await world.event(callId, asked());
    await world.after(first, sid);
    await world.dialled('busy');
    const { timeline, calls } = await world.view(lead);
    expect(timeline.filter(({ event }) => /transfer|reopened/.test(event)).map(({ event, detail }) => [event, detail]))
      .toEqual([['transfer-asked', 'Wants a person.'], ['transfer-failed', 'busy'], ['stream-reopened', 'back from the transfer']]);
    expect(calls).toMatchObject([{ transfer: 'failed' }]);
  });
});

describe('a transfer that has come out', () => {
  it.each(['completed', 'answered'])('ends the call when somebody took it (%s), and the record says since when they talked', async (word) => {
    const world = await talking();
    await world.event(callId, asked());
    world.clock.forward(60_000);
    expect(await world.dialled(word, { dialSeconds: 40 })).toEqual({ flow: 'hang-up' });
    const events = await world.stores.calls.events(callId);
    expect(events.find((event) => event.kind === 'transfer' && event.state === 'connected')?.at).toBe(new Date(world.clock.now().getTime() - 40_000).toISOString());
    await world.status(first, sid, 'completed', 3);
    expect(await world.record()).toMatchObject({ endReason: 'agent-ended', endDetail: 'transferred', transfer: { state: 'connected' }, status: 'completed' });
    expect(await world.view(lead)).toMatchObject({ status: 'reached', calls: [{ transfer: 'connected', endReason: 'agent-ended' }] });
  });

  it.each(['busy', 'no-answer', 'failed', 'canceled', 'something-new'])('gives the caller back to the agent when nobody took it: %s', async (word) => {
    const world = await talking();
    await world.event(callId, asked());
    expect(ticketOf(world, await world.dialled(word))).toBe(`${callId}#1`);
    expect(await world.record()).toMatchObject({ transfer: { state: 'failed', epoch: 0 }, endReason: null, epoch: 1 });
  });

  it('is answered the same however often it is told, and the first telling counts', async () => {
    const world = await talking();
    await world.event(callId, asked());
    const told = ticketOf(world, await world.dialled('no-answer'));
    const before = world.stores.dump();
    expect([ticketOf(world, await world.dialled('no-answer')), ticketOf(world, await world.dialled('completed'))]).toEqual([told, told]);
    expect(world.stores.dump()).toBe(before);
  });

  it('told twice at once gives one stream', async () => {
    const world = await talking();
    await world.event(callId, asked());
    const flows = await Promise.all([world.dialled('busy'), world.dialled('busy')]);
    expect(flows.map((flow) => ticketOf(world, flow))).toEqual([`${callId}#1`, `${callId}#1`]);
  });

  it('is the end when the caller hung up before anybody answered', async () => {
    const world = await talking();
    await world.event(callId, asked());
    expect(await world.dialled('canceled', { lineIsDown: true })).toEqual({ flow: 'hang-up' });
    expect(await world.record()).toMatchObject({ endReason: 'caller-hung-up', transfer: { state: 'failed' } });
  });

  it('may be asked for again by the agent that has the caller back, as often as a call may have streams; then a sentence is said', async () => {
    const world = await talking();
    for (let epoch = 0; epoch < MAX_TAKEOVERS; epoch += 1) {
      await world.event(callId, asked(epoch));
      expect(await world.after(first, sid)).toMatchObject({ flow: 'transfer', epoch });
      expect(ticketOf(world, await world.dialled('busy', { epoch }))).toBe(`${callId}#${epoch + 1}`);
    }
    await world.event(callId, asked(MAX_TAKEOVERS));
    const before = await world.dialled('busy', { epoch: MAX_TAKEOVERS });
    expect(before).toMatchObject({ flow: 'say-goodbye', sentence: expect.stringMatching(/nobody is free.*call you back/) as string });
    expect(await world.dialled('busy', { epoch: MAX_TAKEOVERS })).toEqual(before);
    await world.event(callId, statusEvent('completed', { sequence: 9 }));
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', disposition: 'callback', calls: [{ endReason: 'agent-ended' }], attempts: [{}, { state: 'scheduled', dueAt: new Date(world.clock.now().getTime() + 15 * 60_000).toISOString() }] });
    expect(await world.dialled('busy', { epoch: MAX_TAKEOVERS })).toEqual({ flow: 'hang-up' });
  });

  it('promises no call to somebody who does not want any', async () => {
    const world = await talking();
    await world.event(callId, { kind: 'opt-out', at: world.clock.iso(), by: 'voice' });
    await world.event(callId, asked(MAX_TAKEOVERS));
    expect(await world.dialled('busy', { epoch: MAX_TAKEOVERS })).toMatchObject({ sentence: expect.not.stringContaining('call you back') as string });
    await world.event(callId, statusEvent('completed', { sequence: 9 }));
    expect(await world.view(lead)).toMatchObject({ status: 'do-not-call', attempts: [{}] });
  });

  it('of long ago, told again, is answered with a ticket that is used up', async () => {
    const world = await talking();
    await world.event(callId, asked());
    await world.dialled('busy');
    await world.event(callId, asked(1));
    const before = world.stores.dump();
    expect(ticketOf(world, await world.dialled('busy'))).toBe(`${callId}#1`);
    expect(world.stores.dump()).toBe(before);
  });

  it('that nobody asked for is none', async () => {
    const world = await talking();
    const before = world.stores.dump();
    expect([await world.dialled('completed'), await world.dialled('busy', { epoch: 7 })]).toEqual(['not-asked', 'not-asked']);
    expect(await world.dialled('completed', { callSid: sidNumber(2) })).toMatchObject({ flow: 'say-goodbye' });
    expect(world.stores.dump()).toBe(before);
  });

  it('leaves one end, and is dialled for no more once it has come out, in whatever order documents, callbacks and hang-ups come', async () => {
    const step = fc.constantFrom('after', 'answer', 'busy', 'completed', 'down', 'hung-up');
    const outcomes = ['busy', 'completed', 'down'];
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const world = await talking();
      await world.event(callId, asked());
      const documents: unknown[] = [];
      for (const one of steps) {
        if (one === 'after' || one === 'answer') documents.push(await world[one](first, sid));
        else if (one === 'hung-up') await world.status(first, sid, 'completed', 5);
        else await world.dialled(one === 'down' ? 'canceled' : one, { lineIsDown: one === 'down' });
      }
      const cameOut = steps.findIndex((one) => outcomes.includes(one) || one === 'hung-up');
      const before = cameOut < 0 ? steps.length : cameOut;
      const dials = steps.slice(0, before).filter((one) => one === 'after' || one === 'answer').length;
      const flows = documents.map((flow) => (flow as CallFlow).flow);
      expect([flows.slice(0, dials).every((flow) => flow === 'transfer'), flows.slice(dials).includes('transfer')]).toEqual([true, false]);
      const told = steps.find((one) => outcomes.includes(one));
      expect((await world.record()).transfer?.state).toBe(told === undefined ? 'asked' : told === 'completed' ? 'connected' : 'failed');
      await world.status(first, sid, 'completed', 9);
      expect(isConcluded(await world.record())).toBe(true);
    }), { numRuns: 60 });
  });
});
