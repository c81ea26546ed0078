// Called by the local composition: how to speak to the database on this machine, and whether it answers.
import { DynamoDBClient, ListTablesCommand, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * What every client of the local database is made with. The engine checks no signature, but wants one; Amazon's DynamoDB Local keeps
 * separate data for each region and key, so these must be the same everywhere.
 */
export const connection = (endpoint: string): DynamoDBClientConfig & { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } } =>
  ({ endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });

/** Resolves when a real request is answered; rejects with the last failure after `withinMs`, or at once when `signal` aborts. */
export const answers = async (endpoint: string, withinMs: number, signal?: AbortSignal): Promise<void> => {
  const client = new DynamoDBClient({ ...connection(endpoint), maxAttempts: 1, requestHandler: { requestTimeout: 2_000, connectionTimeout: 2_000, throwOnRequestTimeout: true } });
  const until = performance.now() + withinMs;
  try {
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 200)) {
      signal?.throwIfAborted();
      try {
        await client.send(new ListTablesCommand({ Limit: 1 }));
        return;
      } catch (error) {
        // An answer that refuses is final; silence may end.
        const answered = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined;
        if (answered || performance.now() + pauseMs > until) throw error;
      }
      await wait(pauseMs, undefined, signal ? { signal } : {});
    }
  } finally {
    client.destroy();
  }
};
