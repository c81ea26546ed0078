import * as fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { takesAtOnce, textFrame, writeText } from '#house/text-frame.ts';

const http = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
let client: { socket: WebSocket; wire: Duplex };
let server: { socket: WebSocket; wire: Duplex };

beforeAll(async () => {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  http.on('upgrade', (request, wire, head) => sockets.handleUpgrade(request, wire, head, (socket) => {
    server = { socket, wire };
  }));
  const socket = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { perMessageDeflate: false });
  socket.on('upgrade', (response) => {
    client = { socket, wire: response.socket };
  });
  await once(socket, 'open');
});
afterAll(() => {
  client.socket.terminate();
  http.close();
  http.closeAllConnections();
});

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((said) => Buffer.from(said)),
  // Around the two lengths at which a head grows.
  fc.integer({ min: 120, max: 135 }).map((length) => Buffer.alloc(length, 'abcdefg')),
  fc.integer({ min: 65_500, max: 65_570 }).map((length) => Buffer.alloc(length, 'hijk')),
);

const parts = (said: Buffer, a: number, b: number): [Buffer, Buffer, Buffer] => {
  const [first, second] = [a % (said.length + 1), b % (said.length + 1)].toSorted((one, other) => one - other) as [number, number];
  return [said.subarray(0, first), said.subarray(first, second), said.subarray(second)];
};
const arrives = async (at: WebSocket, send: () => void): Promise<unknown[]> => {
  const next = once(at, 'message');
  send();
  return next;
};

describe('a text frame in one piece', () => {
  it('is what ws reads as that text, from a server', async () => {
    await fc.assert(fc.asyncProperty(text, fc.nat(), fc.nat(), async (said, a, b) => {
      expect(await arrives(client.socket, () => writeText(server.wire, true, false, ...parts(said, a, b)))).toEqual([said, false]);
    }));
  });

  it('is what ws reads as that text, from a client, masked', async () => {
    await fc.assert(fc.asyncProperty(text, fc.nat(), fc.nat(), async (said, a, b) => {
      expect(await arrives(server.socket, () => writeText(client.wire, true, true, ...parts(said, a, b)))).toEqual([said, false]);
    }));
  });

  it('stands among what ws sends itself', async () => {
    const got: string[] = [];
    client.socket.on('message', (data: Buffer) => got.push(data.toString()));
    server.socket.send('one');
    writeText(server.wire, true, false, ...parts(Buffer.from('two'), 0, 0));
    server.socket.send('three');
    await arrives(client.socket, () => writeText(server.wire, true, false, ...parts(Buffer.from('four'), 1, 2)));
    while (got.length < 4) await once(client.socket, 'message');
    expect(got).toEqual(['one', 'two', 'three', 'four']);
  });

  it('is another one for each write, also where the other side does not read for a while', async () => {
    expect([takesAtOnce(server.wire), takesAtOnce(new PassThrough())]).toEqual([true, false]);
    const said = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`${i} `.repeat(300).slice(0, 1000 + (i % 500))));
    const got: string[] = [];
    const heard = (data: Buffer): void => void got.push(data.toString());
    client.socket.on('message', heard);
    client.socket.pause();
    let waited = 0;
    for (const [i, text] of said.entries()) {
      writeText(server.wire, true, false, text.subarray(0, 3), text.subarray(3), Buffer.alloc(0));
      if (server.wire.writableLength > 0) waited++;
      // Now and then the kernel gets the time to take some.
      if (i % 9000 === 0) {
        client.socket.resume();
        await new Promise(setImmediate);
        client.socket.pause();
      }
    }
    client.socket.resume();
    while (got.length < said.length) await once(client.socket, 'message');
    client.socket.off('message', heard);
    expect(got).toEqual(said.map(String));
    expect(waited).toBeGreaterThan(1000);
  });

  it('has a mask that is another each time', () => {
    const masks = Array.from({ length: 5000 }, () => textFrame(true, Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(0)).readUInt32BE(2));
    expect(new Set(masks).size).toBeGreaterThan(4990);
  });
});
