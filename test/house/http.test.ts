import { describe, expect, it } from 'vitest';
import { httpHandler, json } from '#house/http.ts';
import { silentLog } from '#house/log.ts';
import { httpEvent } from '#doubles/events.ts';

const addressSeen = async (headers: Record<string, string>, originSecret?: string): Promise<unknown> => {
  const handler = httpHandler(async (request) => json(200, request.sourceIp), { log: silentLog, originSecret });
  const event = httpEvent({ method: 'POST', path: '/enquire', headers });
  event.requestContext.http.sourceIp = '198.51.100.9';
  return JSON.parse((await handler(event)).body!);
};
const secret = 'a-secret-that-cloudfront-adds';
const viewer = { 'cloudfront-viewer-address': '203.0.113.7:51234' };

describe("the visitor's address", () => {
  it('is the connection’s, where nobody vouches for another', async () => {
    expect(await addressSeen({}, secret)).toBe('198.51.100.9');
    expect(await addressSeen({ ...viewer, 'x-forwarded-for': '203.0.113.8' })).toBe('198.51.100.9');
  });

  it('is what CloudFront says, when the request shows the origin secret', async () => {
    expect(await addressSeen({ ...viewer, 'x-ringback-origin': secret }, secret)).toBe('203.0.113.7');
    expect(await addressSeen({ 'cloudfront-viewer-address': '2001:db8::7:443', 'x-ringback-origin': secret }, secret)).toBe('2001:db8::7');
  });

  it('is not what somebody says who does not know the secret', async () => {
    expect(await addressSeen({ ...viewer, 'x-ringback-origin': 'guessed' }, secret)).toBe('198.51.100.9');
    expect(await addressSeen({ ...viewer, 'x-ringback-origin': '' }, '')).toBe('198.51.100.9');
  });
});
