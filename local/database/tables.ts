// Called by the local composition and by store tests: makes the tables that the CDK makes in AWS, and finds those of an earlier start.
import {
  CreateTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, ResourceInUseException, ResourceNotFoundException, UpdateTableCommand,
  UpdateTimeToLiveCommand, type CreateTableCommandInput, type DynamoDBClient, type KeySchemaElement, type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as wait } from 'node:timers/promises';

export interface TableDefinition {
  /** Key schema, indexes and, where wanted, StreamSpecification, as CreateTable takes them. */
  table: CreateTableCommandInput & { TableName: string };
  /** The attribute (epoch seconds) after which an item may go. */
  timeToLive?: string;
}

const ACTIVE_WITHIN_MS = 30_000;

const describe = async (client: DynamoDBClient, name: string): Promise<TableDescription | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

/** Waits until the table and all its indexes are ACTIVE. */
const active = async (client: DynamoDBClient, name: string): Promise<TableDescription> => {
  const until = performance.now() + ACTIVE_WITHIN_MS;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 500)) {
    const table = await describe(client, name);
    const ready = table?.TableStatus === 'ACTIVE' && (table.GlobalSecondaryIndexes ?? []).every((index) => index.IndexStatus === 'ACTIVE');
    if (table && ready) return table;
    if (performance.now() > until) throw new Error(`Table ${name} is still ${table?.TableStatus ?? 'missing'} after ${ACTIVE_WITHIN_MS / 1_000} s`);
    await wait(pauseMs);
  }
};

const keys = (schema: readonly KeySchemaElement[] | undefined): string =>
  (schema ?? []).map((key) => `${key.KeyType} ${key.AttributeName}`).sort().join(', ');

/** Adds what an older table lacks: indexes one after the other, and the stream. What cannot be added is an error. */
const amend = async (client: DynamoDBClient, wanted: CreateTableCommandInput & { TableName: string }, found: TableDescription): Promise<void> => {
  const { TableName, AttributeDefinitions, GlobalSecondaryIndexes = [], StreamSpecification } = wanted;
  if (keys(wanted.KeySchema) !== keys(found.KeySchema)) {
    throw new Error(`Table ${TableName} has the key ${keys(found.KeySchema)}, but ${keys(wanted.KeySchema)} is needed: this data is of another version. Move it away, or set RINGBACK_DATA_DIR to another directory.`);
  }
  const present = new Set((found.GlobalSecondaryIndexes ?? []).map((index) => index.IndexName));
  for (const index of GlobalSecondaryIndexes ?? []) {
    if (present.has(index.IndexName)) continue;
    await client.send(new UpdateTableCommand({ TableName, AttributeDefinitions, GlobalSecondaryIndexUpdates: [{ Create: index }] }));
    await active(client, TableName);
  }
  if (StreamSpecification?.StreamEnabled && !found.StreamSpecification?.StreamEnabled) {
    await client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
    await active(client, TableName);
  }
};

/** Idempotent, also for two callers at once. Resolves with the descriptions, in order, when all tables are ACTIVE. */
export const createTables = async (client: DynamoDBClient, definitions: readonly TableDefinition[]): Promise<TableDescription[]> => {
  const made: TableDescription[] = [];
  for (const { table, timeToLive } of definitions) {
    const found = await describe(client, table.TableName);
    if (!found) {
      try {
        await client.send(new CreateTableCommand(table));
      } catch (error) {
        if (!(error instanceof ResourceInUseException)) throw error; // another was first
      }
    }
    await amend(client, table, await active(client, table.TableName));
    if (timeToLive !== undefined) {
      const { TimeToLiveDescription: ttl } = await client.send(new DescribeTimeToLiveCommand({ TableName: table.TableName }));
      // Setting it again is an error at the real one.
      if (!['ENABLED', 'ENABLING'].includes(ttl?.TimeToLiveStatus ?? '')) {
        await client.send(new UpdateTimeToLiveCommand({ TableName: table.TableName, TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true } }));
      }
    }
    made.push(await active(client, table.TableName));
  }
  return made;
};
