// Another fake ElevenLabs: signed addresses and conversations, from ElevenLabs' own schemas alone, sharing nothing with local/elevenlabs.
// A script speaks for the agent: which one is told by a dynamic variable's value (the lead's name), else the default one.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { httpFake, pause, type Asked } from './other-http.ts';

/** The agent's side of one conversation. */
export interface OtherTalk {
  /** The first frame, as it came. */
  init: Record<string, unknown>;
  variables: Record<string, unknown>;
  /** Every frame that is not audio. */
  frames: Record<string, unknown>[];
  /** Caller audio as it came, joined. */
  heard: () => Buffer;
  chunks: number;
  untilHeard: (bytes: number) => Promise<void>;
  untilFrame: (type: string) => Promise<Record<string, unknown>>;
  send: (message: unknown) => void;
  metadata: (format: string, more?: Record<string, unknown>) => void;
  audio: (bytes: Buffer, eventId: number, more?: Record<string, unknown>) => void;
  says: (text: string, eventId: number) => void;
  hears: (text: string, eventId: number) => void;
  /** end_call, and the close that follows at once. */
  ends: () => void;
  close: (code: number, reason?: string) => void;
  closed: Promise<number>;
  readonly open: boolean;
}

export type Script = (talk: OtherTalk) => Promise<void>;

export interface OtherElevenLabs {
  url: string;
  apiKey: string;
  agentId: string;
  scripts: Map<string, Script>;
  /** What becomes of the next requests for a signed address, one each; once empty, they are answered as they should be. */
  signedUrls: ('fails' | 'never')[];
  /** What becomes of every request for one until this is undefined again. */
  everySignedUrl: 'fails' | 'never' | undefined;
  signedUrlLateMs: number;
  /** Addresses that were given out open nothing any more. */
  forgetSignedUrls: () => void;
  talks: OtherTalk[];
  asked: Asked[];
  /** Upgrades that came, admitted or not. */
  connections: number;
  faults: string[];
  stop: () => Promise<void>;
}

/** Says something for a second, hears the caller, and ends the call: the shortest talk that is one. */
export const politeScript = (sound: Buffer): Script => async (talk) => {
  talk.metadata('ulaw_8000');
  talk.says('Hello, this is an AI voice agent.', 1);
  talk.audio(sound, 1);
  await talk.untilHeard(4000);
  talk.hears('Good, thank you.', 2);
  talk.says('Goodbye.', 3);
  talk.audio(sound, 3);
  talk.ends();
};

const conversation = (socket: WebSocket, init: Record<string, unknown>): { talk: OtherTalk; take: (frame: Record<string, unknown>) => void; gone: (code: number) => void } => {
  const audio: Buffer[] = [];
  const frames: Record<string, unknown>[] = [init];
  let bytes = 0;
  let waiting: { holds: () => boolean; go: () => void; no: (error: Error) => void }[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  const look = (): void => {
    for (const one of waiting.filter(({ holds }) => holds())) one.go();
    waiting = waiting.filter(({ holds }) => !holds());
  };
  const until = (holds: () => boolean): Promise<void> => holds() ? Promise.resolve() : new Promise((go, no) => { waiting.push({ holds, go, no }); });
  const send = (message: unknown): void => {
    if (socket.readyState === socket.OPEN) socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  };
  const talk: OtherTalk = {
    init, variables: (init['dynamic_variables'] ?? {}) as Record<string, unknown>, frames, chunks: 0, closed, send,
    heard: () => Buffer.concat(audio),
    untilHeard: (count) => until(() => bytes >= count),
    untilFrame: async (type) => {
      const at = (): Record<string, unknown> | undefined => frames.find((frame) => frame['type'] === type);
      await until(() => at() !== undefined);
      return at()!;
    },
    metadata: (format, more = {}) => send({
      type: 'conversation_initiation_metadata',
      conversation_initiation_metadata_event: { conversation_id: `conv_${randomBytes(12).toString('hex')}`, agent_output_audio_format: format, user_input_audio_format: format, ...more },
    }),
    audio: (sound, eventId, more = {}) => send({ type: 'audio', audio_event: { audio_base_64: sound.toString('base64'), event_id: eventId, ...more } }),
    says: (text, eventId) => send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: eventId } }),
    hears: (text, eventId) => send({ type: 'user_transcript', user_transcription_event: { user_transcript: text, event_id: eventId } }),
    ends: () => {
      send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 'end_call_1', tool_type: 'system', is_error: false, is_called: true, event_id: 15 } });
      socket.close(1000);
    },
    close: (code, reason = '') => socket.close(code, reason),
    get open() { return socket.readyState === socket.OPEN; },
  };
  return {
    talk,
    take: (frame) => {
      if (typeof frame['user_audio_chunk'] === 'string') {
        const chunk = Buffer.from(frame['user_audio_chunk'], 'base64');
        audio.push(chunk);
        bytes += chunk.length;
        talk.chunks++;
      } else frames.push(frame);
      look();
    },
    gone: (code) => {
      resolve(code);
      for (const { no } of waiting.splice(0)) no(new Error(`the conversation was closed (${code})`));
    },
  };
};

export const otherElevenLabs = async (fallback: Script): Promise<OtherElevenLabs> => {
  const [apiKey, agentId] = [`sk_${randomBytes(24).toString('hex')}`, `agent_${randomBytes(10).toString('hex')}`];
  const signatures = new Set<string>();
  const http = await httpFake(async ({ method, path, query, headers }, reply) => {
    if (headers['xi-api-key'] !== apiKey) return reply(401, { detail: { status: 'invalid_api_key', message: 'Invalid API key' } });
    if (method !== 'GET' || !/^\/v1\/convai\/conversation\/get[-_]signed[-_]url$/.test(path) || query.get('agent_id') !== agentId) return reply(404, { detail: { status: 'not_found', message: 'Not Found' } });
    const fate = fake.everySignedUrl ?? fake.signedUrls.shift();
    if (fate === 'never') return;
    if (fate === 'fails') return reply(500, { detail: 'Internal Server Error' });
    const signature = randomBytes(12).toString('base64url');
    signatures.add(signature);
    await pause(fake.signedUrlLateMs);
    reply(200, { signed_url: `${http.url.replace('http', 'ws')}/v1/convai/conversation?agent_id=${agentId}&conversation_signature=${signature}`, something_new: 1 });
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * 1024 * 1024 });
  const meet = (socket: WebSocket): void => {
    let joined: ReturnType<typeof conversation> | undefined;
    socket.on('message', (data: Buffer, binary: boolean) => {
      const frame = JSON.parse(data.toString()) as Record<string, unknown>;
      if (binary) fake.faults.push('binary');
      if (joined) return joined.take(frame);
      if (frame['type'] !== 'conversation_initiation_client_data') fake.faults.push(`first frame ${String(frame['type'])}`);
      joined = conversation(socket, frame);
      const { talk } = joined;
      fake.talks.push(talk);
      const script = Object.values(talk.variables).map((value) => fake.scripts.get(String(value))).find((found) => found !== undefined) ?? fallback;
      // A script that waits for what never comes ends when the conversation is closed.
      script(talk).catch((error: unknown) => { if (talk.open) fake.faults.push(String(error)); });
    });
    socket.on('error', () => {});
    socket.on('close', (code) => joined?.gone(code));
  };
  http.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    fake.connections++;
    const url = new URL(request.url ?? '/', http.url);
    if (url.pathname === '/v1/convai/conversation' && signatures.delete(url.searchParams.get('conversation_signature') ?? '')) sockets.handleUpgrade(request, socket, head, meet);
    else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const fake: OtherElevenLabs = {
    url: http.url, apiKey, agentId, scripts: new Map(), signedUrls: [], everySignedUrl: undefined, signedUrlLateMs: 0, forgetSignedUrls: () => signatures.clear(), talks: [], asked: http.asked, connections: 0, faults: [],
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      await http.stop();
    },
  };
  return fake;
};
