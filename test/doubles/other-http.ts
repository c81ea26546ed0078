// Used by the other fakes (other-*.ts): a tiny HTTP server on loopback, and nothing that the product or the simulators in local/ share.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
  /** `performance.now()`. */
  at: number;
}

export interface HttpFake {
  url: string;
  server: Server;
  asked: Asked[];
  stop: () => Promise<void>;
}

export type Reply = (status: number, body: unknown, headers?: Record<string, string>) => void;

/** `answer` may leave a request without an answer for as long as it likes: `drop` ends the connection instead. */
export const httpFake = async (answer: (asked: Asked, reply: Reply, drop: () => void) => void | Promise<void>): Promise<HttpFake> => {
  const asked: Asked[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const one: Asked = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, headers: request.headers, body, at: performance.now() };
    asked.push(one);
    const reply: Reply = (status, value, headers = {}) => {
      if (response.destroyed || response.writableEnded) return;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    };
    await answer(one, reply, () => request.socket.destroy());
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
};

/** Resolves after `ms`; only for what a fake does on purpose, as ringing or thinking. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
