import * as fc from 'fast-check';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { Socket, type AddressInfo } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { makeCertificate } from '#doubles/certificate.ts';
import { acceptLending, connectLending, type Lender } from '#house/lent-reads.ts';
import { tapText } from '#house/text-tap.ts';

const MOST_BYTES = 1024 * 1024;

describe.each([['ws', false], ['wss', true]] as const)('a %s client whose reads are lent', (scheme, secure) => {
  const { key, cert } = makeCertificate();
  const http: Server = secure ? createSecureServer({ key, cert }) : createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  /** Written with the answer to the handshake, in one piece. */
  let early: Buffer[] = [];
  beforeAll(async () => {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
  });
  afterAll(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
    http.closeAllConnections();
  });

  const talk = async () => {
    const lender: Lender = { to: undefined };
    const told: string[] = [];
    const upgraded = once(http, 'upgrade') as Promise<[Parameters<WebSocketServer['handleUpgrade']>[0], Duplex, Buffer]>;
    const socket = new WebSocket(`${scheme}://127.0.0.1:${(http.address() as AddressInfo).port}`, {
      perMessageDeflate: false, maxPayload: MOST_BYTES, createConnection: connectLending(secure, lender), ca: cert,
    });
    let wire: Duplex;
    socket.on('upgrade', (response) => {
      wire = response.socket;
    });
    socket.on('open', () => tapText(wire, false, MOST_BYTES, (text) => told.push(text.toString()), lender));
    socket.on('message', (data: Buffer, binary: boolean) => told.push(binary ? `binary ${data.toString('hex')}` : `by ws: ${data.toString()}`));
    const opened = once(socket, 'open');
    const [request, theirWire, head] = await upgraded;
    theirWire.cork();
    let server!: WebSocket;
    sockets.handleUpgrade(request, theirWire, head, (it) => {
      server = it;
      for (const frame of early) theirWire.write(frame);
    });
    theirWire.uncork();
    await opened;
    const closed = once(socket, 'close');
    return { socket, server, theirWire, told, closed };
  };

  it('hears every message, whole and in order, whatever their lengths', async () => {
    const lengths = fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 60_000, max: 70_000 }), fc.constant(400_000)), { minLength: 1, maxLength: 30 });
    await fc.assert(fc.asyncProperty(lengths, async (all) => {
      const { socket, server, told, closed } = await talk();
      const said = all.map((length, i) => String.fromCharCode(97 + (i % 26)).repeat(length));
      for (const text of said) server.send(text);
      server.close(1000);
      await closed;
      socket.terminate();
      expect(told).toEqual(said);
    }), { numRuns: 20 });
  });

  it('leaves what is no whole text to ws, and loses none of it', async () => {
    const { server, told, closed } = await talk();
    server.send('one');
    server.send(Buffer.from([1, 2]));
    server.send('two', { fin: false });
    server.send(' and three', { fin: true });
    server.send('four');
    server.close(1000);
    await closed;
    expect(told).toEqual(['one', 'binary 0102', 'by ws: two and three', 'by ws: four']);
  });

  it('hears what came with the answer to its handshake, also when that ends in the middle of a message', async () => {
    const frame = (text: string): Buffer => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
    const late = frame('three');
    early = [Buffer.concat([frame('one'), frame('two'), late.subarray(0, 4)])];
    const { server, theirWire, told, closed } = await talk();
    early = [];
    theirWire.write(late.subarray(4));
    server.send('four');
    server.close(1000);
    await closed;
    expect(told).toEqual(['one', 'two', 'three', 'four']);
  });
});

describe('a socket that came to a server and lends', () => {
  const accepted = async () => {
    const http = createServer();
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
    });
    const told: string[] = [];
    const upgraded = once(http, 'upgrade') as Promise<[Parameters<WebSocketServer['handleUpgrade']>[0], Duplex, Buffer]>;
    const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { perMessageDeflate: false });
    client.on('error', () => {});
    let clientWire!: Duplex;
    client.on('upgrade', (response) => {
      clientWire = response.socket;
    });
    const [request, before, head] = await upgraded;
    const lender: Lender = { to: undefined };
    const wire = acceptLending(before, lender);
    let server!: WebSocket;
    sockets.handleUpgrade(request, wire!, head, (socket) => {
      server = socket;
      socket.on('error', () => told.push('error'));
      socket.on('message', (data: Buffer) => told.push(`by ws: ${data.toString()}`));
      socket.on('ping', () => told.push('ping'));
      tapText(wire!, true, MOST_BYTES, (text) => told.push(text.toString()), lender);
    });
    await once(client, 'open');
    return { http, client, clientWire, server, before, wire, told, closed: once(server, 'close') };
  };

  it('is one of its own, and the one it was is closed', async () => {
    const { before, wire } = await accepted();
    expect(wire).toBeInstanceOf(Socket);
    expect([wire === before, before.destroyed, wire!.destroyed]).toEqual([false, true, false]);
  });

  it('hears every message, and is heard', async () => {
    const { client, server, told, closed } = await accepted();
    const heard: string[] = [];
    client.on('message', (data: Buffer) => heard.push(data.toString()));
    const said = Array.from({ length: 200 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat((i * 997) % 90_000));
    for (const text of said) client.send(text);
    client.ping();
    client.send('half', { fin: false });
    client.send(' and half', { fin: true });
    client.send('last');
    server.send('hello');
    client.close(1000, 'enough');
    expect(await closed).toEqual([1000, Buffer.from('enough')]);
    expect(told).toEqual([...said, 'ping', 'by ws: half and half', 'by ws: last']);
    expect(heard).toEqual(['hello']);
  });

  it('is closed without a word when its client is gone, and no server waits for it', async () => {
    const { http, clientWire, told, closed } = await accepted();
    (clientWire as Socket).resetAndDestroy();
    expect((await closed)[0]).toBe(1006);
    expect(told.filter((what) => what !== 'error')).toEqual([]);
    http.close();
    await once(http, 'close');
  });

  it('stays what it was where it is no plain socket', () => {
    const [one, other] = duplexPair();
    expect(acceptLending(one, { to: undefined })).toBeUndefined();
    expect([one.destroyed, other.destroyed]).toEqual([false, false]);
  });
});
