// Called by local/gateway-socket/main.ts and by tests: an API Gateway WebSocket API on a port of this machine. Carriers' messages go out as POSTs
// to the relays in turn, and come back by `@connections`; what API Gateway does not promise (order, once) can be withheld.
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { connectionsApi } from './connections.ts';
import { integration, type Integration } from './integration.ts';

export interface GatewaySocketOptions {
  /** 0 takes any free port. */
  port: number;
  stage?: string;
  /** Base addresses of the relays: `http://127.0.0.1:3001`. */
  relays: readonly string[];
  /** Each message waits between 0 and so many ms before it is posted, so that they overtake each other. */
  scatterMs?: number;
  /** The share of messages that are posted a second time. */
  repeated?: number;
  /** Posts of one connection beyond so many a second are answered 429. */
  postsPerSecond?: number;
  random?: () => number;
}

export interface GatewaySocket {
  port: number;
  /** `ws://…/<stage>`, as an answer document names it. */
  url: string;
  /** Of the carriers' sockets that are open now. */
  readonly connections: string[];
  /** Who gets messages from now on. */
  readonly relays: Pick<Integration, 'set'>;
  stop(): Promise<void>;
}

/** "Amazon API Gateway quotas", WebSocket APIs: a larger one closes the connection with 1009. */
const MOST_FRAME_BYTES = 32 * 1024;
const MOST_MESSAGE_BYTES = 128 * 1024;
const ROUTES = new Set(['connected', 'start', 'media', 'dtmf', 'mark', 'stop', 'clear']);

/** `$request.body.event`, as our API selects routes. */
const routeOf = (message: Buffer): string => {
  try {
    const value: unknown = JSON.parse(message.toString());
    const event = value !== null && typeof value === 'object' && 'event' in value ? value.event : undefined;
    return typeof event === 'string' && ROUTES.has(event) ? event : '$default';
  } catch {
    return '$default';
  }
};

export const startGatewaySocket = async (options: GatewaySocketOptions): Promise<GatewaySocket> => {
  const { stage = 'local', scatterMs = 0, repeated = 0, random = Math.random } = options;
  const open = new Map<string, WebSocket>();
  const relays = integration(options.relays);
  const waiting = new Set<NodeJS.Timeout>();
  const api = connectionsApi(open, { stage, mostMessageBytes: MOST_MESSAGE_BYTES, postsPerSecond: options.postsPerSecond ?? Infinity });

  const http = createServer((request: IncomingMessage, response: ServerResponse) => api(request, response));
  // ws counts a message; frames of API Gateway are smaller than its messages, but no carrier splits a message into frames.
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MOST_MESSAGE_BYTES });

  const pass = async (connectionId: string, route: string, body: Buffer): Promise<void> => {
    if (await relays.post(connectionId, route, body)) return;
    // What API Gateway makes of an integration that fails: a message to the client, and the connection stays.
    open.get(connectionId)?.send(JSON.stringify({ message: 'Internal server error', connectionId, requestId: randomUUID() }));
  };
  const later = (ms: number, what: () => void): void => {
    const timer = setTimeout(() => {
      waiting.delete(timer);
      what();
    }, ms);
    waiting.add(timer);
  };
  const scatter = (connectionId: string, route: string, body: Buffer): void => {
    const send = (): void => void pass(connectionId, route, body);
    if (scatterMs > 0) later(random() * scatterMs, send);
    else send();
    if (random() < repeated) later(random() * Math.max(scatterMs, 1), send);
  };
  const admit = (connectionId: string, socket: WebSocket): void => {
    open.set(connectionId, socket);
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return socket.close(1003, 'Unsupported data');
      if (data.length > MOST_FRAME_BYTES) return socket.close(1009, 'Message too big');
      scatter(connectionId, routeOf(data), data);
    });
    socket.on('close', () => {
      open.delete(connectionId);
      later(scatterMs, () => void relays.post(connectionId, '$disconnect', Buffer.alloc(0)));
    });
  };
  http.on('upgrade', (request, socket, head) => {
    const refuse = (status: string): void => void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.on('error', () => {});
    if ((request.url ?? '').split('?')[0]!.replace(/\/$/, '') !== `/${stage}`) return refuse('403 Forbidden');
    const connectionId = randomBytes(11).toString('base64').replaceAll(/[+/]/g, 'x');
    const connect = async (): Promise<void> => {
      if (!await relays.post(connectionId, '$connect', Buffer.alloc(0))) return refuse('502 Bad Gateway');
      sockets.handleUpgrade(request, socket, head, (carrier) => admit(connectionId, carrier));
    };
    // The handshake is answered when $connect is; a post never rejects.
    void connect();
  });

  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}/${stage}`,
    get connections() {
      return [...open.keys()];
    },
    relays: { set: (wanted) => relays.set(wanted) },
    stop: async () => {
      for (const carrier of sockets.clients) carrier.terminate();
      for (const timer of waiting) clearTimeout(timer);
      relays.stop();
      const closed = new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
      http.closeAllConnections();
      await closed;
    },
  };
};
