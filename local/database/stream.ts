// Called by the local composition in place of Lambda's event source mapping: reads a table's stream and hands its changes to a function.
// It promises the order of each shard, every change at least once (a kill -9 included), and a retry from the first failure.
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand, GetRecordsCommand, GetShardIteratorCommand, TrimmedDataAccessException, type DynamoDBStreamsClient, type Shard as ShardDescription,
} from '@aws-sdk/client-dynamodb-streams';
import { setTimeout as delay } from 'node:timers/promises';
import { openCheckpoint } from './checkpoint.ts';
import { followShard, type Shard, type ShardOptions, type StreamHandler } from './shard.ts';

export interface StreamOptions {
  client: DynamoDBClient;
  streams: DynamoDBStreamsClient;
  tableName: string;
  /** The function's name, for its context and the log. */
  name: string;
  handler: StreamHandler;
  /** Where to remember how far it got; beside the data, and deleted with it. */
  checkpointFile: string;
  /** Records a call, 100 as in Lambda. */
  batchSize?: number;
  /** Between reads that found nothing. Lambda's own is 4 times a second. */
  pollMs?: number;
  /** Between looks for new shards. */
  discoverMs?: number;
  log?: ShardOptions['log'];
  wait?: ShardOptions['wait'];
}

export interface StreamReader {
  /** Waits for the batch in hand. */
  stop: () => Promise<void>;
}

const allShards = async (streams: DynamoDBStreamsClient, streamArn: string, signal: AbortSignal): Promise<ShardDescription[]> => {
  const shards: ShardDescription[] = [];
  for (let after: string | undefined; ;) {
    const { StreamDescription: found } = await streams.send(
      new DescribeStreamCommand({ StreamArn: streamArn, ...(after !== undefined && { ExclusiveStartShardId: after }) }), { abortSignal: signal });
    shards.push(...found?.Shards ?? []);
    after = found?.LastEvaluatedShardId;
    if (after === undefined) return shards;
  }
};

/**
 * Whether the stream was numbered anew behind our back: the embedded engine throws records away after a day, and counts from 1 again when none
 * are left. A number of ours that lies beyond the shard's end would then hide all that follows. The engine names the end by the order of text
 * (99 comes after 100), so that an end before our number is a reason to look, and no more. At the real one this never holds.
 */
const numberedAnew = async (streams: DynamoDBStreamsClient, streamArn: string, shard: ShardDescription, position: string | undefined, signal: AbortSignal): Promise<boolean> => {
  const { StartingSequenceNumber: first, EndingSequenceNumber: end } = shard.SequenceNumberRange ?? {};
  if (position === undefined || !/^\d+$/.test(end ?? '0') || (end === undefined ? first !== undefined : BigInt(end) >= BigInt(position))) return false;
  try {
    const at = await streams.send(new GetShardIteratorCommand({ StreamArn: streamArn, ShardId: shard.ShardId, ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber: position }), { abortSignal: signal });
    const found = await streams.send(new GetRecordsCommand({ ShardIterator: at.ShardIterator, Limit: 1 }), { abortSignal: signal });
    return (found.Records ?? []).length === 0;
  } catch (error) {
    if (error instanceof TrimmedDataAccessException) return false; // told by who follows the shard
    throw error;
  }
};

/** Starts reading: where the checkpoint left off, or at the oldest change. Rejects when the table has no stream. */
export const readStream = async (options: StreamOptions): Promise<StreamReader> => {
  const { client, streams, tableName, log = () => {}, pollMs = 100, discoverMs = 1_000, batchSize = 100 } = options;
  const wait = options.wait ?? (async (ms: number, signal: AbortSignal) => { await delay(ms, undefined, { signal }); });
  const streamArn = (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table?.LatestStreamArn;
  if (streamArn === undefined) throw new Error(`Table ${tableName} has no stream`);
  const checkpoint = await openCheckpoint(options.checkpointFile, streamArn);
  const stopping = new AbortController();
  const { signal } = stopping;
  const following = new Map<string, Shard>();

  const discover = async (): Promise<void> => {
    // Before the description is asked for: what is handled while it is on its way lies beyond the end that it names.
    const positions = new Map([...following].map(([id, shard]) => [id, shard.position()]));
    const found = await allShards(streams, streamArn, signal);
    const ids = found.map((shard) => shard.ShardId ?? '');
    checkpoint.keep(ids);
    for (const shard of found) {
      const id = shard.ShardId ?? '';
      const known = following.get(id);
      if (await numberedAnew(streams, streamArn, shard, known ? positions.get(id) : checkpoint.get(id)?.sequence, signal)) {
        log({ level: 'info', message: 'stream was numbered anew: read from its start', function: options.name });
        await checkpoint.set(id, {});
        known?.rewind();
      }
      // A parent first, and whole: an item's changes must not overtake each other where a shard was split.
      const parentOpen = shard.ParentShardId !== undefined && ids.includes(shard.ParentShardId) && !checkpoint.get(shard.ParentShardId)?.done;
      if (known || parentOpen || checkpoint.get(id)?.done) continue;
      following.set(id, followShard(id, { streams, streamArn, name: options.name, handler: options.handler, checkpoint, batchSize, pollMs, log, wait, signal }));
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await discover();
        await wait(discoverMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        log({ level: 'error', message: 'stream could not be described', function: options.name, error });
        await wait(discoverMs, signal).catch(() => {});
      }
    }
  };
  await discover();
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.all([...following.values()].map((shard) => shard.finished));
    },
  };
};
