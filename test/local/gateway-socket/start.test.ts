// The stand-in itself: what it promises of API Gateway, so that the relay's tests mean something.
import { ApiGatewayManagementApiClient, DeleteConnectionCommand, GetConnectionCommand, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { inbox } from '#doubles/inbox.ts';
import { startGatewaySocket, type GatewaySocketOptions } from '#local/gateway-socket/start.ts';
import { connectionsEndpoint, managementClient } from '#relay/gateway-posts.ts';

interface Posted { relay: number; headers: IncomingHttpHeaders; body: string }

const backend = async (name: number, posted: { put(item: Posted): void }, status: () => number) => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      if (request.method === 'POST') posted.put({ relay: name, headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(request.method === 'POST' ? status() : 200).end();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const line = async (options: Partial<GatewaySocketOptions> = {}, status: () => number = () => 200) => {
  const posted = inbox<Posted>();
  const relays = [await backend(0, posted, status), await backend(1, posted, status)];
  const gateway = await startGatewaySocket({ port: 0, relays, ...options });
  onTestFinished(() => gateway.stop());
  const client = managementClient(connectionsEndpoint(gateway.url), true);
  onTestFinished(() => client.destroy());
  const connect = async () => {
    const socket = new WebSocket(gateway.url);
    const got = inbox<string>();
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => got.put(data.toString()));
    const closed = new Promise<number>((resolve) => { socket.on('close', resolve); });
    await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
    return { socket, got, closed, id: gateway.connections.at(-1)! };
  };
  return { posted, gateway, client, connect, relays };
};
const fault = async (client: ApiGatewayManagementApiClient, command: PostToConnectionCommand | DeleteConnectionCommand): Promise<[string, number | undefined]> => {
  try {
    if (command instanceof PostToConnectionCommand) await client.send(command);
    else await client.send(command);
    return ['none', 200];
  } catch (error) {
    return [(error as Error).name, (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode];
  }
};

describe('the local API Gateway', () => {
  it('posts a handshake, each message and the end to the relays in turn, with connection and route in headers', async () => {
    const { posted, connect } = await line();
    const { socket, id } = await connect();
    socket.send('{"event":"start"}');
    await posted.until((all) => all.length === 2);
    socket.send('{"event":"hello"}');
    await posted.until((all) => all.length === 3);
    socket.send('no json');
    await posted.until((all) => all.length === 4);
    socket.close();
    await posted.until((all) => all.length === 5);
    expect(posted.all.map(({ headers, body }) => [headers['x-ws-event'], body])).toEqual([['$connect', ''], ['start', '{"event":"start"}'], ['$default', '{"event":"hello"}'], ['$default', 'no json'], ['$disconnect', '']]);
    expect(new Set(posted.all.map(({ headers }) => headers['x-ws-connection-id']))).toEqual(new Set([id]));
    expect(posted.all.map(({ relay }) => relay)).toEqual([0, 1, 0, 1, 0]);
  });

  it('takes posts for a connection that is open, and closes it on demand', async () => {
    const { connect, client } = await line();
    const { got, closed, id } = await connect();
    await client.send(new PostToConnectionCommand({ ConnectionId: id, Data: Buffer.from('{"event":"clear"}') }));
    expect(await got.next(() => true)).toBe('{"event":"clear"}');
    expect((await client.send(new GetConnectionCommand({ ConnectionId: id }))).ConnectedAt).toBeInstanceOf(Date);
    await client.send(new DeleteConnectionCommand({ ConnectionId: id }));
    expect(await closed).toBe(1001);
  });

  it('says 410 for one that is not, 413 above 128 KB, and 429 for too many', async () => {
    const { connect, client } = await line({ postsPerSecond: 0 });
    const { id } = await connect();
    const post = (ConnectionId: string, Data: Buffer) => fault(client, new PostToConnectionCommand({ ConnectionId, Data }));
    expect(await post('nobody=', Buffer.from('x'))).toEqual(['GoneException', 410]);
    expect(await fault(client, new DeleteConnectionCommand({ ConnectionId: 'nobody=' }))).toEqual(['GoneException', 410]);
    expect(await post(id, Buffer.alloc(128 * 1024 + 1, 0x20))).toEqual(['PayloadTooLargeException', 413]);
    await post(id, Buffer.from('x'));
    expect(await post(id, Buffer.from('x'))).toEqual(['LimitExceededException', 429]);
  });

  it('tells the carrier in a message when a relay does not take its frame, and stays open', async () => {
    let status = 200;
    const { connect } = await line({}, () => status);
    const { socket, got, id } = await connect();
    status = 500;
    socket.send('{"event":"media"}');
    expect(JSON.parse(await got.next(() => true))).toMatchObject({ message: 'Internal server error', connectionId: id });
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('posts to the relays that it was told of last, and to a new one only when that answers its health check', async () => {
    const { connect, gateway, posted, relays } = await line();
    const { socket } = await connect();
    // Nobody listens at port 1.
    await gateway.relays.set([await backend(2, posted, () => 200), relays[1]!, 'http://127.0.0.1:1']);
    for (let i = 0; i < 6; i++) socket.send('{"event":"media"}');
    await posted.until((all) => all.length === 7);
    expect(posted.all.slice(1).map(({ relay }) => relay).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('refuses a handshake that no relay takes, and one for another stage', async () => {
    const { connect, gateway } = await line({}, () => 503);
    await expect(connect()).rejects.toThrow('502');
    const wrong = new WebSocket(`ws://127.0.0.1:${gateway.port}/other`);
    await expect(new Promise((_resolve, reject) => { wrong.on('error', reject); })).rejects.toThrow('403');
  });

  it('closes with 1009 above 32 KB, and with 1003 for binary frames', async () => {
    const { connect } = await line();
    const large = await connect();
    large.socket.send('x'.repeat(32 * 1024 + 1));
    expect(await large.closed).toBe(1009);
    const binary = await connect();
    binary.socket.send(Buffer.from('x'));
    expect(await binary.closed).toBe(1003);
  });

  it('is asked with a signature', async () => {
    const { connect, gateway } = await line();
    const { id } = await connect();
    expect((await fetch(`http://127.0.0.1:${gateway.port}/local/@connections/${id}`, { method: 'POST', body: 'x' })).status).toBe(403);
  });
});
