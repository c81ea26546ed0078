import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventOf, sequenceOf } from '#relay/gateway-sequence.ts';
import { checkPeer, packFrame, sealPeer, unpackFrame } from '#relay/peers.ts';

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
