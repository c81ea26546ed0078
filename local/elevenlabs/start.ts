/** The local stack and the tests start the simulated ElevenLabs here: its REST interface and its conversation socket on one port. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { SUBSCRIPTION, type Account } from './account.ts';
import { agentStore } from './agents.ts';
import { clientTools, withTools } from './client-tools.ts';
import { inspect, networkRoutes, type Inspected } from './network.ts';
import { CHUNK_MS, DURATIONS, type ElevenLabsOptions } from './options.ts';
import { places } from './queue.ts';
import { conversationBody, type Conversation } from './record.ts';
import { agentRoutes } from './rest-agents.ts';
import { conversationRoutes } from './rest-conversations.ts';
import { toolRoutes } from './rest-tools.ts';
import { answerRequest } from './rest.ts';
import { signedUrls } from './signed-urls.ts';
import { converse } from './socket.ts';
import { admit } from './upgrade.ts';
import { webhookDelivery } from './webhook.ts';

export type { AgentOptions, Durations, ElevenLabsOptions, WebhookOptions } from './options.ts';
export type { Inspected } from './network.ts';

export type RunningElevenLabs = {
  /** http://host:port; the socket is at the same address with ws. */
  url: string;
  port: number;
  /** Closes every socket and gives up every webhook; twice is fine. */
  stop(): Promise<void>;
  conversations(): Inspected[];
};

/** Sound of so many ended conversations is kept; of older ones only the facts. */
const KEEP_SOUND = 50;
/** Both official SDKs allow messages of 16 MB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

const routes = [...conversationRoutes, ...agentRoutes, ...toolRoutes, ...networkRoutes];

/** Rejects when the port cannot be had. Throws RangeError for a pace or chunk length that is not positive. */
export const startElevenLabs = async (options: ElevenLabsOptions): Promise<RunningElevenLabs> => {
  const { host = '127.0.0.1', port = 0, pace = 1, chunkMs = CHUNK_MS, log = () => undefined } = options;
  if (!(pace > 0)) throw new RangeError(`pace must be greater than 0, not ${pace}`);
  if (chunkMs.length === 0 || chunkMs.some((ms) => !(ms > 0))) throw new RangeError('chunkMs must be lengths greater than 0');
  const durations = { ...DURATIONS, ...options.durations };
  let url = '';
  const account: Account = {
    apiKey: options.apiKey,
    agents: agentStore(options.agentId ?? 'agent_local', options.agents ?? {}),
    tools: clientTools(),
    conversations: new Map(),
    signed: signedUrls(() => url.replace('http', 'ws')),
    places: places(options.concurrency ?? 100),
    subscription: { ...SUBSCRIPTION },
  };
  const webhook = options.webhook && webhookDelivery(options.webhook);
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  const analyse = (conversation: Conversation): void => {
    const code = conversation.close?.code ?? 1006;
    // 1005 and 1006 are a client that went without a word: the phone was hung up.
    conversation.status = conversation.close?.by === 'client' || code === 1000 ? 'done' : 'failed';
    log('conversation analysed');
    void webhook?.deliver(conversationBody(conversation), (status) => {
      conversation.webhookAnswers.push(status);
      log('webhook attempted');
    });
  };

  const ended = (conversation: Conversation): void => {
    conversation.status = 'processing';
    if (stopped) return;
    log('conversation ended');
    const over = [...account.conversations.values()].filter(({ endedMs }) => endedMs !== undefined);
    for (const old of over.slice(0, -KEEP_SOUND)) [old.sentAudio, old.receivedAudio] = [[], []];
    const timer = setTimeout(() => {
      timers.delete(timer);
      analyse(conversation);
    }, durations.processingMs / pace);
    timers.add(timer);
  };

  const server = createServer((request, response) => {
    answerRequest(request, response, routes, account).catch(() => {
      log('request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end('{"detail":"Internal Server Error"}');
    });
  });
  const sockets = new WebSocketServer({
    noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('convai') ? 'convai' : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (new URL(request.url ?? '/', 'ws://local').pathname !== '/v1/convai/conversation') return void socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const conversation = admit(ws, request, account);
      const storedAgent = conversation && account.agents.get(conversation.agentId);
      log(conversation ? 'conversation opened' : 'socket refused');
      if (!conversation || !storedAgent) return;
      converse(ws, {
        conversation, storedAgent: withTools(storedAgent, account.tools), places: account.places, durations, pace, chunkMs,
        turnTimeoutMs: options.durations?.turnTimeoutMs,
        ended: () => ended(conversation),
      });
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;

  const stop = async (): Promise<void> => {
    stopped = true;
    for (const client of sockets.clients) client.terminate();
    webhook?.stop();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    for (const timer of timers) clearTimeout(timer);
  };
  return { url, port: bound, stop, conversations: () => [...account.conversations.values()].map(inspect) };
};
