// Which relay task owns which API Gateway connection, and which tasks there are, in DynamoDB's sessions table. The relay's gateway asks it.
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '#calls/ports.ts';
import { ifHolds, isAlive, type Tables } from './client.ts';

/*
 *   pk                     sk        what                                               expires
 *   CONN#<connection id>   -         its owner: address, task, epoch                    after the longest connection
 *   TASKS                  <task>    a relay task: address, calls, capacity, draining   soon: it reports every five seconds
 */
interface Task { address: string; task: string }
interface Owner extends Task { epoch: number }
interface TaskLoad extends Task { active: number; capacity: number; draining: boolean }

/** API Gateway closes a WebSocket after two hours. */
const CONNECTION_SECONDS = 3 * 3600;
/** Three reports missed: the task is not there any more. */
const TASK_SECONDS = 15;

const connectionKey = (connectionId: string) => ({ pk: `CONN#${connectionId}`, sk: '-' });
const taskKey = (task: string) => ({ pk: 'TASKS', sk: task });

export const dynamoConnectionStore = ({ db, sessionsTable: TableName }: Tables, clock: Clock) => {
  const inSeconds = (seconds: number): number => Math.floor(clock.now().getTime() / 1000) + seconds;
  const owner = async (connectionId: string): Promise<Owner | undefined> => {
    const { Item } = await db.send(new GetCommand({ TableName, Key: connectionKey(connectionId), ConsistentRead: true }));
    return Item && isAlive(Item, clock.now()) ? { address: String(Item['address']), task: String(Item['task']), epoch: Number(Item['epoch']) } : undefined;
  };
  return {
    owner,
    claim: async (connectionId: string, { address, task }: Task): Promise<Owner> => {
      const claimed: Owner = { address, task, epoch: 0 };
      const first = await ifHolds(db.send(new PutCommand({
        TableName, Item: { ...connectionKey(connectionId), ...claimed, expires: inSeconds(CONNECTION_SECONDS) }, ConditionExpression: 'attribute_not_exists(pk)',
      })));
      return first ? claimed : (await owner(connectionId)) ?? claimed;
    },
    report: async ({ address, task, active, capacity, draining }: TaskLoad): Promise<void> => {
      await db.send(new PutCommand({ TableName, Item: { ...taskKey(task), address, task, active, capacity, draining, expires: inSeconds(TASK_SECONDS) } }));
    },
    tasks: async (): Promise<TaskLoad[]> => {
      const { Items = [] } = await db.send(new QueryCommand({ TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'TASKS' }, ConsistentRead: true }));
      return Items.filter((item) => isAlive(item, clock.now())).map((item) => ({
        address: String(item['address']), task: String(item['task']), active: Number(item['active']), capacity: Number(item['capacity']), draining: item['draining'] === true,
      }));
    },
    leave: async ({ task }: Task): Promise<void> => {
      await db.send(new DeleteCommand({ TableName, Key: taskKey(task) }));
    },
  };
};
