// Outbox messages in DynamoDB, behind OutboxStore: beside the leads, whose stream makes them, in partitions of their own.
import { GetCommand, PutCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { VisibleError } from '#calls/errors.ts';
import type { Clock } from '#calls/ports.ts';
import { KEPT_DAYS, readMessageId, type OutboxMessage } from '#outbox/message.ts';
import type { OutboxStore } from '#outbox/ports.ts';
import { expiresInDays, ifHolds, readCursor, writeCursor, type Tables } from './client.ts';
import { indexes, keys } from './table.ts';

type Item = Record<string, unknown>;
const DAY_MS = 86_400_000;
/** Undelivered messages of one lead that are read at once; the rest follows when these are gone. */
const PER_LEAD = 20;

const strip = (item: Item): OutboxMessage => {
  const { pk: _pk, sk: _sk, listPk: _l, listSk: _ls, statusPk: _s, duePk: _d, dueSk: _ds, expires: _e, ...message } = item;
  return message as unknown as OutboxMessage;
};
const itemOf = (message: OutboxMessage): Item => ({
  ...keys.outbox(message.leadId, message.sequence), ...message, listPk: 'OUTBOX', listSk: `${message.occurredAt}#${message.id}`, statusPk: `OUTBOX#${message.state}`,
  ...(message.nextAt === null ? {} : { duePk: 'DUE#outbox', dueSk: `${message.nextAt}#${message.id}` }), expires: expiresInDays(message.occurredAt, KEPT_DAYS),
});

export const dynamoOutboxStore = ({ db, callsTable: TableName }: Tables, clock: Clock): OutboxStore => {
  /** DynamoDB drops expired items late; what is older than this counts as gone. */
  const kept = (): string => new Date(clock.now().getTime() - KEPT_DAYS * DAY_MS).toISOString();
  const query = async (input: Omit<QueryCommandInput, 'TableName'>): Promise<{ messages: OutboxMessage[]; last: Item | undefined }> => {
    const found = await db.send(new QueryCommand({ TableName, ...input }));
    return { messages: (found.Items ?? []).map(strip), last: found.LastEvaluatedKey };
  };

  return {
    add: async (message) =>
      (await ifHolds(db.send(new PutCommand({ TableName, Item: itemOf(message), ConditionExpression: 'attribute_not_exists(pk)' })))) !== undefined,

    message: async (id) => {
      const parts = readMessageId(id);
      if (!parts) return undefined;
      const { Item } = await db.send(new GetCommand({ TableName, Key: keys.outbox(parts.leadId, parts.sequence), ConsistentRead: true }));
      return Item && strip(Item).occurredAt > kept() ? strip(Item) : undefined;
    },

    undelivered: async (leadId) => {
      const messages: OutboxMessage[] = [];
      let from: Item | undefined;
      do {
        const page = await query({
          ConsistentRead: true, KeyConditionExpression: 'pk = :pk', FilterExpression: '#state IN (:pending, :held) AND occurredAt > :kept',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':pk': keys.outbox(leadId, 0).pk, ':pending': 'pending', ':held': 'held', ':kept': kept() }, ...(from ? { ExclusiveStartKey: from } : {}),
        });
        messages.push(...page.messages);
        from = page.last;
      } while (from && messages.length < PER_LEAD);
      return messages.slice(0, PER_LEAD);
    },

    last: async (leadId) => {
      const { messages: [message] } = await query({ ConsistentRead: true, ScanIndexForward: false, Limit: 1, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': keys.outbox(leadId, 0).pk } });
      return message && message.occurredAt > kept() ? message : undefined;
    },

    replace: async (was, next) =>
      (await ifHolds(db.send(new PutCommand({
        TableName, Item: itemOf({ ...next, revision: was.revision + 1 }), ConditionExpression: 'revision = :was', ExpressionAttributeValues: { ':was': was.revision },
      })))) !== undefined,

    list: async ({ state, cursor, limit }) => {
      const list = state ? { hash: 'statusPk', value: `OUTBOX#${state}`, sort: 'listSk' } : { hash: 'listPk', value: 'OUTBOX', sort: 'listSk' };
      const from = cursor === undefined ? undefined : readCursor(cursor, list);
      if (cursor !== undefined && !from) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'Send the cursor of the page before, unchanged, or none.' }] });
      const page = await query({
        IndexName: state ? indexes.status : indexes.list, ScanIndexForward: false, Limit: limit,
        KeyConditionExpression: `${list.hash} = :pk AND listSk > :kept`, ExpressionAttributeValues: { ':pk': list.value, ':kept': kept() }, ...(from ? { ExclusiveStartKey: from } : {}),
      });
      return { messages: page.messages, cursor: writeCursor(page.last) };
    },

    due: async (now, limit) => {
      const page = await query({
        IndexName: indexes.due, Limit: limit, KeyConditionExpression: 'duePk = :pk AND dueSk <= :now', ExpressionAttributeValues: { ':pk': 'DUE#outbox', ':now': `${now}~` },
      });
      return page.messages.filter((message) => message.occurredAt > kept());
    },
  };
};
