// Takes whole text messages off a WebSocket's bytes before `ws` sees them, for the two media sockets: 50 small messages a second and call, each of which
// would otherwise go through a stream of its own. Everything else (handshake, control frames, fragments, faults, the close) stays with `ws`.
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Lender } from './lent-reads.ts';
import { applyMask } from './text-frame.ts';

/** RFC 6455, 5.2: one whole message, of text, without extensions. */
const TEXT = 0x81;
/** Whole frames that may stand between whole messages and end nothing: binary, ping, pong. */
const PASSED = [0x82, 0x89, 0x8a];

/** Bytes of the head at `at`; Infinity while too few of them are there. */
const headBytes = (bytes: Buffer, at: number): number => {
  if (bytes.length - at < 2) return Infinity;
  const length = bytes[at + 1]! & 0x7f;
  return (length < 126 ? 2 : length === 126 ? 4 : 10) + (bytes[at + 1]! >= 0x80 ? 4 : 0);
};

/**
 * `wire`: what an open WebSocket was made of; `masked`: whether the other side has to mask, because it is the client; `text` gets each message that is
 * at most so long and lies in one piece, as a view of what arrived. Other messages come out of `ws`, in their place among these. `lender`: where the
 * wire lends what it reads (lent-reads.ts): then a message is good until `text` returns.
 */
export const tapText = (wire: Duplex, masked: boolean, mostBytes: number, text: (message: Buffer) => void, lender?: Lender): void => {
  const listeners = wire.listeners('data') as ((chunk: Buffer) => void)[];
  const forWs = listeners[0];
  // Without the one listener of `ws` there is nothing to take from: it then reads everything, as it would without us.
  if (!forWs || listeners.length !== 1) return;
  /** The beginning of a frame whose rest has not come, and how long it is as far as one knows. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let wanted = 0;
  const kept = (bytes: Buffer): Buffer => (lender ? Buffer.from(bytes) : bytes);
  const pass = (bytes: Buffer): void => forWs.call(wire, kept(bytes));
  /** From anything on that a carrier or agent in good health does not send, `ws` reads all of it: what to make of it is its to judge. */
  const giveBack = (bytes: Buffer): void => {
    wire.on('data', forWs);
    wire.off('data', read);
    if (lender) lender.to = undefined;
    pass(bytes);
  };
  const hold = (bytes: Buffer, frameBytes: number): void => {
    held.push(kept(bytes));
    heldBytes += bytes.length;
    wanted = frameBytes;
  };

  const read = (chunk: Buffer): void => {
    let bytes = chunk;
    if (heldBytes > 0) {
      if (heldBytes + chunk.length < wanted) return hold(chunk, wanted);
      bytes = Buffer.concat([...held, chunk]);
      held = [];
      heldBytes = 0;
    }
    let at = 0;
    while (at < bytes.length) {
      const start = at + headBytes(bytes, at);
      if (start > bytes.length) return hold(bytes.subarray(at), 0);
      const first = bytes[at]!;
      const short = bytes[at + 1]! & 0x7f;
      const length = short < 126 ? short : short === 126 ? (bytes[at + 2]! << 8) | bytes[at + 3]! : Number(bytes.readBigUInt64BE(at + 2));
      const end = start + length;
      if ((first !== TEXT && !PASSED.includes(first)) || bytes[at + 1]! >= 0x80 !== masked || length > mostBytes) return giveBack(bytes.subarray(at));
      if (end > bytes.length) return hold(bytes.subarray(at), end - at);
      if (first === TEXT) {
        if (masked) applyMask(bytes, start, end);
        const message = bytes.subarray(start, end);
        if (!isUtf8(message)) {
          if (masked) applyMask(bytes, start, end);
          return giveBack(bytes.subarray(at));
        }
        text(message);
      } else pass(bytes.subarray(at, end));
      at = end;
    }
  };
  wire.on('data', read);
  wire.off('data', forWs);
  if (lender) lender.to = read;
};
