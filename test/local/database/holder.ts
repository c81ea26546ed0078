// Run by the database's tests as a process of its own, to be killed: starts the database, writes 500 items and says where it listens.
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { connection } from '#local/database/connection.ts';
import { startDatabase } from '#local/database/database.ts';
import { createTables } from '#local/database/tables.ts';
import { things } from './things.ts';

const database = await startDatabase({ directory: process.argv[2]! });
const client = new DynamoDBClient(connection(database.endpoint));
await createTables(client, [things]);
const ids = Array.from({ length: 500 }, (_, index) => `thing_${index}`);
for (let from = 0; from < ids.length; from += 25) {
  const puts = ids.slice(from, from + 25).map((id) => ({ PutRequest: { Item: { id: { S: id } } } }));
  await client.send(new BatchWriteItemCommand({ RequestItems: { [things.table.TableName]: puts } }));
}
process.stdout.write(`${database.endpoint}\n`);
