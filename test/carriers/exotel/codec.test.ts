import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exotelCodec } from '#carriers/exotel/codec.ts';
import { mediaFrame } from '#carriers/stream.ts';

const frame = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const read = (value: unknown) => exotelCodec.read(frame(value));
const sid = 'b1a2c3d4';
const start = (more: object = {}) => ({
  event: 'start', sequence_number: '1', stream_sid: sid,
  start: { stream_sid: sid, call_sid: '2a16a8a4bd13a26b3416355621db1agl', account_sid: 'desk1', from: '09876543210', to: '08047112233', custom_parameters: { ticket: 't' }, media_format: { encoding: 'base64', sample_rate: '8000', bit_rate: '128kbps' }, ...more },
});
const shape = { encoding: 'pcm16' as const, rateHz: 8000 };

describe('what Exotel says on its media socket', () => {
  it('reads the first frame', () => {
    expect(read({ event: 'connected' })).toEqual({ event: 'connected' });
  });

  it('reads a start as recorded, with its ticket', () => {
    expect(read(start())).toEqual({ event: 'start', streamSid: sid, callSid: '2a16a8a4bd13a26b3416355621db1agl', accountSid: 'desk1', ticket: 't', shape });
  });

  it.each<[string, object, object]>([
    ['custom parameters are absent', { custom_parameters: undefined }, { ticket: undefined }],
    ['custom parameters are null', { custom_parameters: null }, { ticket: undefined }],
    ['other custom parameters are there', { custom_parameters: { lead: '', n: 3 } }, { ticket: undefined }],
    ['the account is absent', { account_sid: undefined }, { accountSid: '' }],
    ['the account is null', { account_sid: null }, { accountSid: '' }],
    ['the format is absent', { media_format: undefined }, { shape }],
    ['the format says nothing of the rate', { media_format: { encoding: 'raw' } }, { shape }],
    ['the rate carries its unit', { media_format: { sample_rate: '16000Hz' } }, { shape: { encoding: 'pcm16', rateHz: 16_000 } }],
    ['the rate is a number', { media_format: { encoding: 'audio/x-raw', sample_rate: 24_000, bit_rate: 16 } }, { shape: { encoding: 'pcm16', rateHz: 24_000 } }],
    ['the rate is a word without digits', { media_format: { sample_rate: 'default' } }, { shape }],
    ['the stream\'s id stands outside only', { stream_sid: undefined }, { streamSid: sid }],
  ])('reads a start when %s', (_title, more, expected) => {
    expect(read(start(more))).toMatchObject(expected);
  });

  it('reads a start in camel case', () => {
    expect(read({ event: 'start', streamSid: sid, start: { streamSid: sid, callSid: 'c1', accountSid: 'a', customParameters: { ticket: 't' }, mediaFormat: { sampleRate: 16_000 } } }))
      .toEqual({ event: 'start', streamSid: sid, callSid: 'c1', accountSid: 'a', ticket: 't', shape: { encoding: 'pcm16', rateHz: 16_000 } });
  });

  it.each([['a call', start({ call_sid: undefined })], ['a stream', { ...start({ stream_sid: undefined }), stream_sid: undefined }], ['a rate that anybody plays', start({ media_format: { sample_rate: '11025' } })]])('refuses a start without %s', (_what, value) => {
    expect(read(value)).toEqual({ event: 'fault', closeCode: 1007, reason: 'bad-start' });
  });

  it('reads caller audio without touching it, whether it is counted in text, in numbers or not at all', () => {
    const media = (chunk: unknown) => read({ event: 'media', sequence_number: '3', stream_sid: sid, media: { chunk, timestamp: '200', payload: 'AAECAw==' } });
    expect([media('2'), media(2), media(undefined), media('x')]).toEqual([2, 2, null, null].map((chunk) => ({ event: 'media', payload: Buffer.from('AAECAw=='), chunk })));
  });

  it('reads digits in quotes and as numbers', () => {
    expect([{ digit: '9', duration: '200' }, { digit: '"9"' }, { digit: 9 }, { digit: '#' }].map((dtmf) => read({ event: 'dtmf', dtmf }))).toEqual(['9', '9', '9', '#'].map((digit) => ({ event: 'dtmf', digit })));
  });

  it('reads marks and stops, whatever the reason', () => {
    expect(read({ event: 'mark', sequence_number: '15', stream_sid: sid, mark: { name: 'g0:m1' } })).toEqual({ event: 'mark', name: 'g0:m1' });
    expect([{ stop: { reason: 'callended' } }, { stop: { reason: 'stopped', call_sid: 'c' } }, {}].map((more) => read({ event: 'stop', ...more }))).toEqual([{ event: 'stop' }, { event: 'stop' }, { event: 'stop' }]);
  });

  it('ignores a clear of its own, and events that it does not know', () => {
    expect([read({ event: 'clear', stream_sid: sid }), read({ event: 'silence' })]).toEqual([{ event: 'other' }, { event: 'other' }]);
  });

  it.each([
    ['{"event":', 'not-json'], ['', 'not-json'], ['[]', 'no-event'], ['null', 'no-event'], ['{"event":7}', 'no-event'], ['{"event":"media"}', 'bad-media'],
    ['{"event":"media","media":{"payload":"not base64!"}}', 'bad-media'], ['{"event":"mark"}', 'bad-mark'], ['{"event":"dtmf","dtmf":{"digit":"99"}}', 'bad-dtmf'], ['{"event":"start","start":[]}', 'bad-start'],
  ])('names what is wrong with %s', (text, reason) => {
    expect(read(text)).toEqual({ event: 'fault', closeCode: 1007, reason });
  });

  it('never throws, whatever bytes or JSON come', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), fc.json().map((text) => Buffer.from(text)),
      fc.record({ event: fc.constantFrom('start', 'media', 'mark', 'dtmf', 'stop'), start: fc.jsonValue(), media: fc.jsonValue(), mark: fc.jsonValue(), dtmf: fc.jsonValue() }).map((value) => Buffer.from(JSON.stringify(value)))), (bytes) => {
      expect(typeof exotelCodec.read(bytes).event).toBe('string');
    }), { numRuns: 1000 });
  });
});

describe('what Exotel is told', () => {
  it('writes audio with the counts and times that its own samples send, marks and clears with the stream\'s id', () => {
    const writer = exotelCodec.writer('s"1', shape);
    const payload = Buffer.alloc(3200, 1).toString('base64');
    const sent = [1, 2].map(() => JSON.parse(mediaFrame(writer, Buffer.from(payload)).toString()) as object);
    expect(sent).toEqual([
      { event: 'media', stream_sid: 's"1', sequence_number: '1', media: { chunk: '1', timestamp: '0', sequenceNumber: '1', payload } },
      { event: 'media', stream_sid: 's"1', sequence_number: '2', media: { chunk: '2', timestamp: '200', sequenceNumber: '2', payload } },
    ]);
    expect([JSON.parse(writer.mark('g1:m2')), JSON.parse(writer.clear())]).toEqual([{ event: 'mark', stream_sid: 's"1', mark: { name: 'g1:m2' } }, { event: 'clear', stream_sid: 's"1' }]);
  });

  it.each([8000, 16_000, 24_000])('cuts audio of %i Hz into multiples of 320 bytes between 3,200 bytes and 100 KB, of 200 ms at most', (rateHz) => {
    const { frameBytes, leastBytes, mostBytes, padsEnd } = exotelCodec.cutting({ encoding: 'pcm16', rateHz });
    expect([frameBytes, padsEnd, mostBytes % 320, leastBytes >= 3200, mostBytes <= 100_000, mostBytes / (2 * rateHz) <= 0.2]).toEqual([320, true, 0, true, true, true]);
  });
});
