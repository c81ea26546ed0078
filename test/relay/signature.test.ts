import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amzDate, signer, uriEncoded, type Credentials } from '#relay/signature.ts';

interface Sent { method: string; path: string; headers: Record<string, string>; body: Uint8Array }

/** What the SDK would put on the wire for this post. */
const bySdk = async (endpoint: string, region: string, credentials: Credentials, connectionId: string, data: Uint8Array): Promise<Sent> => {
  let sent: Sent | undefined;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const client = new ApiGatewayManagementApiClient({
    endpoint, region, credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    requestHandler: {
      handle: (request: Sent) => {
        sent = request;
        return Promise.resolve({ response: { statusCode: 200, headers: {}, body: undefined } });
      },
    } as never,
  });
  await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: data }));
  client.destroy();
  return sent!;
};

const key = fc.string({ unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.split('')), minLength: 16, maxLength: 24 });
const credentials = fc.record({
  accessKeyId: key, secretAccessKey: fc.base64String({ minLength: 4, maxLength: 40 }).filter((text) => text.length > 0),
  sessionToken: fc.option(fc.base64String({ minLength: 4, maxLength: 300 }).filter((text) => text.length > 0), { nil: undefined }),
});
/** API Gateway's are base64; anything else must be signed as it is sent all the same. But for a path's own dots, which nobody sends as they are. */
const connectionId = fc.oneof(fc.base64String({ minLength: 4, maxLength: 24 }), fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'aZ09-_.~=+/ !\'()*%@:é'.split('')) })).filter((id) => id.length > 0 && id !== '.' && id !== '..');

describe('a signature of ours', () => {
  it('is the one of the AWS test suite for a bare POST', () => {
    const request = { method: 'POST', path: '/', headers: { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' }, body: '' };
    const who = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
    expect(signer('us-east-1', 'service').authorization(request, who, '20150830T123600Z')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b');
  });

  it('is the one that the SDK makes of the same request, whatever the connection, the message and the credentials', async () => {
    const sign = signer('eu-west-1', 'execute-api');
    await fc.assert(fc.asyncProperty(connectionId, fc.uint8Array({ maxLength: 400 }), credentials, fc.constantFrom('https://abc.execute-api.eu-west-1.amazonaws.com/prod', 'https://voice.example.com'),
      async (id, data, who, endpoint) => {
        const sent = await bySdk(endpoint, 'eu-west-1', who, id, data);
        expect(sent.path).toBe(`${new URL(endpoint).pathname.replace(/\/$/, '')}/@connections/${uriEncoded(id)}`);
        const { authorization, ...headers } = sent.headers;
        const names = /SignedHeaders=([^,]+)/.exec(authorization!)![1]!.split(';');
        const signed = Object.fromEntries(names.map((name) => [name, headers[name]!]));
        expect(sign.authorization({ method: 'POST', path: sent.path, headers: signed, body: Buffer.from(data) }, who, headers['x-amz-date']!)).toBe(authorization);
      }));
  });

  it('is made with the key of its day, also after midnight and after new credentials', () => {
    const request = { method: 'POST', path: '/@connections/a', headers: { host: 'h' }, body: 'x' };
    const [one, other] = [{ accessKeyId: 'A', secretAccessKey: 'one' }, { accessKeyId: 'A', secretAccessKey: 'other' }];
    const kept = signer('eu-west-1', 'execute-api');
    for (const [who, at] of [[one, '20261128T235959Z'], [one, '20261129T000000Z'], [other, '20261129T000001Z'], [one, '20261128T235959Z']] as const) {
      expect(kept.authorization(request, who, at)).toBe(signer('eu-west-1', 'execute-api').authorization(request, who, at));
    }
  });

  it('has a time to the second, in UTC', () => {
    expect(amzDate(new Date('2026-11-28T19:30:00.987Z'))).toBe('20261128T193000Z');
  });
});
