// What operators see and do, in DynamoDB: the audit trail, the switch, what is to be deleted elsewhere, and the numbers of a period.
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { VisibleError } from '#calls/errors.ts';
import type { AuditEntry, AuditTrail, CallRecord, DiallingSwitch, ForgetList, Forgettable, LeadRecord, StatsStore, SwitchStore } from '#calls/ports.ts';
import { isAlive, readCursor, writeCursor, type Tables } from './client.ts';
import { indexes, keys } from './table.ts';

const auditList = { hash: 'listPk', value: 'AUDIT', sort: 'listSk' };

export const dynamoAuditTrail = ({ db, callsTable: TableName }: Tables): AuditTrail => ({
  note: async (entry) => {
    const key = keys.audit(entry.at, randomUUID());
    await db.send(new PutCommand({ TableName, Item: { ...key, entry, listPk: auditList.value, listSk: key.sk } }));
  },
  entries: async ({ cursor, limit }) => {
    const from = cursor === undefined ? undefined : readCursor(cursor, auditList);
    if (cursor !== undefined && !from) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'Send the cursor of the page before, unchanged, or none.' }] });
    const found = await db.send(new QueryCommand({
      TableName, IndexName: indexes.list, ScanIndexForward: false, Limit: limit, KeyConditionExpression: 'listPk = :pk', ExpressionAttributeValues: { ':pk': auditList.value },
      ...(from ? { ExclusiveStartKey: from } : {}),
    }));
    return { entries: (found.Items ?? []).map((item) => item['entry'] as AuditEntry), cursor: writeCursor(found.LastEvaluatedKey) };
  },
});

export const dynamoSwitchStore = ({ db, callsTable: TableName }: Tables): SwitchStore => ({
  dialling: async () => {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.diallingSwitch, ConsistentRead: true }));
    return Item ? (Item['switch'] as DiallingSwitch) : { dialling: true, at: null, by: null };
  },
  setDialling: async (to) => {
    await db.send(new PutCommand({ TableName, Item: { ...keys.diallingSwitch, switch: to } }));
  },
});

export const dynamoForgetList = ({ db, callsTable: TableName }: Tables): ForgetList => ({
  add: async ({ service, kind, id }, dueAt) => {
    await db.send(new PutCommand({ TableName, Item: { ...keys.forget(service, kind, id), service, kind, id, duePk: 'DUE#forget', dueSk: `${dueAt}#${id}` } }));
  },
  due: async (before, limit) => {
    const found = await db.send(new QueryCommand({
      TableName, IndexName: indexes.due, Limit: limit, KeyConditionExpression: 'duePk = :pk AND dueSk <= :before', ExpressionAttributeValues: { ':pk': 'DUE#forget', ':before': `${before}~` },
    }));
    return (found.Items ?? []).map((item): Forgettable => ({ service: item['service'], kind: item['kind'], id: item['id'] }));
  },
  done: async ({ service, kind, id }) => {
    await db.send(new DeleteCommand({ TableName, Key: keys.forget(service, kind, id) }));
  },
});

const DAY_MS = 86_400_000;

/** Reads no more than `most` items and no partition outside the days asked for: cost follows the period, not what is stored. */
export const dynamoStatsStore = ({ db, callsTable: TableName }: Tables, now: () => Date): StatsStore => {
  const newest = async (listPk: string, from: string, to: string, most: number, shown: Pick<QueryCommandInput, 'ProjectionExpression' | 'ExpressionAttributeNames'>): Promise<Record<string, unknown>[]> => {
    const items: Record<string, unknown>[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await db.send(new QueryCommand({
        // `to` is left out: a sort key goes on after its time, with a # and an id.
        TableName, IndexName: indexes.list, ScanIndexForward: false, Limit: most - items.length, KeyConditionExpression: 'listPk = :pk AND listSk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': listPk, ':from': from, ':to': to }, ...shown, ...(start ? { ExclusiveStartKey: start } : {}),
      }));
      items.push(...(page.Items ?? []).filter((item) => isAlive(item, now())));
      start = page.LastEvaluatedKey;
    } while (start && items.length < most);
    return items;
  };
  return {
    leadsBetween: async (from, to, most) =>
      (await newest('LEADS', from, to, most, { ProjectionExpression: '#status, disposition, expires', ExpressionAttributeNames: { '#status': 'status' } }))
        .map(({ status, disposition }) => ({ status, disposition }) as Pick<LeadRecord, 'status' | 'disposition'>),
    callsBetween: async (from, to, most) => {
      const calls: Pick<CallRecord, 'direction' | 'status' | 'endReason' | 'latency'>[] = [];
      for (let day = Math.floor((Date.parse(to) - 1) / DAY_MS) * DAY_MS; day > Date.parse(from) - DAY_MS && calls.length < most; day -= DAY_MS) {
        const found = await newest(`CALLS#${new Date(day).toISOString().slice(0, 10)}`, from, to, most - calls.length, {
          ProjectionExpression: 'direction, #status, endReason, latency, expires', ExpressionAttributeNames: { '#status': 'status' },
        });
        calls.push(...found.map(({ expires: _e, ...call }) => call as (typeof calls)[number]));
      }
      return calls;
    },
  };
};
