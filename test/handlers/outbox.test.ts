// The three functions of the outbox, as the stream, the queue and the schedule call them.
import type { AttributeValue, DynamoDBRecord, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { jsonLog } from '#house/log.ts';
import { deliverDueHandler } from '#handlers/deliver-due.ts';
import { deliverHandler } from '#handlers/deliver.ts';
import { outboxHandler } from '#handlers/outbox.ts';
import { readLeadChange } from '#store/lead-change.ts';
import { idOf, leadId, office } from '../outbox/office.ts';

const image = (status: string, version: number, more: Record<string, AttributeValue> = {}): Record<string, AttributeValue> =>
  ({ pk: { S: `LEAD#${leadId}` }, sk: { S: 'LEAD' }, status: { S: status }, version: { N: String(version) }, disposition: { NULL: true }, name: { S: 'Ada' }, ...more });
const record = (number: number, before: Record<string, AttributeValue> | undefined, after: Record<string, AttributeValue> | undefined, more: Partial<DynamoDBRecord> & { sk?: string } = {}): DynamoDBRecord => ({
  eventName: before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT',
  dynamodb: {
    SequenceNumber: String(number), ApproximateCreationDateTime: 1795262390, Keys: { pk: { S: `LEAD#${leadId}` }, sk: { S: more.sk ?? 'LEAD' } },
    ...(before ? { OldImage: before } : {}), ...(after ? { NewImage: after } : {}),
  },
  ...more,
});
const nudges = (...bodies: string[]): SQSEvent => ({ Records: bodies.map((body, i) => ({
  messageId: `message-${i}`, receiptHandle: '', body, attributes: { ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: '', ApproximateFirstReceiveTimestamp: '0' }, messageAttributes: {}, md5OfBody: '', eventSource: 'aws:sqs', eventSourceARN: '', awsRegion: '',
})) });
const written = () => {
  const lines: string[] = [];
  return { lines, log: jsonLog((line) => lines.push(line), 'debug') };
};

describe("the function on the table's stream", () => {
  it('notes outcomes, in the order of the changes, and passes over everything else', async () => {
    const { deps, stores } = await office();
    const { log } = written();
    const handle = outboxHandler({ ...deps, log });
    expect(await handle({ Records: [
      record(1, undefined, image('new', 1)), record(2, image('new', 1), image('in-call', 2)), record(3, undefined, image('reached', 9), { sk: 'ATT#01' }),
      record(4, image('in-call', 2), image('reached', 3, { disposition: { S: 'interested' } })), record(5, image('reached', 3), image('reached', 4, { summary: { S: 'Wants it.' } })),
    ] })).toEqual({ batchItemFailures: [] });
    expect([...stores.memory.messages.values()].map(({ id, disposition, occurredAt }) => [id, disposition, occurredAt])).toEqual([
      [idOf(3), 'interested', '2026-11-21T11:59:50.999Z'], [idOf(4), 'unknown', '2026-11-21T11:59:50.999Z'],
    ]);
  });

  it('gives back the first change that could not be noted, with all that follow, and goes on from there', async () => {
    const { deps, stores } = await office();
    const { log, lines } = written();
    let down = true;
    const outboxQueue = { nudge: async (): Promise<void> => { if (down) throw new Error('the queue is away'); } };
    const handle = outboxHandler({ ...deps, outboxQueue, log });
    const Records = [record(1, undefined, image('new', 1)), record(2, image('new', 1), image('refused', 2)), record(3, image('refused', 2), image('do-not-call', 3))];
    expect(await handle({ Records })).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
    down = false;
    expect(await handle({ Records: Records.slice(1) })).toEqual({ batchItemFailures: [] });
    expect([...stores.memory.messages.keys()]).toEqual([idOf(2), idOf(3)]);
    expect(lines.join()).not.toContain('Ada');
  });
});

describe('a record of the stream', () => {
  const now = new Date('2026-11-21T12:00:00.000Z');

  it('of an item that was erased in place, or deleted, leaves nothing after it', () => {
    const gone = { pk: { S: `LEAD#${leadId}` }, sk: { S: 'LEAD' }, erasedAt: { S: 'x' }, version: { N: '4' } };
    expect(readLeadChange(record(1, image('reached', 3), gone), now)).toMatchObject({ before: { status: 'reached', version: 3 }, after: undefined, expired: false });
    expect(readLeadChange(record(1, image('reached', 3), undefined), now)).toMatchObject({ after: undefined, expired: false });
  });

  it('that time-to-live removed says so', () => {
    expect(readLeadChange(record(1, image('reached', 3), undefined, { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }), now)).toMatchObject({ expired: true });
  });

  it('is never dated in the future', () => {
    expect(readLeadChange(record(1, undefined, image('refused', 1)), new Date(1795262390_400))?.at).toBe('2026-11-21T11:59:50.400Z');
  });

  it.each([[{}], [{ pk: { S: 'CALL#call_1' }, sk: { S: 'CALL' } }], [{ pk: { S: `OUTBOX#${leadId}` }, sk: { S: 'MSG#000000003' } }], [{ pk: { S: `LEAD#${leadId}` }, sk: { S: 'CONSENT' } }]])('of another item is nobody’s (%j)', (Keys) => {
    expect(readLeadChange({ eventName: 'INSERT', dynamodb: { Keys, NewImage: image('reached', 1) } }, now)).toBeUndefined();
  });
});

describe('the function on the queue', () => {
  it('delivers what the lead of each nudge has waiting', async () => {
    const { deps, add, sent } = await office();
    await add(3);
    const { log, lines } = written();
    expect(await deliverHandler({ ...deps, log })(nudges(JSON.stringify({ leadId })))).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual([idOf(3)]);
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['outcome delivered', 'outbox nudge done']);
    expect(lines.join()).not.toMatch(/Ada|442079460018|crm\.example/);
  });

  it('says aloud that an outcome was given up', async () => {
    const { deps, add } = await office(410);
    await add(3);
    const { log, lines } = written();
    await deliverHandler({ ...deps, log })(nudges(JSON.stringify({ leadId })));
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error', message: 'outcome given up', messageId: idOf(3), tries: 1 });
  });

  it.each(['{', 'null', '{"leadId":7}'])('gives back a nudge that it cannot read (%s), and all after it', async (body) => {
    const { deps, add, sent } = await office();
    await add(3);
    const { log } = written();
    const result = await deliverHandler({ ...deps, log })(nudges(JSON.stringify({ leadId }), body, JSON.stringify({ leadId })));
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }, { itemIdentifier: 'message-2' }] });
    expect(sent()).toEqual([idOf(3)]);
  });
});

describe('the function on the schedule', () => {
  it('nudges who is due', async () => {
    const { deps, add, nudges: sent } = await office();
    await add(3);
    const { log, lines } = written();
    await deliverDueHandler({ ...deps, log })();
    expect(sent).toEqual([{ leadId, once: `${idOf(3)}.1.due` }]);
    expect(lines).toHaveLength(1);
  });
});
