import { DescribeTimeToLiveCommand, ListTablesCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { createTables, type TableDefinition } from '#local/database/tables.ts';
import { started, things } from './things.ts';

describe('tables', () => {
  it('are made once, with their stream and time to live, however often and by however many they are asked for', async () => {
    const { client } = await started();
    await Promise.all([createTables(client, [things]), createTables(client, [things])]);
    const [table] = await createTables(client, [things]);
    expect(table).toMatchObject({ TableName: 'things', TableStatus: 'ACTIVE', StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } });
    expect((await client.send(new DescribeTimeToLiveCommand({ TableName: 'things' }))).TimeToLiveDescription).toMatchObject({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual(['things']);
  });

  it('of an earlier version get the indexes and the stream that they lack, and keep their items', async () => {
    const { client } = await started();
    const { StreamSpecification, ...plain } = things.table;
    await createTables(client, [{ table: plain }]);
    await client.send(new PutItemCommand({ TableName: 'things', Item: { id: { S: 'a' }, kind: { S: 'x' } } }));
    const index = (name: string) => ({ IndexName: `by-${name}`, KeySchema: [{ AttributeName: name, KeyType: 'HASH' as const }], Projection: { ProjectionType: 'ALL' as const } });
    const grown: TableDefinition = { table: {
      ...plain, StreamSpecification, AttributeDefinitions: ['id', 'kind', 'owner'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      GlobalSecondaryIndexes: [index('kind'), index('owner')],
    } };
    const [table] = await createTables(client, [grown]);
    expect(table?.GlobalSecondaryIndexes?.map((each) => each.IndexName).sort()).toEqual(['by-kind', 'by-owner']);
    expect(table?.LatestStreamArn).toMatch(/things/);
    const found = await client.send(new QueryCommand({ TableName: 'things', IndexName: 'by-kind', KeyConditionExpression: 'kind = :x', ExpressionAttributeValues: { ':x': { S: 'x' } } }));
    expect(found.Items).toEqual([{ id: { S: 'a' }, kind: { S: 'x' } }]);
  });

  it('with another key are an error that says what to do', async () => {
    const { client } = await started();
    await createTables(client, [things]);
    const other = { table: { ...things.table, AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }], KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }] } };
    await expect(createTables(client, [other])).rejects.toThrow(/has the key HASH id, but HASH pk is needed.*RINGBACK_DATA_DIR/);
  });
});
