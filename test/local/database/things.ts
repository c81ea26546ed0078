// Used by the database's tests: a table, a place for its data, and a started database that ends with the test.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connection } from '#local/database/connection.ts';
import { startDatabase, type Database } from '#local/database/database.ts';
import { createTables, type TableDefinition } from '#local/database/tables.ts';

export const things = {
  table: {
    TableName: 'things', BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  },
  timeToLive: 'expiresAt',
} satisfies TableDefinition;

export const directory = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), 'database-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
};

export const started = async (at?: string): Promise<Database & { client: DynamoDBClient; directory: string }> => {
  const place = at ?? await directory();
  const database = await startDatabase({ directory: place });
  const client = new DynamoDBClient(connection(database.endpoint));
  onTestFinished(async () => { client.destroy(); await database.stop(); });
  return { ...database, client, directory: place };
};

export const withThings = async (at?: string) => {
  const database = await started(at);
  await createTables(database.client, [things]);
  return database;
};

/** The engine and its keeper, as the keeper wrote them down. */
export const processes = async (at: string): Promise<{ keeper: number; engine: number }> => {
  const [keeper, engine] = (await readFile(join(at, 'database.pid'), 'utf8')).trim().split(' ').map(Number);
  return { keeper: keeper!, engine: engine! };
};
