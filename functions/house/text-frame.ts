// A WebSocket text frame in one piece, for audio only: written to the socket beside `ws`, which owns it and sends everything else. `ws` writes a head and
// a payload, two pieces that are gathered again further down, and copies once more where it masks. Used by the two media sockets.
import { randomFillSync } from 'node:crypto';

/** RFC 6455, 5.2: one whole message, of text. */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;

const headOf = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);
const putHead = (into: Buffer, length: number, masked: number): void => {
  into[0] = WHOLE_TEXT;
  if (length < 126) into[1] = masked | length;
  else if (length < 65_536) {
    into[1] = masked | 126;
    into[2] = length >> 8;
    into[3] = length & 0xff;
  } else {
    into[1] = masked | 127;
    into.writeBigUInt64BE(BigInt(length), 2);
  }
};

/** As a server sends it. */
export const textFrame = (text: Buffer): Buffer => {
  const head = headOf(text.length);
  const frame = Buffer.allocUnsafe(head + text.length);
  putHead(frame, text.length, 0);
  frame.set(text, head);
  return frame;
};

/** With the four bytes before `from`: masks what is not, and unmasks what is. */
export const applyMask = (bytes: Buffer, from: number, to: number): void => {
  const a = bytes[from - 4]!;
  const b = bytes[from - 3]!;
  const c = bytes[from - 2]!;
  const d = bytes[from - 1]!;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    bytes[at]! ^= a;
    bytes[at + 1]! ^= b;
    bytes[at + 2]! ^= c;
    bytes[at + 3]! ^= d;
  }
  if (at < to) bytes[at]! ^= a;
  if (at + 1 < to) bytes[at + 1]! ^= b;
  if (at + 2 < to) bytes[at + 2]! ^= c;
};

/** Masks must not be foreseen (RFC 6455, 5.3): random bytes, many at once. */
const masks = Buffer.allocUnsafeSlow(8192);
let nextMask = masks.length;

/** As a client sends it; the text comes in three parts, so that they are put together and masked in one pass. */
export const maskedTextFrame = (before: Buffer, text: Buffer, after: Buffer): Buffer => {
  const length = before.length + text.length + after.length;
  const head = headOf(length) + 4;
  const frame = Buffer.allocUnsafe(head + length);
  putHead(frame, length, MASKED);
  if (nextMask === masks.length) {
    randomFillSync(masks);
    nextMask = 0;
  }
  for (let i = head - 4; i < head; i++) frame[i] = masks[nextMask++]!;
  frame.set(before, head);
  frame.set(text, head + before.length);
  frame.set(after, head + before.length + text.length);
  applyMask(frame, head, frame.length);
  return frame;
};
