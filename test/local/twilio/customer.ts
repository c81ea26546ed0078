// A customer of the simulated carrier: a tiny web server that hands out documents, takes callbacks and accepts media streams.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { startTwilio, type SimulatedTwilio, type TwilioOptions } from '#local/twilio/start.ts';
import { fastClock } from '../people/clocks.ts';

export type Seen = { method: string; path: string; url: string; headers: IncomingMessage['headers']; params: Record<string, string>; body: string };
export type Page = string | ((seen: Seen, response: ServerResponse) => void);
export type Message = { event: string; streamSid: string; sequenceNumber: string } & Record<string, unknown>;
export type StreamTalk = (socket: WebSocket, message: Message) => void;

export const ACCOUNT = `AC${'5'.repeat(32)}`;
export const TOKEN = 'a-token-for-tests';
export const OWN = '+15005550006';

export type Customer = {
  url: string;
  streamUrl: string;
  seen: Seen[];
  /** Requests to one path, as their parameters. */
  to: (path: string) => Record<string, string>[];
  messages: Message[];
  /** What a stream said last, once every stream is closed: a carrier is through with a call before its last words have arrived. */
  lastMessage(): Promise<Message | undefined>;
  handshakes: IncomingMessage[];
  stop(): Promise<void>;
};

/** Pages by path: text is TwiML; `talk` is given every message of every stream. Unknown paths are answered with 204. */
export const startCustomer = async (pages: Record<string, Page>, talk: StreamTalk = () => {}): Promise<Customer> => {
  const seen: Seen[] = [];
  const messages: Message[] = [];
  const closings: Promise<unknown>[] = [];
  const handshakes: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const url = new URL(request.url ?? '/', 'http://customer');
      const one: Seen = { method: request.method ?? '', path: url.pathname, url: request.url ?? '', headers: request.headers, body,
        params: Object.fromEntries([...url.searchParams, ...new URLSearchParams(body)]) };
      seen.push(one);
      const page = pages[url.pathname];
      if (page === undefined) response.writeHead(204).end();
      else if (typeof page === 'string') response.writeHead(200, { 'content-type': 'text/xml' }).end(page.replaceAll('{stream}', streamUrl()));
      else page(one, response);
    });
  });
  const sockets = new WebSocketServer({ server, path: '/media' });
  sockets.on('connection', (socket, request) => {
    handshakes.push(request);
    closings.push(once(socket, 'close'));
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString('utf8')) as Message;
      messages.push(message);
      talk(socket, message);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const streamUrl = (): string => `ws://127.0.0.1:${port}/media`;
  return {
    url: `http://127.0.0.1:${port}`, streamUrl: streamUrl(), seen, messages, handshakes,
    lastMessage: async () => {
      await Promise.all(closings);
      return messages.at(-1);
    },
    to: (path) => seen.filter((one) => one.path === path).map((one) => one.params),
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};

/** A carrier whose time runs 40 times as fast, so that whole calls fit into a test. */
export const startFast = (options: Partial<TwilioOptions> = {}): Promise<SimulatedTwilio> =>
  startTwilio({ accountSid: ACCOUNT, authToken: TOKEN, numbers: [OWN], callsPerSecond: 1000, clock: fastClock(40), ...options });

export const authorization = (user = ACCOUNT, secret = TOKEN): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

export type RestReply = { status: number; body: Record<string, unknown>; headers: Headers };

/** Text in alphabetical order, for what arrives in no order. */
export const sorted = (texts: readonly (string | undefined)[]): string[] => texts.map(String).sort((a, b) => (a < b ? -1 : 1));

/** One REST request: a form for POST, a query for GET. */
export const rest = async (carrier: SimulatedTwilio, method: string, path: string, fields: [string, string][] = [], auth = authorization()): Promise<RestReply> => {
  const form = new URLSearchParams(fields);
  const query = method === 'GET' && fields.length > 0 ? `?${form.toString()}` : '';
  const response = await fetch(`${carrier.url}/2010-04-01/Accounts/${ACCOUNT}${path}${query}`,
    { method, headers: { authorization: auth }, ...(method === 'POST' ? { body: form } : {}) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown>, headers: response.headers };
};

/** The fields of a call to `to` that fetches `/answer` and wants every status. */
export const callFields = (customer: { url: string }, to: string, more: [string, string][] = []): [string, string][] => [
  ['To', to], ['From', OWN], ...(more.some(([name]) => name === 'Url' || name === 'Twiml') ? [] : [['Url', `${customer.url}/answer`] as [string, string]]),
  ['StatusCallback', `${customer.url}/status`],
  ...['initiated', 'ringing', 'answered', 'completed'].map((event): [string, string] => ['StatusCallbackEvent', event]), ...more,
];

export const placeCall = async (carrier: SimulatedTwilio, customer: { url: string }, to: string, more: [string, string][] = []): Promise<string> => {
  const { status, body } = await rest(carrier, 'POST', '/Calls.json', callFields(customer, to, more));
  if (status !== 201) throw new Error(`the call was refused: ${JSON.stringify(body)}`);
  return String(body['sid']);
};

/** A mu-law tone that ears take for a voice, of any number of bytes, with a phase so that no two pieces are alike. */
export const tone = (bytes: number, phase = 0): Buffer => Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => ((i + phase) % 23 < 12 ? 0x10 : 0x90) + ((i * 7 + phase) % 13)));
