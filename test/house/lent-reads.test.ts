import * as fc from 'fast-check';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { makeCertificate } from '#doubles/certificate.ts';
import { connectLending, type Lender } from '#house/lent-reads.ts';
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
