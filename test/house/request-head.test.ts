import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MORE, OTHER, requestHead } from '#house/request-head.ts';

const head = requestHead('/frame', ['x-id', 'x-event']);
const lines = (...of: string[]): Buffer => Buffer.from([...of, '', ''].join('\r\n'), 'latin1');
const request = (...headers: string[]): Buffer => lines('POST /frame HTTP/1.1', 'Host: relay', ...headers);

describe('the head of a plain POST', () => {
  it('says where its body begins, how long it is, and what its headers have', () => {
    const bytes = request('X-ID: abc=', 'other: x', 'Content-Length: 12', 'x-EVENT:  a b \t');
    expect(head.read(bytes, 0)).toBe(bytes.length);
    expect([head.bodyBytes, head.value(bytes, 0), head.value(bytes, 1)]).toEqual([12, 'abc=', 'a b']);
  });

  it('is read where it lies, and knows nothing of the one before it', () => {
    const first = request('x-id: one', 'x-event: say', 'content-length: 0');
    const both = Buffer.concat([first, request('x-id: two', 'content-length: 3')]);
    expect(head.read(both, 0)).toBe(first.length);
    expect(head.read(both, first.length)).toBe(both.length);
    expect([head.bodyBytes, head.value(both, 0), head.value(both, 1)]).toEqual([3, 'two', undefined]);
  });

  it('needs more bytes for as long as any is missing', () => {
    const bytes = request('x-id: abc', 'connection: Keep-Alive', 'content-length: 5');
    for (let end = 0; end < bytes.length; end++) expect(head.read(bytes.subarray(0, end), 0), `of ${end} bytes`).toBe(MORE);
    expect(head.read(bytes, 0)).toBe(bytes.length);
  });

  it.each([
    ['of another method', lines('PUT /frame HTTP/1.1', 'host: a', 'content-length: 1')],
    ['for another path', lines('POST /frames HTTP/1.1', 'host: a', 'content-length: 1')],
    ['with a query', lines('POST /frame?a HTTP/1.1', 'host: a', 'content-length: 1')],
    ['of another version', lines('POST /frame HTTP/1.0', 'host: a', 'content-length: 1')],
    ['without a host', lines('POST /frame HTTP/1.1', 'content-length: 1')],
    ['without a length', request()],
    ['with two lengths, though they say the same', request('content-length: 1', 'Content-Length: 1')],
    ['with two hosts', request('host: b', 'content-length: 1')],
    ['with two of a header that is asked for', request('x-id: a', 'x-id: b', 'content-length: 1')],
    ['with a list for a length', request('content-length: 1, 1')],
    ['with a sign before its length', request('content-length: +1')],
    ['with an empty length', request('content-length:')],
    ['with a length of a gigabyte', request('content-length: 1000000000')],
    ['in chunks', request('Transfer-Encoding: chunked')],
    ['in chunks, with a length', request('content-length: 1', 'transfer-encoding: chunked')],
    ['that waits to be told to go on', request('expect: 100-continue', 'content-length: 1')],
    ['that would be something else', request('upgrade: websocket', 'content-length: 1')],
    ['that closes the connection', request('connection: close', 'content-length: 1')],
    ['with a space before a colon', request('content-length : 1')],
    ['with a line that goes on in the next', request('x-id: a', ' b', 'content-length: 1')],
    ['with a line without a colon', request('x-id', 'content-length: 1')],
    ['with a header without a name', request(': a', 'content-length: 1')],
    ['with bytes beyond ASCII', request('x-id: \xe4', 'content-length: 1')],
    ['with a zero byte', request('x-id: \0', 'content-length: 1')],
    ['with lines that end in LF', Buffer.from('POST /frame HTTP/1.1\r\nhost: a\ncontent-length: 1\n\n')],
    ['with a CR that no LF follows', Buffer.from('POST /frame HTTP/1.1\r\nhost: a\rcontent-length: 1\r\n\r\n')],
    ['with a head of more than 16 KB', request(`x-id: ${'a'.repeat(16 * 1024)}`, 'content-length: 1')],
  ])('is not ours %s', (_what, bytes) => {
    expect(head.read(bytes, 0)).toBe(OTHER);
  });

  it('is nothing but whole lines, with whatever bytes', () => {
    const parts = fc.array(fc.constantFrom('POST /frame HTTP/1.1\r\n', 'host: a\r\n', 'content-length: 3\r\n', 'x-id: b\r\n', '\r\n', ':', ' ', 'x', '\r', '\n', '\0'));
    fc.assert(fc.property(parts, (all) => {
      const bytes = Buffer.from(all.join(''));
      const end = head.read(bytes, 0);
      expect(end === MORE || end === OTHER || /^POST \/frame HTTP\/1\.1\r\n([^\r\n]+\r\n)+\r\n$/.test(bytes.subarray(0, end).toString())).toBe(true);
    }), { numRuns: 1000 });
  });
});
