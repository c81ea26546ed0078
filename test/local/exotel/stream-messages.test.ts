import { describe, expect, it } from 'vitest';
import { national, readNumber } from '#local/exotel/numbers.ts';
import { createWriter, readMessage, usualDialect } from '#local/exotel/stream-messages.ts';
import { readLocalTime } from '#local/exotel/time.ts';

const ids = { streamSid: 's1', callSid: 'c1', accountSid: 'a1', from: '+919876543210', to: '+918047001234' };
const read = (message: unknown) => readMessage(JSON.stringify(message), 's1');

describe('messages to the customer', () => {
  it('are in snake_case with figures as text, numbered from start on', () => {
    const write = createWriter(usualDialect, ids);
    expect(JSON.parse(write.connected())).toEqual({ event: 'connected' });
    expect(JSON.parse(write.start(8000, {}))).toEqual({ event: 'start', sequence_number: '1', stream_sid: 's1', start: { stream_sid: 's1', call_sid: 'c1', account_sid: 'a1', from: '09876543210', to: '08047001234',
      media_format: { encoding: 'base64', sample_rate: '8000', bit_rate: '128kbps' } } });
    expect(JSON.parse(write.media(2, 200, Uint8Array.of(9, 1, 2, 3).subarray(1)))).toEqual({ event: 'media', sequence_number: '2', stream_sid: 's1', media: { chunk: '2', timestamp: '200', payload: 'AQID' } });
    expect(JSON.parse(write.dtmf('5'))).toEqual({ event: 'dtmf', sequence_number: '3', stream_sid: 's1', dtmf: { digit: '5', duration: '200' } });
    expect(JSON.parse(write.mark('a "b"'))).toEqual({ event: 'mark', sequence_number: '4', stream_sid: 's1', mark: { name: 'a "b"' } });
    expect(JSON.parse(write.stop('callended'))).toEqual({ event: 'stop', sequence_number: '5', stream_sid: 's1', stop: { call_sid: 'c1', account_sid: 'a1', reason: 'callended' } });
  });

  it('write callers in E.164 when the dialect says so', () => {
    expect(JSON.parse(createWriter({ ...usualDialect, phones: 'e164', numbers: 'number' }, ids).start(24_000, { a: '1' }))).toMatchObject({ sequence_number: 1, start: { from: '+919876543210', custom_parameters: { a: '1' }, media_format: { sample_rate: 24_000 } } });
  });
});

describe('messages of the customer', () => {
  it('are media, mark and clear; stream_sid may be absent; strangers among the fields are named', () => {
    expect(read({ event: 'media', stream_sid: 's1', media: { payload: 'AQID' } })).toEqual({ event: 'media', audio: Buffer.from([1, 2, 3]), unknown: [] });
    expect(read({ event: 'mark', streamSid: 'whatever', mark: { name: 'x' } })).toEqual({ event: 'mark', name: 'x', unknown: [] });
    expect(read({ event: 'clear', stream_sid: 's1', clear: {}, colour: 'red' })).toEqual({ event: 'clear', unknown: ['clear', 'colour'] });
  });

  it.each([
    ['no object', [], 'not-json'],
    ['an unknown event', { event: 'stop', stream_sid: 's1' }, 'unknown-event'],
    ["another stream's", { event: 'clear', stream_sid: 's2' }, 'other-stream'],
    ['a mark without a name', { event: 'mark', stream_sid: 's1', mark: {} }, 'missing-field'],
    ['an empty payload', { event: 'media', stream_sid: 's1', media: { payload: '' } }, 'missing-field'],
    ['a payload that is not base64', { event: 'media', stream_sid: 's1', media: { payload: 'AQ_-' } }, 'not-base64'],
    ['more than 100 KB', { event: 'media', stream_sid: 's1', media: { payload: Buffer.alloc(100_160).toString('base64') } }, 'chunk-too-large'],
  ])('are ignored: %s', (_, message, refused) => {
    expect(read(message)).toMatchObject({ refused });
  });
});

describe('numbers and times', () => {
  it.each([['09876543210', '+919876543210'], ['+919876543210', '+919876543210'], ['+4915112345600', '+4915112345600'], ['919876543210', null], ['9876543210', null], ['+0123456789', null], ['+91 98765 43210', null]])('%s is %s', (text, number) => {
    expect(readNumber(text)).toBe(number);
  });

  it('shows Indian numbers with 0 and the rest of the world in E.164', () => {
    expect([national('+919876543210'), national('+4915112345600')]).toEqual(['09876543210', '+4915112345600']);
  });

  it('reads times of the account\'s zone', () => {
    expect(readLocalTime('2026-11-21 05:30:00', 330)?.toISOString()).toBe('2026-11-21T00:00:00.000Z');
    expect(readLocalTime('2026-11-21', 0)?.toISOString()).toBe('2026-11-21T00:00:00.000Z');
    expect(readLocalTime('21.11.2026', 330)).toBeNull();
  });
});
