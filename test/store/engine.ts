// One embedded engine for a test file, with empty tables for whoever asks; and the stores over either it or memory, for the contract.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Clock } from '#calls/ports.ts';
import { memoryStores } from '#doubles/memory-stores.ts';
import { connection } from '#local/database/connection.ts';
import { startDatabase, type Database } from '#local/database/database.ts';
import { createTables } from '#local/database/tables.ts';
import { connect, type Tables } from '#store/client.ts';
import { storesOver, type Stores } from '#store/dynamo-stores.ts';
import { callsTable, sessionsTable } from '#store/table.ts';

export type StoresUnderTest = Omit<Stores, 'ping'>;
export type MakeStores = (clock: Clock, intervalMs?: (carrier: string) => number) => Promise<StoresUnderTest>;

export const inMemory: MakeStores = async (clock, intervalMs = () => 1000) => memoryStores({ clock, intervalMs });

/** Starts the engine before the file's tests and stops it after them. Every call makes tables of its own. */
export const withEngine = (): { tables: () => Promise<Tables>; stores: MakeStores; endpoint: () => string } => {
  let database: Database;
  let client: DynamoDBClient;
  let directory: string;
  let made = 0;
  const open: Tables[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'store-'));
    database = await startDatabase({ directory });
    client = new DynamoDBClient(connection(database.endpoint));
  });
  afterAll(async () => {
    for (const { db } of open) db.destroy();
    client.destroy();
    await database.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const tables = async (): Promise<Tables> => {
    made += 1;
    const [calls, sessions] = [`calls-${made}`, `sessions-${made}`];
    await createTables(client, [{ table: { ...callsTable(calls), TableName: calls } }, { table: { ...sessionsTable(sessions), TableName: sessions } }]);
    const connected = connect({ endpoint: database.endpoint, callsTable: calls, sessionsTable: sessions });
    open.push(connected);
    return connected;
  };
  return { tables, endpoint: () => database.endpoint, stores: async (clock, intervalMs = () => 1000) => storesOver(await tables(), clock, intervalMs) };
};
