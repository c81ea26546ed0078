// PostToConnection, signed and sent by ourselves. The SDK takes several times as long for one post, and a call has some twenty a second: `npm run bench:relay
// -- gateway` shows both. Credentials, region and all else are still the SDK's. Made by compose.ts, used by gateway-writer.ts.
import type { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ConnectionPosts, PostResult } from './gateway-ports.ts';
import { byStatus, gatewayPosts, MOST_SOCKETS, POST_MS } from './gateway-posts.ts';
import { amzDate, signer, uriEncoded, type Signer } from './signature.ts';

type Client = Pick<ApiGatewayManagementApiClient, 'send' | 'destroy'> & { config: Pick<ApiGatewayManagementApiClient['config'], 'credentials' | 'region'> };

/** `endpoint`: of `@connections`, with its stage; see connectionsEndpoint. */
export const signedPosts = (client: Client, endpoint: string, now: () => Date, postMs = POST_MS): ConnectionPosts => {
  const { protocol, hostname, host, port, pathname } = new URL(endpoint);
  const base = `${pathname.replace(/\/+$/, '')}/@connections/`;
  const secure = protocol === 'https:';
  const request = secure ? httpsRequest : httpRequest;
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MOST_SOCKETS });
  const bySdk = gatewayPosts(client);
  let signing: Promise<Signer> | undefined;
  const makeSigner = async (): Promise<Signer> => signer(await client.config.region(), 'execute-api');

  /** Resolves with the status once the answer is through and its socket free for the next one. */
  const send = async (connectionId: string, body: Buffer | string): Promise<number> => {
    const [sign, who] = await Promise.all([signing ??= makeSigner(), client.config.credentials()]);
    const path = base + uriEncoded(connectionId);
    const at = amzDate(now());
    const headers = { host, 'x-amz-date': at, ...(who.sessionToken ? { 'x-amz-security-token': who.sessionToken } : {}) };
    const authorization = sign.authorization({ method: 'POST', path, headers, body }, who, at);
    return new Promise((resolve, reject) => {
      const sent = request({
        hostname, port, path, method: 'POST', agent, timeout: postMs,
        headers: { ...headers, authorization, 'content-type': 'application/octet-stream', 'content-length': Buffer.byteLength(body) },
      }, (answer: IncomingMessage) => {
        answer.on('error', reject);
        answer.on('end', () => resolve(answer.statusCode ?? 0));
        answer.resume();
      });
      sent.on('timeout', () => sent.destroy(new Error(`@connections did not answer within ${postMs} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
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
      agent.destroy();
      bySdk.close();
    },
  };
};
