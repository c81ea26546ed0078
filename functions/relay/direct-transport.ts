// The carrier's WebSocket, when it ends at the relay itself: frames in and out, pings, limits, and a close that comes to its end. Used by server.ts.
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Lender } from '#house/lent-reads.ts';
import { textFrame } from '#house/text-frame.ts';
import { tapText } from '#house/text-tap.ts';
import type { StreamInput, Transport } from './ports.ts';

/** A peer that does not answer our close frame is cut off after this. */
const CLOSE_MS = 3000;
/** Pings without any sign of life before the socket counts as dead. */
const MOST_UNANSWERED = 3;

/** What a WebSocket is made of: audio is written there in one piece. */
export interface Line {
  wire: Duplex;
  /** Where the wire lends what it reads. */
  lender?: Lender | undefined;
  /** Of one frame. */
  mostBytes: number;
}

/** Joins a socket to its input. `pingMs`: see options.ts. */
export const directTransport = (socket: WebSocket, { wire, lender, mostBytes }: Line, pingMs: number, inputFor: (transport: Transport) => StreamInput): void => {
  let cut: NodeJS.Timeout | undefined;
  let unanswered = 0;
  const close = (code: number, reason: string): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.close(code, reason.slice(0, 120));
    cut = setTimeout(() => socket.terminate(), CLOSE_MS);
  };
  const input = inputFor({
    send: (frame) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (typeof frame === 'string') socket.send(frame);
      else wire.write(textFrame(frame));
    },
    close,
    waitingBytes: () => wire.writableLength,
  });
  const ping = setInterval(() => {
    if (unanswered++ >= MOST_UNANSWERED) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  socket.on('pong', () => {
    unanswered = 0;
  });
  const hear = (text: Buffer): void => {
    unanswered = 0;
    if (socket.readyState === WebSocket.OPEN) input.frame(text);
  };
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    // No carrier sends binary frames.
    if (isBinary) close(1003, 'text-only');
    else hear(data);
  });
  tapText(wire, true, mostBytes, hear, lender);
  // What was wrong (too large: 1009, not UTF-8: 1007, not WebSocket: 1002) is in the close that follows.
  socket.on('error', () => {});
  socket.on('close', (code) => {
    clearInterval(ping);
    clearTimeout(cut);
    input.closed(code);
  });
};
