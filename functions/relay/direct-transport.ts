// The carrier's WebSocket, when it ends at the relay itself: frames in and out, pings, limits, and a close that comes to its end. Used by server.ts.
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Lender } from '#house/lent-reads.ts';
import { takesAtOnce, writeText } from '#house/text-frame.ts';
import { tapText, type PlainTaker } from '#house/text-tap.ts';
import type { StreamInput, Transport } from './ports.ts';

/** A peer that does not answer our close frame is cut off after this. */
const CLOSE_MS = 3000;
/** Pings without any sign of life before the socket counts as dead. */
const MOST_UNANSWERED = 3;

const NOTHING = Buffer.alloc(0);

/** What a WebSocket is made of: frames are written there in one piece. */
export interface Line {
  wire: Socket;
  /** Where the wire lends what it reads. */
  lender?: Lender | undefined;
  /** Of one frame. */
  mostBytes: number;
}

/** A class: each frame passes here, both ways. */
class DirectTransport implements Transport, PlainTaker {
  readonly #socket: WebSocket;
  readonly #wire: Socket;
  readonly #atOnce: boolean;
  #closing = false;
  #cut: NodeJS.Timeout | undefined = undefined;
  #input: StreamInput | undefined = undefined;

  constructor(socket: WebSocket, wire: Socket) {
    this.#socket = socket;
    this.#wire = wire;
    this.#atOnce = takesAtOnce(wire);
  }

  joined(input: StreamInput): void {
    this.#input = input;
  }

  /** Not asked of the WebSocket itself, but of what is written to: that ends as soon as the other side's close was answered. */
  #open(): boolean {
    return !this.#closing && this.#wire.writable;
  }

  send(text: string): void {
    if (this.#open()) writeText(this.#wire, this.#atOnce, false, NOTHING, Buffer.from(text), NOTHING);
  }

  sendParts(before: Buffer, text: Buffer, after: Buffer): void {
    if (this.#open()) writeText(this.#wire, this.#atOnce, false, before, text, after);
  }

  plain(bytes: Buffer, from: number, to: number): boolean {
    return !this.#closing && this.#input?.plain !== undefined && this.#input.plain(bytes, from, to);
  }

  hear(text: Buffer): void {
    if (!this.#closing) this.#input?.frame(text);
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#closing = true;
    this.#socket.close(code, reason.slice(0, 120));
    this.#cut = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
  }

  waitingBytes(): number {
    return this.#wire.writableLength;
  }

  closed(): void {
    clearTimeout(this.#cut);
  }
}

/** Joins a socket to its input. `pingMs`: see options.ts. */
export const directTransport = (socket: WebSocket, { wire, lender, mostBytes }: Line, pingMs: number, inputFor: (transport: Transport) => StreamInput): void => {
  let unanswered = 0;
  let bytesRead = wire.bytesRead;
  const transport = new DirectTransport(socket, wire);
  const input = inputFor(transport);
  transport.joined(input);
  const ping = setInterval(() => {
    // Whatever came is a sign of life, not only a pong.
    if (wire.bytesRead !== bytesRead) unanswered = 0;
    bytesRead = wire.bytesRead;
    if (unanswered++ >= MOST_UNANSWERED) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  socket.on('pong', () => {
    unanswered = 0;
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    // No carrier sends binary frames.
    if (isBinary) transport.close(1003, 'text-only');
    else transport.hear(data);
  });
  tapText(wire, true, mostBytes, (text) => transport.hear(text), lender, transport);
  // What was wrong (too large: 1009, not UTF-8: 1007, not WebSocket: 1002) is in the close that follows.
  socket.on('error', () => {});
  socket.on('close', (code) => {
    clearInterval(ping);
    transport.closed();
    input.closed(code);
  });
};
