// Takes whole text messages off a WebSocket's bytes before `ws` sees them, for the two media sockets: 50 small messages a second and call, each of which
// would otherwise go through a stream of its own. Everything else (handshake, control frames, fragments, faults, the close) stays with `ws`.
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Borrower, Lender } from './lent-reads.ts';
import { applyMask } from './text-frame.ts';

/** RFC 6455, 5.2: one whole message, of text, without extensions. */
const TEXT = 0x81;
/** Whole frames that may stand between whole messages and end nothing: binary, ping, pong. */
const PASSED = [0x82, 0x89, 0x8a];

/** Bytes of the head at `at`; Infinity while too few of them are there. */
const headBytes = (bytes: Buffer, at: number, stop: number): number => {
  if (stop - at < 2) return Infinity;
  const length = bytes[at + 1]! & 0x7f;
  return (length < 126 ? 2 : length === 126 ? 4 : 10) + (bytes[at + 1]! >= 0x80 ? 4 : 0);
};

/** Who takes plain messages where they lie. An object and no function: with a function comes a context, and each is memory that every frame has to fetch. */
export interface PlainTaker {
  /** Whether it took the message between the two: nothing that is not plain ASCII, which is why it is not looked at for UTF-8 before. */
  plain(bytes: Buffer, from: number, to: number): boolean;
  /** From here on `ws` reads. */
  givenBack?(): void;
}

/** A class: each frame of either side passes here, and what it asks of itself should lie in few places of memory. */
class TextTap implements Borrower {
  readonly #taker: PlainTaker | undefined;
  readonly #masked: boolean;
  readonly #mostBytes: number;
  /** The beginning of a frame whose rest has not come, and how long it is as far as one knows. */
  #heldBytes = 0;
  #wanted = 0;
  #held: Buffer[] = [];
  readonly #lender: Lender | undefined;
  readonly #text: (message: Buffer) => void;
  readonly #wire: Duplex;
  readonly #forWs: (chunk: Buffer) => void;
  readonly #ofStream = (chunk: Buffer): void => this.lent(chunk, chunk.length);

  constructor(wire: Duplex, forWs: (chunk: Buffer) => void, masked: boolean, mostBytes: number, text: (message: Buffer) => void, lender: Lender | undefined, taker: PlainTaker | undefined) {
    this.#taker = taker;
    this.#masked = masked;
    this.#mostBytes = mostBytes;
    this.#lender = lender;
    this.#text = text;
    this.#wire = wire;
    this.#forWs = forWs;
  }

  begin(): void {
    this.#wire.on('data', this.#ofStream);
    this.#wire.off('data', this.#forWs);
    if (this.#lender) this.#lender.to = this;
  }

  #kept(bytes: Buffer): Buffer {
    return this.#lender ? Buffer.from(bytes) : bytes;
  }

  #pass(bytes: Buffer): void {
    this.#forWs.call(this.#wire, this.#kept(bytes));
  }

  /** From anything on that a carrier or agent in good health does not send, `ws` reads all of it: what to make of it is its to judge. */
  #giveBack(bytes: Buffer): void {
    this.#wire.on('data', this.#forWs);
    this.#wire.off('data', this.#ofStream);
    if (this.#lender) this.#lender.to = undefined;
    this.#taker?.givenBack?.();
    this.#pass(bytes);
  }

  #hold(bytes: Buffer, frameBytes: number): void {
    this.#held.push(this.#kept(bytes));
    this.#heldBytes += bytes.length;
    this.#wanted = frameBytes;
  }

  /** The whole message between the two: who takes it. False for what `ws` has to judge. */
  #take(bytes: Buffer, from: number, to: number): boolean {
    if (this.#taker?.plain(bytes, from, to)) return true;
    const message = bytes.subarray(from, to);
    if (!isUtf8(message)) return false;
    this.#text(message);
    return true;
  }

  lent(chunk: Buffer, count: number): void {
    let bytes = chunk;
    let stop = count;
    if (this.#heldBytes > 0) {
      const arrived = chunk.subarray(0, count);
      if (this.#heldBytes + count < this.#wanted) return this.#hold(arrived, this.#wanted);
      bytes = Buffer.concat([...this.#held, arrived]);
      stop = bytes.length;
      this.#held = [];
      this.#heldBytes = 0;
    }
    const masked = this.#masked;
    let at = 0;
    while (at < stop) {
      const start = at + headBytes(bytes, at, stop);
      if (start > stop) return this.#hold(bytes.subarray(at, stop), 0);
      const first = bytes[at]!;
      const short = bytes[at + 1]! & 0x7f;
      const length = short < 126 ? short : short === 126 ? (bytes[at + 2]! << 8) | bytes[at + 3]! : Number(bytes.readBigUInt64BE(at + 2));
      const end = start + length;
      if ((first !== TEXT && !PASSED.includes(first)) || bytes[at + 1]! >= 0x80 !== masked || length > this.#mostBytes) return this.#giveBack(bytes.subarray(at, stop));
      if (end > stop) return this.#hold(bytes.subarray(at, stop), end - at);
      if (first === TEXT) {
        if (masked) applyMask(bytes, start, end);
        if (!this.#take(bytes, start, end)) {
          if (masked) applyMask(bytes, start, end);
          return this.#giveBack(bytes.subarray(at, stop));
        }
      } else this.#pass(bytes.subarray(at, end));
      at = end;
    }
  }
}

/**
 * `wire`: what an open WebSocket was made of; `masked`: whether the other side has to mask, because it is the client; `text` gets each message that is
 * at most so long and lies in one piece, as a view of what arrived. Other messages come out of `ws`, in their place among these. `lender`: where the
 * wire lends what it reads (lent-reads.ts): then a message is good until `text` returns. `taker` is shown each message first. `false`: it cannot be tapped, and `ws` reads.
 */
export const tapText = (
  wire: Duplex, masked: boolean, mostBytes: number, text: (message: Buffer) => void, lender?: Lender, taker?: PlainTaker,
): boolean => {
  const listeners = wire.listeners('data') as ((chunk: Buffer) => void)[];
  const forWs = listeners[0];
  // Without the one listener of `ws` there is nothing to take from: it then reads everything, as it would without us.
  if (!forWs || listeners.length !== 1) return false;
  new TextTap(wire, forWs, masked, mostBytes, text, lender, taker).begin();
  return true;
};
