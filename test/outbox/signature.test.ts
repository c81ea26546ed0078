import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { readSigningKeys, signedHeaders } from '#outbox/signature.ts';

const secretOf = (bytes: number, fill = 7): string => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;
const keysOf = (text: string): Buffer[] => readSigningKeys(text)!;

describe('the signature of a delivery', () => {
  it('is the one that the specification gives as its example', () => {
    const headers = signedHeaders(keysOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), 'msg_p5jXN8AQM9LWM0D4loKWxJek', new Date(1614265330_000), '{"test": 2432232314}');
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it("is taken by the convention's own package, whatever is in the body", () => {
    const secret = secretOf(32);
    const body = JSON.stringify({ name: 'Zoë 😀 "quoted"\n', list: [1, null] });
    const headers = signedHeaders(keysOf(secret), 'msg_1', new Date(), body);
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature found');
    expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'msg_2' })).toThrow('No matching signature found');
  });

  it('is made with each key while keys are being changed', () => {
    const [old, fresh] = [secretOf(24, 1), secretOf(64, 2)];
    const headers = signedHeaders(keysOf(`${old}  ${fresh}`), 'msg_1', new Date(), '{}');
    for (const secret of [old, fresh]) expect(new Webhook(secret).verify('{}', headers)).toEqual({});
  });

  it.each([
    ['nothing', ''], ['no prefix', Buffer.alloc(32).toString('base64')], ['too short a key', secretOf(23)], ['too long a key', secretOf(65)],
    ['no base64', 'whsec_%%%%'], ['one good and one bad key', `${secretOf(32)} whsec_x`],
  ])('is not made with %s', (_what, text) => {
    expect(readSigningKeys(text)).toBeUndefined();
  });
});
