import { describe, expect, it } from 'vitest';
import { NOON } from '#doubles/clock.ts';
import { deliverLead } from '#outbox/deliver-lead.ts';
import { nudgeDue } from '#outbox/nudge-due.ts';
import { replay } from '#outbox/replay.ts';
import { idOf, leadId, office } from './office.ts';

const noUrl = 'OUTBOX_URL is not set: there is nowhere to deliver to.';

describe('delivering what a lead has waiting', () => {
  it('posts each message once, in order, and is done', async () => {
    const { add, deliver, sent, posts, message } = await office();
    for (const sequence of [10, 3, 9]) await add(sequence);
    expect(await deliver()).toBe('nothing');
    expect(sent()).toEqual([idOf(3), idOf(9), idOf(10)]);
    expect(posts[0]!.outcome).toMatchObject({ id: idOf(3), sequence: 3, erased: false, lead: { leadId, phone: '+442079460018' } });
    expect(await message(3)).toMatchObject({ state: 'delivered', deliveredAt: NOON });
    expect(await deliver()).toBe('nothing');
    expect(sent()).toHaveLength(3);
  });

  it('lets nothing overtake a message that waits for another try', async () => {
    const { add, deliver, sent, clock } = await office(500, 503);
    await add(3);
    await add(4);
    expect([await deliver(), await deliver()]).toEqual(['waiting', 'waiting']);
    expect(sent()).toEqual([idOf(3)]);
    clock.forward(5_000);
    expect(await deliver()).toBe('waiting');
    clock.forward(10_000);
    expect(await deliver()).toBe('nothing');
    expect(sent()).toEqual([idOf(3), idOf(3), idOf(3), idOf(4)]);
  });

  it('goes on to the next message when one is given up', async () => {
    const { add, deliver, sent, message } = await office(410);
    await add(3);
    await add(4);
    expect(await deliver()).toBe('nothing');
    expect(sent()).toEqual([idOf(3), idOf(4)]);
    expect([(await message(3))?.state, (await message(4))?.state]).toEqual(['dead', 'delivered']);
  });

  it('tries for a day at an endpoint that is down, and gives up then', async () => {
    const { add, deliver, sent, message, clock } = await office(...Array.from({ length: 1000 }, () => 500));
    await add(3);
    for (let minute = 0; minute <= 24 * 60; minute += 1) { await deliver(); clock.forward(60_000); }
    expect(await message(3)).toMatchObject({ state: 'dead', tries: sent().length, reason: expect.stringMatching(/^Given up after \d+ tries in 24 hours\. The endpoint answered 500\.$/) as string });
    expect(sent().length).toBeGreaterThan(90);
    expect(sent().length).toBeLessThan(200);
  });

  it('delivers what an endpoint missed in an hour within a quarter of an hour of its return', async () => {
    const { add, deliver, message, clock, posts } = await office(...Array.from({ length: 12 }, () => 503));
    await add(3);
    for (let minute = 0; minute < 120; minute += 1) { await deliver(); clock.forward(60_000); }
    expect((await message(3))?.state).toBe('delivered');
    const [last, back] = posts.slice(-2).map(({ at }) => Date.parse(at));
    expect(last! - Date.parse(NOON)).toBeGreaterThan(40 * 60_000);
    expect(back! - last!).toBeLessThanOrEqual(15 * 60_000);
  });

  it('leaves more than four messages to the next nudge', async () => {
    const { add, deliver, sent, nudges } = await office();
    for (const sequence of [1, 2, 3, 4, 5]) await add(sequence);
    expect(await deliver()).toBe('more');
    expect(sent()).toHaveLength(4);
    expect(nudges).toEqual([{ leadId, once: `${idOf(5)}.1.more` }]);
    expect(await deliver()).toBe('nothing');
  });

  it('tells of a lead that was erased nothing but that, also in a message from before', async () => {
    const { add, deliver, posts, stores, clock } = await office();
    await add(3);
    await stores.erasures.begin(leadId, clock.iso());
    await add(4, { erased: true });
    await deliver();
    expect(posts.map(({ outcome }) => [outcome.sequence, outcome.erased])).toEqual([[3, true], [4, true]]);
    expect(JSON.stringify(posts)).not.toMatch(/Ada|442079460018|boiler/);
  });
});

describe('without an endpoint', () => {
  it('messages are held with the reason, and go in order once there is one', async () => {
    const { add, deliver, unplug, message, sent, nudges, deps } = await office();
    unplug(noUrl);
    await add(3);
    await add(4);
    expect(await deliver()).toBe('held');
    expect(await message(4)).toMatchObject({ state: 'held', nextAt: null, tries: 0, reason: noUrl });
    expect(await nudgeDue(deps)()).toBe(0);
    unplug();
    expect(await nudgeDue(deps)()).toBe(1);
    expect(nudges).toEqual([{ leadId, once: `${idOf(3)}.2.due` }]);
    expect(await deliver()).toBe('nothing');
    expect(sent()).toEqual([idOf(3), idOf(4)]);
  });

  it('a message that was being tried is held too, and has its day all the same', async () => {
    const { add, deliver, unplug, message, clock } = await office(500);
    await add(3);
    await deliver();
    unplug(noUrl);
    expect(await deliver()).toBe('held');
    clock.forward(3_600_000);
    unplug();
    await deliver();
    expect(await message(3)).toMatchObject({ state: 'delivered', tries: 2, firstTriedAt: NOON });
  });
});

describe('the sweep', () => {
  it('nudges a lead once, for its earliest due message, and only when one is due', async () => {
    const { add, deliver, nudges, deps, clock } = await office(500);
    await add(3);
    await deliver();
    expect(await nudgeDue(deps)()).toBe(0);
    await add(4);
    clock.forward(60_000);
    expect(await nudgeDue(deps)()).toBe(1);
    expect(nudges).toEqual([{ leadId, once: `${idOf(3)}.2.due` }]);
  });
});

describe('a replay', () => {
  it('sends a message again under its id, dead or delivered, with a new day of tries', async () => {
    const { add, deliver, sent, message, nudges, deps } = await office(410, 200, 200);
    await add(3);
    await deliver();
    expect(await replay(deps)(idOf(3))).toMatchObject({ state: 'pending', tries: 0, firstTriedAt: null, replays: 1, reason: null });
    expect(nudges.at(-1)).toEqual({ leadId, once: `${idOf(3)}.3.replay` });
    await deliver();
    expect(await message(3)).toMatchObject({ state: 'delivered', tries: 1, replays: 1, lastTries: [{ status: 410 }, { status: 200 }] });
    await replay(deps)(idOf(3));
    await deliver();
    expect(sent()).toEqual([idOf(3), idOf(3), idOf(3)]);
  });

  it('tries at once what waits for another try', async () => {
    const { add, deliver, sent, deps } = await office(500);
    await add(3);
    expect(await deliver()).toBe('waiting');
    await replay(deps)(idOf(3));
    expect(await deliver()).toBe('nothing');
    expect(sent()).toHaveLength(2);
  });

  it('that is asked for while the message is under way counts after it', async () => {
    const { add, sent, deps, endpoint, message } = await office();
    await add(3);
    let asked = false;
    await deliverLead({ ...deps, destination: async () => ({ post: async (...given) => {
      const answer = await endpoint.post(...given);
      if (!asked) { asked = true; await replay(deps)(idOf(3)); }
      return answer;
    } }) })(leadId);
    expect(sent()).toHaveLength(2);
    expect(await message(3)).toMatchObject({ state: 'delivered', replays: 1 });
  });

  it.each(['msg_nonsense', idOf(77)])('of %s is refused: there is none', async (id) => {
    const { deps } = await office();
    await expect(replay(deps)(id)).rejects.toThrow('There is no such message in the outbox.');
  });
});
