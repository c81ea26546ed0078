import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import twilio from 'twilio';
import { afterEach, describe, expect, it } from 'vitest';
import { readOverrides, sendWebhook, WebhookFailure } from '#local/twilio/webhook.ts';
import { type Customer, type Page, startCustomer, TOKEN } from './customer.ts';

let customer: Customer | undefined;
afterEach(async () => { await customer?.stop(); customer = undefined; });

const serve = async (pages: Record<string, Page>): Promise<Customer> => (customer = await startCustomer(pages));
const post = (url: string, params: Record<string, string | string[]> = {}) =>
  sendWebhook(TOKEN, { url, method: 'POST', params }, new AbortController().signal);
const statuses = (...codes: number[]): Page => {
  let call = 0;
  return (_, response) => { response.writeHead(codes[Math.min(call, codes.length - 1)] ?? 500).end(); call += 1; };
};

describe('a request of the carrier', () => {
  it("is form-encoded, keeps empty values, and carries a signature that Twilio's own library accepts", async () => {
    const { url, seen } = await serve({});
    const params = { CallSid: 'CA1', ToCity: '', SpeechResult: 'नमस्ते & co' };
    await post(`${url}/status?attempt=att%201&x='#rc=5&rp=all`, params);
    const [request] = seen;
    expect(request?.url).toBe("/status?attempt=att%201&x='");
    expect(request?.headers['user-agent']).toBe('TwilioProxy/1.1');
    expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(request?.params).toMatchObject(params);
    expect(twilio.validateRequest(TOKEN, String(request?.headers['x-twilio-signature']), `${url}/status?attempt=att%201&x='`, params)).toBe(true);
  });

  it('puts everything into the query when the method is GET, and signs that', async () => {
    const { url, seen } = await serve({});
    await sendWebhook(TOKEN, { url: `${url}/answer?a=1`, method: 'GET', params: { CallSid: 'CA1', To: '+1555' } }, new AbortController().signal);
    expect(seen[0]?.url).toBe('/answer?a=1&CallSid=CA1&To=%2B1555');
    expect(seen[0]?.body).toBe('');
    expect(twilio.validateRequest(TOKEN, String(seen[0]?.headers['x-twilio-signature']), url + String(seen[0]?.url), {})).toBe(true);
  });

  it('is not repeated for a 503 or a 404 by default', async () => {
    const { url, seen } = await serve({ '/a': statuses(503, 204), '/b': statuses(404, 204) });
    expect((await post(`${url}/a`)).status).toBe(503);
    expect((await post(`${url}/b`)).status).toBe(404);
    expect(seen).toHaveLength(2);
  });

  it('is repeated as often and for what its fragment says, under one idempotency token', async () => {
    const { url, seen, to } = await serve({ '/all': statuses(500, 404, 204), '/only5xx': statuses(502, 404, 204), '/never': statuses(500) });
    expect((await post(`${url}/all#rc=5&rp=all`)).status).toBe(204);
    expect(new Set(seen.map((one) => one.headers['i-twilio-idempotency-token'])).size).toBe(1);
    expect(to('/all')).toHaveLength(3);
    expect((await post(`${url}/only5xx#rc=5&rp=5xx`)).status).toBe(404);
    expect(to('/only5xx')).toHaveLength(2);
    expect((await post(`${url}/never#rc=2&rp=5xx`)).status).toBe(500);
    expect(to('/never')).toHaveLength(3);
  });

  it('fails with 11205 when nobody listens, after one more try', async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => { listener.listen(0, '127.0.0.1', resolve); });
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => { listener.close(resolve); });
    await expect(post(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 11_205, kind: 'ct' });
  });

  it('fails with 11205 when the answer takes longer than rt', async () => {
    const { url } = await serve({ '/slow': () => {} });
    await expect(post(`${url}/slow#rt=100`)).rejects.toMatchObject({ code: 11_205, kind: 'rt' });
  });

  it('fails with 11750 when the answer is larger than 64 kB', async () => {
    const { url } = await serve({ '/large': (_, response) => { response.end('x'.repeat(65_537)); }, '/just': (_, response) => { response.end('x'.repeat(65_536)); } });
    expect((await post(`${url}/just`)).body.length).toBe(65_536);
    await expect(post(`${url}/large`)).rejects.toMatchObject({ code: 11_750 });
  });

  it('follows redirects, ten of them', async () => {
    const { url, to } = await serve({
      '/here': (_, response) => { response.writeHead(307, { location: '/there' }).end(); },
      '/there': (seen, response) => { response.end(seen.method); },
      '/round': (_, response) => { response.writeHead(302, { location: '/round' }).end(); },
    });
    expect((await post(`${url}/here`, { a: 'b' })).body.toString()).toBe('POST');
    expect(to('/there')).toEqual([{ a: 'b' }]);
    await expect(post(`${url}/round`)).rejects.toMatchObject({ code: 11_215 });
    expect(to('/round')).toHaveLength(11);
  });

  it('refuses what is no URL with 11100', async () => {
    await expect(post('/relative')).rejects.toThrow(WebhookFailure);
  });
});

describe('the overrides in a fragment', () => {
  it('are one retry on connect failure within 15 s when there are none', () => {
    expect(readOverrides('https://example.com/')).toEqual({ ct: 5000, rt: 15_000, tt: 15_000, rc: 1, rp: ['ct'] });
  });
  it('stay within their ranges', () => {
    expect(readOverrides('https://example.com/#ct=99&rt=15001&tt=9000&rc=6&rp=nonsense')).toEqual({ ct: 5000, rt: 15_000, tt: 9000, rc: 1, rp: ['ct'] });
    expect(readOverrides('https://example.com/#ct=200&rt=300&rc=0&rp=4xx,rt')).toMatchObject({ ct: 200, rt: 300, rc: 0, rp: ['4xx', 'rt'] });
  });
});
