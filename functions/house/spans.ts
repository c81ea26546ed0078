// Finds values in one small JSON object without building it: for the codecs of the two media sockets, 100 times a second and call.
// What it cannot read at a glance it refuses, and the caller parses in the ordinary way; it never reads anything differently from JSON.parse.

/** Numbers for each wanted value: see findSpans. */
export const SPAN = 3;

/** The keys whose values are wanted: at the top, and inside the one nested object that is allowed. */
export interface Wanted {
  readonly outer: readonly Buffer[];
  readonly inner: { readonly name: Buffer; readonly keys: readonly Buffer[] };
}

export const wanted = (outer: string[], inner: { name: string; keys: string[] }): Wanted => ({
  outer: outer.map((key) => Buffer.from(key)), inner: { name: Buffer.from(inner.name), keys: inner.keys.map((key) => Buffer.from(key)) },
});

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;

/** Position after white space, or of the first byte that is none. */
const skip = (bytes: Buffer, at: number, to: number): number => {
  let i = at;
  while (i < to && bytes[i]! <= 0x20 && (bytes[i] === 0x20 || bytes[i] === 0x0a || bytes[i] === 0x0d || bytes[i] === 0x09)) i++;
  return i;
};

/** What a byte is inside a string: of base64's alphabet, otherwise plain ASCII, or the end of what is read at a glance (quotes, escapes, all else). */
const OTHER = 0;
const PLAIN = 1;
const ALPHABET = 3;
const kinds = new Uint8Array(256);
for (let byte = 0x20; byte <= 0x7e; byte++) kinds[byte] = byte === QUOTE || byte === BACKSLASH ? OTHER : PLAIN;
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') kinds[char.charCodeAt(0)] = ALPHABET;

/** Position after bytes that are all of a kind. Four at a time: the payload is two thirds of a frame, and one by one took three times as long. */
const afterAll = (bytes: Buffer, at: number, end: number, kind: number): number => {
  let i = at;
  while (i + 4 <= end && (kinds[bytes[i]!]! & kinds[bytes[i + 1]!]! & kinds[bytes[i + 2]!]! & kinds[bytes[i + 3]!]! & kind) === kind) i += 4;
  while (i < end && (kinds[bytes[i]!]! & kind) === kind) i++;
  return i;
};

/** `at` stands behind as many letters of a string as one likes: the position of its closing quote, or -1 for anything but plain ASCII without escapes. */
const endOfString = (bytes: Buffer, at: number, to: number): number => {
  const end = afterAll(bytes, at, to, PLAIN);
  return end < to && bytes[end] === QUOTE ? end : -1;
};

/** The end of a whole number from 0 up without leading zeros, or -1. */
const endOfNumber = (bytes: Buffer, at: number, to: number): number => {
  let i = at;
  while (i < to && bytes[i]! >= ZERO && bytes[i]! <= NINE) i++;
  return i === at || (bytes[at] === ZERO && i > at + 1) ? -1 : i;
};

const isKey = (bytes: Buffer, start: number, end: number, key: Buffer): boolean => {
  if (key.length !== end - start || bytes[start] !== key[0]) return false;
  for (let i = 1; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
  return true;
};

/**
 * Reads an object's members from after its `{`; returns the position after its `}`, or -1. Members are plain strings and whole
 * numbers, and where `inner` is given, one object of such. No byte is read behind the end: once one was, every read costs more.
 */
const members = (bytes: Buffer, from: number, to: number, keys: readonly Buffer[], spans: Int32Array, base: number, inner: Wanted['inner'] | undefined): number => {
  let at = skip(bytes, from, to);
  if (at < to && bytes[at] === CLOSE) return at + 1;
  let innerSeen = false;
  for (;;) {
    if (at >= to || bytes[at] !== QUOTE) return -1;
    const keyStart = at + 1;
    const keyEnd = endOfString(bytes, keyStart, to);
    if (keyEnd < 0) return -1;
    at = skip(bytes, keyEnd + 1, to);
    if (at >= to || bytes[at] !== COLON) return -1;
    at = skip(bytes, at + 1, to);
    if (at >= to) return -1;
    const first = bytes[at];
    const isInner = inner !== undefined && isKey(bytes, keyStart, keyEnd, inner.name);
    if (first === OPEN) {
      if (!isInner || innerSeen) return -1;
      innerSeen = true;
      at = members(bytes, at + 1, to, inner.keys, spans, base + SPAN * keys.length, undefined);
      if (at < 0) return -1;
    } else {
      // The nested object's name with a plain value, or a key twice: JSON.parse knows what comes of it.
      if (isInner) return -1;
      const start = first === QUOTE ? at + 1 : at;
      const letters = first === QUOTE ? afterAll(bytes, start, to, ALPHABET) : start;
      const end = first === QUOTE ? endOfString(bytes, letters, to) : endOfNumber(bytes, start, to);
      if (end < 0) return -1;
      for (let k = 0; k < keys.length; k++) {
        if (!isKey(bytes, keyStart, keyEnd, keys[k]!)) continue;
        const span = base + SPAN * k;
        if (spans[span]! >= 0) return -1;
        spans[span] = start;
        spans[span + 1] = end;
        spans[span + 2] = letters;
        break;
      }
      at = first === QUOTE ? end + 1 : end;
    }
    at = skip(bytes, at, to);
    if (at >= to) return -1;
    if (bytes[at] === CLOSE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skip(bytes, at + 1, to);
  }
};

/**
 * Reads `bytes` between `from` and `to`. Fills `spans` with three positions for each wanted value (first the outer ones, then the inner ones; -1 where absent): its start and its end,
 * without the quotes of a string, and the end of the letters of base64 that it begins with. False when the text is not a plain object of this kind, in ASCII: then nothing is known, not even that it is malformed.
 */
export const findSpans = (bytes: Buffer, what: Wanted, spans: Int32Array, from = 0, to = bytes.length): boolean => {
  for (let i = 0; i < spans.length; i++) spans[i] = -1;
  const at = skip(bytes, from, to);
  if (at >= to || bytes[at] !== OPEN) return false;
  const end = members(bytes, at + 1, to, what.outer, spans, 0, what.inner);
  return end >= 0 && skip(bytes, end, to) === to;
};

/** Whether the value at `start` stood in quotes. */
export const quoted = (bytes: Buffer, start: number): boolean => bytes[start - 1] === QUOTE;

const PAD = 0x3d;

/** Whether these bytes are base64 as RFC 4648 writes it, padded; nothing at all is too. `letters`: the end of the letters, as found by findSpans. */
export const isBase64 = (bytes: Buffer, start: number, end: number, letters: number): boolean => {
  if ((end - start) % 4 !== 0) return false;
  let last = end;
  if (last > start && bytes[last - 1] === PAD) last--;
  if (last > start && last < end && bytes[last - 1] === PAD) last--;
  return letters >= last;
};
/** The same for text that was parsed in the ordinary way. */
export const base64Shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** How many bytes a piece of padded base64 stands for. */
export const decodedLength = (base64: Buffer): number => {
  const length = base64.length;
  return (length / 4) * 3 - (length > 0 && base64[length - 1] === PAD ? (base64[length - 2] === PAD ? 2 : 1) : 0);
};
