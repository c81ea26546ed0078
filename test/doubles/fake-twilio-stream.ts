// A scripted Twilio media stream: the carrier's end of the socket, which keeps what the caller would hear and plays when it is told to.
import { WebSocket } from 'ws';
import { inbox, type Inbox } from './inbox.ts';

export type Heard = { kind: 'media'; bytes: Buffer } | { kind: 'mark'; name: string } | { kind: 'clear' } | { kind: 'closed'; code: number; reason: string };

export interface FakeStream {
  /** What our side sent, in order. */
  got: Inbox<Heard>;
  send(frame: unknown): void;
  raw(data: string | Buffer, binary?: boolean): void;
  start(start: { callSid?: string; accountSid?: string; parameters?: Record<string, string> }): void;
  /** Caller audio of 20 ms, all of one byte unless bytes are given. */
  speak(bytes: Uint8Array): void;
  digit(digit: string): void;
  stop(): void;
  /** Plays everything it holds: pending marks come back. */
  play(): void;
  /** Plays at once whatever comes, from now on. */
  playAlways(): void;
  /** All audio that it was sent, clears disregarded. */
  audio(): Buffer;
  close(code?: number): void;
  cut(): void;
  pause(): void;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export const fakeStream = async (port: number, path = '/twilio'): Promise<FakeStream> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
  const got = inbox<Heard>();
  let pending: string[] = [];
  let always = false;
  let sequence = 1;
  const send = (frame: unknown): void => socket.send(JSON.stringify(frame));
  const play = (): void => {
    for (const name of pending.splice(0)) send({ event: 'mark', sequenceNumber: String(++sequence), streamSid: 'MZ1', mark: { name } });
  };
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { event: string; media: { payload: string }; mark: { name: string } };
    if (frame.event === 'media') got.put({ kind: 'media', bytes: Buffer.from(frame.media.payload, 'base64') });
    if (frame.event === 'clear') {
      play();
      got.put({ kind: 'clear' });
    }
    if (frame.event === 'mark') {
      pending.push(frame.mark.name);
      if (always) play();
      got.put({ kind: 'mark', name: frame.mark.name });
    }
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      got.put({ kind: 'closed', code, reason: reason.toString() });
      resolve({ code, reason: reason.toString() });
    });
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return {
    got, send, closed, play,
    raw: (data, binary = false) => socket.send(data, { binary }),
    start: ({ callSid = 'CA1', accountSid = 'AC1', parameters = {} }) => {
      send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
      send({ event: 'start', sequenceNumber: '1', start: { accountSid, streamSid: 'MZ1', callSid, tracks: ['inbound'], mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters: parameters }, streamSid: 'MZ1' });
    },
    speak: (bytes) => send({ event: 'media', sequenceNumber: String(++sequence), media: { track: 'inbound', chunk: String(sequence - 1), timestamp: String(20 * sequence), payload: Buffer.from(bytes).toString('base64') }, streamSid: 'MZ1' }),
    digit: (digit) => send({ event: 'dtmf', streamSid: 'MZ1', sequenceNumber: String(++sequence), dtmf: { track: 'inbound_track', digit } }),
    stop: () => send({ event: 'stop', sequenceNumber: String(++sequence), stop: { accountSid: 'AC1', callSid: 'CA1' }, streamSid: 'MZ1' }),
    playAlways: () => {
      always = true;
      play();
    },
    audio: () => Buffer.concat(got.all.flatMap((item) => (item.kind === 'media' ? [item.bytes] : []))),
    close: (code = 1000) => socket.close(code),
    cut: () => socket.terminate(),
    pause: () => socket.pause(),
  };
};
