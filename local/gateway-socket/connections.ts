// `POST`, `GET` and `DELETE /<stage>/@connections/{id}`, with the limits and errors of the real one. Used by start.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';

interface Limits {
  stage: string;
  mostMessageBytes: number;
  /** For one connection. */
  postsPerSecond: number;
}

/** "the WebSocket client side buffer is full": how much that is, is not documented. */
const MOST_BUFFERED_BYTES = 1024 * 1024;

export const connectionsApi = (open: ReadonlyMap<string, WebSocket>, { stage, mostMessageBytes, postsPerSecond }: Limits) => {
  const counts = new WeakMap<WebSocket, { second: number; posts: number }>();
  const tooMany = (socket: WebSocket): boolean => {
    const second = Math.floor(Date.now() / 1000);
    const count = counts.get(socket);
    if (count?.second !== second) counts.set(socket, { second, posts: 1 });
    else if (++count.posts > postsPerSecond) return true;
    return socket.bufferedAmount > MOST_BUFFERED_BYTES;
  };
  const prefix = `/${stage}/@connections/`;

  return (request: IncomingMessage, response: ServerResponse): void => {
    const answer = (status: number, body?: unknown, error?: string): void => {
      const text = body === undefined ? '' : JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...(error ? { 'x-amzn-errortype': error } : {}) }).end(text);
    };
    const refuse = (status: number, error: string, message: string): void => answer(status, { message }, error);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= mostMessageBytes) chunks.push(chunk);
    });
    request.on('error', () => {});
    request.on('end', () => {
      // The SDK writes `%40connections`.
      const path = decodeURIComponent((request.url ?? '/').split('?')[0]!);
      if (!path.startsWith(prefix)) return refuse(403, 'ForbiddenException', 'Forbidden');
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return refuse(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
      const socket = open.get(path.slice(prefix.length));
      if (!socket || socket.readyState !== socket.OPEN) return refuse(410, 'GoneException', 'Gone');
      if (request.method === 'GET') return answer(200, { connectedAt: new Date().toISOString(), identity: { sourceIp: '127.0.0.1', userAgent: '' }, lastActiveAt: new Date().toISOString() });
      if (request.method === 'DELETE') {
        socket.close(1001, 'Going away');
        return void response.writeHead(204).end();
      }
      if (request.method !== 'POST') return refuse(403, 'ForbiddenException', 'Forbidden');
      if (bytes > mostMessageBytes) return refuse(413, 'PayloadTooLargeException', 'Payload too large');
      if (tooMany(socket)) return refuse(429, 'LimitExceededException', 'Limit exceeded');
      socket.send(Buffer.concat(chunks, bytes), { binary: false }, () => answer(200));
    });
  };
};
