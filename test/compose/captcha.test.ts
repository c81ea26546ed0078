import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { captchaOf, turnstile } from '#compose/captcha.ts';
import { readEnv } from '#house/env.ts';

const closing: (() => void)[] = [];
afterEach(() => { for (const close of closing.splice(0)) close(); });

/** Siteverify as a script: gets the form, answers what it is told to. */
const siteverify = async (answer: (form: URLSearchParams, response: ServerResponse) => void): Promise<{ url: string; asked: URLSearchParams[] }> => {
  const asked: URLSearchParams[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      asked.push(new URLSearchParams(body));
      answer(asked.at(-1)!, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => { server.closeAllConnections(); server.close(); });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/turnstile/v0/siteverify`, asked };
};
const says = (body: unknown, status = 200) => (_form: URLSearchParams, response: ServerResponse): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
const proof = { token: 'tok', ip: '203.0.113.7', enquiryKey: 'key-1' };

describe('Turnstile', () => {
  it('is asked with the secret, the token and the visitor\'s address, and believed', async () => {
    const service = await siteverify(says({ success: true, 'error-codes': [] }));
    expect(await turnstile({ secret: 'shh', url: service.url }).isSolved(proof)).toBe(true);
    expect(Object.fromEntries(service.asked[0]!)).toEqual({ secret: 'shh', response: 'tok', remoteip: '203.0.113.7', idempotency_key: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/) });
  });

  it('is asked for the same enquiry under the same key, and for another under another: a token is good for one', async () => {
    const service = await siteverify(says({ success: true }));
    const captcha = turnstile({ secret: 'shh', url: service.url });
    await captcha.isSolved(proof);
    await captcha.isSolved(proof);
    await captcha.isSolved({ ...proof, enquiryKey: 'key-2', ip: null });
    const [a, b, c] = service.asked.map((form) => form.get('idempotency_key'));
    expect([a === b, a === c, service.asked[2]!.has('remoteip')]).toEqual([true, false, false]);
  });

  it.each([[['timeout-or-duplicate']], [['invalid-input-response']], [['missing-input-response', 'timeout-or-duplicate']]])('that answers %j was not solved', async (codes) => {
    const service = await siteverify(says({ success: false, 'error-codes': codes }));
    expect(await turnstile({ secret: 'shh', url: service.url }).isSolved(proof)).toBe(false);
  });

  it.each<[string, (form: URLSearchParams, response: ServerResponse) => void]>([
    ['that knows not our secret', says({ success: false, 'error-codes': ['invalid-input-secret'] })], ['that has a fault', says({ success: false, 'error-codes': ['internal-error'] })],
    ['that gives no reason', says({ success: false })], ['that answers 503', says('<html>', 503)], ['that answers something else', says({ ok: true })],
    ['that breaks off', (_form, response) => { response.destroy(); }], ['that never answers', () => {}],
    ['that sends us elsewhere', (_form, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ])('%s lets nobody in, and says when to come again', async (_what, answer) => {
    const service = await siteverify(answer);
    await expect(turnstile({ secret: 'shh', url: service.url, timeoutMs: 200 }).isSolved(proof)).rejects.toMatchObject({ kind: 'unavailable', code: 'captcha-unavailable', retryAfterSeconds: 10 });
  });

  it('that is not there lets nobody in', async () => {
    await expect(turnstile({ secret: 'shh', url: 'http://127.0.0.1:1/' }).isSolved(proof)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('stands before the form only where its secret is set', () => {
    expect(captchaOf(readEnv({}))).toBeUndefined();
    expect(captchaOf(readEnv({ TURNSTILE_SECRET: 'shh' }))).toBeDefined();
    expect(readEnv({}).TURNSTILE_VERIFY_URL).toBe('https://challenges.cloudflare.com/turnstile/v0/siteverify');
  });
});
