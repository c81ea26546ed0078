// What keeps order between processes, in DynamoDB: suppressions, counters with a ceiling, turns at the carrier, used tickets.
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { VisibleError } from '#calls/errors.ts';
import { phoneKey, phoneMark } from '#calls/phone-key.ts';
import type { CapStore, CarrierHealth, Clock, HealthStore, Pace, Suppression, SuppressionStore, TicketRegister } from '#calls/ports.ts';
import { epochSeconds, ifHolds, readCursor, transact, writeCursor, type Tables } from './client.ts';
import { indexes, keys } from './table.ts';

export const dynamoSuppressionStore = ({ db, callsTable: TableName }: Tables): SuppressionStore => ({
  suppression: async (phone) => {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.suppression(phoneKey(phone)), ConsistentRead: true }));
    return Item ? (Item['suppression'] as Suppression) : undefined;
  },
  // The first reason stays: it is the evidence of when the person asked.
  suppress: async (suppression, leadId) => {
    const numberKey = phoneKey(suppression.phone);
    const put = (kept: Suppression) => ({
      TableName, ConditionExpression: 'attribute_not_exists(pk)',
      Item: { ...keys.suppression(numberKey), suppression: kept, listPk: 'SUPPRESSIONS', listSk: `${suppression.at}#${numberKey}` },
    });
    if (leadId === undefined) return void (await ifHolds(db.send(new PutCommand(put(suppression)))));
    const written = await transact(() => db.send(new TransactWriteCommand({
      TransactItems: [{ ConditionCheck: { TableName, Key: keys.gone(leadId), ConditionExpression: 'attribute_not_exists(pk)' } }, { Put: put(suppression) }],
    })));
    if (written !== true && written[0] === 'ConditionalCheckFailed') await ifHolds(db.send(new PutCommand(put({ ...suppression, phone: null, note: null }))));
  },
  unsuppress: async (phone) => {
    await db.send(new DeleteCommand({ TableName, Key: keys.suppression(phoneKey(phone)) }));
  },
  forgetNumber: async (numberKey) =>
    (await ifHolds(db.send(new UpdateCommand({
      TableName, Key: keys.suppression(numberKey), ConditionExpression: 'attribute_exists(pk)', UpdateExpression: 'SET #suppression.#phone = :none, #suppression.#note = :none',
      ExpressionAttributeNames: { '#suppression': 'suppression', '#phone': 'phone', '#note': 'note' }, ExpressionAttributeValues: { ':none': null },
    })))) !== undefined,
  suppressions: async ({ cursor, limit }) => {
    const from = cursor === undefined ? undefined : readCursor(cursor, { hash: 'listPk', value: 'SUPPRESSIONS', sort: 'listSk' });
    if (cursor !== undefined && !from) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'Send the cursor of the page before, unchanged, or none.' }] });
    const found = await db.send(new QueryCommand({
      TableName, IndexName: indexes.list, ScanIndexForward: false, Limit: limit, KeyConditionExpression: 'listPk = :pk',
      ExpressionAttributeValues: { ':pk': 'SUPPRESSIONS' }, ...(from ? { ExclusiveStartKey: from } : {}),
    }));
    const numberKey = (listSk: unknown): string => String(listSk).split('#')[1] ?? '';
    return { suppressions: (found.Items ?? []).map((item) => ({ ...(item['suppression'] as Suppression), mark: phoneMark(numberKey(item['listSk'])) })), cursor: writeCursor(found.LastEvaluatedKey) };
  },
});

export const dynamoCapStore = ({ db, callsTable: TableName }: Tables): CapStore => {
  const change = (key: string, more: Pick<UpdateCommandInput, 'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>) =>
    db.send(new UpdateCommand({ TableName, Key: keys.cap(key), ...more }));
  const giveBack: CapStore['giveBack'] = async (caps) => {
    for (const cap of caps) {
      await ifHolds(change(cap.key, {
        UpdateExpression: 'SET #used = #used - :amount', ConditionExpression: '#used >= :amount',
        ExpressionAttributeNames: { '#used': 'used' }, ExpressionAttributeValues: { ':amount': cap.amount },
      }));
    }
  };
  return {
    // One conditional add a counter, no transaction: concurrent adds to one counter never conflict, and none passes the ceiling.
    reserve: async (caps) => {
      const taken = [];
      for (const cap of caps) {
        const room = cap.limit - cap.amount;
        const added = room < 0 ? undefined : await ifHolds(change(cap.key, {
          UpdateExpression: 'SET #used = if_not_exists(#used, :zero) + :amount, #expires = :expires', ConditionExpression: 'attribute_not_exists(#used) OR #used <= :room',
          ExpressionAttributeNames: { '#used': 'used', '#expires': 'expires' }, ExpressionAttributeValues: { ':amount': cap.amount, ':room': room, ':zero': 0, ':expires': epochSeconds(cap.expiresAt) },
        }));
        if (!added) {
          await giveBack(taken);
          return { full: cap };
        }
        taken.push(cap);
      }
      return { full: undefined };
    },
    giveBack,
  };
};

/** `intervalMs(carrier)`: time between two calls, 1000 / calls per second. */
export const dynamoPace = ({ db, sessionsTable: TableName }: Tables, clock: Clock, intervalMs: (carrier: string) => number): Pace => ({
  turn: async (carrier) => {
    const interval = Math.ceil(intervalMs(carrier));
    for (;;) {
      const now = clock.now().getTime();
      const expires = Math.floor(now / 1000) + 86_400;
      const free = await ifHolds(db.send(new UpdateCommand({
        TableName, Key: keys.pace(carrier), UpdateExpression: 'SET nextAt = :next, #expires = :expires', ConditionExpression: 'attribute_not_exists(nextAt) OR nextAt <= :now',
        ExpressionAttributeNames: { '#expires': 'expires' }, ExpressionAttributeValues: { ':next': now + interval, ':now': now, ':expires': expires },
      })));
      if (free) return 0;
      const later = await ifHolds(db.send(new UpdateCommand({
        TableName, Key: keys.pace(carrier), UpdateExpression: 'SET nextAt = nextAt + :interval, #expires = :expires', ConditionExpression: 'nextAt > :now',
        ExpressionAttributeNames: { '#expires': 'expires' }, ExpressionAttributeValues: { ':interval': interval, ':now': now, ':expires': expires }, ReturnValues: 'UPDATED_NEW',
      })));
      if (later) return Number(later.Attributes!['nextAt']) - interval - now;
    }
  },
});

export const dynamoTicketRegister = ({ db, sessionsTable: TableName }: Tables): TicketRegister => ({
  use: async (ticketId, expiresAt) =>
    (await ifHolds(db.send(new PutCommand({
      // Kept for a day beyond the ticket's own end: a document fetched again gives a later end to the same ticket id.
      TableName, Item: { ...keys.ticket(ticketId), expires: epochSeconds(expiresAt) + 86_400 }, ConditionExpression: 'attribute_not_exists(pk)',
    })))) !== undefined,
});

/** Kept as one text, so that a write can be held to the very state that was read. */
export const dynamoHealthStore = ({ db, sessionsTable: TableName }: Tables): HealthStore => ({
  health: async (carrier) => {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.health(carrier), ConsistentRead: true }));
    return Item ? (JSON.parse(String(Item['health'])) as CarrierHealth) : undefined;
  },
  setHealth: async (carrier, seen, next) => {
    const asSeen = seen ? { ConditionExpression: 'health = :seen', ExpressionAttributeValues: { ':seen': JSON.stringify(seen) } } : { ConditionExpression: 'attribute_not_exists(pk)' };
    const write = next
      ? db.send(new PutCommand({ TableName, Item: { ...keys.health(carrier), health: JSON.stringify(next), expires: epochSeconds(next.lastFailureAt) + 86_400 }, ...asSeen }))
      : db.send(new DeleteCommand({ TableName, Key: keys.health(carrier), ...asSeen }));
    return (await ifHolds<unknown>(write)) !== undefined;
  },
});
