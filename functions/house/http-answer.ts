// Reads what was answered to a POST as far as its sender needs to know, for plain-posts.ts: the status, and whether the connection is good for another
// request. RFC 9112, 4 to 7 and 9.3.

export interface HttpAnswer {
  status: number;
  /** The answer ends where the bytes end, and another request may follow. */
  keeps: boolean;
}

/** What is longer ends the connection, which is always right. */
const MOST_BYTES = 64 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** Where a body in chunks, with its trailers, ends; Infinity while it has not. Throws at what is none. */
const endOfChunks = (bytes: Buffer, start: number): number => {
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return Infinity;
    const size = /^([\da-f]{1,6})[ \t]*(?:;.*)?$/i.exec(bytes.toString('latin1', at, lineEnd))?.[1];
    if (size === undefined) throw new Error('the answer has a chunk without a size');
    const bodyBytes = Number.parseInt(size, 16);
    if (bodyBytes === 0) {
      if (bytes.subarray(lineEnd + 2, lineEnd + 4).equals(LINE_END)) return lineEnd + 4;
      const trailersEnd = bytes.indexOf(HEAD_END, lineEnd + 2);
      return trailersEnd < 0 ? Infinity : trailersEnd + 4;
    }
    at = lineEnd + 2 + bodyBytes + 2;
  }
};

/** Undefined while the end of the answer has not come. Throws what is wrong with bytes that are no answer. */
export const readAnswer = (bytes: Buffer): HttpAnswer | undefined => {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) {
    if (bytes.length > MOST_BYTES) throw new Error('the head of the answer does not end');
    return undefined;
  }
  const [line, ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/.exec(line!) ?? [];
  if (!code) throw new Error('the answer is not HTTP/1.1');
  const status = Number(code);
  // "100 Continue", though nobody asked for it: the answer is yet to come.
  if (status < 200 && status !== 101) return readAnswer(bytes.subarray(headEnd + 4));
  let length: string | undefined;
  let coding: string | undefined;
  let connection: string | undefined;
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    if (name !== 'content-length' && name !== 'transfer-encoding' && name !== 'connection') continue;
    const value = field.slice(colon + 1).trim().toLowerCase();
    if (name === 'content-length') length = length === undefined ? value : `${length}, ${value}`;
    else if (name === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`;
    else connection = connection === undefined ? value : `${connection}, ${value}`;
  }
  const ends = { status, keeps: false };
  if (minor === '0' || status === 101 || (connection !== undefined && connection !== 'keep-alive') || bytes.length > MOST_BYTES) return ends;
  let end = headEnd + 4;
  if (coding !== undefined) {
    // With a length beside it somebody could read it in another way.
    if (coding !== 'chunked' || length !== undefined) return ends;
    end = endOfChunks(bytes, end);
  } else if (status !== 204 && status !== 304) {
    if (length === undefined || !/^\d{1,9}$/.test(length)) return ends;
    end += Number(length);
  }
  if (end > bytes.length) return undefined;
  return { status, keeps: end === bytes.length };
};
