import * as fc from 'fast-check';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inbox } from '#doubles/inbox.ts';
import { eventOf, sequenceOf } from '#relay/gateway-sequence.ts';
import { metrics } from '#relay/metrics.ts';
import { checkPeer, packFrame, peers, sealPeer, unpackFrame } from '#relay/peers.ts';

const now = new Date('2026-06-01T12:00:00Z');
const secret = 'a secret of the tests, long enough.';
const asks = (authorization: string | undefined, task = 'task-1') => ({ headers: authorization ? { authorization } : {}, url: `/peer?task=${task}` });

describe('a task that forwards frames', () => {
  it('shows that it knows the secret, for the one task that it means, for a minute', () => {
    const seal = sealPeer(secret, 'task-1', now);
    expect(checkPeer(secret, 'task-1', asks(seal), now)).toBe('good');
    expect(checkPeer(secret, 'task-1', asks(seal), new Date(now.getTime() + 61_000))).toBe('forged');
    expect(checkPeer(secret, 'task-2', asks(seal, 'task-2'), now)).toBe('forged');
    expect(checkPeer('another secret', 'task-1', asks(seal), now)).toBe('forged');
    for (const wrong of [undefined, '', 'Ringback-Peer', `${seal}x`, seal.replace(/\.(.)/, (_, c: string) => (c === 'A' ? '.B' : '.A'))]) expect(checkPeer(secret, 'task-1', asks(wrong), now)).toBe('forged');
  });

  it('is told when it means a task that was here before', () => {
    expect(checkPeer(secret, 'task-2', asks(sealPeer(secret, 'task-1', now), 'task-1'), now)).toBe('wrong-task');
  });

  it('sends frames that arrive as they were, whatever is in them', () => {
    fc.assert(fc.property(fc.base64String({ minLength: 1 }), fc.uint8Array(), (connectionId, bytes) => {
      const frame = { connectionId, event: '$default', body: Buffer.from(bytes) };
      expect(unpackFrame(packFrame(frame))).toEqual(frame);
    }));
  });

  it('is not understood when it sends something else', () => {
    for (const text of ['', '\n', 'a', 'a\n', '\na\n', 'a\n\n']) expect(unpackFrame(Buffer.from(text))).toBeUndefined();
  });
});

describe('a task that does not answer', () => {
  const frame = { connectionId: 'abc=', event: 'media', body: Buffer.from('{}') };
  /** Links to one address, and which tasks they hold to be lost. */
  const linked = (port: number) => {
    const lost = inbox<string>();
    const links = peers({ secret, now: () => new Date(), metrics: metrics(), lost: ({ task }) => lost.put(task) });
    onTestFinished(() => links.close());
    return { lost, send: () => links.send({ address: `127.0.0.1:${port}`, task: 'task-1' }, frame) };
  };
  const listening = async (answer: (socket: Socket) => void) => {
    const opened = inbox<Socket>();
    const server = createServer((socket) => {
      opened.put(socket.on('error', () => {}));
      answer(socket);
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    onTestFinished(() => {
      server.close();
      for (const socket of opened.all) socket.destroy();
    });
    return { port: (server.address() as AddressInfo).port, opened };
  };

  it('is lost at once when its address refuses, or says that it is somebody else', async () => {
    const nobody = linked(1);
    nobody.send();
    expect(await nobody.lost.next(() => true)).toBe('task-1');
    const { port } = await listening((socket) => socket.end('HTTP/1.1 410 Gone\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'));
    const other = linked(port);
    other.send();
    expect(await other.lost.next(() => true)).toBe('task-1');
  });

  it('is asked once more when it is silent, and lost when it stays so', async () => {
    const { port, opened } = await listening(() => {});
    const { lost, send } = linked(port);
    send();
    expect(await lost.next(() => true)).toBe('task-1');
    expect(opened.all.length).toBe(2);
  });

  it('is not taken for lost by one that stood still itself', async () => {
    const { port, opened } = await listening((socket) => socket.end('HTTP/1.1 410 Gone\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'));
    const { lost, send } = linked(port);
    send();
    // Nothing of this process moves, the peer included: each time the handshake's time is up before anybody could answer.
    const still = new Int32Array(new SharedArrayBuffer(4));
    for (let times = 1; times <= 3; times++) {
      Atomics.wait(still, 0, 0, 1500);
      await opened.until((all) => all.length > times);
      expect(lost.all).toEqual([]);
    }
    expect(await lost.next(() => true)).toBe('task-1');
  });
});

describe('the number of a frame', () => {
  it('is read from either carrier\'s frame, as text or number, in whatever order the fields stand', () => {
    for (const [frame, number] of [
      [{ event: 'media', sequenceNumber: '7', media: { track: 'inbound', chunk: '6', timestamp: '5', payload: 'AAAA' }, streamSid: 'MZ1' }, 7],
      [{ event: 'media', sequence_number: 8, stream_sid: 'x', media: { chunk: 2, sequenceNumber: '99', payload: 'AAAA' } }, 8],
      [{ media: { payload: 'AAAA' }, event: 'media', sequence_number: '9' }, 9],
      [{ event: 'start', sequenceNumber: '1', start: { customParameters: { sequenceNumber: '5' } } }, 1],
      [{ event: 'connected', protocol: 'Call' }, undefined],
      [{ event: 'mark', sequenceNumber: '-3', mark: { name: 'x' } }, undefined],
      [{ event: 'media', sequenceNumber: 'x', media: { payload: '' } }, undefined],
      [{ event: 'media', sequenceNumber: '', media: { payload: '' } }, undefined],
    ] as const) expect(sequenceOf(Buffer.from(JSON.stringify(frame)))).toBe(number);
    expect(sequenceOf(Buffer.from('no json'))).toBeUndefined();
    expect(sequenceOf(Buffer.from('null'))).toBeUndefined();
  });

  it('comes with its event where API Gateway did not name the route', () => {
    expect(eventOf(Buffer.from('{"event":"start"}'))).toBe('start');
    for (const text of ['', '[]', '{"event":1}', 'null']) expect(eventOf(Buffer.from(text))).toBe('$default');
  });
});
