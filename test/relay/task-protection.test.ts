import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#house/log.ts';
import { taskProtection } from '#relay/task-protection.ts';

let server: Server;
let asked: { method: string | undefined; url: string | undefined; body: unknown }[];
let status: number;
beforeEach(async () => {
  asked = [];
  status = 200;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, body: JSON.parse(body) });
      response.writeHead(status).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => { server.close(); server.closeAllConnections(); });

const protectionOf = () => {
  const state = { calls: 0, now: 0 };
  const agentUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/x`;
  return { state, ...taskProtection({ agentUri, active: () => state.calls, ms: () => state.now, log: silentLog }) };
};
const on = { method: 'PUT', url: '/api/x/task-protection/v1/state', body: { ProtectionEnabled: true, ExpiresInMinutes: 15 } };
const off = { ...on, body: { ProtectionEnabled: false } };

describe('the protection of a relay task', () => {
  it('begins with the first call, is renewed every 30 s, and ends with the last', async () => {
    const { state, look } = protectionOf();
    await look();
    expect(asked).toEqual([]);
    state.calls = 1;
    await look();
    state.calls = 5;
    state.now = 29_999;
    await look();
    expect(asked).toEqual([on]);
    state.now = 30_000;
    await look();
    state.calls = 0;
    await look();
    await look();
    expect(asked).toEqual([on, on, off]);
  });

  it('is asked for again when the agent refused, in either direction', async () => {
    const { state, look } = protectionOf();
    state.calls = 1;
    status = 500;
    await look();
    status = 200;
    await look();
    state.calls = 0;
    status = 500;
    await look();
    status = 200;
    await look();
    expect(asked).toEqual([on, on, off, off]);
  });

  it('never breaks the relay when there is no agent to ask', async () => {
    const { state, look } = protectionOf();
    state.calls = 1;
    server.close();
    server.closeAllConnections();
    await expect(look()).resolves.toBeUndefined();
  });
});
