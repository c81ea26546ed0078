// WebSocket frames made by hand and changed in place, and read without building anything: the load costs less than what it loads. Used by
// load.ts and its legs.

/**
 * Each frame of audio names itself in the first characters of its base64: digits are base64 too. The rest is noise. 160 bytes are 20 ms of mu-law;
 * the name is 20 characters, which are 15 whole bytes, so that it survives being decoded and encoded in another company.
 */
const NAME = Buffer.from('RINGBACK');
const CALL_DIGITS = 4;
const FRAME_DIGITS = 8;
const NAME_CHARS = NAME.length + CALL_DIGITS + FRAME_DIGITS;
export const FRAME_BYTES = 160;
export const FRAME_MS = 20;
const FRAME_CHARS = 4 * Math.ceil(FRAME_BYTES / 3);

const noise = Buffer.from(Array.from({ length: FRAME_BYTES - (NAME_CHARS * 3) / 4 }, (_, i) => (i * 151 + (i >> 3) * 7) & 0xff));
export const payloadOf = (call: number): string =>
  Buffer.concat([Buffer.from(`${NAME.toString()}${String(call).padStart(CALL_DIGITS, '0')}${'0'.repeat(FRAME_DIGITS)}`, 'base64'), noise]).toString('base64');

/** As a client of Twilio's would choose it: not zero, which `ws` would not unmask. */
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

/** A text frame; masked as a client's must be. */
export const textFrame = (text: string, masked: boolean): Buffer => frame(0x1, Buffer.from(text), masked);

export const frame = (opcode: number, payload: Buffer, masked: boolean): Buffer => {
  const long = payload.length > 125;
  const head = Buffer.alloc((long ? 4 : 2) + (masked ? 4 : 0));
  head[0] = 0x80 | opcode;
  head[1] = (masked ? 0x80 : 0) | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  if (masked) head.set(MASK, head.length - 4);
  return Buffer.concat([head, masked ? payload.map((byte, i) => byte ^ MASK[i & 3]!) : payload]);
};

/** Bytes with places for numbers of a fixed width. */
export interface Form {
  bytes: Buffer;
  /** Where the payload begins, for the mask; undefined when nothing is masked. */
  maskedFrom: number | undefined;
}

export const setDigits = ({ bytes, maskedFrom }: Form, at: number, digits: number, value: number): void => {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const digit = 0x30 + (rest % 10);
    bytes[i] = maskedFrom === undefined ? digit : digit ^ MASK[(i - maskedFrom) & 3]!;
    rest = Math.floor(rest / 10);
  }
};

/** Where the number of a frame stands, from where its payload begins. */
export const FRAME_NUMBER = { at: NAME.length + CALL_DIGITS, digits: FRAME_DIGITS };

const digitsAt = (bytes: Buffer, at: number, digits: number): number => {
  let value = 0;
  for (let i = at; i < at + digits; i++) value = 10 * value + bytes[i]! - 0x30;
  return value;
};

/** Tells of every frame of audio in a message, whatever dialect it is in; false when there is none. */
export const audioIn = (bytes: Buffer, start: number, end: number, heard: (call: number, number: number) => void): boolean => {
  const at = bytes.indexOf(NAME, start);
  if (at < 0 || at >= end) return false;
  const stop = bytes.indexOf(0x22, at);
  if (stop - at === FRAME_CHARS) {
    heard(digitsAt(bytes, at + NAME.length, CALL_DIGITS), digitsAt(bytes, at + NAME.length + CALL_DIGITS, FRAME_DIGITS));
    return true;
  }
  // Several were joined.
  const joined = Buffer.from(bytes.toString('latin1', at, stop), 'base64');
  for (let from = 0; from + FRAME_BYTES <= joined.length; from += FRAME_BYTES) {
    const name = Buffer.from(joined.toString('base64', from, from + (NAME_CHARS * 3) / 4), 'latin1');
    heard(digitsAt(name, NAME.length, CALL_DIGITS), digitsAt(name, NAME.length + CALL_DIGITS, FRAME_DIGITS));
  }
  return true;
};

/** Reads one direction of a WebSocket from its bytes, which it may unmask where they are. Frames are whole messages: nobody here sends others. */
export const frameReader = (text: (bytes: Buffer, start: number, end: number) => void, other: (opcode: number, payload: Buffer) => void): ((chunk: Buffer) => void) => {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= 2) {
      const masked = bytes[at + 1]! >= 0x80;
      let length = bytes[at + 1]! & 0x7f;
      let start = at + 2;
      if (length === 126) {
        if (bytes.length - at < 4) break;
        length = bytes.readUInt16BE(start);
        start += 2;
      } else if (length === 127) {
        if (bytes.length - at < 10) break;
        length = Number(bytes.readBigUInt64BE(start));
        start += 8;
      }
      if (masked) start += 4;
      if (bytes.length < start + length) break;
      if (masked) for (let i = 0; i < length; i++) bytes[start + i]! ^= bytes[start - 4 + (i & 3)]!;
      const opcode = bytes[at]! & 0x0f;
      if (opcode === 0x1) text(bytes, start, start + length);
      else other(opcode, bytes.subarray(start, start + length));
      at = start + length;
    }
    // A copy: the chunk is written over by the next one.
    rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined;
  };
};
