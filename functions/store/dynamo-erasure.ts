// Erasure in DynamoDB, behind ErasureStore. The first write of it is the marker that every later write of personal data is held to
// (GONE), so that what is written meanwhile is either seen and taken out here, or refused there.
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { CallEvent, CallRecord } from '#calls/call.ts';
import { callWithout, eventWithout, isPersonal } from '#calls/erased.ts';
import { attemptOfCall, type AttemptRecord } from '#calls/lead.ts';
import { phoneKey } from '#calls/phone-key.ts';
import type { ErasureStore } from '#calls/ports.ts';
import { ifHolds, isAlive, transact, type Tables } from './client.ts';
import { dynamoCallStore } from './dynamo-call-store.ts';
import { dynamoSuppressionStore } from './dynamo-guards.ts';
import { dynamoLeadStore } from './dynamo-lead-store.ts';
import { keys } from './table.ts';

type Item = Record<string, unknown>;
/** Deletes at once; a table takes more, and a Lambda has few sockets. */
const AT_ONCE = 25;

export const dynamoErasureStore = (tables: Tables, now: () => Date): ErasureStore => {
  const { db, callsTable: TableName } = tables;
  const suppressions = dynamoSuppressionStore(tables);
  const leads = dynamoLeadStore(tables, now);
  const calls = dynamoCallStore(tables, now);
  const get = async (key: Item): Promise<Item | undefined> => (await db.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item;
  const partition = async (pk: string, beginsWith = ''): Promise<Item[]> => {
    const items: Item[] = [];
    let from: Item | undefined;
    do {
      const page = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, KeyConditionExpression: `pk = :pk${beginsWith ? ' AND begins_with(sk, :sk)' : ''}`,
        ExpressionAttributeValues: { ':pk': pk, ...(beginsWith ? { ':sk': beginsWith } : {}) }, ...(from ? { ExclusiveStartKey: from } : {}),
      }));
      items.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from);
    return items;
  };
  const each = async (items: Item[], change: (item: Item) => Promise<unknown>): Promise<void> => {
    for (let i = 0; i < items.length; i += AT_ONCE) await Promise.all(items.slice(i, i + AT_ONCE).map(change));
  };
  const remove = ({ pk, sk }: Item): Promise<unknown> => db.send(new DeleteCommand({ TableName, Key: { pk, sk } }));

  const blankAttempt = async (item: Item): Promise<void> => {
    for (let current: Item | undefined = item; current;) {
      const { history } = current as unknown as AttemptRecord;
      const done = await ifHolds(db.send(new UpdateCommand({
        TableName, Key: { pk: item['pk'], sk: item['sk'] }, UpdateExpression: 'SET decision = :none, reason = :none, history = :history',
        ConditionExpression: 'size(history) = :steps',
        ExpressionAttributeValues: { ':none': null, ':history': history.map(({ at, event }) => ({ at, event, detail: null })), ':steps': history.length },
      })));
      current = done ? undefined : await get({ pk: item['pk'], sk: item['sk'] });
    }
  };

  return {
    begin: async (leadId, at) => {
      for (;;) {
        const [lead, gone] = await Promise.all([get(keys.lead(leadId)), get(keys.gone(leadId))]);
        if (typeof gone?.['erasedAt'] === 'string') return { leadId, erasedAt: gone['erasedAt'] };
        if (!lead || !isAlive(lead, now())) return undefined;
        const consent = await get(keys.consent(leadId));
        const { expires, enquiryKey, version } = lead;
        const written = await transact(() => db.send(new TransactWriteCommand({
          TransactItems: [
            // The number's pseudonym and the key stay until everything that they lead to is gone.
            { Put: { TableName, Item: { ...keys.gone(leadId), erasedAt: at, numberKey: phoneKey(String(lead['phone'])), enquiryKey, expires } } },
            // Whoever follows the table's stream sees the lead go, and can tell the CRM.
            { Delete: {
              TableName, Key: keys.lead(leadId), ConditionExpression: '#version = :version', ExpressionAttributeNames: { '#version': 'version' }, ExpressionAttributeValues: { ':version': version },
            } },
            { Put: { TableName, Item: { ...keys.consent(leadId), textHash: consent?.['textHash'], at: consent?.['at'], expires } } },
          ],
        })));
        if (written === true) return { leadId, erasedAt: at };
      }
    },

    eraseCall: async (callId, at) => {
      const known = await calls.call(callId);
      if (!known) return undefined;
      if (attemptOfCall(callId) === undefined) await db.send(new PutCommand({ TableName, Item: { ...keys.gone(callId), erasedAt: at } }));
      // From here on the fold writes nothing personal either (dynamo-call-store.ts), so the events can be gone through in peace.
      const { from, to, summary, recordingUrl } = callWithout(known);
      await db.send(new UpdateCommand({
        TableName, Key: keys.call(callId), UpdateExpression: 'SET #from = :from, #to = :to, summary = :summary, recordingUrl = :url, erasedAt = if_not_exists(erasedAt, :at)',
        ExpressionAttributeNames: { '#from': 'from', '#to': 'to' }, ExpressionAttributeValues: { ':from': from, ':to': to, ':summary': summary, ':url': recordingUrl, ':at': at },
      }));
      const items = await partition(keys.call(callId).pk);
      const events = items.filter((item) => String(item['sk']).startsWith('EVT#'));
      await each(events.filter((item) => isPersonal(item['event'] as CallEvent)), (item) => db.send(new PutCommand({ TableName, Item: { ...item, event: eventWithout(item['event'] as CallEvent) } })));
      const said = items.filter((item) => !/^(CALL$|EVT#|GONE$)/.test(String(item['sk'])));
      await each(said, remove);
      if (known.direction === 'inbound' && known.from !== '') await remove(keys.inbound(phoneKey(known.from), callId));
      const call: CallRecord = (await calls.call(callId)) ?? callWithout(known);
      return {
        call, turns: said.filter((item) => String(item['sk']).startsWith('TURN#')).length,
        recordings: events.map((item) => item['event'] as CallEvent).flatMap((event) => (event.kind === 'recording' ? [event.recordingSid] : [])),
      };
    },

    finish: async ({ leadId }) => {
      const gone = await get(keys.gone(leadId));
      const items = await partition(keys.lead(leadId).pk);
      await each(items.filter((item) => String(item['sk']).startsWith('ATT#')), blankAttempt);
      // Whatever else was kept beside the lead goes with it.
      await each(items.filter((item) => !/^(CONSENT$|GONE$|ATT#)/.test(String(item['sk']))), remove);
      const numberKey = gone?.['numberKey'];
      if (typeof numberKey !== 'string') return;
      if (typeof gone?.['enquiryKey'] === 'string') {
        await ifHolds(db.send(new DeleteCommand({ TableName, Key: keys.enquiry(gone['enquiryKey']), ConditionExpression: 'leadId = :id', ExpressionAttributeValues: { ':id': leadId } })));
      }
      await remove(keys.phoneLead(numberKey, leadId));
      const own = `#att_${leadId.slice('lead_'.length)}_`;
      await each((await partition(`PHONE#${numberKey}`, 'DIAL#')).filter((item) => String(item['sk']).includes(own)), remove);
      if ((await leads.leadsOf(numberKey, 1)).length === 0) await suppressions.forgetNumber(numberKey);
      await db.send(new UpdateCommand({ TableName, Key: keys.gone(leadId), UpdateExpression: 'REMOVE numberKey, enquiryKey' }));
    },
  };
};
