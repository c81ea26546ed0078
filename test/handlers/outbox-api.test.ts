// /api/outbox, through the front door.
import { describe, expect, it } from 'vitest';
import { ask, httpEvent, jsonOf, problemOf } from '#doubles/events.ts';
import { ADMIN_TOKEN, openDoors, type Doors } from '#doubles/front-doors.ts';
import { leadIdNumber } from '#doubles/records.ts';
import { messageIdOf, newMessage, type OutboxMessage } from '#outbox/message.ts';

const get = (doors: Doors, query: string) => ask(doors.api, httpEvent({ path: '/api/outbox', query, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }));
const post = (doors: Doors, id: string) => ask(doors.api, httpEvent({ method: 'POST', path: `/api/outbox/${id}/replay`, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }));
const put = async (doors: Doors, n: number, more: Partial<OutboxMessage> = {}): Promise<OutboxMessage> => {
  const at = new Date(doors.world.clock.now().getTime() + n * 1000).toISOString();
  const message = { ...newMessage(leadIdNumber(n), 2, { occurredAt: at, status: 'unreachable', disposition: 'unreachable', erased: false }, at), ...more };
  await doors.world.stores.outbox.add(message);
  return message;
};
const idsOf = (answer: Awaited<ReturnType<typeof get>>): unknown => (jsonOf(answer)['messages'] as OutboxMessage[]).map(({ id }) => id);

describe('GET /api/outbox', () => {
  it('lists messages newest first, page by page, or those of one state', async () => {
    const doors = openDoors();
    const [one, two, three] = [await put(doors, 1), await put(doors, 2, { state: 'dead', nextAt: null, reason: 'The endpoint answered 410.' }), await put(doors, 3)];
    const first = await get(doors, 'limit=2');
    expect([first.status, idsOf(first)]).toEqual([200, [three.id, two.id]]);
    expect(idsOf(await get(doors, `limit=2&cursor=${encodeURIComponent(String(jsonOf(first)['cursor']))}`))).toEqual([one.id]);
    const { revision: _revision, ...shown } = two;
    expect(jsonOf(await get(doors, 'state=dead'))).toEqual({ messages: [shown], cursor: null });
  });

  it.each([['state=lost', 'state-invalid', 'state'], ['cursor=xx', 'bad-cursor', 'cursor'], ['limit=0', 'limit-invalid', 'limit']])('refuses ?%s in the words of the field', async (query, code, field) => {
    const answer = await get(openDoors(), query);
    expect([answer.status, problemOf(answer).code, problemOf(answer).errors?.[0]?.field]).toEqual([400, code, field]);
  });
});

describe('POST /api/outbox/{id}/replay', () => {
  it('has the message sent again', async () => {
    const doors = openDoors();
    const { id } = await put(doors, 1, { state: 'dead', nextAt: null, tries: 60, reason: 'The endpoint answered 410.' });
    const answer = await post(doors, id);
    expect([answer.status, jsonOf(answer)]).toEqual([202, expect.objectContaining({ id, state: 'pending', tries: 0, replays: 1, reason: null })]);
    expect(await doors.world.stores.outbox.message(id)).toMatchObject({ state: 'pending' });
  });

  it.each(['nothing', messageIdOf(leadIdNumber(9), 2)])('answers 404 for %s', async (id) => {
    const answer = await post(openDoors(), id);
    expect([answer.status, problemOf(answer).code]).toEqual([404, 'no-such-message']);
  });
});
