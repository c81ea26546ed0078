// Audio that can be told apart: each 20 ms (or each frame) begins with twelve characters that say whose it is and which. Sent and read by
// busy-lines.ts and talking-agent.ts, passed through untouched by a relay where both legs speak one format.

/** 12 bytes are 16 of base64: a mark is read, or written, without touching the rest of its frame. */
const MARK_BYTES = 12;
const MARK_BASE64 = 16;
const FILL = 0x55;

const rests = new Map<number, string>();
const restOf = (bytes: number): string => {
  const known = rests.get(bytes);
  if (known !== undefined) return known;
  const made = Buffer.alloc(bytes - MARK_BYTES, FILL).toString('base64');
  rests.set(bytes, made);
  return made;
};

/** One frame of a caller, as base64. */
export const callerFrame = (number: number, bytes: number): string => Buffer.from(`C${String(number).padStart(11, '0')}`, 'latin1').toString('base64') + restOf(bytes);

/** The number of a caller's frame; undefined when it is none of ours. */
export const callerFrameNumber = (base64: string): number | undefined => {
  const mark = Buffer.from(base64.slice(0, MARK_BASE64), 'base64').toString('latin1');
  return /^C\d{11}$/.test(mark) ? Number(mark.slice(1)) : undefined;
};

/** So many pieces of 20 ms of one conversation, from the given one on. */
export const agentPieces = (conversation: number, from: number, count: number, pieceBytes: number): Buffer => {
  const bytes = Buffer.alloc(count * pieceBytes, FILL);
  for (let i = 0; i < count; i++) bytes.write(`A${String(conversation).padStart(5, '0')}${String(from + i).padStart(6, '0')}`, i * pieceBytes, 'latin1');
  return bytes;
};

/** Calls `piece` for each of the agent's pieces; returns how many bytes belong to none (recorded sentences, silence). */
export const readPieces = (bytes: Buffer, pieceBytes: number, piece: (conversation: number, number: number) => void): number => {
  let foreign = 0;
  for (let at = 0; at < bytes.length;) {
    const mark = bytes[at] === 0x41 ? bytes.toString('latin1', at, at + MARK_BYTES) : '';
    if (/^A\d{11}$/.test(mark)) {
      piece(Number(mark.slice(1, 6)), Number(mark.slice(6)));
      at += pieceBytes;
    } else {
      foreign++;
      at++;
    }
  }
  return foreign;
};
