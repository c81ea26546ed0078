// PostToConnection, signed and sent by ourselves. The SDK takes several times as long for one post, and a call has some twenty a second: `npm run bench:relay
// -- gateway` shows both. Credentials, region and all else are still the SDK's. Made by compose.ts, used by gateway-writer.ts.
import type { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { plainPosts } from '#house/plain-posts.ts';
import type { ConnectionPosts, PostResult } from './gateway-ports.ts';
import { byStatus, CONNECT_MS, gatewayPosts, MOST_SOCKETS, POST_MS } from './gateway-posts.ts';
import { amzDate, signer, uriEncoded, type Signer } from './signature.ts';

type Client = Pick<ApiGatewayManagementApiClient, 'send' | 'destroy'> & { config: Pick<ApiGatewayManagementApiClient['config'], 'credentials' | 'region'> };

/** `endpoint`: of `@connections`, with its stage; see connectionsEndpoint. */
export const signedPosts = (client: Client, endpoint: string, { now, ms, postMs = POST_MS }: { now: () => Date; ms: () => number; postMs?: number }): ConnectionPosts => {
  const { host, pathname } = new URL(endpoint);
  const base = `${pathname.replace(/\/+$/, '')}/@connections/`;
  const posts = plainPosts(endpoint, { most: MOST_SOCKETS, answerMs: postMs, connectMs: CONNECT_MS, ms });
  const bySdk = gatewayPosts(client);
  let signing: Signer | undefined;
  const makeSigner = async (): Promise<Signer> => (signing ??= signer(await client.config.region(), 'execute-api'));

  let second = -1;
  let at = '';
  /** A time in whole seconds is the same for many posts. */
  const time = (): string => {
    const moment = now();
    const its = Math.floor(moment.getTime() / 1000);
    if (its !== second) {
      second = its;
      at = amzDate(moment);
    }
    return at;
  };

  const send = async (connectionId: string, body: Buffer | string): Promise<number> => {
    const sign = signing ?? await makeSigner();
    const who = await client.config.credentials();
    const path = base + uriEncoded(connectionId);
    const date = time();
    const token = who.sessionToken ? { 'x-amz-security-token': who.sessionToken } : {};
    const authorization = sign.authorization({ method: 'POST', path, headers: { host, 'x-amz-date': date, ...token }, body }, who, date);
    return posts.post(path, { 'x-amz-date': date, ...token, authorization, 'content-type': 'application/octet-stream' }, body);
  };

  return {
    post: async (connectionId, data) => {
      const status = await send(connectionId, data);
      const result: PostResult | undefined = status >= 200 && status < 300 ? 'taken' : byStatus[status];
      if (!result) throw new Error(`@connections answered ${status}`);
      return result;
    },
    drop: (connectionId) => bySdk.drop(connectionId),
    close: () => {
      posts.close();
      bySdk.close();
    },
  };
};
