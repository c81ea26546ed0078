// A WebSocket text frame in one piece, written to the socket beside `ws`, which owns it and sends everything else. `ws` writes a head and a payload, two
// pieces that are gathered again further down, and copies once more where it masks. Used by the two media sockets.
import { randomFillSync } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** RFC 6455, 5.2: one whole message, of text. */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;

/** Of a few bytes at the end of a frame: quicker than `set`, which is made for many. */
const putTail = (into: Buffer, tail: Buffer, at: number): void => {
  for (let i = 0; i < tail.length; i++) into[at + i] = tail[i]!;
};
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

/** The frame of a text in three parts, which are put together here. `masked`: as a client sends it. */
const fill = (frame: Buffer, masked: boolean, before: Buffer, text: Buffer, after: Buffer): void => {
  const length = before.length + text.length + after.length;
  const head = frame.length - length;
  putHead(frame, length, masked ? MASKED : 0);
  frame.set(before, head);
  frame.set(text, head + before.length);
  putTail(frame, after, head + before.length + text.length);
  if (!masked) return;
  if (nextMask === masks.length) {
    randomFillSync(masks);
    nextMask = 0;
  }
  for (let i = head - 4; i < head; i++) frame[i] = masks[nextMask++]!;
  applyMask(frame, head, frame.length);
};

/** As a server sends it, or masked, as a client does. */
export const textFrame = (masked: boolean, before: Buffer, text: Buffer, after: Buffer): Buffer => {
  const length = before.length + text.length + after.length;
  const frame = Buffer.allocUnsafe(headOf(length) + (masked ? 4 : 0) + length);
  fill(frame, masked, before, text, after);
  return frame;
};

/** One buffer for all frames that the kernel takes at once, which are nearly all: memory that is made for each is memory to be collected, on the same core. */
const MOST_SHARED_BYTES = 2048;
let shared = Buffer.allocUnsafeSlow(MOST_SHARED_BYTES);
/** Views of its beginning, by their length. */
let views: (Buffer | undefined)[] = [];

/** Whether what is written there is with the kernel when `write` returns, if it takes it: a plain socket. TLS keeps it for longer. */
export const takesAtOnce = (wire: Duplex): boolean => wire.constructor === Socket;

/** Writes it. `atOnce`: see takesAtOnce. */
export const writeText = (wire: Duplex, atOnce: boolean, masked: boolean, before: Buffer, text: Buffer, after: Buffer): void => {
  const length = before.length + text.length + after.length;
  const bytes = headOf(length) + (masked ? 4 : 0) + length;
  if (!atOnce || bytes > MOST_SHARED_BYTES || wire.writableLength > 0) {
    wire.write(textFrame(masked, before, text, after));
    return;
  }
  const frame = views[bytes] ??= shared.subarray(0, bytes);
  fill(frame, masked, before, text, after);
  wire.write(frame);
  if (wire.writableLength === 0) return;
  // The kernel did not take all of it: it is the socket's now.
  shared = Buffer.allocUnsafeSlow(MOST_SHARED_BYTES);
  views = [];
};
