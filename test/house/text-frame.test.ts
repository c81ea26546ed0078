import * as fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { maskedTextFrame, textFrame } from '#house/text-frame.ts';

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

const arrives = async (at: WebSocket, send: () => void): Promise<unknown[]> => {
  const next = once(at, 'message');
  send();
  return next;
};

describe('a text frame in one piece', () => {
  it('is what ws reads as that text, from a server', async () => {
    await fc.assert(fc.asyncProperty(text, async (said) => {
      expect(await arrives(client.socket, () => server.wire.write(textFrame(said)))).toEqual([said, false]);
    }));
  });

  it('is what ws reads as that text, from a client, masked', async () => {
    await fc.assert(fc.asyncProperty(text, fc.nat(), fc.nat(), async (said, a, b) => {
      const [first, second] = [a % (said.length + 1), b % (said.length + 1)].toSorted((one, other) => one - other) as [number, number];
      const frame = maskedTextFrame(said.subarray(0, first), said.subarray(first, second), said.subarray(second));
      expect(await arrives(server.socket, () => client.wire.write(frame))).toEqual([said, false]);
    }));
  });

  it('stands among what ws sends itself', async () => {
    const got: string[] = [];
    client.socket.on('message', (data: Buffer) => got.push(data.toString()));
    server.socket.send('one');
    server.wire.write(textFrame(Buffer.from('two')));
    server.socket.send('three');
    await arrives(client.socket, () => server.wire.write(textFrame(Buffer.from('four'))));
    while (got.length < 4) await once(client.socket, 'message');
    expect(got).toEqual(['one', 'two', 'three', 'four']);
  });

  it('has a mask that is another each time', () => {
    const masks = Array.from({ length: 5000 }, () => maskedTextFrame(Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(0)).readUInt32BE(2));
    expect(new Set(masks).size).toBeGreaterThan(4990);
  });
});
