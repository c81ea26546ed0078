// The carrier's WebSocket, when it ends at the relay itself: frames in and out, pings, limits, and a close that comes to its end. Used by server.ts.
import { WebSocket } from 'ws';
import type { StreamInput, Transport } from './ports.ts';

/** A peer that does not answer our close frame is cut off after this. */
const CLOSE_MS = 3000;
/** Pings without any sign of life before the socket counts as dead. */
const MOST_UNANSWERED = 3;

/** Joins a socket to its input. `pingMs`: see options.ts. */
export const directTransport = (socket: WebSocket, pingMs: number, inputFor: (transport: Transport) => StreamInput): void => {
  let cut: NodeJS.Timeout | undefined;
  let unanswered = 0;
  const close = (code: number, reason: string): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.close(code, reason.slice(0, 120));
    cut = setTimeout(() => socket.terminate(), CLOSE_MS);
  };
  const input = inputFor({
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, { binary: false });
    },
    close,
    get waitingBytes() {
      return socket.bufferedAmount;
    },
  });
  const ping = setInterval(() => {
    if (unanswered++ >= MOST_UNANSWERED) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  socket.on('pong', () => {
    unanswered = 0;
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    unanswered = 0;
    if (socket.readyState !== WebSocket.OPEN) return;
    // No carrier sends binary frames.
    if (isBinary) close(1003, 'text-only');
    else input.frame(data);
  });
  // What was wrong (too large: 1009, not UTF-8: 1007, not WebSocket: 1002) is in the close that follows.
  socket.on('error', () => {});
  socket.on('close', (code) => {
    clearInterval(ping);
    clearTimeout(cut);
    input.closed(code);
  });
};
