import {
  ConditionalCheckFailedException, PutItemCommand, TransactWriteItemsCommand, TransactionCanceledException, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { things, withThings } from './things.ts';

const TableName = things.table.TableName;

describe('the embedded engine', () => {
  it('gives a reason for each part of a cancelled transaction, with the old item where asked', async () => {
    const { client } = await withThings();
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'a' }, owner: { S: 'first' } } }));
    const failure: unknown = await client.send(new TransactWriteItemsCommand({ TransactItems: [
      { Put: { TableName, Item: { id: { S: 'b' } } } },
      { Put: { TableName, Item: { id: { S: 'a' } }, ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
    ] })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransactionCanceledException);
    expect((failure as TransactionCanceledException).CancellationReasons).toMatchObject([
      { Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: { id: { S: 'a' }, owner: { S: 'first' } } },
    ]);
  });

  it('writes nothing of a cancelled transaction, and one transaction for a repeated token', async () => {
    const { client } = await withThings();
    const once = new TransactWriteItemsCommand({
      ClientRequestToken: 'the-same', TransactItems: [{ Update: { TableName, Key: { id: { S: 'n' } }, UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': { N: '1' } } } }],
    });
    await client.send(once);
    await client.send(once);
    const read = async () => (await client.send(new UpdateItemCommand({ TableName, Key: { id: { S: 'n' } }, UpdateExpression: 'SET seen = :yes', ExpressionAttributeValues: { ':yes': { BOOL: true } }, ReturnValues: 'ALL_OLD' }))).Attributes;
    expect((await read())?.['n']).toEqual({ N: '1' });
  });

  it('gives the old item when a conditional write fails', async () => {
    const { client } = await withThings();
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'a' }, n: { N: '7' } } }));
    const failure: unknown = await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'a' } }, ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConditionalCheckFailedException);
    expect((failure as ConditionalCheckFailedException).Item).toEqual({ id: { S: 'a' }, n: { N: '7' } });
  });

  it('lets exactly one of many conditional writes at once pass, and loses no transaction', async () => {
    const { client } = await withThings();
    const claims = await Promise.allSettled(Array.from({ length: 20 }, (_, index) =>
      client.send(new PutItemCommand({ TableName, Item: { id: { S: 'claim' }, by: { N: String(index) } }, ConditionExpression: 'attribute_not_exists(id)' }))));
    expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(1);
    await Promise.all(Array.from({ length: 20 }, () => client.send(new TransactWriteItemsCommand({ TransactItems: [
      { Update: { TableName, Key: { id: { S: 'sum' } }, UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': { N: '1' } } } },
    ] }))));
    const { Attributes } = await client.send(new UpdateItemCommand({ TableName, Key: { id: { S: 'sum' } }, UpdateExpression: 'ADD n :none', ExpressionAttributeValues: { ':none': { N: '0' } }, ReturnValues: 'ALL_NEW' }));
    expect(Attributes?.['n']).toEqual({ N: '20' });
  });
});
