// Calls, their events and their transcripts in DynamoDB, behind CallStore.
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { statusRank, type CallEvent, type CallRecord, type Turn } from '#calls/call.ts';
import { callWithout, eventWithout, isPersonal, ownerOf } from '#calls/erased.ts';
import { eventKey, foldCall, isConcluded, newCallRecord } from '#calls/fold-call.ts';
import { phoneKey } from '#calls/phone-key.ts';
import type { CallStore } from '#calls/ports.ts';
import { conditionFailed, expiresInDays, ifHolds, isAlive, RETENTION_DAYS, transact, type Tables } from './client.ts';
import { indexes, keys } from './table.ts';

type Item = Record<string, unknown>;
const strip = (item: Item): CallRecord => {
  const { pk: _pk, sk: _sk, duePk: _d, dueSk: _ds, statusRank: _r, openedAt: _o, expires: _e, listPk: _l, listSk: _ls, ...call } = item;
  return call as unknown as CallRecord;
};
/** A bound call that is not concluded is in the index of due work, under the time of its last news. Who binds it puts it there. */
const due = (call: CallRecord, at: string): Item => (call.callSid !== null && !isConcluded(call) ? { duePk: 'DUE#call', dueSk: `${at}#${call.callId}` } : {});

/** A concluded call is listed under the day of its end, for the numbers of a period. */
const listed = (call: CallRecord): Item => (isConcluded(call) && call.endedAt !== null ? { listPk: `CALLS#${call.endedAt.slice(0, 10)}`, listSk: `${call.endedAt}#${call.callId}` } : {});

export const dynamoCallStore = ({ db, callsTable: TableName }: Tables, now: () => Date = () => new Date(), retentionDays: number = RETENTION_DAYS): CallStore => {
  const record = async (callId: string): Promise<CallRecord | undefined> => {
    const { Item } = await db.send(new GetCommand({ TableName, Key: keys.call(callId), ConsistentRead: true }));
    return Item && isAlive(Item, now()) ? strip(Item) : undefined;
  };
  const expires = (): number => expiresInDays(now().toISOString(), retentionDays);
  /** Holds while nobody has erased the call. An item of its own, which nothing else writes: so the check meets no other write. */
  const notErased = (callId: string) => ({ ConditionCheck: { TableName, Key: keys.gone(ownerOf(callId)), ConditionExpression: 'attribute_not_exists(pk)' } });

  /** The record's item and all events, in one consistent query. CALL and EVT# sort before TURN#. */
  const story = async (callId: string): Promise<{ call: CallRecord | undefined; events: CallEvent[] }> => {
    const items: Item[] = [];
    let from: Item | undefined;
    do {
      const page = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: { ':pk': keys.call(callId).pk, ':first': 'CALL', ':last': 'EVT#~' }, ...(from ? { ExclusiveStartKey: from } : {}),
      }));
      items.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from);
    const call = items.find((item) => item['sk'] === 'CALL');
    return { call: call ? strip(call) : undefined, events: items.filter((item) => item['sk'] !== 'CALL').map((item) => item['event'] as CallEvent) };
  };

  return {
    open: async (call, at) => {
      const lasting = { openedAt: at, expires: expires() };
      const written = await transact(() => db.send(new TransactWriteCommand({
        TransactItems: [
          notErased(call.callId),
          { Put: { TableName, Item: { ...keys.call(call.callId), ...newCallRecord(call), statusRank: 0, ...lasting }, ConditionExpression: 'attribute_not_exists(pk)' } },
          ...(call.direction === 'inbound' ? [{ Put: { TableName, Item: { ...keys.inbound(phoneKey(call.from), call.callId), callId: call.callId, ...lasting } } }] : []),
        ],
      })));
      if (written === true) return true;
      // There already. A call that no carrier's call is bound to may have gone over to another carrier.
      await ifHolds(db.send(new UpdateCommand({
        TableName, Key: keys.call(call.callId), UpdateExpression: 'SET carrier = :carrier, #from = :from',
        ConditionExpression: 'attribute_exists(pk) AND callSid = :none AND carrier <> :carrier',
        ExpressionAttributeNames: { '#from': 'from' }, ExpressionAttributeValues: { ':carrier': call.carrier, ':from': call.from, ':none': null },
      })));
      return written[0] !== 'ConditionalCheckFailed';
    },

    call: record,

    callsOf: async (numberKey, limit) => {
      const found = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, ScanIndexForward: false, Limit: limit, KeyConditionExpression: 'pk = :pk AND begins_with(sk, :call)',
        ExpressionAttributeValues: { ':pk': `PHONE#${numberKey}`, ':call': 'CALL#' },
      }));
      return (found.Items ?? []).filter((item) => isAlive(item, now())).map((item) => String(item['callId']));
    },

    callIdOf: async (carrier, callSid) => {
      const { Item } = await db.send(new GetCommand({ TableName, Key: keys.sid(carrier, callSid), ConsistentRead: true }));
      return Item ? String(Item['callId']) : undefined;
    },

    adopt: async (callId, callSid) => {
      try {
        const { Attributes } = await db.send(new UpdateCommand({
          TableName, Key: keys.call(callId), ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          // The time in the index of due work stays what it was: handing out a document is no news of the call.
          UpdateExpression: 'SET callSid = :sid, duePk = if_not_exists(duePk, :due), dueSk = if_not_exists(dueSk, :at)',
          ConditionExpression: 'attribute_exists(pk) AND (callSid = :none OR (callSid = :sid AND attribute_exists(duePk)))',
          ExpressionAttributeValues: { ':sid': callSid, ':none': null, ':due': 'DUE#call', ':at': `${now().toISOString()}#${callId}` },
        }));
        return strip(Attributes!);
      } catch (error) {
        if (!conditionFailed(error)) throw error;
        const old = (error as { Item?: Record<string, AttributeValue> }).Item;
        if (!old) return 'none';
        const call = strip(unmarshall(old));
        return call.callSid === callSid ? call : 'other';
      }
    },

    bind: async (callId, carrier, callSid) => {
      const [known, owner] = await Promise.all([record(callId), db.send(new GetCommand({ TableName, Key: keys.sid(carrier, callSid), ConsistentRead: true }))]);
      if (known?.callSid === callSid && owner.Item?.['callId'] === callId) return 'bound';
      const written = await transact(() => db.send(new TransactWriteCommand({
        TransactItems: [
          { Update: {
            TableName, Key: keys.call(callId), UpdateExpression: 'SET callSid = :sid, duePk = if_not_exists(duePk, :due), dueSk = if_not_exists(dueSk, :at)',
            ConditionExpression: 'attribute_exists(pk) AND (callSid = :none OR callSid = :sid)',
            ExpressionAttributeValues: { ':sid': callSid, ':none': null, ':due': 'DUE#call', ':at': `${now().toISOString()}#${callId}` },
          } },
          { Put: {
            TableName, Item: { ...keys.sid(carrier, callSid), callId, expires: expires() }, ConditionExpression: 'attribute_not_exists(pk) OR callId = :id',
            ExpressionAttributeValues: { ':id': callId },
          } },
        ],
      })));
      return written === true ? 'bound' : 'other';
    },

    append: async (callId, event) => {
      const put = (kept: CallEvent) => ({ TableName, Item: { ...keys.event(callId, eventKey(event)), event: kept, expires: expires() }, ConditionExpression: 'attribute_not_exists(pk)' });
      const whole = !isPersonal(event) ? 'impersonal' : await transact(() => db.send(new TransactWriteCommand({ TransactItems: [notErased(callId), { Put: put(event) }] })));
      if (whole === 'impersonal' || (whole !== true && whole[0] === 'ConditionalCheckFailed')) await ifHolds(db.send(new PutCommand(put(eventWithout(event)))));
      for (;;) {
        // Fold also after a repeat: the one who wrote the event may have died before it folded.
        const { call, events } = await story(callId);
        if (!call) throw new Error(`there is no call ${callId} to record on`);
        if (call.eventCount === events.length) return call;
        // Read while it is being erased, events may still say what the record may not.
        const erased = call.erasedAt !== undefined;
        const next = erased ? callWithout(foldCall(call, events.map(eventWithout))) : foldCall(call, events);
        const { callId: _id, attemptId: _att, leadId: _lead, carrier: _c, direction: _dir, from: _f, to: _t, callSid: _s, erasedAt: _e, ...folded } = next;
        const fields: Item = { ...folded, statusRank: statusRank[next.status], ...due(next, now().toISOString()), ...listed(next) };
        const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
        const written = await ifHolds(db.send(new UpdateCommand({
          TableName, Key: keys.call(callId), ReturnValues: 'ALL_NEW',
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}${isConcluded(next) ? ' REMOVE duePk, dueSk' : ''}`,
          // Whoever folded more events knows more; whatever the fold says, a status never moves back; and what was erased stays so.
          ConditionExpression: `#eventCount < :eventCount AND #statusRank <= :statusRank${erased ? '' : ' AND attribute_not_exists(erasedAt)'}`,
          ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, fields[name]])),
        })));
        if (written) return strip(written.Attributes!);
        const current = await record(callId);
        // Erased between the read and the write: folded again, without what is gone.
        if (erased || current?.erasedAt === undefined) return current ?? next;
      }
    },

    events: async (callId) => (await story(callId)).events,

    putTurn: async (callId, turn) => {
      await transact(() => db.send(new TransactWriteCommand({
        TransactItems: [notErased(callId), { Put: { TableName, Item: { ...keys.turn(callId, turn.index), turn, expires: expires() } } }],
      })));
    },

    turns: async (callId) => {
      const found = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, KeyConditionExpression: 'pk = :pk AND begins_with(sk, :turn)',
        ExpressionAttributeValues: { ':pk': keys.call(callId).pk, ':turn': 'TURN#' },
      }));
      return (found.Items ?? []).filter((item) => isAlive(item, now())).map((item) => item['turn'] as Turn);
    },

    openCalls: async (before, limit) => {
      const found = await db.send(new QueryCommand({
        TableName, IndexName: indexes.due, Limit: limit, KeyConditionExpression: 'duePk = :pk AND dueSk <= :before',
        ExpressionAttributeValues: { ':pk': 'DUE#call', ':before': `${before}~` },
      }));
      return (found.Items ?? []).filter((item) => isAlive(item, now())).map(strip);
    },
  };
};
