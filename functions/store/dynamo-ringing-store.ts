// Calls whose phone rings, and which relay task holds an agent for each, in DynamoDB's sessions table. The dialer writes, relays ask several
// times a second, and only with AGENT_OPENS=ringing: without it nobody does either.
import { DeleteCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Clock, ExpectedCall } from '#calls/ports.ts';
import { epochSeconds, ifHolds, isAlive, type Tables } from './client.ts';
import { keys } from './table.ts';

interface Holder { address: string; task: string }
interface RingingCall extends ExpectedCall { holder: Holder | null }

export const dynamoRingingStore = ({ db, sessionsTable: TableName }: Tables, clock: Clock) => {
  const remove = async (callId: string): Promise<void> => {
    await db.send(new DeleteCommand({ TableName, Key: keys.ringing(callId) }));
  };
  return {
    expect: async (call: ExpectedCall): Promise<void> => {
      await db.send(new PutCommand({ TableName, Item: { ...keys.ringing(call.callId), call, expires: epochSeconds(call.until) } }));
    },
    /** The oldest first. Read without consistency, for half the price: a claim is conditional anyway. */
    ringing: async (): Promise<RingingCall[]> => {
      const { Items = [] } = await db.send(new QueryCommand({ TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'RING' } }));
      const now = clock.now();
      // DynamoDB may keep what has expired for days, and each look would be paid for it.
      await Promise.all(Items.filter((item) => !isAlive(item, now)).map((item) => remove(String(item['sk']))));
      return Items.filter((item) => isAlive(item, now)).map((item) => ({ ...(item['call'] as ExpectedCall), holder: (item['holder'] as Holder | undefined) ?? null }))
        .toSorted((a, b) => a.placedAt.localeCompare(b.placedAt));
    },
    /** True for the first that claims it, and for nobody once it is over. */
    claim: async (callId: string, { address, task }: Holder): Promise<boolean> => await ifHolds(db.send(new UpdateCommand({
      TableName, Key: keys.ringing(callId), UpdateExpression: 'SET holder = :holder', ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(holder)',
      ExpressionAttributeValues: { ':holder': { address, task } },
    }))) !== undefined,
    /** Nobody holds anything for it any more; repeating it is fine. */
    over: remove,
  };
};
