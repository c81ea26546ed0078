// Which relay task owns which API Gateway connection, and which tasks there are, in DynamoDB's sessions table. The relay's gateway asks it.
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { AudioShape } from '#audio/formats.ts';
import type { CarrierName } from '#calls/lead.ts';
import type { Clock } from '#calls/ports.ts';
import { ifHolds, isAlive, type Tables } from './client.ts';

/*
 *   pk                     sk        what                                               expires
 *   CONN#<connection id>   -         its owner: address, task, epoch; what it carries           after the longest connection
 *   TASKS                  <task>    a relay task: address, revision, calls, capacity, draining soon: it reports every five seconds
 */
interface Task { address: string; task: string }
interface Stream { carrier: CarrierName; streamSid: string; callSid: string; shape: AudioShape; callId: string; epoch: number }
interface Owner extends Task { epoch: number; stream?: Stream | undefined }
interface TaskLoad extends Task { revision: string; startedAt: string; active: number; capacity: number; draining: boolean }

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
    return Item && isAlive(Item, clock.now()) ? read(Item) : undefined;
  };
  /** Written by this file only. */
  const read = (item: Record<string, unknown>): Owner => ({
    address: String(item['address']), task: String(item['task']), epoch: Number(item['epoch']), ...(item['stream'] ? { stream: item['stream'] as Stream } : {}),
  });
  const stillOwned = { ConditionExpression: '#task = :task AND epoch = :epoch', names: { '#task': 'task' } };
  return {
    owner,
    claim: async (connectionId: string, { address, task }: Task): Promise<Owner> => {
      const claimed: Owner = { address, task, epoch: 0 };
      const first = await ifHolds(db.send(new PutCommand({
        TableName, Item: { ...connectionKey(connectionId), ...claimed, expires: inSeconds(CONNECTION_SECONDS) }, ConditionExpression: 'attribute_not_exists(pk)',
      })));
      return first ? claimed : (await owner(connectionId)) ?? claimed;
    },
    carry: async (connectionId: string, by: Owner, stream: Stream): Promise<boolean> => await ifHolds(db.send(new UpdateCommand({
      TableName, Key: connectionKey(connectionId), UpdateExpression: 'SET #stream = :stream', ConditionExpression: stillOwned.ConditionExpression,
      ExpressionAttributeNames: { ...stillOwned.names, '#stream': 'stream' }, ExpressionAttributeValues: { ':task': by.task, ':epoch': by.epoch, ':stream': stream },
    }))) !== undefined,
    takeOver: async (connectionId: string, from: Owner, by: Task): Promise<Owner | undefined> => {
      const taken = await ifHolds(db.send(new UpdateCommand({
        TableName, Key: connectionKey(connectionId), UpdateExpression: 'SET address = :address, #task = :by, epoch = :next, expires = :expires',
        ConditionExpression: stillOwned.ConditionExpression, ReturnValues: 'ALL_NEW', ExpressionAttributeNames: stillOwned.names,
        ExpressionAttributeValues: { ':task': from.task, ':epoch': from.epoch, ':address': by.address, ':by': by.task, ':next': from.epoch + 1, ':expires': inSeconds(CONNECTION_SECONDS) },
      })));
      return taken?.Attributes ? read(taken.Attributes) : owner(connectionId);
    },
    report: async ({ address, task, revision, startedAt, active, capacity, draining }: TaskLoad): Promise<void> => {
      await db.send(new PutCommand({ TableName, Item: { ...taskKey(task), address, task, revision, startedAt, active, capacity, draining, expires: inSeconds(TASK_SECONDS) } }));
    },
    tasks: async (): Promise<TaskLoad[]> => {
      const { Items = [] } = await db.send(new QueryCommand({ TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'TASKS' }, ConsistentRead: true }));
      return Items.filter((item) => isAlive(item, clock.now())).map((item) => ({
        address: String(item['address']), task: String(item['task']), revision: String(item['revision']), startedAt: String(item['startedAt']), active: Number(item['active']), capacity: Number(item['capacity']), draining: item['draining'] === true,
      }));
    },
    leave: async ({ task }: Task): Promise<void> => {
      await db.send(new DeleteCommand({ TableName, Key: taskKey(task) }));
    },
  };
};
