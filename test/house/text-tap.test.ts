import * as fc from 'fast-check';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { tapText } from '#house/text-tap.ts';

const MOST_BYTES = 300;
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MOST_BYTES });
const request = { method: 'GET', headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' } } as IncomingMessage;

/** Everything that a server's WebSocket tells when these bytes come in these chunks. */
const heard = async (chunks: Buffer[], tapped: boolean): Promise<unknown[]> => {
  const [wire, carrier] = duplexPair();
  const told: unknown[] = [];
  carrier.resume();
  server.handleUpgrade(request, wire, Buffer.alloc(0), (socket) => {
    socket.on('message', (data: Buffer, binary: boolean) => told.push(['message', data.toString('hex'), binary]));
    socket.on('ping', (data: Buffer) => told.push(['ping', data.toString('hex')]));
    socket.on('error', () => told.push(['error']));
    socket.on('close', (code: number) => told.push(['close', code]));
    if (tapped) tapText(wire, true, MOST_BYTES, (text) => told.push(['message', text.toString('hex'), false]));
    void (async () => {
      for (const chunk of chunks) {
        // A copy: whoever reads it unmasks it where it is.
        carrier.write(Buffer.from(chunk));
        await new Promise(setImmediate);
      }
      carrier.end();
    })();
  });
  await once(wire, 'close');
  await new Promise(setImmediate);
  return told;
};

const frame = (first: number, payload: Uint8Array, mask: Uint8Array | null): Buffer => {
  const length = payload.length;
  const head = length < 126 ? [first, length] : [first, 126, length >> 8, length & 0xff];
  if (!mask) return Buffer.from([...head, ...payload]);
  head[1]! |= 0x80;
  return Buffer.from([...head, ...mask, ...payload.map((byte, i) => byte ^ mask[i % 4]!)]);
};

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((said) => Buffer.from(said));
const longText = fc.string({ unit: 'grapheme-ascii', minLength: 120, maxLength: 250 }).map((said) => Buffer.from(said));
const ordinary = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant(0x81), fc.oneof(text, longText), mask) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(0x82, 0x89, 0x8a), fc.uint8Array({ maxLength: 40 }), mask) },
);
const odd = fc.oneof(
  // A fragment, what follows it, a close, an extension's bit, no text, too much of it, no mask.
  fc.tuple(fc.constantFrom(0x01, 0x80, 0x00, 0x88, 0xc1, 0x83), text, mask),
  fc.tuple(fc.constant(0x81), fc.uint8Array({ minLength: 1, maxLength: 20 }), mask),
  fc.tuple(fc.constant(0x81), fc.constant(Buffer.alloc(MOST_BYTES + 1, 0x61)), mask),
  fc.tuple(fc.constant(0x81), text, fc.constant(null)),
);
const traffic = (frames: fc.Arbitrary<[number, Uint8Array, Uint8Array | null]>) =>
  fc.tuple(fc.array(frames, { maxLength: 12 }), fc.array(fc.nat(600), { maxLength: 12 })).map(([all, cuts]) => {
    const bytes = Buffer.concat(all.map(([first, payload, key]) => frame(first, payload, key)));
    const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
    return at.slice(1).map((end, i) => bytes.subarray(at[i], end)).filter((chunk) => chunk.length > 0);
  });

describe('a tapped WebSocket', () => {
  it('tells of the same messages, in the same order, however they are cut', async () => {
    await fc.assert(fc.asyncProperty(traffic(ordinary), async (chunks) => {
      expect(await heard(chunks, true)).toEqual(await heard(chunks, false));
    }));
  });

  it('leaves fragments, faults and closes to ws, which ends as it would without', async () => {
    await fc.assert(fc.asyncProperty(traffic(fc.oneof(ordinary, odd)), async (chunks) => {
      expect(await heard(chunks, true)).toEqual(await heard(chunks, false));
    }), { numRuns: 300 });
  });

  it('takes whole texts off before ws sees them', async () => {
    const [wire, carrier] = duplexPair();
    const told: string[] = [];
    server.handleUpgrade(request, wire, Buffer.alloc(0), (socket) => {
      socket.on('message', () => told.push('by ws'));
      tapText(wire, true, MOST_BYTES, (message) => told.push(message.toString()));
    });
    carrier.resume();
    const key = Uint8Array.of(1, 2, 3, 4);
    const late = frame(0x81, Buffer.from('late'), key);
    carrier.write(Buffer.concat([frame(0x81, Buffer.from('one'), key), frame(0x81, Buffer.from('two'), key), late.subarray(0, 3)]));
    await new Promise(setImmediate);
    expect(told).toEqual(['one', 'two']);
    carrier.end(late.subarray(3));
    await once(wire, 'close');
    expect(told).toEqual(['one', 'two', 'late']);
  });
});
