// The DynamoDB client and its table names, and the one thing that every store asks of an error: was it a condition?
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface Tables {
  db: DynamoDBDocumentClient;
  callsTable: string;
  sessionsTable: string;
}

/** `endpoint`: a local engine, which takes any credentials; without it, AWS by the usual chain. */
export const connect = (options: { endpoint?: string | undefined; callsTable: string; sessionsTable: string }): Tables => {
  const client = new DynamoDBClient(options.endpoint ? { endpoint: options.endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : {});
  return {
    db: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
    callsTable: options.callsTable,
    sessionsTable: options.sessionsTable,
  };
};

const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** The write's condition did not hold. */
export const conditionFailed = (error: unknown): boolean => named(error, 'ConditionalCheckFailedException');

/** Codes of a cancelled transaction, in the order of its items ('None' where an item was fine); undefined for other errors. */
export const cancellation = (error: unknown): string[] | undefined =>
  named(error, 'TransactionCanceledException')
    ? ((error as { CancellationReasons?: { Code?: string }[] }).CancellationReasons ?? []).map((reason) => reason.Code ?? 'None')
    : undefined;

const CONFLICT_TRIES = 8;

/**
 * Sends a transaction; true when it was written, the codes of its items when a condition of it did not hold. One that only met
 * another transaction on its way (TransactionConflict) is sent again: nothing of it was written.
 */
export const transact = async (send: () => Promise<unknown>): Promise<true | string[]> => {
  for (let left = CONFLICT_TRIES; ; left -= 1) {
    try {
      await send();
      return true;
    } catch (error) {
      const codes = cancellation(error);
      if (!codes) throw error;
      if (codes.includes('ConditionalCheckFailed')) return codes;
      if (!codes.includes('TransactionConflict') || left === 0) throw error;
    }
  }
};

/**
 * Runs a write whose condition may fail: its value, or undefined when it did. Everything else is thrown on.
 */
export const ifHolds = async <T>(write: Promise<T>): Promise<T | undefined> => {
  try {
    return await write;
  } catch (error) {
    if (conditionFailed(error)) return undefined;
    throw error;
  }
};

export const epochSeconds = (iso: string): number => Math.floor(Date.parse(iso) / 1000);
const DAY_SECONDS = 86_400;
export const expiresInDays = (from: string, days: number): number => epochSeconds(from) + days * DAY_SECONDS;

/** DynamoDB drops expired items late; until then they count as gone. */
export const isAlive = (item: Record<string, unknown>, now: Date): boolean => !(Number(item['expires']) <= now.getTime() / 1000);

/** How long personal data is kept, where nothing else is said. */
export const RETENTION_DAYS = 730;

/**
 * Opaque page cursors: the index key to go on from. Undefined when the text is not one that a query over `hash` = `value`, sorted
 * by `sort`, gave out: DynamoDB takes nothing else.
 */
export const readCursor = (cursor: string, { hash, value, sort }: { hash: string; value: string; sort: string }): Record<string, string> | undefined => {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (key === null || typeof key !== 'object' || Object.keys(key).sort().join() !== ['pk', 'sk', hash, sort].sort().join()) return undefined;
    const parts = key as Record<string, unknown>;
    return parts[hash] === value && Object.values(parts).every((v) => typeof v === 'string' && v !== '' && v.length < 1000) ? (parts as Record<string, string>) : undefined;
  } catch {
    return undefined;
  }
};
export const writeCursor = (key: Record<string, unknown> | undefined): string | null => (key ? Buffer.from(JSON.stringify(key)).toString('base64url') : null);
