import { describe, expect, it } from 'vitest';
import { MAX_TAKEOVERS, sorrySentence, type CallFlow } from '#calls/answer-call.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { openTicket, sealTicket, ticketId, type Ticket } from '#calls/ticket.ts';
import { leadIdNumber, PHONE, sidNumber, statusEvent } from '#doubles/records.ts';
import { makeWorld, type World } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const sid = sidNumber(1);
const placed = async () => {
  const world = makeWorld();
  await world.enquire();
  await world.dialAll();
  return world;
};
const ticketOf = (world: World, flow: CallFlow, callSid = sid): Ticket => {
  expect(flow.flow).toBe('talk');
  const ticket = openTicket(world.answerDeps.ticketSecret, (flow as { ticket: string }).ticket, callSid, world.clock.now());
  expect(ticket).toBeTypeOf('object');
  return ticket as Ticket;
};
const goodbye = (sentence: string | RegExp) => expect.objectContaining({ flow: 'say-goodbye', sentence: typeof sentence === 'string' ? sentence : expect.stringMatching(sentence) as string });
const stream = (epoch: number) => ({ kind: 'stream-started' as const, at: '2026-11-21T12:00:05.000Z', epoch, streamSid: `MZ${epoch}` });

describe('an answered phone', () => {
  it('joins the caller with the agent, with a ticket for this call and no other', async () => {
    const world = await placed();
    const flow = await world.answer(first, sid);
    expect(flow).toMatchObject({ flow: 'talk', attemptId: first, callId });
    expect(ticketOf(world, flow)).toEqual({ callId, callSid: sid, epoch: 0, expires: world.clock.now().getTime() / 1000 + 120 });
    expect(openTicket(world.answerDeps.ticketSecret, (flow as { ticket: string }).ticket, sidNumber(2), world.clock.now())).toBe('forged');
  });

  it('gets tickets of one id however often its document is fetched: together they admit one stream', async () => {
    const world = await placed();
    const flows = [await world.answer(first, sid), await world.answer(first, sid)];
    world.clock.forward(3000);
    flows.push(...await Promise.all([world.answer(first, sid), world.answer(first, sid)]));
    const ids = flows.map((flow) => ticketId(ticketOf(world, flow)));
    expect(new Set(ids)).toEqual(new Set([`${callId}#0`]));
    const used = await Promise.all(ids.map((id) => world.stores.tickets.use(id, '2026-11-21T12:02:00.000Z')));
    expect(used.filter(Boolean)).toHaveLength(1);
  });

  it('is adopted for its attempt before any callback came', async () => {
    const world = makeWorld();
    await world.enquire();
    world.twilio.script.push({ does: 'lose-answer' });
    await world.dialAll();
    expect((await world.answer(first, sid)).flow).toBe('talk');
    expect((await world.stores.calls.call(callId))?.callSid).toBe(sid);
  });

  it('hears that we talk already on another line, when another phone was first', async () => {
    const world = await placed();
    await world.answer(first, sid);
    const before = world.stores.dump();
    expect(await world.answer(first, sidNumber(2))).toEqual(goodbye(/another line/));
    expect(world.stores.dump()).toBe(before);
  });

  it.each([['an attempt that was never dialled', attemptIdOf(leadIdNumber(9), 1)], ['no attempt', 'nonsense']])('hears that we are sorry for %s', async (_what, attemptId) => {
    const world = await placed();
    const before = world.stores.dump();
    expect([await world.answer(attemptId, sid), await world.after(attemptId, sid), await world.key(attemptId, sid, '9')]).toEqual([goodbye(sorrySentence), goodbye(sorrySentence), goodbye(sorrySentence)]);
    expect(world.stores.dump()).toBe(before);
  });

  it('is hung up when the call is over, was ended by a person, or after an opt-out', async () => {
    for (const event of [statusEvent('completed'), statusEvent('canceled'), { kind: 'ended' as const, at: '2026-11-21T12:00:09.000Z', endReason: 'operator' as const, detail: null, turnMs: [] }, { kind: 'opt-out' as const, at: '2026-11-21T12:00:09.000Z', by: 'voice' as const }]) {
      const world = await placed();
      await world.answer(first, sid);
      await world.event(callId, event);
      expect([await world.answer(first, sid), await world.after(first, sid), await world.key(first, sid, '1')]).toEqual([{ flow: 'hang-up' }, { flow: 'hang-up' }, { flow: 'hang-up' }]);
    }
  });

  it('opts out with key 9, and hears so; any other key goes on', async () => {
    const world = await placed();
    expect((await world.key(first, sid, '1')).flow).toBe('talk');
    expect(await world.key(first, sid, '9')).toEqual(goodbye(/not be called again/));
    await world.status(first, sid, 'completed');
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'opt-out' });
    expect(await world.view(lead)).toMatchObject({ status: 'do-not-call', disposition: 'do-not-call' });
  });
});

describe('a stream that has ended', () => {
  it('is the end of the call when the relay has said why', async () => {
    const world = await placed();
    await world.answer(first, sid);
    await world.event(callId, stream(0));
    await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] });
    expect(await world.after(first, sid)).toEqual({ flow: 'hang-up' });
  });

  it('is the end of the call when the line is down', async () => {
    const world = await placed();
    await world.answer(first, sid);
    await world.event(callId, stream(0));
    expect(await world.after(first, sid, true)).toEqual({ flow: 'hang-up' });
    expect((await world.stores.calls.call(callId))?.epoch).toBe(-1);
  });

  it('is taken over by another relay when nobody said why, three times at most, each with a ticket of its own', async () => {
    const world = await placed();
    const ids = [ticketId(ticketOf(world, await world.answer(first, sid)))];
    for (let epoch = 0; epoch < MAX_TAKEOVERS; epoch += 1) {
      await world.event(callId, stream(epoch));
      ids.push(ticketId(ticketOf(world, await world.after(first, sid))));
    }
    expect(ids).toEqual([0, 1, 2, 3].map((epoch) => `${callId}#${epoch}`));
    // Then they are asked for a key (choose-key.test.ts); where the carrier cannot ask, they hear that we are sorry.
    expect(await world.after(first, sid)).toMatchObject({ flow: 'ask-key' });
    await world.status(first, sid, 'completed');
    expect(await world.view(lead)).toMatchObject({ calls: [{ endReason: 'agent-failed', status: 'completed' }] });
    expect(await world.after(first, sid)).toEqual({ flow: 'hang-up' });
  });

  it('is taken over at once the first time, and after a moment when that came to nothing', async () => {
    const world = await placed();
    await world.answer(first, sid);
    const pauses: unknown[] = [];
    for (let epoch = 0; epoch < MAX_TAKEOVERS; epoch += 1) pauses.push((await world.after(first, sid) as { pauseSeconds?: number }).pauseSeconds);
    expect(pauses).toEqual([0, 1, 3]);
  });

  it('gives one stream when its document is fetched by two at once', async () => {
    const world = await placed();
    await world.answer(first, sid);
    const flows = await Promise.all([world.after(first, sid), world.after(first, sid)]);
    expect(flows.map((flow) => ticketId(ticketOf(world, flow)))).toEqual([`${callId}#1`, `${callId}#1`]);
  });

  it('whose end and whose callback race leaves the call over, and hands out nothing afterwards', async () => {
    const world = await placed();
    await world.answer(first, sid);
    await world.event(callId, stream(0));
    await Promise.all([world.status(first, sid, 'completed'), world.after(first, sid)]);
    expect((await world.stores.calls.call(callId))?.status).toBe('completed');
    expect(await world.after(first, sid)).toEqual({ flow: 'hang-up' });
  });

  it('of a second phone hears that we are sorry', async () => {
    const world = await placed();
    await world.answer(first, sid);
    expect(await world.after(first, sidNumber(2))).toEqual(goodbye(sorrySentence));
  });
});

describe('a ticket', () => {
  const secret = 's'.repeat(32);
  const now = new Date('2026-11-21T12:00:00.000Z');
  const ticket: Ticket = { callId, callSid: sid, epoch: 2, expires: now.getTime() / 1000 + 120 };
  const text = sealTicket(secret, ticket);

  it('opens for whoever shows it with its call, until it expires', () => {
    expect(openTicket(secret, text, sid, now)).toEqual(ticket);
    expect(openTicket(secret, text, sid, new Date(now.getTime() + 120_000))).toEqual(ticket);
    expect(openTicket(secret, text, sid, new Date(now.getTime() + 120_001))).toBe('expired');
    expect(text.length).toBeLessThan(120);
  });

  it('opens for nobody else: another call, another secret, another letter anywhere', () => {
    expect(openTicket(secret, text, sidNumber(2), now)).toBe('forged');
    expect(openTicket('t'.repeat(32), text, sid, now)).toBe('forged');
    for (let i = 0; i < text.length; i += 1) {
      const changed = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
      expect(['forged', 'malformed']).toContain(openTicket(secret, changed, sid, now));
    }
    expect([openTicket(secret, undefined, sid, now), openTicket(secret, '', sid, now), openTicket(secret, 'v1', sid, now), openTicket(secret, `${text}A`, sid, now)]).toEqual(['missing', 'missing', 'malformed', 'malformed']);
  });
});
