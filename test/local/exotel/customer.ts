// A customer of the simulated Exotel: a tiny web server that answers applets, takes callbacks and accepts media streams.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ExotelOptions, type SimulatedExotel, startExotel } from '#local/exotel/start.ts';
import { fastClock } from '../people/clocks.ts';

/** `url` is the customer's own address, as the carrier reached it. */
export type Seen = { url: string; method: string; path: string; headers: IncomingMessage['headers']; query: Record<string, string>; body: Buffer };
/** Text is JSON, in which {url} and {stream} are the customer's own addresses; a function answers as it likes. */
export type Page = string | ((seen: Seen, response: ServerResponse) => void);
export type Message = { event: string; stream_sid: string } & Record<string, unknown>;
export type StreamTalk = (socket: WebSocket, message: Message) => void;

export const ACCOUNT = 'ringback1';
export const KEY = 'a-key-for-tests';
export const TOKEN = 'a-token-for-tests';
export const EXOPHONE = '08047001234';

export type Customer = {
  url: string;
  streamUrl: string;
  seen: Seen[];
  to: (path: string) => Seen[];
  messages: Message[];
  /** What a stream said last, once every stream is closed: a carrier is through with a call before its last words have arrived. */
  lastMessage(): Promise<Message | undefined>;
  handshakes: IncomingMessage[];
  stop(): Promise<void>;
};

/** Pages by path; unknown ones are answered with 200 and nothing. `refuse` decides on the upgrade. */
export const startCustomer = async (pages: Record<string, Page> = {}, talk: StreamTalk = () => {}, refuse: (count: number) => boolean = () => false): Promise<Customer> => {
  const seen: Seen[] = [];
  const messages: Message[] = [];
  const closings: Promise<unknown>[] = [];
  const handshakes: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://customer');
      const one: Seen = { url: `http://${request.headers.host ?? ''}`, method: request.method ?? '', path: url.pathname, headers: request.headers, query: Object.fromEntries(url.searchParams), body: Buffer.concat(chunks) };
      seen.push(one);
      const page = pages[url.pathname];
      if (page === undefined) response.writeHead(200).end();
      else if (typeof page === 'string') response.writeHead(200, { 'content-type': 'application/json' }).end(page.replaceAll('{stream}', streamUrl()).replaceAll('{url}', one.url));
      else page(one, response);
    });
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    handshakes.push(request);
    if (refuse(handshakes.length)) socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
    else sockets.handleUpgrade(request, socket, head, (ready) => {
      closings.push(once(ready, 'close'));
      ready.on('message', (data) => {
        const message = JSON.parse((data as Buffer).toString('utf8')) as Message;
        messages.push(message);
        talk(ready, message);
      });
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
    to: (path) => seen.filter((one) => one.path === path),
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};

/** A carrier whose time runs 40 times as fast, so that whole calls fit into a test; ordinary people stay on the line until somebody hangs up. */
export const startFast = (options: Partial<ExotelOptions> = {}): Promise<SimulatedExotel> =>
  startExotel({ accountSid: ACCOUNT, apiKey: KEY, apiToken: TOKEN, exophones: [EXOPHONE], clock: fastClock(40), patienceMs: 300_000, callbackRetriesMs: [], ...options });

export const authorization = (key = KEY, token = TOKEN): string => `Basic ${Buffer.from(`${key}:${token}`).toString('base64')}`;

type Fields = Record<string, string> | [string, string][];
export type RestReply = { status: number; text: string; json: Record<string, unknown>; headers: Headers };

/** One REST request below the account: a form for POST, a query for GET. JSON is read when the path ends in .json. */
export const rest = async (carrier: SimulatedExotel, method: string, path: string, fields: Fields = {}, auth = authorization()): Promise<RestReply> => {
  const form = new URLSearchParams(fields);
  const query = method === 'GET' && form.size > 0 ? `?${form.toString()}` : '';
  const response = await fetch(`${carrier.url}/v1/Accounts/${ACCOUNT}${path}${query}`, { method, headers: { authorization: auth }, ...(method === 'POST' ? { body: form } : {}) });
  const text = await response.text();
  return { status: response.status, text, json: path.endsWith('.json') ? JSON.parse(text) as Record<string, unknown> : {}, headers: response.headers };
};

/** What a Voice AI call asks for; `more` replaces and adds, an empty text takes away. */
export const callFields = (customer: { url: string; streamUrl: string }, from: string, more: Fields = {}): [string, string][] => {
  const extra = new URLSearchParams(more);
  const usual: [string, string][] = [['From', from], ['CallerId', EXOPHONE], ['StreamUrl', customer.streamUrl], ['StreamType', 'bidirectional'], ['StatusCallback', `${customer.url}/status`]];
  return [...usual.filter(([name]) => !extra.has(name)), ...[...extra].filter(([, value]) => value !== '')];
};

export const EVENTS: [string, string][] = ['ringing', 'answered', 'terminal'].map((event) => ['StatusCallbackEvents[]', event]);
export const FLOW = (id: string): Record<string, string> => ({ StreamUrl: '', StreamType: '', Url: `http://my.exotel.com/${ACCOUNT}/exoml/start_voice/${id}` });

/** The Sid in an answer about one call. */
export const sidOf = ({ json }: RestReply): string => (json['Call'] as { Sid: string }).Sid;

export const placeCall = async (carrier: SimulatedExotel, customer: Customer, from: string, more: Fields = {}): Promise<string> => {
  const reply = await rest(carrier, 'POST', '/Calls/connect.json', callFields(customer, from, more));
  if (reply.status !== 200) throw new Error(`the call was refused: ${reply.text}`);
  return sidOf(reply);
};

/** Whatever content type a callback came in, as plain pairs; what is no text in JSON stays JSON. */
export const fieldsOf = async ({ headers, body }: Seen): Promise<Record<string, string>> => {
  const contentType = headers['content-type'] ?? '';
  if (contentType === 'application/json') {
    return Object.fromEntries(Object.entries(JSON.parse(body.toString('utf8')) as Record<string, unknown>).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
  }
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  return Object.fromEntries([...form].map(([name, value]) => [name, typeof value === 'string' ? value : value.name]));
};

/** PCM16LE that ears take for a voice; no two pieces with another phase are alike. */
export const voice = (bytes: number, phase = 0): Buffer => {
  const pcm = Buffer.alloc(bytes);
  for (let i = 0; i + 1 < bytes; i += 2) pcm.writeInt16LE(Math.round(6000 * Math.sin((i + phase) / 9)) + ((i * 7 + phase) % 101), i);
  return pcm;
};

export const play = (socket: WebSocket, sid: string, audio: Buffer): void => socket.send(JSON.stringify({ event: 'media', stream_sid: sid, media: { payload: audio.toString('base64') } }));
export const mark = (socket: WebSocket, sid: string, name: string): void => socket.send(JSON.stringify({ event: 'mark', stream_sid: sid, mark: { name } }));
export const markName = (message: Message): string | undefined => (message['mark'] as { name: string } | undefined)?.name;
/** The samples that the person heard of what was sent, as bytes. */
export const heardBytes = (call: { heard: { sent(): Int16Array } | null }): Buffer => {
  const pcm = call.heard?.sent() ?? new Int16Array(0);
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
};
