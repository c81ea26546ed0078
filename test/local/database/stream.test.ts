import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connection } from '#local/database/connection.ts';
import { handledOf, type StreamHandler } from '#local/database/shard.ts';
import { readStream } from '#local/database/stream.ts';
import { things, withThings } from './things.ts';

const TableName = things.table.TableName;
type Running = Awaited<ReturnType<typeof withThings>>;

const put = (database: Running, id: string) => database.client.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }));
const idOf = (record: DynamoDBRecord): string => record.dynamodb?.Keys?.['id']?.S ?? '?';

/** Reads the stream until `until` has been seen; waits are over at once but for a turn of the event loop. */
const reading = async (database: Running, handler: StreamHandler, more: { batchSize?: number; discoverMs?: number } = {}) => {
  const streams = new DynamoDBStreamsClient(connection(database.endpoint));
  const logged: string[] = [];
  const reader = await readStream({
    client: database.client, streams, tableName: TableName, name: 'tested', checkpointFile: join(database.directory, 'outbox.json'), handler,
    pollMs: 5, discoverMs: 20, log: (entry) => logged.push(entry.message), ...more,
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= reader.stop().then(() => streams.destroy()));
  onTestFinished(stop);
  return { stop, logged };
};

/** Collects ids, and tells when one has been seen. */
const collector = () => {
  const seen: string[] = [];
  const waiting = new Map<string, () => void>();
  return {
    seen,
    note: (records: readonly DynamoDBRecord[]) => { for (const record of records) { seen.push(idOf(record)); waiting.get(idOf(record))?.(); } },
    until: (id: string) => new Promise<void>((resolve) => { if (seen.includes(id)) resolve(); else waiting.set(id, resolve); }),
  };
};

describe('the stream reader', () => {
  it("hands changes over in order and in Lambda's shape", async () => {
    const database = await withThings();
    const key = { id: { S: 'a' } };
    await database.client.send(new PutItemCommand({ TableName, Item: { ...key, bytes: { B: Buffer.from([1, 255]) }, list: { L: [{ M: { deep: { BS: [Buffer.from('x')] } } }] } } }));
    await database.client.send(new UpdateItemCommand({ TableName, Key: key, UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': { N: '1' } } }));
    await database.client.send(new DeleteItemCommand({ TableName, Key: key }));
    const events: DynamoDBStreamEvent[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await reading(database, async (event) => { events.push(event); if (event.Records.at(-1)?.eventName === 'REMOVE') resolve(); });
    await promise;
    const records = events.flatMap((event) => event.Records);
    expect(records.map((record) => record.eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    const image = { id: { S: 'a' }, bytes: { B: 'Af8=' }, list: { L: [{ M: { deep: { BS: ['eA=='] } } }] } };
    expect(records[0]).toMatchObject({ eventSource: 'aws:dynamodb', dynamodb: { Keys: { id: { S: 'a' } }, NewImage: image, StreamViewType: 'NEW_AND_OLD_IMAGES' } });
    expect(records[0]?.dynamodb?.ApproximateCreationDateTime).toBeTypeOf('number');
    expect(records[0]?.eventSourceARN).toMatch(/table\/things\/stream\//);
    expect(records[1]?.dynamodb?.OldImage).toEqual(image);
    expect(records[2]?.dynamodb).not.toHaveProperty('NewImage');
  });

  it('tries again from the first failure, and keeps the order', async () => {
    const database = await withThings();
    for (const id of ['a', 'b', 'c', 'd']) await put(database, id);
    const { seen, note, until } = collector();
    const calls: string[][] = [];
    await reading(database, async ({ Records }) => {
      calls.push(Records.map(idOf));
      if (calls.length === 1) {
        note(Records.slice(0, 2));
        return { batchItemFailures: [{ itemIdentifier: Records[2]!.dynamodb!.SequenceNumber! }] };
      }
      if (calls.length === 2) throw new Error('the endpoint is away');
      note(Records);
      return { batchItemFailures: [] };
    });
    await until('d');
    expect(calls).toEqual([['a', 'b', 'c', 'd'], ['c', 'd'], ['c', 'd']]);
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('goes on where it left off, and handles what was in hand when it was cut off once more', async () => {
    const database = await withThings();
    for (const id of ['a', 'b', 'c']) await put(database, id);
    const first = collector();
    const over = Promise.withResolvers<void>();
    // One a batch; the last one does not end before the test does, as if the process were killed in the middle of it.
    await reading(database, ({ Records }) => { first.note(Records); return idOf(Records[0]!) === 'c' ? over.promise : Promise.resolve(); }, { batchSize: 1 });
    await first.until('c');
    const checkpoint = await readFile(join(database.directory, 'outbox.json'), 'utf8');
    expect(JSON.parse(checkpoint)).toMatchObject({ shards: { 'shardId-00000001-things': { sequence: '2' } } });
    await put(database, 'd');
    const second = collector();
    await reading(database, async ({ Records }) => second.note(Records));
    await second.until('d');
    expect(second.seen).toEqual(['c', 'd']);
    over.resolve();
  });

  it('handles all that came while it was stopped, also after the database was started anew', async () => {
    const database = await withThings();
    await put(database, 'a');
    const first = collector();
    const reader = await reading(database, async ({ Records }) => first.note(Records));
    await first.until('a');
    await reader.stop();
    await put(database, 'b');
    await database.stop();
    const again = await withThings(database.directory);
    const second = collector();
    await reading(again, async ({ Records }) => second.note(Records));
    await put(again, 'c');
    await second.until('c');
    expect(second.seen).toEqual(['b', 'c']);
  });

  it('loses nothing when the engine has thrown its old records away and counts from 1 again', async () => {
    const database = await withThings();
    for (const id of ['a', 'b', 'c']) await put(database, id);
    const first = collector();
    const reader = await reading(database, async ({ Records }) => first.note(Records));
    await first.until('c');
    await reader.stop();
    await database.stop();
    // A day without a call: what the engine does to its own table then.
    const file = new DatabaseSync(join(database.directory, 'database.sqlite'));
    file.exec('DELETE FROM _stream_records');
    file.close();
    const again = await withThings(database.directory);
    await put(again, 'd');
    const second = collector();
    const { logged } = await reading(again, async ({ Records }) => second.note(Records));
    await second.until('d');
    expect(second.seen).toEqual(['d']);
    expect(logged).toContain('stream was numbered anew: read from its start');
  });

  it('hands each change over once, however many digits their numbers have', async () => {
    const database = await withThings();
    const { seen, note, until } = collector();
    const { logged } = await reading(database, async ({ Records }) => note(Records), { discoverMs: 5 });
    const ids = Array.from({ length: 120 }, (_, i) => `thing-${i}`);
    for (const id of ids) await put(database, id);
    await until(ids.at(-1)!);
    // Once more round: each look at the shards comes between.
    await put(database, 'last');
    await until('last');
    expect(seen).toEqual([...ids, 'last']);
    expect(logged).toEqual([]);
  });

  it('begins anew when the engine has thrown away all that there was, before the next change comes', async () => {
    const database = await withThings();
    for (const id of ['a', 'b', 'c']) await put(database, id);
    const { seen, note, until } = collector();
    const started = await reading(database, async ({ Records }) => note(Records));
    await until('c');
    await started.stop();
    await database.stop();
    const file = new DatabaseSync(join(database.directory, 'database.sqlite'));
    file.exec('DELETE FROM _stream_records');
    file.close();
    const again = await withThings(database.directory);
    const second = collector();
    await reading(again, async ({ Records }) => second.note(Records), { discoverMs: 60_000 });
    for (const id of ['d', 'e', 'f', 'g']) await put(again, id);
    await second.until('g');
    expect([seen, second.seen]).toEqual([['a', 'b', 'c'], ['d', 'e', 'f', 'g']]);
  });

  it('takes what was handled while the shards were being described for no new numbering', async () => {
    const database = await withThings();
    await put(database, 'a');
    const { seen, note, until } = collector();
    const streams = new DynamoDBStreamsClient(connection(database.endpoint));
    let descriptions = 0;
    const again = Promise.withResolvers<void>();
    // The second description is held up until a change that it does not know has been handled.
    const late = new Proxy(streams, { get: (client, name) => name !== 'send' ? Reflect.get(client, name) as unknown : async (command: DescribeStreamCommand, options: object) => {
      const answer = await client.send(command, options);
      if (!(command instanceof DescribeStreamCommand)) return answer;
      descriptions += 1;
      if (descriptions === 2) { await put(database, 'b'); await until('b'); }
      if (descriptions === 3) again.resolve();
      return answer;
    } });
    const logged: string[] = [];
    const reader = await readStream({
      client: database.client, streams: late, tableName: TableName, name: 'tested', checkpointFile: join(database.directory, 'outbox.json'), pollMs: 5, discoverMs: 20,
      handler: async ({ Records }) => note(Records), log: (entry) => logged.push(entry.message),
    });
    onTestFinished(async () => { await reader.stop(); streams.destroy(); });
    await again.promise;
    expect(seen).toEqual(['a', 'b']);
    expect(logged).toEqual([]);
  });

  it('refuses a checkpoint that is not whole, rather than skipping changes', async () => {
    const database = await withThings();
    await writeFile(join(database.directory, 'outbox.json'), '{"stream":');
    await expect(reading(database, async () => {})).rejects.toThrow(/checkpoint .* cannot be read/);
  });

  it("reads a batch's answer as Lambda does", () => {
    const records = ['1', '2', '3'].map((SequenceNumber) => ({ dynamodb: { SequenceNumber } }));
    const failing = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });
    expect(handledOf(records, undefined)).toBe(3);
    expect(handledOf(records, failing())).toBe(3);
    expect(handledOf(records, failing('3', '2'))).toBe(1);
    expect(handledOf(records, failing('1'))).toBe(0);
    expect(handledOf(records, failing('unknown'))).toBe(0);
  });
});
