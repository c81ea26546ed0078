// A media stream: the carrier's WebSocket to the customer. Sends the caller's voice in chunks, plays what comes back, echoes marks.
import { type RawData, WebSocket } from 'ws';
import { SILENCE, toMulaw } from '#local/people/mulaw.ts';
import { tell } from './call.ts';
import type { Frame } from './heard.ts';
import { createPlayout, PIECE_BYTES } from './playout.ts';
import { complain, type Run } from './run.ts';
import { createWriter, type Received, readMessage } from './stream-messages.ts';
import { newReport, type StreamReport } from './stream-report.ts';
import type { StreamAddress } from './stream-url.ts';
import { createVoiceOut } from './voice-out.ts';

const HANDSHAKE_MS = 10_000;
/** One handshake more when the first fails. */
const HANDSHAKES = 2;
const CHUNK_MIN_BYTES = 3200;
/** Who sends a whole utterance at once hears greetings cut short on the real platform, and calls dropped after about 4 s. */
const DUMP_MS = 4000;
/** More than this unsent means that the customer does not read. About 20 s of chunks at 24 kHz. */
const UNSENT_MAX_BYTES = 1_000_000;
/** One stream lives for an hour at the most. */
const STREAM_MAX_MS = 3_600_000;
/** Story 15 breaks the socket after so many frames of the agent's voice. */
const DROP_AFTER_FRAMES = 60;

export type Stream = { closed: Promise<void>; stop: (reason: 'stopped' | 'callended') => void; report: StreamReport };

/** What the line's own ears make of 20 ms at any rate: every rate here is a multiple of theirs, and loudness is all that they judge. */
const forEars = ({ pcm, rateHz }: Frame): Uint8Array => Uint8Array.from({ length: 160 }, (_, i) => toMulaw(pcm[(i * rateHz) / 8000] ?? 0));

export const openStream = (run: Run, address: StreamAddress, bidirectional: boolean): Stream => {
  const { carrier, call, line } = run;
  const { settings } = carrier;
  const { rateHz } = address;
  const report = newReport(address, bidirectional);
  call.streams.push(report);
  const nowMs = (): number => line.heard.frames * 20;
  const write = createWriter(settings.dialect, { streamSid: report.sid, callSid: call.sid, accountSid: settings.accountSid, from: call.number, to: call.exophone });
  const warned = new Set<string>();
  const warn = (code: string, message: string): void => {
    if (!warned.has(code)) carrier.notices.note('warning', code, message, call.sid);
    warned.add(code);
  };
  const fail = (message: string): void => {
    report.endedBy ??= 'failure';
    complain(run, 'streaming-failed', message);
  };

  let socket: WebSocket;
  let stopping = false;
  const send = (text: string): void => { if (socket.readyState === WebSocket.OPEN) socket.send(text); };

  const playout = createPlayout(rateHz, (name) => {
    report.points.push({ atMs: nowMs(), event: 'mark echoed', name });
    send(write.mark(name));
  }, settings.marksAfterClear);
  let voiced = 0;
  let unlisten = (): void => {};
  const release = (): void => {
    unlisten();
    if (line.source === source) line.source = null;
  };
  const source = { take: () => {
    const frame = playout.take();
    call.offer(frame);
    if (frame.sent.length === 0) return { frame: SILENCE, audible: 0 };
    voiced += 1;
    if (call.story.socketDrops && !call.socketDropped && voiced >= DROP_AFTER_FRAMES) {
      call.socketDropped = true;
      socket.terminate();
      release();
    }
    return { frame: forEars(frame), audible: 160 };
  } };

  const sendVoice = createVoiceOut(rateHz, settings.chunkMs, (chunk, atMs, audio) => {
    if (socket.bufferedAmount > UNSENT_MAX_BYTES) {
      report.chunksDiscarded += 1;
      warn('slow-reader', 'the customer reads too slowly: voice is discarded');
      return;
    }
    report.chunksSent += 1;
    send(write.media(chunk, atMs, audio));
  });

  const play = (audio: Uint8Array): void => {
    if (audio.length < CHUNK_MIN_BYTES) {
      warn('chunk-too-small', `a chunk of ${audio.length} bytes: ${CHUNK_MIN_BYTES} are the least`);
      if (settings.shortChunks === 'drop') {
        report.messagesRefused += 1;
        return;
      }
    }
    if (audio.length % PIECE_BYTES !== 0) {
      report.gaps += 1;
      warn('odd-chunk', `a chunk of ${audio.length} bytes is no multiple of ${PIECE_BYTES}: the caller hears a gap`);
    }
    report.bytesReceived += audio.length;
    playout.add(audio);
    report.maxBufferedMs = Math.max(report.maxBufferedMs, playout.bufferedMs);
    if (playout.bufferedMs > DUMP_MS) warn('ahead-of-time', `more than ${DUMP_MS} ms of sound are waiting: send it about as fast as it is heard`);
  };

  const act = (message: Received): void => {
    if (message.event === 'media') play(message.audio);
    else if (message.event === 'mark') {
      report.points.push({ atMs: nowMs(), event: 'mark', name: message.name });
      playout.mark(message.name);
    } else {
      report.points.push({ atMs: nowMs(), event: 'clear', name: null });
      playout.clear();
    }
  };

  const receive = (data: RawData, binary: boolean): void => {
    if (report.endedBy === 'carrier') return;
    report.messagesReceived += 1;
    const message = binary ? { refused: 'binary-frame', why: 'a binary frame' }
      : bidirectional ? readMessage((data as Buffer).toString('utf8'), report.sid) : { refused: 'one-way', why: 'a Stream applet takes no messages' };
    if ('refused' in message) {
      report.messagesRefused += 1;
      warn(message.refused, `ignored: ${message.why}`);
      return;
    }
    if (message.unknown.length > 0) warn('unknown-field', `a field that no documentation knows: ${message.unknown.join(', ')}`);
    act(message);
  };

  const opened = (): void => {
    report.startedMs = nowMs();
    tell(carrier, call, 'stream started', { streamSid: report.sid });
    send(write.connected());
    send(write.start(rateHz, address.parameters));
    if (bidirectional) line.source = source;
    unlisten = line.listen({ frame: sendVoice, digit: (digit) => { if (bidirectional) send(write.dtmf(digit)); } });
  };

  let resolveClosed = (): void => {};
  const closed = new Promise<void>((resolve) => { resolveClosed = resolve; });
  const connect = (): void => {
    report.handshakes += 1;
    let why = 'the handshake failed';
    socket = new WebSocket(address.url, { perMessageDeflate: false, followRedirects: false, handshakeTimeout: HANDSHAKE_MS });
    socket.on('open', opened);
    socket.on('message', receive);
    socket.on('unexpected-response', (request, response) => {
      why = `the handshake was answered with ${response.statusCode ?? 0}`;
      request.destroy();
      socket.terminate();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => { if (!why.includes('answered')) why = `${report.startedMs === null ? 'the handshake failed' : 'the connection broke'} (${error.code ?? error.message})`; });
    socket.on('close', (code) => {
      if (report.startedMs === null && !stopping && report.handshakes < HANDSHAKES) {
        connect();
        return;
      }
      release();
      cancelLimit();
      report.closeCode = code;
      report.endedMs = nowMs();
      if (report.startedMs === null || code === 1006) {
        if (!report.endedBy) fail(report.startedMs === null ? why : 'the connection broke');
      } else report.endedBy ??= 'bot';
      tell(carrier, call, 'stream ended', { streamSid: report.sid, by: report.endedBy, code });
      resolveClosed();
    });
  };

  const stop: Stream['stop'] = (reason) => {
    stopping = true;
    if (report.endedBy) return;
    report.endedBy = 'carrier';
    release();
    send(write.stop(reason));
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    const cancel = settings.clock.after(2000, () => socket.terminate());
    void closed.then(cancel);
    if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
  };
  const cancelLimit = settings.clock.after(STREAM_MAX_MS, () => stop('stopped'));
  connect();
  return { closed, stop, report };
};
