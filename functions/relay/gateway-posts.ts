// The way back to a carrier whose socket ends at API Gateway: PostToConnection and DeleteConnection by the AWS SDK. Used by signed-posts.ts, which
// posts by itself.
import { ApiGatewayManagementApiClient, DeleteConnectionCommand, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import type { ConnectionPosts, PostResult } from './gateway-ports.ts';

/** A post waits behind the one before it: whoever is slower than this has lost the caller anyway. */
export const POST_MS = 3000;
export const CONNECT_MS = 1000;
/** One post a call is in flight; calls a process carries are far fewer. The SDK's own limit is 50. */
export const MOST_SOCKETS = 500;

const results: Record<string, PostResult> = { GoneException: 'gone', LimitExceededException: 'busy', PayloadTooLargeException: 'too-large' };
export const byStatus: Record<number, PostResult> = { 410: 'gone', 429: 'busy', 413: 'too-large' };

const resultOf = (error: unknown): PostResult | undefined => {
  if (!(error instanceof Error)) return undefined;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return results[error.name] ?? (status === undefined ? undefined : byStatus[status]);
};

/** The address of `@connections` for a media socket: the same host and stage, over HTTP. */
export const connectionsEndpoint = (streamUrl: string): string => {
  const url = new URL(streamUrl);
  return `${url.protocol === 'ws:' ? 'http:' : 'https:'}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
};

export const managementClient = (endpoint: string, local: boolean): ApiGatewayManagementApiClient => new ApiGatewayManagementApiClient({
  endpoint,
  // What to do about a 429 is the writer's to say: audio that waits is merged, and is not sent again as it was.
  maxAttempts: 1,
  requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: POST_MS, httpAgent: { keepAlive: true, maxSockets: MOST_SOCKETS }, httpsAgent: { keepAlive: true, maxSockets: MOST_SOCKETS } },
  ...(local ? { region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : {}),
});

export const gatewayPosts = (client: Pick<ApiGatewayManagementApiClient, 'send' | 'destroy'>): ConnectionPosts => ({
  post: async (ConnectionId, data) => {
    try {
      await client.send(new PostToConnectionCommand({ ConnectionId, Data: typeof data === 'string' ? Buffer.from(data) : data }));
      return 'taken';
    } catch (error) {
      const result = resultOf(error);
      if (result) return result;
      throw error;
    }
  },
  drop: async (ConnectionId) => {
    try {
      await client.send(new DeleteConnectionCommand({ ConnectionId }));
    } catch (error) {
      if (resultOf(error) !== 'gone') throw error;
    }
  },
  close: () => client.destroy(),
});
