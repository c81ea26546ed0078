import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTarget, sourceAddress } from '#local/gateway/event.ts';
import { echo, eventOf, gateway, raw, route } from './listening.ts';

const bytesOf = (event: { body?: string; isBase64Encoded: boolean }): Buffer =>
  Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');

describe('the event that a handler gets', () => {
  it('has the shape of an HTTP API event, payload format 2.0', async () => {
    const { url } = await gateway({ routes: [route('ANY', '/api/leads/{leadId}', echo)] });
    const event = await eventOf(await fetch(`${url}/api/leads/lead_1?b=2&a=1&b=3`, { headers: { 'User-Agent': 'tester' } }));
    expect(event).toMatchObject({
      version: '2.0', routeKey: 'ANY /api/leads/{leadId}', rawPath: '/api/leads/lead_1', rawQueryString: 'b=2&a=1&b=3',
      queryStringParameters: { a: '1', b: '2,3' }, pathParameters: { leadId: 'lead_1' }, isBase64Encoded: false,
      requestContext: {
        domainName: '127.0.0.1', routeKey: 'ANY /api/leads/{leadId}', stage: '$default',
        http: { method: 'GET', path: '/api/leads/lead_1', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'tester' },
      },
    });
    expect(event.requestContext.time).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    expect(event).not.toHaveProperty('body');
    expect(event).not.toHaveProperty('cookies');
  });

  it('carries every body unchanged, whatever its bytes and content type', async () => {
    const { url } = await gateway({ routes: [route('POST', '/in', echo)] });
    const types = fc.constantFrom('application/json', 'text/plain; charset=utf-8', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
      'application/octet-stream', 'application/problem+json', 'application/xml', 'audio/wav', 'TEXT/CSV');
    await fc.assert(fc.asyncProperty(types, fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text))), async (type, sent) => {
      const event = await eventOf(await fetch(`${url}/in`, { method: 'POST', body: Buffer.from(sent), headers: { 'content-type': type } }));
      expect(bytesOf(event)).toEqual(Buffer.from(sent));
      expect(event.headers['content-length']).toBe(String(sent.length));
    }), { numRuns: 150 });
  });

  it('hands forms, multipart and untyped bodies over as base64, and JSON, text, XML and JavaScript as plain text', async () => {
    const { url } = await gateway({ routes: [route('POST', '/in', echo)] });
    const encoded = async (type: string | undefined) =>
      (await eventOf(await fetch(`${url}/in`, { method: 'POST', body: Buffer.from('a=1'), headers: type ? { 'content-type': type } : {} }))).isBase64Encoded;
    for (const type of ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=utf-8', 'multipart/form-data; boundary=x', 'image/png', undefined]) {
      expect([type, await encoded(type)]).toEqual([type, true]);
    }
    for (const type of ['application/json', 'application/json; charset=utf-8', 'application/cloudevents+json', 'text/plain', 'text/xml', 'application/xml', 'application/javascript']) {
      expect([type, await encoded(type)]).toEqual([type, false]);
    }
  });

  it('has no body at all when none was sent, and isBase64Encoded is false', async () => {
    const { url } = await gateway({ routes: [route('POST', '/in', echo)] });
    const event = await eventOf(await fetch(`${url}/in`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }));
    expect(event).not.toHaveProperty('body');
    expect(event.isBase64Encoded).toBe(false);
  });

  it('keeps the raw query string byte for byte', async () => {
    const { port } = await gateway({ routes: [route('GET', '/q', echo)] });
    const printable = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code)).filter((char) => char !== '#') });
    await fc.assert(fc.asyncProperty(printable, async (query) => {
      const answer = await raw(port, `GET /q?${query} HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n`);
      expect((JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { rawQueryString: string }).rawQueryString).toBe(query);
    }), { numRuns: 100 });
  });

  it('decodes the path once, as the real HTTP API does, and cuts it at a decoded question mark', async () => {
    expect(readTarget('/a%20b/%252F?x=%20')).toEqual({ path: '/a b/%2F', rawQueryString: 'x=%20' });
    expect(readTarget('/a%3Fb')).toEqual({ path: '/a', rawQueryString: '' });
    expect(readTarget('http://host.example:1/a?b')).toEqual({ path: '/a', rawQueryString: 'b' });
    const { url } = await gateway({ routes: [route('GET', '/api/{proxy+}', echo)] });
    expect((await eventOf(await fetch(`${url}/api/a%2Fb%20c`))).pathParameters).toEqual({ proxy: 'a/b c' });
  });

  it('answers 400 to a path that is not percent-encoded UTF-8, and to what is no path', async () => {
    const { port } = await gateway({ routes: [route('ANY', '/{proxy+}', echo)] });
    for (const target of ['/%zz', '/%ff', '*']) {
      expect(await raw(port, `OPTIONS ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  it('lower-cases headers, joins repeated ones by commas and takes the cookies apart', async () => {
    const { port } = await gateway({ routes: [route('GET', '/h', echo)] });
    const answer = await raw(port, 'GET /h HTTP/1.1\r\nHOST: Name.example:80\r\nX-Twice: one\r\nx-twice: two\r\nCookie: a=1; b=2\r\nCookie: c=3\r\nConnection: close\r\n\r\n');
    const event = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { headers: Record<string, string>; cookies: string[]; requestContext: { domainPrefix: string } };
    expect(event.headers).toMatchObject({ host: 'Name.example:80', 'x-twice': 'one,two' });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.headers).not.toHaveProperty('connection');
    expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3']);
    expect(event.requestContext.domainPrefix).toBe('Name');
  });
});

describe("the visitor's address", () => {
  it('is the last forwarded address when the peer is loopback, and the peer itself otherwise', () => {
    expect(sourceAddress('127.0.0.1', '9.9.9.9, 203.0.113.7')).toBe('203.0.113.7');
    expect(sourceAddress('::1', '2001:db8::1')).toBe('2001:db8::1');
    expect(sourceAddress('::ffff:127.0.0.1', undefined)).toBe('127.0.0.1');
    expect(sourceAddress('::ffff:192.0.2.1', '203.0.113.7')).toBe('192.0.2.1');
    expect(sourceAddress('192.0.2.1', '203.0.113.7')).toBe('192.0.2.1');
  });

  it('is never a word that is no address', () => {
    expect(sourceAddress('127.0.0.1', 'unknown')).toBe('127.0.0.1');
    expect(sourceAddress('127.0.0.1', '203.0.113.7, <script>')).toBe('127.0.0.1');
    expect(sourceAddress('127.0.0.1', '')).toBe('127.0.0.1');
  });

  it('stands last in the x-forwarded-for that the handler sees', async () => {
    const { url } = await gateway({ routes: [route('GET', '/x', echo)] });
    const seen = async (sent?: string) => (await eventOf(await fetch(`${url}/x`, { headers: sent ? { 'x-forwarded-for': sent } : {} }))).headers['x-forwarded-for'];
    expect(await seen()).toBe('127.0.0.1');
    expect(await seen('9.9.9.9, 203.0.113.7')).toBe('9.9.9.9, 203.0.113.7');
    expect(await seen('nonsense')).toBe('nonsense, 127.0.0.1');
  });
});
