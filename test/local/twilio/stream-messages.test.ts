import { describe, expect, it } from 'vitest';
import { connectedMessage, dtmfMessage, markMessage, mediaMessage, readOutbound, startMessage, stopMessage } from '#local/twilio/stream-messages.ts';

const SID = `MZ${'1'.repeat(32)}`;
const ids = { accountSid: 'AC1', callSid: 'CA1', streamSid: SID };
const read = (message: unknown) => readOutbound(JSON.stringify(message), SID);

describe('messages to the customer', () => {
  it('carry counters as text and formats as numbers, as the documentation shows them', () => {
    expect(JSON.parse(connectedMessage())).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    expect(JSON.parse(startMessage(1, ids, ['inbound'], { attempt: 'att_1' }))).toEqual({ event: 'start', sequenceNumber: '1', streamSid: SID,
      start: { accountSid: 'AC1', streamSid: SID, callSid: 'CA1', tracks: ['inbound'], customParameters: { attempt: 'att_1' },
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 } } });
    expect(JSON.parse(mediaMessage(4, SID, 'inbound', 2, 20, Uint8Array.of(1, 2, 255)))).toEqual({ event: 'media', sequenceNumber: '4', streamSid: SID,
      media: { track: 'inbound', chunk: '2', timestamp: '20', payload: 'AQL/' } });
    expect(JSON.parse(dtmfMessage(5, SID, '9'))).toEqual({ event: 'dtmf', streamSid: SID, sequenceNumber: '5', dtmf: { track: 'inbound_track', digit: '9' } });
    expect(JSON.parse(markMessage(6, SID, 'a "b"'))).toEqual({ event: 'mark', sequenceNumber: '6', streamSid: SID, mark: { name: 'a "b"' } });
    expect(JSON.parse(stopMessage(7, ids))).toEqual({ event: 'stop', sequenceNumber: '7', stop: { accountSid: 'AC1', callSid: 'CA1' }, streamSid: SID });
  });

  it('encodes a frame that lies in the middle of a larger buffer', () => {
    const frame = Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5);
    expect((JSON.parse(mediaMessage(1, SID, 'inbound', 1, 0, frame)) as { media: unknown }).media).toMatchObject({ payload: 'AQID' });
  });
});

describe('messages of the customer', () => {
  it('accepts media of any size, mark and clear', () => {
    expect(read({ event: 'media', streamSid: SID, media: { payload: 'AQID' } })).toEqual({ event: 'media', audio: Buffer.from([1, 2, 3]) });
    expect(read({ event: 'mark', streamSid: SID, mark: { name: '' } })).toEqual({ event: 'mark', name: '' });
    expect(read({ event: 'clear', streamSid: SID })).toEqual({ event: 'clear' });
  });

  it.each([
    ['no JSON', 'media'],
    ['no object', '[]'],
    ['an unknown event', { event: 'stop', streamSid: SID }],
    ['no event', { streamSid: SID, mark: { name: 'x' } }],
    ["another stream's sid", { event: 'clear', streamSid: 'MZ2' }],
    ['no sid', { event: 'clear' }],
    ['a mark without its object', { event: 'mark', streamSid: SID }],
    ['a mark without a name', { event: 'mark', streamSid: SID, mark: {} }],
    ['a mark whose name is a number', { event: 'mark', streamSid: SID, mark: { name: 1 } }],
    ['a sequenceNumber', { event: 'media', streamSid: SID, sequenceNumber: '1', media: { payload: 'AQID' } }],
    ['a track in the media', { event: 'media', streamSid: SID, media: { payload: 'AQID', track: 'outbound' } }],
    ['an empty payload', { event: 'media', streamSid: SID, media: { payload: '' } }],
    ['a clear with something in it', { event: 'clear', streamSid: SID, clear: {} }],
  ])('refuses with 31951: %s', (_, message) => {
    expect(typeof message === 'string' ? readOutbound(message, SID) : read(message)).toMatchObject({ code: 31_951 });
  });

  it('refuses a payload that is not base64 with 31950', () => {
    expect(read({ event: 'media', streamSid: SID, media: { payload: '%%%' } })).toMatchObject({ code: 31_950 });
    expect(read({ event: 'media', streamSid: SID, media: { payload: 'AQ_-' } })).toMatchObject({ code: 31_950 });
  });
});
