// A scripted Exotel media stream, written as AgentStream's documentation shows it: the carrier's end of the socket, which keeps what it is sent.
import { WebSocket } from 'ws';
import { inbox, type Inbox } from './inbox.ts';

export interface SentFrame { event: string; stream_sid?: string; sequence_number?: string; media?: { payload: string; chunk: string; timestamp: string }; mark?: { name: string }; at: number }

export interface FakeExotelStream {
  got: Inbox<SentFrame>;
  start(more?: { callSid?: string; accountSid?: string; parameters?: Record<string, string>; rate?: string }): void;
  /** Caller audio of 100 ms or whatever the bytes last. */
  speak(bytes: Uint8Array): void;
  send(frame: unknown): void;
  /** Says that the call is over. */
  stop(): void;
  audio(): Buffer;
  /** Echoes every mark as it comes. */
  echo(): void;
  close(code?: number): void;
  cut(): void;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export const fakeExotelStream = async (port: number, path = '/exotel'): Promise<FakeExotelStream> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
  const got = inbox<SentFrame>();
  let echoes = false;
  let sequence = 1;
  let chunk = 0;
  const sid = 'f6a4b1c2d3e4f5061728394a5b6c7d8e';
  const send = (frame: unknown): void => socket.send(JSON.stringify(frame));
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as SentFrame;
    got.put({ ...frame, at: performance.now() });
    if (frame.event === 'mark' && echoes) send({ event: 'mark', sequence_number: String(++sequence), stream_sid: sid, mark: frame.mark });
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return {
    got, send, closed,
    start: ({ callSid = 'EX1', accountSid = 'desk1', parameters, rate = '8000' } = {}) => {
      send({ event: 'connected' });
      send({
        event: 'start', sequence_number: '1', stream_sid: sid,
        start: { stream_sid: sid, call_sid: callSid, account_sid: accountSid, from: '09876543210', to: '08047112233', ...(parameters ? { custom_parameters: parameters } : {}), media_format: { encoding: 'base64', sample_rate: rate, bit_rate: '128kbps' } },
      });
    },
    speak: (bytes) => send({ event: 'media', sequence_number: String(++sequence), stream_sid: sid, media: { chunk: String(++chunk), timestamp: String(100 * chunk), payload: Buffer.from(bytes).toString('base64') } }),
    stop: () => send({ event: 'stop', sequence_number: String(++sequence), stream_sid: sid, stop: { call_sid: 'EX1', account_sid: 'desk1', reason: 'callended' } }),
    audio: () => Buffer.concat(got.all.flatMap((frame) => (frame.media ? [Buffer.from(frame.media.payload, 'base64')] : []))),
    echo: () => { echoes = true; },
    close: (code = 1000) => socket.close(code),
    cut: () => socket.terminate(),
  };
};
