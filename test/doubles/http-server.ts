// A web server on loopback with a script: one answer for each request, in order; it keeps what it was sent.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Sent {
  method: string;
  path: string;
  query: [string, string][];
  headers: IncomingHttpHeaders;
  form: [string, string][];
}
export type Reply = { status: number; headers?: Record<string, string>; body?: unknown } | ((response: ServerResponse, socket: Socket) => void);

export const startServer = async () => {
  const script: Reply[] = [];
  const sent: Sent[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://server');
      sent.push({ method: request.method ?? '', path: url.pathname, query: [...url.searchParams], headers: request.headers, form: [...new URLSearchParams(Buffer.concat(chunks).toString('utf8'))] });
      const reply = script.shift() ?? { status: 500, body: { message: 'no reply in the script' } };
      if (typeof reply === 'function') return reply(response, request.socket);
      const text = typeof reply.body === 'string' ? reply.body : reply.body === undefined ? '' : JSON.stringify(reply.body);
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, script, sent,
    stop: async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
