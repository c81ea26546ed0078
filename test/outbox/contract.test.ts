import { describe, expect, it } from 'vitest';
import type { Clock } from '#calls/ports.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { memoryOutboxStore } from '#doubles/memory-outbox.ts';
import { leadIdNumber } from '#doubles/records.ts';
import { messageIdOf, newMessage, type OutboxMessage } from '#outbox/message.ts';
import type { OutboxStore } from '#outbox/ports.ts';
import { dynamoOutboxStore } from '#store/dynamo-outbox-store.ts';
import { withEngine } from '../store/engine.ts';

const message = (lead: number, sequence: number, more: Partial<OutboxMessage> = {}): OutboxMessage =>
  ({ ...newMessage(leadIdNumber(lead), sequence, { occurredAt: NOON, status: 'reached', disposition: 'interested', erased: false }, NOON), ...more });
const later = (seconds: number): string => new Date(Date.parse(NOON) + seconds * 1000).toISOString();
const ids = (messages: OutboxMessage[]): string[] => messages.map(({ id }) => id);

const contract = (make: (clock: Clock) => Promise<OutboxStore>): void => {
  it('keeps a message once, whoever comes second', async () => {
    const outbox = await make(handClock());
    expect(await outbox.add(message(1, 3))).toBe(true);
    expect(await outbox.add(message(1, 3, { status: 'refused' }))).toBe(false);
    expect(await outbox.message(messageIdOf(leadIdNumber(1), 3))).toEqual(message(1, 3));
    expect(await outbox.message(messageIdOf(leadIdNumber(1), 4))).toBeUndefined();
    expect(await outbox.message('msg_nonsense')).toBeUndefined();
  });

  it('gives the undelivered messages of one lead by number, and not by text', async () => {
    const outbox = await make(handClock());
    for (const sequence of [100, 9, 10, 2]) await outbox.add(message(1, sequence));
    await outbox.add(message(2, 1));
    const states = { 2: 'delivered', 9: 'held', 10: 'dead' } as const;
    for (const [sequence, state] of Object.entries(states)) {
      const one = message(1, Number(sequence));
      await outbox.replace(one, { ...one, state, nextAt: null });
    }
    expect(ids(await outbox.undelivered(leadIdNumber(1)))).toEqual(ids([message(1, 9), message(1, 100)]));
    expect(await outbox.undelivered(leadIdNumber(3))).toEqual([]);
  });

  it('gives the last message of a lead, whatever became of it', async () => {
    const outbox = await make(handClock());
    for (const sequence of [9, 10, 2]) await outbox.add(message(1, sequence));
    await outbox.replace(message(1, 10), { ...message(1, 10), state: 'delivered', nextAt: null });
    expect((await outbox.last(leadIdNumber(1)))?.id).toBe(message(1, 10).id);
    expect(await outbox.last(leadIdNumber(3))).toBeUndefined();
  });

  it('writes only against the revision that was read', async () => {
    const outbox = await make(handClock());
    const first = message(1, 3);
    await outbox.add(first);
    expect(await outbox.replace(first, { ...first, tries: 1 })).toBe(true);
    expect(await outbox.replace(first, { ...first, tries: 2 })).toBe(false);
    expect(await outbox.message(first.id)).toEqual({ ...first, tries: 1, revision: 2 });
    expect(await outbox.replace(message(1, 4), message(1, 4))).toBe(false);
  });

  it('finds what is due, the longest overdue first, and nothing that is not pending', async () => {
    const outbox = await make(handClock());
    await outbox.add(message(1, 1, { nextAt: later(20) }));
    await outbox.add(message(2, 1, { nextAt: later(10) }));
    await outbox.add(message(3, 1, { nextAt: later(40) }));
    const done = message(4, 1);
    await outbox.add(done);
    await outbox.replace(done, { ...done, state: 'delivered', nextAt: null });
    expect(ids(await outbox.due(later(20), 10))).toEqual(ids([message(2, 1), message(1, 1)]));
    expect(ids(await outbox.due(later(60), 1))).toEqual(ids([message(2, 1)]));
    expect(await outbox.due(later(9), 10)).toEqual([]);
  });

  it('lists newest first, page by page, all or those of a state', async () => {
    const outbox = await make(handClock());
    const all = [1, 2, 3].map((n) => message(n, 1, { occurredAt: later(n) }));
    for (const one of all) await outbox.add(one);
    await outbox.replace(all[1]!, { ...all[1]!, state: 'dead', nextAt: null, reason: 'gone' });
    const first = await outbox.list({ limit: 2 });
    expect(ids(first.messages)).toEqual(ids([all[2]!, all[1]!]));
    const second = await outbox.list({ limit: 2, cursor: first.cursor! });
    expect([ids(second.messages), second.cursor]).toEqual([ids([all[0]!]), null]);
    expect((await outbox.list({ state: 'dead', limit: 2 })).messages).toEqual([{ ...all[1], state: 'dead', nextAt: null, reason: 'gone', revision: 2 }]);
    expect(ids((await outbox.list({ state: 'pending', limit: 5 })).messages)).toEqual(ids([all[2]!, all[0]!]));
    await expect(outbox.list({ limit: 2, cursor: 'x' })).rejects.toThrow('cursor is not one that this list gave out.');
  });

  it('forgets a message after ninety days, whatever became of it', async () => {
    const clock = handClock();
    const outbox = await make(clock);
    await outbox.add(message(1, 1));
    clock.forward(89 * 86_400_000);
    expect(await outbox.undelivered(leadIdNumber(1))).toHaveLength(1);
    clock.forward(2 * 86_400_000);
    expect([await outbox.message(message(1, 1).id), await outbox.undelivered(leadIdNumber(1)), (await outbox.list({ limit: 5 })).messages, await outbox.due(clock.iso(), 5)]).toEqual([undefined, [], [], []]);
  });
};

const { tables } = withEngine();
describe('the outbox in memory', () => { contract(async (clock) => memoryOutboxStore(new Map(), clock)); });
describe('the outbox in DynamoDB', () => { contract(async (clock) => dynamoOutboxStore(await tables(), clock)); });
