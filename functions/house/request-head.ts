// Reads the head of one plain HTTP/1.1 POST where it lies, for post-tap.ts: RFC 9112, 3 to 6, and of it only what nobody could read in two ways.
// Everything else is refused, and node:http judges.

/** More bytes must come; or the request is for node:http to read. */
export const MORE = -1;
export const OTHER = -2;

export interface RequestHead {
  /** Reads the head that begins at `at`: where its body begins, or MORE, or OTHER. */
  read(bytes: Buffer, at: number): number;
  /** Of the head that was read last: bytes of its body. */
  readonly bodyBytes: number;
  /** Of the head that was read last: the value of the nth header asked for; undefined when it has none. */
  value(bytes: Buffer, nth: number): string | undefined;
}

/** As much as node:http takes. */
const MOST_HEAD_BYTES = 16 * 1024;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
const NINE = 0x39;

/** 1: may stand in a name; 2: may stand in a value (visible ASCII, space, tab). */
const NAME = 1;
const VALUE = 2;
const kinds = new Uint8Array(256);
for (let byte = SPACE; byte <= 0x7e; byte++) kinds[byte] = VALUE;
kinds[TAB] = VALUE;
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") kinds[char.charCodeAt(0)] = NAME | VALUE;

/** Headers that say how long the body is, or what else becomes of the connection; then those that are asked for. */
const HOST = 0;
const LENGTH = 1;
const CONNECTION = 2;
const OWN = ['host', 'content-length', 'connection'];
/** With any of them a request is more than a head and so many bytes. */
const REFUSED = ['transfer-encoding', 'expect', 'upgrade'];

/** `path`: the whole target; `names`: of the headers whose values are wanted, in lower case. One reader reads one head at a time. */
export const requestHead = (path: string, names: readonly string[]): RequestHead => {
  const line = Buffer.from(`POST ${path} HTTP/1.1\r\n`);
  const kept = [...OWN, ...names];
  const known = [...kept, ...REFUSED].map((name) => Buffer.from(name));
  /** Where each value of `kept` begins and ends. */
  const spans = new Int32Array(2 * kept.length);
  let bodyBytes = 0;

  /** Which of `known` it is, whatever its case, or -1. */
  const indexOf = (bytes: Buffer, start: number, end: number): number => {
    next: for (let which = 0; which < known.length; which++) {
      const name = known[which]!;
      if (name.length !== end - start) continue;
      // Setting the bit makes lower case of a letter, and a letter or `-` of nothing else that may stand in a name.
      for (let i = 0; i < name.length; i++) if ((bytes[start + i]! | 0x20) !== name[i]) continue next;
      return which;
    }
    return -1;
  };
  const isKeepAlive = (bytes: Buffer, start: number, end: number): boolean => end - start === 10 && bytes.toString('latin1', start, end).toLowerCase() === 'keep-alive';
  const lengthIn = (bytes: Buffer, start: number, end: number): number => {
    if (end === start || end - start > 9) return -1;
    let length = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte < ZERO || byte > NINE) return -1;
      length = 10 * length + byte - ZERO;
    }
    return length;
  };

  return {
    get bodyBytes() {
      return bodyBytes;
    },
    value: (bytes, nth) => {
      const at = 2 * (OWN.length + nth);
      return spans[at]! < 0 ? undefined : bytes.toString('latin1', spans[at], spans[at + 1]);
    },
    read: (bytes, at) => {
      const limit = Math.min(bytes.length, at + MOST_HEAD_BYTES);
      const more = limit === bytes.length ? MORE : OTHER;
      for (let i = 0; i < line.length; i++) {
        if (at + i === limit) return more;
        if (bytes[at + i] !== line[i]) return OTHER;
      }
      spans.fill(-1);
      let pos = at + line.length;
      for (;;) {
        if (pos + 1 >= limit) return more;
        if (bytes[pos] === CR) break;
        const name = pos;
        while (pos < limit && (kinds[bytes[pos]!]! & NAME) !== 0) pos++;
        if (pos === limit) return more;
        if (bytes[pos] !== COLON || pos === name) return OTHER;
        const which = indexOf(bytes, name, pos);
        if (which >= kept.length || (which >= 0 && spans[2 * which]! >= 0)) return OTHER;
        pos++;
        while (pos < limit && (bytes[pos] === SPACE || bytes[pos] === TAB)) pos++;
        const value = pos;
        while (pos < limit && (kinds[bytes[pos]!]! & VALUE) !== 0) pos++;
        if (pos + 1 >= limit) return more;
        if (bytes[pos] !== CR || bytes[pos + 1] !== LF) return OTHER;
        if (which >= 0) {
          let end = pos;
          while (end > value && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
          spans[2 * which] = value;
          spans[2 * which + 1] = end;
        }
        pos += 2;
      }
      if (bytes[pos + 1] !== LF || spans[2 * HOST]! < 0 || spans[2 * LENGTH]! < 0) return OTHER;
      if (spans[2 * CONNECTION]! >= 0 && !isKeepAlive(bytes, spans[2 * CONNECTION]!, spans[2 * CONNECTION + 1]!)) return OTHER;
      bodyBytes = lengthIn(bytes, spans[2 * LENGTH]!, spans[2 * LENGTH + 1]!);
      return bodyBytes < 0 ? OTHER : pos + 2;
    },
  };
};
