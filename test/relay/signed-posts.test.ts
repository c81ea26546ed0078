import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { steadyMs } from '#house/clock.ts';
import { managementClient } from '#relay/gateway-posts.ts';
import { signer } from '#relay/signature.ts';
import { signedPosts } from '#relay/signed-posts.ts';

const ID = 'abc+/=';
const NOW = '2026-11-28T12:00:00.000Z';

interface Request { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer; socket: number | undefined }

const gateway = async (answer: (response: ServerResponse, count: number) => void, sessionToken?: string) => {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ method: request.method!, url: request.url!, headers: request.headers, body: Buffer.concat(chunks), socket: request.socket.remotePort });
      answer(response, requests.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prod`;
  const client = managementClient(endpoint, true);
  const who = { accessKeyId: 'AKID', secretAccessKey: 'secret', ...(sessionToken ? { sessionToken } : {}) };
  const posts = signedPosts(Object.assign(client, { config: { ...client.config, credentials: async () => who, region: async () => 'eu-west-1' } }), endpoint, { now: () => new Date(NOW), ms: steadyMs, postMs: 100 });
  onTestFinished(() => {
    posts.close();
    server.close();
    server.closeAllConnections();
  });
  return { posts, requests, endpoint, who };
};
const status = (code: number) => (response: ServerResponse): void => void response.writeHead(code).end(code === 200 ? '' : '{"message":"words of theirs"}');

describe('a post that we sign', () => {
  it('has the message as it stands, for the one connection, signed for its region with the time of now', async () => {
    const { posts, requests, endpoint, who } = await gateway(status(200));
    expect(await posts.post(ID, Buffer.from([0, 0xff, 0x7b]))).toBe('taken');
    expect(await posts.post(ID, '{"event":"clear","é":1}')).toBe('taken');
    expect(requests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', '/prod/@connections/abc%2B%2F%3D', Buffer.from([0, 0xff, 0x7b])], ['POST', '/prod/@connections/abc%2B%2F%3D', Buffer.from('{"event":"clear","é":1}')],
    ]);
    for (const { headers, body, url } of requests) {
      expect(headers).toMatchObject({ host: new URL(endpoint).host, 'x-amz-date': '20261128T120000Z' });
      expect(headers['x-amz-security-token']).toBeUndefined();
      expect(headers.authorization).toBe(signer('eu-west-1', 'execute-api').authorization(
        { method: 'POST', path: url, headers: { host: new URL(endpoint).host, 'x-amz-date': '20261128T120000Z' }, body }, who, '20261128T120000Z'));
    }
  });

  it("carries and signs the token of a role's credentials", async () => {
    const { posts, requests } = await gateway(status(200), 'a/token==');
    await posts.post(ID, 'x');
    expect(requests[0]!.headers).toMatchObject({ 'x-amz-security-token': 'a/token==', authorization: expect.stringContaining('SignedHeaders=host;x-amz-date;x-amz-security-token,') });
  });

  it.each([[200, 'taken'], [410, 'gone'], [429, 'busy'], [413, 'too-large']] as const)('that is answered with %s comes back as %s', async (code, result) => {
    const { posts } = await gateway(status(code));
    expect(await posts.post(ID, 'x')).toBe(result);
  });

  it.each([403, 500, 302])('that is answered with %s fails, in words of ours', async (code) => {
    const { posts } = await gateway(status(code));
    await expect(posts.post(ID, 'x')).rejects.toThrow(new Error(`@connections answered ${code}`));
  });

  it('fails when nobody answers in time, or the connection breaks, and the next one is sent all the same', async () => {
    const { posts, requests } = await gateway((response, count) => {
      if (count === 2) response.destroy();
      if (count === 3) status(200)(response);
    });
    await expect(posts.post(ID, 'one')).rejects.toThrow('no answer within 100 ms');
    await expect(posts.post(ID, 'two')).rejects.toThrow(/closed before an answer|ECONNRESET/);
    expect(await posts.post(ID, 'three')).toBe('taken');
    expect(requests.map(({ body }) => body.toString())).toEqual(['one', 'two', 'three']);
  });

  it('goes over a connection of those before it', async () => {
    const { posts, requests } = await gateway(status(200));
    for (let i = 0; i < 20; i++) await posts.post(ID, `${i}`);
    // Whoever asks in the moment in which the answer comes may find the one that brought it not free yet.
    expect(new Set(requests.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
  });

  it('waits for nobody: as many as are asked for are under way together', async () => {
    const answers: (() => void)[] = [];
    const { posts, requests } = await gateway((response) => {
      answers.push(() => status(200)(response));
      if (answers.length === 5) for (const answer of answers) answer();
    });
    expect(await Promise.all(Array.from({ length: 5 }, (_, i) => posts.post(ID, `${i}`)))).toEqual(Array(5).fill('taken'));
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(5);
  });
});

describe("a carrier's socket", () => {
  it('is closed by the SDK, which is fine when it is closed already', async () => {
    const { posts, requests } = await gateway((response, count) => status(count === 1 ? 204 : 410)(response));
    await posts.drop(ID);
    await posts.drop(ID);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(2).fill('DELETE /prod/@connections/abc%2B%2F%3D'));
  });
});
