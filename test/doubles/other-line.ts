// The telephone end of a media stream in another fake Twilio: sends the caller's audio, plays what comes back in real time, echoes marks.
// From "Media Streams: WebSocket messages"; it refuses to understand anything that is not written there.
import { WebSocket } from 'ws';

export interface LineOptions {
  url: string;
  accountSid: string;
  callSid: string;
  streamSid: string;
  parameters: Record<string, string>;
  headers?: Record<string, string>;
  /** Sizes of the caller's frames in bytes, in turn. Real ones have 160; nobody promises it. */
  frames?: number[];
  /** Marks come back so much later than they are due; Infinity: never. */
  markLateMs?: number;
  /** Leaves sequenceNumber, chunk and timestamp out of media frames. */
  bare?: boolean;
  /** Told when the caller hangs up. */
  hangingUp?: () => void;
}

export interface Line {
  readonly streamSid: string;
  /** Resolves when the handshake is done; rejects when it was refused. */
  opened: Promise<void>;
  closed: Promise<{ code: number; at: number }>;
  /** Bytes that the caller speaks from now on; silence before and after. */
  say(mulaw: Buffer): void;
  /** Everything that was sent to the product as caller audio, silence included. */
  readonly spoken: Buffer;
  /** What has come out of the caller's loudspeaker by now. */
  heard(): Buffer;
  /** What came in, heard or not. */
  received(): Buffer;
  readonly clears: number[];
  readonly firstAudioAt: number | undefined;
  readonly startedAt: number;
  /** Messages that real Twilio would warn about (31951, 31950). */
  readonly faults: string[];
  readonly open: boolean;
  readonly closeCode: number | undefined;
  send(frame: unknown): void;
  press(digit: string): void;
  /** The caller hangs up: `stop`, then the socket closes. */
  hangUp(): void;
  /** The network breaks. */
  tear(): void;
}

interface Chunk { bytes: Buffer; from: number }

export const openLine = (options: LineOptions): Line => {
  const { streamSid, callSid, accountSid, frames = [160], markLateMs = 5 } = options;
  const ws = new WebSocket(options.url, { perMessageDeflate: false, headers: options.headers ?? {} });
  const chunks: Chunk[] = [];
  const clears: number[] = [];
  const faults: string[] = [];
  const spoken: Buffer[] = [];
  const arrived: Buffer[] = [];
  let said: Buffer = Buffer.alloc(0);
  let playsUntil = 0;
  let cutAt = Infinity;
  let closeCode: number | undefined;
  let firstAudioAt: number | undefined;
  let startedAt = 0;
  let sequence = 1;
  let pending: { name: string; timer: NodeJS.Timeout | undefined }[] = [];
  let ticking: NodeJS.Timeout | undefined;

  const send = (frame: unknown): void => {
    if (ws.readyState === WebSocket.OPEN) ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  };
  const numbered = (frame: Record<string, unknown>): void => send({ ...frame, sequenceNumber: String(++sequence), streamSid });
  const partHeard = ({ bytes, from }: Chunk, until: number): Buffer => bytes.subarray(0, Math.min(bytes.length, Math.max(0, Math.floor((until - from) * 8))));
  const heard = (): Buffer => Buffer.concat(chunks.map((chunk) => partHeard(chunk, Math.min(cutAt, performance.now()))));

  const echo = (name: string): void => {
    pending = pending.filter((mark) => mark.name !== name);
    numbered({ event: 'mark', mark: { name } });
  };
  const take = (message: Record<string, unknown>): void => {
    const now = performance.now();
    const keys = Object.keys(message).sort().join();
    if (message['streamSid'] !== streamSid) return void faults.push(`streamSid ${String(message['streamSid'])}`);
    if (message['event'] === 'media' && keys === 'event,media,streamSid') {
      const media = message['media'] as { payload?: unknown };
      if (Object.keys(media).join() !== 'payload' || typeof media.payload !== 'string') return void faults.push('media');
      const bytes = Buffer.from(media.payload, 'base64');
      if (bytes.toString('base64') !== media.payload) return void faults.push('base64');
      firstAudioAt ??= now;
      const from = Math.max(now, playsUntil);
      chunks.push({ bytes, from });
      arrived.push(bytes);
      playsUntil = from + bytes.length / 8;
    } else if (message['event'] === 'mark' && keys === 'event,mark,streamSid') {
      const { name } = message['mark'] as { name: string };
      const wait = Math.max(0, playsUntil - now) + markLateMs;
      pending.push({ name, timer: wait === Infinity ? undefined : setTimeout(() => echo(name), wait) });
    } else if (message['event'] === 'clear' && keys === 'event,streamSid') {
      clears.push(now);
      for (const chunk of chunks) chunk.bytes = partHeard(chunk, now);
      playsUntil = now;
      for (const { name, timer } of pending.slice()) {
        clearTimeout(timer);
        echo(name);
      }
    } else faults.push(JSON.stringify(message).slice(0, 100));
  };

  /** Frames leave in real time, whatever their sizes: each tick sends what is due. */
  const tick = (): void => {
    let sent = 0;
    let turn = 0;
    const began = performance.now();
    ticking = setInterval(() => {
      while (sent / 8 <= performance.now() - began) {
        const size = frames[turn % frames.length]!;
        const part = Buffer.alloc(size, 0xff);
        said.copy(part, 0, 0, size);
        said = said.subarray(size);
        spoken.push(part);
        const media = { track: 'inbound', chunk: String(++turn), timestamp: String(Math.floor(sent / 8)), payload: part.toString('base64') };
        if (options.bare) send({ event: 'media', media: { payload: media.payload }, streamSid });
        else numbered({ event: 'media', media });
        sent += size;
      }
    }, 20);
  };

  ws.on('message', (data: Buffer, binary: boolean) => {
    if (binary) faults.push('binary');
    else take(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  const opened = new Promise<void>((resolve, reject) => {
    ws.once('open', () => {
      send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
      startedAt = performance.now();
      send({
        event: 'start', sequenceNumber: '1', streamSid,
        start: { accountSid, streamSid, callSid, tracks: ['inbound'], mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters: options.parameters },
      });
      tick();
      resolve();
    });
    ws.once('error', reject);
  });
  opened.catch(() => {});
  const closed = new Promise<{ code: number; at: number }>((resolve) => {
    ws.once('close', (code) => {
      clearInterval(ticking);
      for (const { timer } of pending) clearTimeout(timer);
      cutAt = Math.min(cutAt, performance.now());
      closeCode = code;
      resolve({ code, at: cutAt });
    });
  });
  return {
    streamSid, opened, closed, clears, faults, send, heard,
    say: (mulaw) => { said = Buffer.concat([said, mulaw]); },
    get spoken() { return Buffer.concat(spoken); },
    received: () => Buffer.concat(arrived),
    get firstAudioAt() { return firstAudioAt; },
    get startedAt() { return startedAt; },
    get closeCode() { return closeCode; },
    get open() { return ws.readyState === WebSocket.OPEN; },
    press: (digit) => numbered({ event: 'dtmf', dtmf: { track: 'inbound_track', digit } }),
    hangUp: () => {
      options.hangingUp?.();
      numbered({ event: 'stop', stop: { accountSid, callSid } });
      cutAt = Math.min(cutAt, performance.now());
      ws.close(1000);
    },
    tear: () => ws.terminate(),
  };
};
