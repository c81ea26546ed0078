// Leads, consent and attempts in DynamoDB, behind LeadStore.
import { GetCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { VisibleError } from '#calls/errors.ts';
import { readAttemptId, type AttemptRecord, type LeadRecord, type LeadStatus } from '#calls/lead.ts';
import { phoneKey } from '#calls/phone-key.ts';
import type { LeadStore } from '#calls/ports.ts';
import { epochSeconds, expiresInDays, ifHolds, isAlive, readCursor, RETENTION_DAYS, transact, writeCursor, type Tables } from './client.ts';
import { indexes, keys } from './table.ts';

const HISTORY_DAYS = 40;

type Item = Record<string, unknown>;
/** The record without the attributes that only keys and indexes need. */
const strip = (item: Item): unknown => {
  const { pk: _pk, sk: _sk, listPk: _l, listSk: _ls, statusPk: _s, duePk: _d, dueSk: _ds, expires: _e, enquiryKey: _k, ...rest } = item;
  return rest;
};
const readAttempt = (item: Item | undefined): AttemptRecord | undefined => (item ? (strip(item) as AttemptRecord) : undefined);
const readLeadItem = (item: Item, consent: LeadRecord['consent']): LeadRecord => ({ ...(strip(item) as LeadRecord), consent });

const leadItem = (lead: LeadRecord): Item => {
  const { consent: _consent, ...profile } = lead;
  return { ...keys.lead(lead.leadId), ...profile, listPk: 'LEADS', listSk: `${lead.createdAt}#${lead.leadId}`, statusPk: `LEADS#${lead.status}` };
};

/** An attempt that can still move is in the index of due work, under the time from which somebody should look at it. */
const dueOf = (attempt: Pick<AttemptRecord, 'state' | 'dueAt' | 'claimedAt' | 'attemptId'>): { duePk: string; dueSk: string } | undefined => {
  if (attempt.state === 'scheduled' || attempt.state === 'ready') return { duePk: 'DUE#attempt', dueSk: `${attempt.dueAt}#${attempt.attemptId}` };
  if (attempt.state === 'dialling' || attempt.state === 'unknown') return { duePk: 'DUE#attempt', dueSk: `${attempt.claimedAt ?? attempt.dueAt}#${attempt.attemptId}` };
  return undefined;
};

const attemptKey = (attemptId: string) => {
  const parts = readAttemptId(attemptId);
  if (!parts) throw new VisibleError('invalid', 'not-an-attempt', 'This is not an attempt id.');
  return keys.attempt(parts.leadId, parts.number);
};
const attemptItem = (attempt: AttemptRecord): Item => ({ ...attemptKey(attempt.attemptId), ...attempt, ...dueOf(attempt) });

/** All items of one lead and its first attempt: what an enquiry writes beside its key, and what an import would. They expire together. */
export const leadItems = (lead: LeadRecord, attempt: AttemptRecord, retentionDays: number = RETENTION_DAYS): Item[] => [
  leadItem(lead),
  { ...keys.consent(lead.leadId), ...lead.consent },
  attemptItem(attempt),
  { ...keys.phoneLead(phoneKey(lead.phone), lead.leadId), leadId: lead.leadId, createdAt: lead.createdAt },
].map((item) => ({ ...item, expires: expiresInDays(lead.createdAt, retentionDays) }));

export const dynamoLeadStore = ({ db, callsTable: TableName }: Tables, now: () => Date = () => new Date(), retentionDays: number = RETENTION_DAYS): LeadStore => {
  const get = async (key: Item): Promise<Item | undefined> => {
    const { Item } = await db.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }));
    return Item && isAlive(Item, now()) ? Item : undefined;
  };
  const alive = (items: Item[] | undefined): Item[] => (items ?? []).filter((item) => isAlive(item, now()));
  const attempt = async (attemptId: string): Promise<AttemptRecord | undefined> =>
    readAttemptId(attemptId) ? readAttempt(await get(attemptKey(attemptId))) : undefined;

  return {
    enquiry: async (idempotencyKey, now) => {
      const found = await get(keys.enquiry(idempotencyKey));
      // DynamoDB drops expired items late; until then they count as gone.
      if (!found || Number(found['expires']) <= epochSeconds(now)) return undefined;
      return { leadId: String(found['leadId']), fingerprint: String(found['fingerprint']), status: found['status'] as LeadStatus };
    },

    createEnquiry: async ({ lead, attempt, idempotencyKey, fingerprint, expiresAt }) => {
      const fresh = 'attribute_not_exists(pk)';
      const written = await transact(() => db.send(new TransactWriteCommand({
        TransactItems: [
          { Put: {
            TableName, Item: { ...keys.enquiry(idempotencyKey), leadId: lead.leadId, status: lead.status, fingerprint, expires: epochSeconds(expiresAt) },
            ConditionExpression: `${fresh} OR #expires <= :now`, ExpressionAttributeNames: { '#expires': 'expires' },
            ExpressionAttributeValues: { ':now': epochSeconds(lead.createdAt) },
          } },
          ...leadItems({ ...lead, enquiryKey: idempotencyKey } as LeadRecord, attempt, retentionDays).map((Item) => ({ Put: { TableName, Item, ConditionExpression: fresh } })),
        ],
      })));
      return written === true;
    },

    lead: async (leadId) => {
      const [profile, consent] = await Promise.all([get(keys.lead(leadId)), get(keys.consent(leadId))]);
      return profile && consent ? readLeadItem(profile, strip(consent) as LeadRecord['consent']) : undefined;
    },

    attempts: async (leadId) => {
      const found = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, KeyConditionExpression: 'pk = :pk AND begins_with(sk, :att)',
        ExpressionAttributeValues: { ':pk': keys.lead(leadId).pk, ':att': 'ATT#' },
      }));
      return alive(found.Items).map((item) => readAttempt(item)!);
    },

    leadsOf: async (numberKey, limit) => {
      // Ids sort by time.
      const found = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, ScanIndexForward: false, Limit: limit, KeyConditionExpression: 'pk = :pk AND begins_with(sk, :lead)',
        ExpressionAttributeValues: { ':pk': `PHONE#${numberKey}`, ':lead': 'LEAD#' },
      }));
      return alive(found.Items).map((item) => String(item['leadId']));
    },

    attempt,

    createAttempt: async (next) =>
      (await transact(() => db.send(new TransactWriteCommand({
        TransactItems: [
          { ConditionCheck: { TableName, Key: keys.gone(next.leadId), ConditionExpression: 'attribute_not_exists(pk)' } },
          { Put: { TableName, Item: { ...attemptItem(next), expires: expiresInDays(now().toISOString(), retentionDays) }, ConditionExpression: 'attribute_not_exists(pk)' } },
        ],
      })))) === true,

    moveAttempt: async (attemptId, from, change, step) => {
      for (;;) {
        const current = await attempt(attemptId);
        if (!current || !from.includes(current.state)) return undefined;
        const due = dueOf({ ...current, ...change });
        const fields = { ...change, ...due };
        const names = Object.keys(fields);
        const moved = await ifHolds(db.send(new UpdateCommand({
          TableName, Key: attemptKey(attemptId), ReturnValues: 'ALL_NEW',
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}${names.length > 0 ? ', ' : ''}history = list_append(history, :step)${due ? '' : ' REMOVE duePk, dueSk'}`,
          // Against the very state that was read: the index entry above was worked out from it. Where another's step came
          // between, the attempt may still be in one of `from`, so it is read again.
          ConditionExpression: '#state = :was AND size(history) = :steps',
          ExpressionAttributeNames: { ...Object.fromEntries(names.map((name) => [`#${name}`, name])), '#state': 'state' },
          ExpressionAttributeValues: { ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [`:${name}`, value])), ':step': [step], ':was': current.state, ':steps': current.history.length },
        })));
        if (moved) return readAttempt(moved.Attributes);
      }
    },

    claimAttempt: async (attemptId, phone, at) => {
      const current = await attempt(attemptId);
      if (current?.state !== 'ready') return undefined;
      const claimed: AttemptRecord = { ...current, state: 'dialling', claimedAt: at, reason: null, history: [...current.history, { at, event: 'dialling', detail: current.carrier }] };
      const written = await transact(() => db.send(new TransactWriteCommand({
        TransactItems: [
          { Put: {
            TableName, Item: { ...attemptItem(claimed), expires: expiresInDays(now().toISOString(), retentionDays) }, ConditionExpression: '#state = :ready AND size(history) = :steps', ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':ready': 'ready', ':steps': current.history.length },
          } },
          { Put: { TableName, Item: { ...keys.dial(phoneKey(phone), at, attemptId), at, expires: expiresInDays(at, HISTORY_DAYS) } } },
        ],
      })));
      return written === true ? claimed : undefined;
    },

    settleLead: async (leadId, version, { status, disposition, summary }) =>
      (await ifHolds(db.send(new UpdateCommand({
        TableName, Key: keys.lead(leadId), ConditionExpression: '#version = :version',
        UpdateExpression: 'SET #status = :status, disposition = :disposition, summary = :summary, #version = :next, statusPk = :statusPk',
        ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
        ExpressionAttributeValues: { ':status': status, ':disposition': disposition, ':summary': summary, ':version': version, ':next': version + 1, ':statusPk': `LEADS#${status}` },
      })))) !== undefined,

    list: async ({ status, cursor, limit }) => {
      const list = status ? { hash: 'statusPk', value: `LEADS#${status}`, sort: 'listSk' } : { hash: 'listPk', value: 'LEADS', sort: 'listSk' };
      const from = cursor === undefined ? undefined : readCursor(cursor, list);
      if (cursor !== undefined && !from) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'Send the cursor of the page before, unchanged, or none.' }] });
      const found = await db.send(new QueryCommand({
        TableName, IndexName: status ? indexes.status : indexes.list, ScanIndexForward: false, Limit: limit,
        KeyConditionExpression: `${list.hash} = :pk`, ExpressionAttributeValues: { ':pk': list.value },
        ...(from ? { ExclusiveStartKey: from } : {}),
      }));
      const noConsent = { text: '', textHash: '', at: '', ip: null, userAgent: null, formUrl: null };
      return { leads: alive(found.Items).map((item) => readLeadItem(item, noConsent)), cursor: writeCursor(found.LastEvaluatedKey) };
    },

    attemptsDue: async (before, limit) => {
      const found = await db.send(new QueryCommand({
        TableName, IndexName: indexes.due, Limit: limit, KeyConditionExpression: 'duePk = :pk AND dueSk <= :before',
        ExpressionAttributeValues: { ':pk': 'DUE#attempt', ':before': `${before}~` },
      }));
      return alive(found.Items).map((item) => readAttempt(item)!);
    },

    dialledAt: async (phone, since, except) => {
      const found = await db.send(new QueryCommand({
        TableName, ConsistentRead: true, ScanIndexForward: false, KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': `PHONE#${phoneKey(phone)}`, ':from': `DIAL#${since}`, ':to': 'DIAL#~' },
      }));
      return (found.Items ?? []).filter((item) => except === undefined || !String(item['sk']).endsWith(`#${except}`)).map((item) => String(item['at']));
    },
  };
};
