import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endpointFault, httpEndpoint } from '#outbox/endpoint.ts';

const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

/** A server on a port of its own; `asked` are the paths that it was asked for. */
const server = async (answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) => {
  const asked: string[] = [];
  const made = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => answer(request, response, Buffer.concat(chunks).toString()));
  });
  await new Promise<void>((resolve) => { made.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => new Promise<void>((resolve) => { made.closeAllConnections(); made.close(() => resolve()); }));
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}/crm?key=1`, asked };
};
const post = (url: string, patienceMs = 5_000) => httpEndpoint({ url, secret, patienceMs }).post('msg_1', '{"a":"ü"}', new Date());

describe('the endpoint over HTTP', () => {
  it('is posted to as JSON, signed so that the convention’s own package takes it', async () => {
    const seen: unknown[] = [];
    const { url, asked } = await server((request, response, body) => {
      seen.push(request.headers['content-type'], new Webhook(secret).verify(body, request.headers as Record<string, string>), request.headers['webhook-id']);
      response.writeHead(204).end();
    });
    expect(await post(url)).toMatchObject({ kind: 'answered', status: 204, retryAfter: null });
    expect(seen).toEqual(['application/json', { a: 'ü' }, 'msg_1']);
    expect(asked).toEqual(['POST /crm?key=1']);
  });

  it.each([410, 429, 500, 503])('tells a %i and its Retry-After', async (status) => {
    const { url } = await server((_request, response) => { response.writeHead(status, { 'retry-after': '7' }).end('some words'); });
    expect(await post(url)).toMatchObject({ kind: 'answered', status, retryAfter: '7' });
  });

  it.each([301, 302, 307, 308])('does not follow a %i', async (status) => {
    const { url, asked } = await server((_request, response) => { response.writeHead(status, { location: '/elsewhere' }).end(); });
    expect(await post(url)).toMatchObject({ kind: 'answered', status });
    expect(asked).toHaveLength(1);
  });

  it('is given up when it does not begin to answer in time', async () => {
    const { url } = await server(() => {});
    expect(await post(url, 50)).toMatchObject({ kind: 'no-answer', reason: 'The endpoint did not answer within 0.05 s.' });
  });

  it('does not have to end its answer: the status is enough', async () => {
    const { url } = await server((_request, response) => { response.writeHead(200); response.write('and then, and then'); });
    expect(await post(url)).toMatchObject({ kind: 'answered', status: 200 });
  });

  it('that is not there, or hangs up, is told without its address', async () => {
    const { url } = await server((request) => { request.socket.destroy(); });
    expect(await post(url)).toMatchObject({ kind: 'no-answer', reason: expect.stringMatching(/^The endpoint could not be reached \([A-Z_]+\)\.$/) as string });
    expect(await post('http://127.0.0.1:1/x')).toMatchObject({ kind: 'no-answer', reason: expect.not.stringContaining('127.0.0.1') as string });
  });
});

describe('what an endpoint lacks', () => {
  it.each([
    ['https://crm.example/hook', secret, false, undefined], ['http://127.0.0.1:9/hook', secret, false, undefined], ['http://localhost/hook', secret, false, undefined],
    ['http://crm.example/hook', secret, true, undefined],
    [undefined, secret, true, 'OUTBOX_URL is not set: there is nowhere to deliver to.'],
    ['http://crm.example/hook', secret, false, 'OUTBOX_URL must begin with https://.'],
    ['http://127.0.0.1.example/hook', secret, false, 'OUTBOX_URL must begin with https://.'],
    ['https://me:pass@crm.example/hook', secret, true, 'OUTBOX_URL must not hold a user name or password: deliveries are signed instead.'],
    ['https://crm.example/hook', undefined, true, 'OUTBOX_SECRET is not set: deliveries could not be signed.'],
    ['https://crm.example/hook', 'secret', true, 'OUTBOX_SECRET must be whsec_ and 24 to 64 bytes in base64, or several of them with spaces between.'],
  ])('%s is judged by its address and its secret', (url, key, local, fault) => {
    expect(endpointFault(url, key, local)).toBe(fault);
  });
});
