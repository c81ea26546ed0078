// Used by the stream reader for one shard: hands its records over in order, again from the first failure, and remembers how far it got.
import {
  ExpiredIteratorException, GetRecordsCommand, GetShardIteratorCommand, TrimmedDataAccessException, type DynamoDBStreamsClient,
} from '@aws-sdk/client-dynamodb-streams';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { lambdaContext } from '../gateway/context.ts';
import type { Checkpoint } from './checkpoint.ts';
import { lambdaRecord } from './stream-event.ts';

export type StreamHandler = (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse | void>;

export interface ShardOptions {
  streams: DynamoDBStreamsClient;
  streamArn: string;
  name: string;
  handler: StreamHandler;
  checkpoint: Checkpoint;
  batchSize: number;
  pollMs: number;
  log: (entry: { level: 'info' | 'error'; message: string; [field: string]: unknown }) => void;
  /** Rejects when aborted. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}

export interface Shard {
  /** Ends when the shard was closed and all of it handled, or when the signal aborts. */
  finished: Promise<void>;
  /** The numbering began anew: read from the start of what is there. */
  rewind: () => void;
  /** The last number handed over and handled. */
  position: () => string | undefined;
}

/** Between tries of a failed batch: doubles from the first to the second, for ever, as the event source does within the record's day. */
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 5_000;
/** What Lambda is given for a batch. */
const HANDLER_MS = 60_000;

/** How many records, from the first, are done. No answer and an empty list mean all; an unknown name means none, as in Lambda. */
export const handledOf = (records: readonly DynamoDBRecord[], response: DynamoDBBatchResponse | void): number => {
  const failures = response?.batchItemFailures ?? [];
  if (failures.length === 0) return records.length;
  const indexes = failures.map(({ itemIdentifier }) => records.findIndex((record) => record.dynamodb?.SequenceNumber === itemIdentifier));
  return Math.max(0, Math.min(...indexes));
};

export const followShard = (shardId: string, options: ShardOptions): Shard => {
  const { streams, streamArn, checkpoint, signal, log, name } = options;
  let sequence = checkpoint.get(shardId)?.sequence;
  let iterator: string | undefined;

  const nextIterator = async (): Promise<string | undefined> => {
    const from = sequence === undefined
      ? { ShardIteratorType: 'TRIM_HORIZON' as const }
      : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, SequenceNumber: sequence };
    return (await streams.send(new GetShardIteratorCommand({ StreamArn: streamArn, ShardId: shardId, ...from }), { abortSignal: signal })).ShardIterator;
  };

  const handle = async (batch: readonly DynamoDBRecord[]): Promise<void> => {
    let rest = batch;
    for (let tries = 1; rest.length > 0; tries += 1) {
      let done = 0;
      try {
        done = handledOf(rest, await options.handler({ Records: [...rest] }, lambdaContext(name, HANDLER_MS, randomUUID())));
        if (done < rest.length) log({ level: 'error', message: 'stream batch failed in part', function: name, tries });
      } catch (error) {
        log({ level: 'error', message: 'stream batch failed', function: name, tries, error });
      }
      if (done > 0) {
        tries = 0;
        sequence = rest[done - 1]?.dynamodb?.SequenceNumber ?? sequence;
        if (sequence !== undefined) await checkpoint.set(shardId, { sequence });
      }
      rest = rest.slice(done);
      if (rest.length > 0) await options.wait(Math.min(RETRY_FIRST_MS * 2 ** tries, RETRY_MOST_MS), signal);
    }
  };

  /** One read. False when the shard is closed and at its end. */
  const step = async (): Promise<boolean> => {
    iterator ??= await nextIterator();
    const used = iterator;
    const got = await streams.send(new GetRecordsCommand({ ShardIterator: used, Limit: options.batchSize }), { abortSignal: signal });
    const records = (got.Records ?? []).map((record) => lambdaRecord(record, streamArn));
    if (records.length > 0) await handle(records);
    if (iterator !== used) return true; // rewound meanwhile
    // The end of a shard is the missing iterator: the embedded engine names an ending number while a shard is still open.
    iterator = got.NextShardIterator;
    if (iterator === undefined) {
      await checkpoint.set(shardId, { ...(sequence !== undefined && { sequence }), done: true });
      return false;
    }
    if (records.length === 0) await options.wait(options.pollMs, signal);
    return true;
  };

  const follow = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted;) {
      try {
        if (!await step()) return;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        iterator = undefined;
        if (error instanceof TrimmedDataAccessException) {
          log({ level: 'error', message: 'stream records were lost: they were older than a day', function: name });
          sequence = undefined;
        } else if (!(error instanceof ExpiredIteratorException)) {
          log({ level: 'error', message: 'stream could not be read', function: name, error });
          await options.wait(Math.min(RETRY_FIRST_MS * 2 ** failures, RETRY_MOST_MS), signal).catch(() => {});
          failures += 1;
        }
      }
    }
  };
  return {
    finished: follow(),
    rewind: () => { sequence = undefined; iterator = undefined; },
    position: () => sequence,
  };
};
