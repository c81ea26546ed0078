// A media stream: the carrier's WebSocket to the customer. Sends the call's audio every 20 ms, plays what comes back, echoes marks.
import { type RawData, WebSocket } from 'ws';
import { deliver } from './callbacks.ts';
import { newSid, runs, tell } from './call.ts';
import { createPlayout } from '#local/people/playout.ts';
import type { Run } from './run.ts';
import { sign, signedUrl } from './signature.ts';
import { connectedMessage, dtmfMessage, markMessage, mediaMessage, readOutbound, startMessage, stopMessage } from './stream-messages.ts';
import { socketFailure } from './stream-errors.ts';

export type StreamSpec = {
  url: string;
  name: string | null;
  parameters: Record<string, string>;
  tracks: readonly ('inbound' | 'outbound')[];
  bidirectional: boolean;
  callback: { url: string; method: string } | null;
};

/** What can be read about a stream afterwards; times are milliseconds of the line. */
export type StreamReport = {
  sid: string;
  name: string;
  url: string;
  bidirectional: boolean;
  startedMs: number | null;
  endedMs: number | null;
  endedBy: 'carrier' | 'customer' | 'failure' | null;
  closeCode: number | null;
  framesSent: number;
  framesDiscarded: number;
  bytesReceived: number;
  messagesReceived: number;
  messagesRefused: number;
  maxBufferedBytes: number;
  /** Marks and clears in the order they happened. */
  points: { atMs: number; event: 'mark' | 'mark echoed' | 'clear'; name: string | null }[];
};

const HANDSHAKE_MS = 10_000;
/** More than this unsent means that the customer does not read: audio is discarded (31930). About a minute of frames. */
const UNSENT_MAX_BYTES = 1_000_000;
/** Story 15 breaks the socket after so many frames of the agent's voice. */
const DROP_AFTER_FRAMES = 60;

export type Stream = { closed: Promise<void>; stop: () => void; report: StreamReport };

export const openStream = (run: Run, spec: StreamSpec): Stream => {
  const { carrier, call, line } = run;
  const { settings } = carrier;
  const sid = newSid('MZ');
  const ids = { accountSid: settings.accountSid, callSid: call.sid, streamSid: sid };
  const report: StreamReport = {
    sid, name: spec.name ?? sid, url: spec.url, bidirectional: spec.bidirectional, startedMs: null, endedMs: null, endedBy: null, closeCode: null,
    framesSent: 0, framesDiscarded: 0, bytesReceived: 0, messagesReceived: 0, messagesRefused: 0, maxBufferedBytes: 0, points: [],
  };
  call.streams.push(report);
  const nowMs = (): number => line.heard.frames * 20;
  let sequence = 0;
  let chunk = 0;
  let audibleFrames = 0;
  const warned = { 31_950: false, 31_951: false, 31_930: false };
  const next = (): number => { sequence += 1; return sequence; };

  const note = (level: 'warning' | 'error', code: number, message: string): void =>
    carrier.debugger.note(level, code, message, { callSid: call.sid, url: spec.url });
  const event = (name: 'stream-started' | 'stream-stopped' | 'stream-error', error?: string): void => {
    tell(carrier, call, name, error ?? null);
    if (!spec.callback) return;
    runs(carrier, deliver(carrier, call, name, { ...spec.callback, params: {
      AccountSid: settings.accountSid, CallSid: call.sid, StreamSid: sid, StreamName: report.name, StreamEvent: name,
      ...(error === undefined ? {} : { StreamError: error }), Timestamp: settings.clock.date().toISOString() } }), call);
  };
  const fail = (code: number, message: string): void => {
    report.endedBy ??= 'failure';
    note('error', code, message);
    event('stream-error', `${code} ${message}`);
  };

  const socket = new WebSocket(spec.url, {
    perMessageDeflate: false, followRedirects: false, handshakeTimeout: HANDSHAKE_MS,
    headers: { 'user-agent': 'Twilio.TmeWs/1.0', 'accept-encoding': 'gzip',
      'x-twilio-signature': sign(settings.authToken, signedUrl(spec.url) + (settings.handshakeSlash ? '/' : '')) },
  });
  const send = (text: string): void => { if (socket.readyState === WebSocket.OPEN) socket.send(text); };

  const playout = createPlayout((name) => {
    report.points.push({ atMs: nowMs(), event: 'mark echoed', name });
    send(markMessage(next(), sid, name));
  });
  const source = { take: () => {
    const taken = playout.take();
    if (taken.audible > 0) audibleFrames += 1;
    if (call.story.socketDrops && !call.socketDropped && audibleFrames >= DROP_AFTER_FRAMES) {
      call.socketDropped = true;
      socket.terminate();
    }
    return taken;
  } };

  const sendFrame = (track: 'inbound' | 'outbound', frame: Uint8Array): void => {
    if (socket.bufferedAmount > UNSENT_MAX_BYTES) {
      report.framesDiscarded += 1;
      if (!warned[31_930]) note('error', 31_930, 'Media - Buffer Overflow: the customer reads too slowly, audio is discarded');
      warned[31_930] = true;
      return;
    }
    report.framesSent += 1;
    send(mediaMessage(next(), sid, track, chunk, (chunk - 1) * 20, frame));
  };

  const receive = (data: RawData, binary: boolean): void => {
    if (report.endedBy === 'carrier') return;
    report.messagesReceived += 1;
    if (!spec.bidirectional) {
      fail(31_924, 'a unidirectional stream takes no messages');
      socket.terminate();
      return;
    }
    const message = binary ? { code: 31_950 as const, why: 'a binary frame' } : readOutbound((data as Buffer).toString('utf8'), sid);
    if ('code' in message) {
      report.messagesRefused += 1;
      if (!warned[message.code]) note('warning', message.code, `Stream - ignored: ${message.why}`);
      warned[message.code] = true;
    } else if (message.event === 'media') {
      report.bytesReceived += message.audio.length;
      playout.add(message.audio);
      report.maxBufferedBytes = Math.max(report.maxBufferedBytes, playout.buffered);
    } else if (message.event === 'mark') {
      report.points.push({ atMs: nowMs(), event: 'mark', name: message.name });
      playout.mark(message.name);
    } else {
      report.points.push({ atMs: nowMs(), event: 'clear', name: null });
      playout.clear();
    }
  };

  let unlisten = (): void => {};
  socket.on('open', () => {
    if (report.endedBy) {
      socket.terminate();
      return;
    }
    report.startedMs = nowMs();
    send(connectedMessage());
    send(startMessage(next(), ids, spec.tracks, spec.parameters));
    event('stream-started');
    if (spec.bidirectional) line.source = source;
    unlisten = line.listen({
      frame: (said, heard) => {
        chunk += 1;
        for (const track of spec.tracks) sendFrame(track, track === 'inbound' ? said : heard);
      },
      digit: (digit) => { if (spec.bidirectional) send(dtmfMessage(next(), sid, digit)); },
    });
  });
  socket.on('message', receive);
  socket.on('unexpected-response', (request, response) => {
    fail(31_920, `Stream - WebSocket handshake was answered with ${response.statusCode ?? 0}`);
    request.destroy();
    socket.terminate();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (report.endedBy) return;
    const { code, message } = socketFailure(error, report.startedMs !== null);
    fail(code, message);
  });

  const closed = new Promise<void>((resolve) => {
    socket.on('close', (code, reason) => {
      unlisten();
      if (line.source === source) line.source = null;
      report.closeCode = code;
      report.endedMs = nowMs();
      if (!report.endedBy && code === 1006) fail(31_903, 'Stream - the connection broke');
      else if (!report.endedBy) {
        report.endedBy = 'customer';
        note('warning', 31_921, `Stream - closed by the customer's server with ${code} ${reason.toString('utf8')}`.trimEnd());
      }
      if (report.startedMs !== null) event('stream-stopped');
      resolve();
    });
  });
  const stop = (): void => {
    if (report.endedBy) return;
    report.endedBy = 'carrier';
    unlisten();
    if (line.source === source) line.source = null;
    send(stopMessage(next(), ids));
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    const cancel = settings.clock.after(2000, () => socket.terminate());
    void closed.then(cancel);
    if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
  };
  return { closed, stop, report };
};
