// An ElevenLabs for many calls at once, written from its schemas: in each conversation it says a sentence a second, writes down what both said,
// and keeps the order in which the caller's frames came.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { agentPieces, callerFrameNumber } from './marked-audio.ts';

export interface SaidTurn { role: 'agent' | 'caller'; text: string; at: number }

export interface Talk {
  /** Counts all conversations; it stands in the audio. */
  readonly number: number;
  readonly callSid: string;
  readonly callId: string;
  readonly openedAt: number;
  /** What it was asked to begin with; null when nothing was asked. */
  readonly firstMessage: string | null;
  /** Contextual updates. */
  readonly told: string[];
  readonly turns: SaidTurn[];
  /** Frames of the caller: how many came, how many between them did not, and what was out of order. */
  readonly frames: { count: number; missing: number; faults: string[]; last: number | undefined };
  readonly open: boolean;
  /** When it was closed or cut; Infinity while it is open. */
  readonly closedAt: number;
}

export interface TalkingAgent {
  baseUrl: string;
  readonly talks: readonly Talk[];
  of(callSid: string): Talk[];
  stop(): Promise<void>;
}

const TICK_MS = 50;
/** A real one takes longer to find its first words. */
const FIRST_WORDS_MS = 300;
const TURN_MS = 1000;
const PIECES_A_TURN = 20;

interface Running extends Talk { tick(now: number): void }

const talkOver = (socket: WebSocket, number: number, init: Record<string, unknown>): Running => {
  const variables = (init['dynamic_variables'] ?? {}) as Record<string, string>;
  const override = init['conversation_config_override'] as { agent?: { first_message?: string } } | undefined;
  const callSid = variables['call_sid'] ?? '';
  // As each carrier speaks, so that audio passes through untouched.
  const [format, pieceBytes] = callSid.startsWith('CA') ? ['ulaw_8000', 160] : ['pcm_8000', 320];
  const turns: SaidTurn[] = [];
  const told: string[] = [];
  const frames: Talk['frames'] = { count: 0, missing: 0, faults: [], last: undefined };
  const openedAt = performance.now();
  let eventId = 0;
  let pieces = 0;
  let answered = 0;
  let closedAt = Infinity;
  socket.on('close', () => { closedAt = performance.now(); });
  const send = (message: unknown): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const says = (text: string, now: number): void => {
    eventId++;
    send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: eventId } });
    send({ type: 'audio', audio_event: { audio_base_64: agentPieces(number, pieces + 1, PIECES_A_TURN, pieceBytes).toString('base64'), event_id: eventId } });
    pieces += PIECES_A_TURN;
    turns.push({ role: 'agent', text, at: now });
  };
  const hears = (text: string, now: number): void => {
    send({ type: 'user_transcript', user_transcription_event: { user_transcript: text, event_id: eventId } });
    turns.push({ role: 'caller', text, at: now });
  };
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text.startsWith('{"user_audio_chunk":"')) {
      const frame = callerFrameNumber(text.slice(21, 37));
      if (frame === undefined) return void frames.faults.push('a frame that no caller sent');
      frames.count++;
      if (frames.last !== undefined && frame <= frames.last) frames.faults.push(`frame ${frame} came after frame ${frames.last}`);
      else if (frames.last !== undefined) frames.missing += frame - frames.last - 1;
      frames.last = Math.max(frame, frames.last ?? 0);
      return;
    }
    const message = JSON.parse(text) as { type?: string; text?: string };
    if (message.type === 'contextual_update') told.push(message.text ?? '');
  });
  send({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: `conv_${number}`, agent_output_audio_format: format, user_input_audio_format: format } });
  return {
    number, callSid, callId: variables['call_id'] ?? '', openedAt, firstMessage: override?.agent?.first_message ?? null, told, turns, frames,
    get open() { return closedAt === Infinity; },
    get closedAt() { return closedAt; },
    tick: (now) => {
      if (socket.readyState !== socket.OPEN) return;
      const due = Math.floor((now - openedAt - FIRST_WORDS_MS) / TURN_MS) + 1;
      if (eventId < due) says(eventId === 0 && override?.agent?.first_message ? override.agent.first_message : `Sentence ${eventId + 1} of conversation ${number}.`, now);
      const dueAnswers = Math.floor((now - openedAt - FIRST_WORDS_MS - TURN_MS / 2) / TURN_MS) + 1;
      if (answered < dueAnswers && answered < eventId) hears(`Answer ${++answered} in conversation ${number}.`, now);
    },
  };
};

export const talkingAgent = async (): Promise<TalkingAgent> => {
  const talks: Running[] = [];
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let baseUrl = '';
  const http = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ signed_url: `${baseUrl.replace('http', 'ws')}/v1/convai/conversation?agent_id=a&conversation_signature=s` }));
  });
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {});
      ws.once('message', (data: Buffer) => talks.push(talkOver(ws, talks.length + 1, JSON.parse(data.toString()) as Record<string, unknown>)));
    });
  });
  const ticking = setInterval(() => {
    const now = performance.now();
    for (const talk of talks) talk.tick(now);
  }, TICK_MS);
  await new Promise<void>((resolve) => { http.listen(0, '127.0.0.1', resolve); });
  baseUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    baseUrl, talks,
    of: (callSid) => talks.filter((talk) => talk.callSid === callSid),
    stop: async () => {
      clearInterval(ticking);
      for (const ws of sockets.clients) ws.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => { http.close(resolve); });
    },
  };
};
