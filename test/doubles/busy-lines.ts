// Many callers at once who never stop talking, in either carrier's accent, cheap enough for fifty of them: each is one socket, all share one
// timer. A line plays what it is sent in real time, and keeps no audio but the order in which it came.
import { WebSocket } from 'ws';
import { callerFrame, readPieces } from './marked-audio.ts';

export type Accent = 'twilio' | 'exotel';

export interface BusyLine {
  readonly accent: Accent;
  readonly callSid: string;
  /** When the first audio of each conversation came, by a clock that never goes back. */
  readonly heard: { conversation: number; at: number }[];
  /** When agent audio came last. */
  readonly heardAt: number;
  /** The longest time without any agent audio, from then until now. */
  silenceSince(then: number): number;
  /** What a caller should not have heard: pieces twice, out of order, or of an agent that was replaced. */
  readonly faults: string[];
  /** Pieces of conversations that were never sent, though later ones of the same conversation were. */
  readonly missing: number;
  /** Bytes that no agent said: recorded sentences. */
  readonly foreign: number;
  /** Messages that API Gateway sends when a relay did not take a frame. */
  readonly failures: number;
  readonly closed: { at: number; code: number } | undefined;
  hangUp(): void;
  cut(): void;
}

export interface BusyLines {
  readonly all: readonly BusyLine[];
  /** Rejects when the handshake is refused. */
  call(of: { accent: Accent; callSid: string; ticket: string; accountSid?: string }): Promise<BusyLine>;
  stop(): void;
}

const TICK_MS = 20;
/** After a pause of this process no more than so much is made up for. */
const MOST_FRAMES_A_TICK = 10;
const accents = {
  twilio: { frameMs: 20, bytesPerMs: 8, pieceBytes: 160 },
  exotel: { frameMs: 100, bytesPerMs: 16, pieceBytes: 320 },
} as const;
const BYTES_PER_PIECE_MS = 20;

interface Frame { event?: string; media?: { payload: string }; mark?: { name: string }; message?: string }

interface Line extends BusyLine { tick(now: number): void }

const open = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return socket;
};

const line = (socket: WebSocket, accent: Accent, callSid: string, ticket: string, accountSid: string, leastFrameMs: number): Line => {
  const { bytesPerMs, pieceBytes } = accents[accent];
  const frameMs = Math.max(accents[accent].frameMs, leastFrameMs);
  const frameBytes = frameMs * bytesPerMs;
  const streamSid = `MZ${callSid.slice(2)}`;
  const heard: BusyLine['heard'] = [];
  const faults: string[] = [];
  const arrivals: number[] = [];
  let [missing, foreign, failures] = [0, 0, 0];
  let last: { conversation: number; number: number } | undefined;
  let closed: BusyLine['closed'];
  let marks: { name: string; due: number }[] = [];
  let playsUntil = 0;
  let sequence = 0;
  let frames = 0;
  const began = performance.now();

  const send = (text: string): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  };
  /** Twilio's names and Exotel's, of which the second are used by real bots in either way. */
  const numbered = (event: string, rest: string): string => (accent === 'twilio'
    ? `{"event":"${event}","sequenceNumber":"${++sequence}",${rest},"streamSid":"${streamSid}"}`
    : `{"event":"${event}","sequence_number":"${++sequence}",${rest},"stream_sid":"${streamSid}"}`);
  const echo = (name: string): void => send(numbered('mark', `"mark":{"name":${JSON.stringify(name)}}`));
  const hear = (conversation: number, number: number, at: number): void => {
    if (arrivals.at(-1) !== at) arrivals.push(at);
    if (last?.conversation === conversation) {
      if (number <= last.number) faults.push(`piece ${number} of conversation ${conversation} is heard after piece ${last.number}`);
      else missing += number - last.number - 1;
    } else if (heard.some((one) => one.conversation === conversation)) faults.push(`conversation ${conversation} is heard again after conversation ${last?.conversation}`);
    else heard.push({ conversation, at });
    last = { conversation, number };
  };
  socket.on('message', (data: Buffer) => {
    const now = performance.now();
    const frame = JSON.parse(data.toString()) as Frame;
    if (frame.media) {
      const bytes = Buffer.from(frame.media.payload, 'base64');
      playsUntil = Math.max(playsUntil, now) + (bytes.length / pieceBytes) * BYTES_PER_PIECE_MS;
      foreign += readPieces(bytes, pieceBytes, (conversation, number) => hear(conversation, number, now));
    } else if (frame.mark) marks.push({ name: frame.mark.name, due: playsUntil });
    else if (frame.event === 'clear') {
      playsUntil = now;
      for (const { name } of marks.splice(0)) echo(name);
    } else if (frame.message !== undefined) failures++;
  });
  socket.on('close', (code) => { closed = { at: performance.now(), code }; });

  send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  const parameters = JSON.stringify({ ticket });
  send(numbered('start', accent === 'twilio'
    ? `"start":{"accountSid":"${accountSid}","streamSid":"${streamSid}","callSid":"${callSid}","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":${parameters}}`
    : `"start":{"stream_sid":"${streamSid}","call_sid":"${callSid}","account_sid":"${accountSid}","from":"09876543210","to":"08047112233","custom_parameters":${parameters},"media_format":{"encoding":"base64","sample_rate":"8000","bit_rate":"128kbps"}}`));

  return {
    accent, callSid, heard, faults,
    tick: (now) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      const due = Math.min(Math.floor((now - began) / frameMs), frames + MOST_FRAMES_A_TICK);
      while (frames < due) {
        const number = ++frames;
        send(numbered('media', `"media":{"track":"inbound","chunk":"${number}","timestamp":"${number * frameMs}","payload":"${callerFrame(number, frameBytes)}"}`));
      }
      if (marks.length === 0 || marks[0]!.due > now) return;
      const reached = marks.filter((mark) => mark.due <= now);
      marks = marks.filter((mark) => mark.due > now);
      for (const { name } of reached) echo(name);
    },
    get heardAt() { return arrivals.at(-1) ?? -Infinity; },
    silenceSince: (then) => {
      const times = [then, ...arrivals.filter((at) => at > then), performance.now()];
      return Math.max(...times.slice(1).map((at, i) => at - times[i]!));
    },
    get missing() { return missing; },
    get foreign() { return foreign; },
    get failures() { return failures; },
    get closed() { return closed; },
    hangUp: () => {
      send(numbered('stop', accent === 'twilio' ? `"stop":{"accountSid":"${accountSid}","callSid":"${callSid}"}` : `"stop":{"call_sid":"${callSid}","account_sid":"${accountSid}","reason":"callended"}`));
      socket.close(1000);
    },
    cut: () => socket.terminate(),
  };
};

/**
 * `url`: where carriers connect; `ws://…` of a relay or of the gateway. Each frame costs some system calls in each process that it goes
 * through: where those are dear, `leastFrameMs` makes longer ones than the carrier would.
 */
export const busyLines = (url: string, leastFrameMs = 0): BusyLines => {
  const all: Line[] = [];
  const ticking = setInterval(() => {
    const now = performance.now();
    for (const one of all) one.tick(now);
  }, TICK_MS);
  return {
    all,
    call: async ({ accent, callSid, ticket, accountSid = 'AC1' }) => {
      const made = line(await open(url), accent, callSid, ticket, accountSid, leastFrameMs);
      all.push(made);
      return made;
    },
    stop: () => {
      clearInterval(ticking);
      for (const one of all) one.cut();
    },
  };
};
