// The outbox on one machine: its three functions behind the table's real stream, an in-process FIFO queue and a timer.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { join } from 'node:path';
import type { OutboxQueue } from '#outbox/ports.ts';
import { destinationOf } from '#compose/outbox.ts';
import { deliverDueHandler } from '#handlers/deliver-due.ts';
import { deliverHandler } from '#handlers/deliver.ts';
import { outboxHandler } from '#handlers/outbox.ts';
import type { Base } from '#compose/base.ts';
import { officeStores } from '#store/dynamo-stores.ts';
import type { Env } from '#house/env.ts';
import { connection } from '#local/database/connection.ts';
import { readStream, type StreamReader } from '#local/database/stream.ts';
import { localFifo } from '#local/queue/fifo.ts';
import { localTimer } from '#local/queue/timer.ts';

/** Every minute in AWS; somebody who watches at a desk waits less for a second try. */
const SWEEP_MS = 2_000;

export interface HostedOutbox {
  outboxQueue: OutboxQueue;
  /** Starts reading the stream where the last start left off, and the sweep. */
  begin: () => Promise<void>;
  stop: () => Promise<void>;
}

/** `destination`: OUTBOX_URL and OUTBOX_SECRET, or the receiver of this machine. `directory`: where the stream's checkpoint is kept, beside the data. */
export const hostOutbox = (
  { stores, tables, clock, log }: Pick<Base, 'stores' | 'tables' | 'clock' | 'log'>,
  { env, destination, directory }: { env: Pick<Env, 'CALLS_TABLE' | 'DYNAMODB_ENDPOINT' | 'STAGE'>; destination: Required<Pick<Env, 'OUTBOX_URL' | 'OUTBOX_SECRET'>>; directory: string },
): HostedOutbox => {
  const { outbox } = officeStores(tables, clock);
  const localLog = ({ level, message, ...fields }: { level: 'info' | 'error'; message: string }): void => log[level](message, fields);
  const outboxQueue: OutboxQueue = { nudge: async (leadId, once) => nudges.send(JSON.stringify({ leadId }), leadId, once) };
  const where = destinationOf(async () => ({ ...destination, STAGE: env.STAGE }));
  const nudges = localFifo({
    name: 'outbox', log: localLog, visibilityMs: 5_000,
    handler: deliverHandler({ leads: stores.leads, calls: stores.calls, outbox, outboxQueue, destination: where, clock, random: Math.random, log: log.with({ function: 'deliver' }) }),
  });
  const due = deliverDueHandler({ outbox, outboxQueue, destination: where, clock, log: log.with({ function: 'deliver-due' }) });
  const timer = localTimer({ fire: async () => {}, log: localLog });
  const client = new DynamoDBClient(connection(env.DYNAMODB_ENDPOINT!));
  const streams = new DynamoDBStreamsClient(connection(env.DYNAMODB_ENDPOINT!));
  let reader: StreamReader | undefined;

  return {
    outboxQueue,
    begin: async () => {
      reader = await readStream({
        client, streams, tableName: env.CALLS_TABLE, name: 'outbox', checkpointFile: join(directory, 'outbox-stream.json'), log: localLog,
        handler: outboxHandler({ outbox, outboxQueue, clock, log: log.with({ function: 'outbox' }) }),
      });
      timer.every(SWEEP_MS, due);
    },
    stop: async () => {
      await reader?.stop();
      await timer.stop();
      await nudges.stop();
      client.destroy();
      streams.destroy();
    },
  };
};
