import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '#house/http-answer.ts';

const read = (text: string) => readAnswer(Buffer.from(text, 'latin1'));

describe('an answer', () => {
  it.each([
    ['without a body', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 200],
    ['with a body', 'HTTP/1.1 410 Gone\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ngone', 410],
    ['without words for its status', 'HTTP/1.1 429\r\ncontent-length: 0\r\n\r\n', 429],
    ['that can have no body', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n', 200],
    ['in chunks, with trailers', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\nz: 0\r\n\r\n', 200],
    ['that keeps the connection in so many words', 'HTTP/1.1 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 0\r\n\r\n', 200],
    ['after one that says to go on', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 200],
  ])('%s leaves the connection for another request', (_what, text, status) => {
    expect(read(text)).toEqual({ status, keeps: true });
    for (let end = 0; end < text.length; end++) expect(read(text.slice(0, end)), `the first ${end} bytes`).toBeUndefined();
  });

  it.each([
    ['that closes it', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'],
    ['of an old server', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['that ends when it is closed', 'HTTP/1.1 200 OK\r\n\r\nand so on'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\n'],
    ['with a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    ['in chunks and with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['in another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['that changes the protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['with more behind it', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n'],
    ['that is very long', `HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n${'a'.repeat(70_000)}`],
  ])('%s says its status and leaves it for none', (_what, text) => {
    expect(read(text)).toMatchObject({ keeps: false });
  });

  it.each([
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'], ['has no number', 'HTTP/1.1 OK\r\n\r\n'], ['has no such number', 'HTTP/1.1 99 x\r\n\r\n'],
    ['is of a later version', 'HTTP/2 200\r\n\r\n'], ['has a head without an end', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['has chunks that have no size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nsize\r\n\r\n'],
  ])('that %s is a fault', (_what, text) => {
    expect(() => read(text)).toThrow('the ');
  });

  it('ends where its sender ended it, whatever its body', () => {
    const body = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const chunked = fc.array(body.filter((text) => text !== ''), { maxLength: 4 }).map((parts) =>
      `transfer-encoding: chunked\r\n\r\n${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`);
    const plain = body.map((text) => `content-length: ${text.length}\r\n\r\n${text}`);
    fc.assert(fc.property(fc.oneof(chunked, plain), fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304), fc.nat(), (rest, status, cut) => {
      const text = `HTTP/1.1 ${status} x\r\n${rest}`;
      expect(read(text)).toEqual({ status, keeps: true });
      expect(read(text.slice(0, cut % text.length))).toBeUndefined();
    }));
  });
});
