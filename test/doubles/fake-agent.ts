// A scripted ElevenLabs on a real port: hands out signed URLs, takes conversations, and does nothing that the test does not tell it to.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { inbox, type Inbox } from './inbox.ts';

export type Frame = Record<string, unknown>;

export interface FakeConversation {
  received: Inbox<Frame>;
  send(frame: Frame): void;
  /** A frame as it stands; bytes go as a binary one. */
  raw(frame: string | Buffer): void;
  metadata(output?: string, input?: string): void;
  audio(bytes: Uint8Array, eventId?: number): void;
  interrupt(eventId: number): void;
  close(code?: number, reason?: string): void;
  /** Cuts the line without a word. */
  cut(): void;
  /** Bytes of caller audio received so far. */
  heard(): Buffer;
  readonly closed: Promise<number>;
}

export interface FakeAgent {
  baseUrl: string;
  /** Everything that ever reached it: requests and handshakes. */
  contacts: string[];
  conversations: Inbox<FakeConversation>;
  /** What the signed-URL endpoint does instead of answering well. */
  refuse: ((response: ServerResponse) => void) | undefined;
  /** Answers the handshake with this status instead, or never. */
  refuseHandshake: number | 'never' | undefined;
  /** How long the signed URL takes. */
  signedUrlMs: number;
  stop(): Promise<void>;
}

const conversationOver = (socket: WebSocket): FakeConversation => {
  const received = inbox<Frame>();
  socket.on('message', (data: Buffer) => received.put(JSON.parse(data.toString()) as Frame));
  const send = (frame: Frame): void => socket.send(JSON.stringify(frame));
  return {
    received, send,
    raw: (frame) => socket.send(frame),
    metadata: (output = 'ulaw_8000', input = output) => send({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: 'conv_1', agent_output_audio_format: output, user_input_audio_format: input } }),
    audio: (bytes, eventId = 1) => send({ type: 'audio', audio_event: { audio_base_64: Buffer.from(bytes).toString('base64'), event_id: eventId } }),
    interrupt: (eventId) => send({ type: 'interruption', interruption_event: { event_id: eventId } }),
    close: (code = 1000, reason = '') => socket.close(code, reason),
    cut: () => socket.terminate(),
    heard: () => Buffer.concat(received.all.flatMap((frame) => (typeof frame['user_audio_chunk'] === 'string' ? [Buffer.from(frame['user_audio_chunk'], 'base64')] : []))),
    closed: new Promise((resolve) => {
      socket.on('close', resolve);
    }),
  };
};

export const fakeAgent = async (): Promise<FakeAgent> => {
  const contacts: string[] = [];
  const conversations = inbox<FakeConversation>();
  const sockets = new WebSocketServer({ noServer: true });
  const http = createServer((request: IncomingMessage, response) => {
    contacts.push(`${request.method} ${request.url} key=${String(request.headers['xi-api-key'])}`);
    if (agent.refuse) return agent.refuse(response);
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ signed_url: `${agent.baseUrl.replace('http', 'ws')}/v1/convai/conversation?agent_id=a&conversation_signature=s` })), agent.signedUrlMs);
  });
  http.on('connection', () => contacts.push('connection'));
  http.on('upgrade', (request, socket, head) => {
    contacts.push(`upgrade ${request.url}`);
    // Read, so that its end is seen.
    if (agent.refuseHandshake === 'never') return void socket.on('end', () => socket.destroy()).on('error', () => {}).resume();
    if (agent.refuseHandshake) return void socket.end(`HTTP/1.1 ${agent.refuseHandshake} No\r\nconnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (ws) => conversations.put(conversationOver(ws)));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const agent: FakeAgent = {
    baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, contacts, conversations, refuse: undefined, refuseHandshake: undefined, signedUrlMs: 0,
    stop: async () => {
      for (const ws of sockets.clients) ws.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => {
        http.close(resolve);
      });
    },
  };
  return agent;
};
