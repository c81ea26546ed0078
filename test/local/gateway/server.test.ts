import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway } from '#local/gateway/server.ts';
import type { HandlerResult } from '#local/gateway/routes.ts';
import { echo, gateway, raw, route } from './listening.ts';

const answering = async (result: unknown) => {
  const { url, logged } = await gateway({ routes: [route('GET', '/r', async () => result as HandlerResult)] });
  return { response: await fetch(`${url}/r`, { redirect: 'manual' }), logged };
};
/** Something that is settled by hand. */
const gate = <T = void>() => Promise.withResolvers<T>();

describe('answers', () => {
  it('are structured: status, headers, cookies and a body in base64', async () => {
    const { response } = await answering({
      statusCode: 302, headers: { Location: '/next', 'X-Count': 3, 'Content-Type': 'audio/wav' }, cookies: ['a=1; Secure', 'b=2'], body: Buffer.from([0, 255, 128]).toString('base64'), isBase64Encoded: true,
    });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/next');
    expect(response.headers.get('x-count')).toBe('3');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Secure', 'b=2']);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([0, 255, 128]));
  });

  it('without a status code are 200 and JSON: a text as it is, a value written out', async () => {
    const text = (await answering('<Response/>')).response;
    expect([text.status, text.headers.get('content-type'), await text.text()]).toEqual([200, 'application/json', '<Response/>']);
    const value = (await answering({ ok: true })).response;
    expect([value.status, await value.json()]).toEqual([200, { ok: true }]);
  });

  it('with a status code but no content type are text/plain, as the real one makes them', async () => {
    const { response } = await answering({ statusCode: 200, body: 'héllo' });
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/plain; charset=utf-8', 'héllo']);
  });

  it('carry the length of what is sent, whatever length the handler claimed', async () => {
    const { response } = await answering({ statusCode: 200, headers: { 'Content-Length': '999' }, body: 'abc' });
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['3', 'abc']);
  });

  it('are 500 and logged when they are malformed', async () => {
    for (const bad of [{ statusCode: 'yes' }, { statusCode: 99 }, { statusCode: 600 }, { statusCode: 200, body: { a: 1 } }, { statusCode: 200, headers: { a: {} } },
      { statusCode: 200, headers: { a: 'x\r\ny: z' } }, { statusCode: 200, cookies: 'a=1' }]) {
      const { response, logged } = await answering(bad);
      expect([bad, response.status, await response.json()]).toEqual([bad, 500, { message: 'Internal Server Error' }]);
      expect(logged.some((entry) => entry.level === 'error' && entry['function'] === 'tested')).toBe(true);
    }
  });

  it('are 500 and logged when the handler throws, at once or later', async () => {
    const { url, logged } = await gateway({ routes: [
      route('GET', '/later', async () => { throw new Error('later'); }),
      route('GET', '/atonce', () => { throw new Error('at once'); }),
    ] });
    for (const path of ['/later', '/atonce']) expect((await fetch(url + path)).status).toBe(500);
    expect(logged.filter((entry) => entry.message === 'function failed')).toHaveLength(2);
  });

  it('are 503 {"message":"Service Unavailable"} when the handler takes too long, and its later failure ends nothing', async () => {
    const late = gate<never>();
    const { url, logged } = await gateway({ integrationTimeoutMs: 20, routes: [route('GET', '/slow', () => late.promise), route('GET', '/ok', async () => 'ok')] });
    const response = await fetch(`${url}/slow`);
    expect([response.status, await response.json()]).toEqual([503, { message: 'Service Unavailable' }]);
    late.reject(new Error('too late'));
    expect((await fetch(`${url}/ok`)).status).toBe(200);
    expect(logged.some((entry) => entry.message === 'function failed after its time')).toBe(true);
  });
});

describe('limits', () => {
  it('take a body of 10 MB and refuse one byte more with 413, declared or chunked', async () => {
    const { url } = await gateway({ routes: [route('POST', '/in', async (event) => String(Buffer.from(event.body ?? '', 'base64').length))] });
    const limit = 10 * 1024 * 1024;
    expect(await (await fetch(`${url}/in`, { method: 'POST', body: Buffer.alloc(limit) })).text()).toBe(String(limit));
    expect((await fetch(`${url}/in`, { method: 'POST', body: Buffer.alloc(limit + 1) })).status).toBe(413);
    const chunked: RequestInit & { duplex: 'half' } = { method: 'POST', body: new Blob([Buffer.alloc(limit + 1)]).stream(), duplex: 'half' };
    expect((await fetch(`${url}/in`, chunked)).status).toBe(413);
  });

  it('refuse a request line and headers above 10,240 bytes with 431', async () => {
    const { url } = await gateway({ routes: [route('GET', '/h', async () => 'ok')] });
    expect((await fetch(`${url}/h`, { headers: { big: 'x'.repeat(9_900) } })).status).toBe(200);
    expect((await fetch(`${url}/h`, { headers: { big: 'x'.repeat(10_240) } })).status).toBe(431);
    expect((await fetch(`${url}/h?${'q'.repeat(10_240)}`)).status).toBe(431);
    expect((await fetch(`${url}/h`, { headers: { big: 'x'.repeat(60_000) } })).status).toBe(431);
  });
});

describe('the listening socket', () => {
  it('answers 400 to what is not HTTP, and lives on', async () => {
    const { url, port } = await gateway({ routes: [route('GET', '/', async () => 'ok')] });
    for (const rubbish of ['\u0000\u0001\u0002\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: no\r\n\r\n',
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'GET / HTTP/1.1\r\n\r\n']) {
      expect([rubbish, (await raw(port, rubbish)).slice(0, 12)]).toEqual([rubbish, 'HTTP/1.1 400']);
    }
    expect((await fetch(url)).status).toBe(200);
  });

  it('says which port is taken and which variable chose it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => { other.listen(0, '127.0.0.1', resolve); });
    onTestFinished(() => { other.close(); });
    const { port } = other.address() as AddressInfo;
    await expect(startGateway({ port, routes: [] })).rejects.toThrow(`Port ${port} is taken (PORT). Stop what listens there, or set PORT to another.`);
  });

  it('stops in order: a request in flight is answered, a new one is not taken, and stopping twice is fine', async () => {
    const begun = gate();
    const release = gate();
    const { url, stop } = await gateway({ routes: [route('GET', '/slow', async () => { begun.resolve(); await release.promise; return 'done'; }), route('GET', '/', async () => 'ok')] });
    await (await fetch(url)).text(); // leaves a kept-alive connection behind
    const inFlight = fetch(`${url}/slow`);
    await begun.promise;
    const stopped = stop();
    await expect(fetch(url)).rejects.toThrow(/fetch failed/);
    release.resolve();
    expect(await (await inFlight).text()).toBe('done');
    await stopped;
    await stop();
  });

  it('stops within its grace when a request never ends', async () => {
    const begun = gate();
    const { url, stop } = await gateway({ graceMs: 10, routes: [route('GET', '/never', () => { begun.resolve(); return new Promise(() => {}); })] });
    const inFlight = fetch(`${url}/never`).then(() => 'answered', () => 'cut');
    await begun.promise;
    await stop();
    expect(await inFlight).toBe('cut');
  });

  it('keeps nothing personal in its log: no path, no query', async () => {
    const { url, logged } = await gateway({ routes: [route('GET', '/api/{id}', echo)] });
    await fetch(`${url}/api/secret-id?phone=secret-number`);
    expect(logged.length).toBeGreaterThan(0);
    expect(JSON.stringify(logged)).not.toMatch(/secret/);
  });
});
