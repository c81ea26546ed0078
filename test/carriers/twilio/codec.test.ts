import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediaFrame } from '#carriers/stream.ts';
import { readByRule, readMarkQuickly, readMediaQuickly, twilioCodec } from '#carriers/twilio/codec.ts';

const frame = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const read = (value: unknown) => twilioCodec.read(frame(value));
const media = { event: 'media', sequenceNumber: '4', media: { track: 'inbound', chunk: '2', timestamp: '5', payload: 'f39/' }, streamSid: 'MZ1' };

describe('what Twilio says on its media socket', () => {
  it('reads the first frame', () => {
    expect(read({ event: 'connected', protocol: 'Call', version: '1.0.0' })).toEqual({ event: 'connected' });
  });

  it('reads a start with its ticket', () => {
    const start = {
      event: 'start', sequenceNumber: '1', streamSid: 'MZ1',
      start: { accountSid: 'AC1', streamSid: 'MZ1', callSid: 'CA1', tracks: ['inbound'], mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters: { ticket: 't', other: 'x' } },
    };
    expect(read(start)).toEqual({ event: 'start', streamSid: 'MZ1', callSid: 'CA1', accountSid: 'AC1', ticket: 't', shape: { encoding: 'mulaw', rateHz: 8000 } });
  });

  it('reads a start without parameters as one without a ticket', () => {
    expect(read({ event: 'start', start: { accountSid: 'AC1', streamSid: 'MZ1', callSid: 'CA1', customParameters: {} } })).toMatchObject({ event: 'start', ticket: undefined });
  });

  it('refuses a start in a format that Twilio does not document', () => {
    expect(read({ event: 'start', start: { accountSid: 'AC1', streamSid: 'MZ1', callSid: 'CA1', mediaFormat: { encoding: 'audio/l16', sampleRate: 16000 } } })).toMatchObject({ event: 'fault', reason: 'bad-start', closeCode: 1007 });
  });

  it('reads caller audio without touching it', () => {
    const heard = read(media);
    expect(heard).toMatchObject({ event: 'media', chunk: 2 });
    expect(heard.event === 'media' && heard.payload.toString()).toBe('f39/');
  });

  it('reads digits, marks and the stop', () => {
    expect(read({ event: 'dtmf', streamSid: 'MZ1', sequenceNumber: '5', dtmf: { track: 'inbound_track', digit: '9' } })).toEqual({ event: 'dtmf', digit: '9' });
    expect(read({ event: 'mark', sequenceNumber: '4', streamSid: 'MZ1', mark: { name: 'g0:m1' } })).toEqual({ event: 'mark', name: 'g0:m1' });
    expect(read({ event: 'stop', sequenceNumber: '5', stop: { accountSid: 'AC1', callSid: 'CA1' }, streamSid: 'MZ1' })).toEqual({ event: 'stop' });
  });

  it('ignores events that it does not know', () => {
    expect(read({ event: 'weather', sunny: [true] })).toEqual({ event: 'other' });
  });

  it.each([
    ['{"event":', 'not-json'], ['', 'not-json'], ['[]', 'no-event'], ['null', 'no-event'], ['{}', 'no-event'], ['{"event":7}', 'no-event'],
    ['{"event":"media"}', 'bad-media'], ['{"event":"media","media":{"payload":"not base64!"}}', 'bad-media'], ['{"event":"media","media":{"payload":"AAA"}}', 'bad-media'],
    ['{"event":"media","media":{"payload":5}}', 'bad-media'], ['{"event":"mark"}', 'bad-mark'], ['{"event":"dtmf","dtmf":{"digit":"99"}}', 'bad-dtmf'],
    ['{"event":"start","start":{}}', 'bad-start'],
  ])('names what is wrong with %s', (text, reason) => {
    expect(twilioCodec.read(Buffer.from(text))).toEqual({ event: 'fault', closeCode: 1007, reason });
  });
});

/** JSON text of an object whose keys stand in any order, with blanks anywhere. */
const laidOut = (pairs: [string, string][], blank: string): string => `{${blank}${pairs.map(([k, v]) => `${JSON.stringify(k)}${blank}:${blank}${v}`).join(`${blank},${blank}`)}${blank}}`;
const payload = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const anyMediaFrame = fc.record({ payload, chunk: fc.nat(), timestamp: fc.nat(), outer: fc.integer({ min: 0, max: 5 }), inner: fc.integer({ min: 0, max: 5 }), blank: fc.constantFrom('', ' ', '\n\t'), asNumber: fc.boolean() })
  .map(({ payload, chunk, timestamp, outer, inner, blank, asNumber }) => {
    const turn = <T>(list: T[], by: number): T[] => [...list.slice(by % list.length), ...list.slice(0, by % list.length)];
    const innerText = laidOut(turn<[string, string]>([['track', '"inbound"'], ['chunk', asNumber ? `${chunk}` : `"${chunk}"`], ['timestamp', `"${timestamp}"`], ['payload', `"${payload}"`]], inner), blank);
    return { payload, chunk, text: laidOut(turn<[string, string]>([['event', '"media"'], ['sequenceNumber', '"9"'], ['media', innerText], ['streamSid', '"MZ1"']], outer), blank) };
  });

describe('the quick reader of media frames', () => {
  it('reads every plain media frame, whatever the order of its fields', () => {
    fc.assert(fc.property(anyMediaFrame, ({ payload, chunk, text }) => {
      const quick = readMediaQuickly(Buffer.from(text));
      expect(quick).toEqual({ event: 'media', payload: Buffer.from(payload), chunk });
      expect(quick).toEqual(readByRule(Buffer.from(text)));
    }));
  });

  it('says what the rule says, or nothing, for frames that were damaged', () => {
    fc.assert(fc.property(anyMediaFrame, fc.array(fc.record({ at: fc.nat(2000), byte: fc.nat(255), how: fc.constantFrom('put', 'insert', 'cut') }), { minLength: 1, maxLength: 4 }), ({ text }, damages) => {
      let bytes = Buffer.from(text);
      for (const { at, byte, how } of damages) {
        const where = at % bytes.length;
        const after = bytes.subarray(how === 'insert' ? where : where + 1);
        bytes = Buffer.concat([bytes.subarray(0, where), how === 'cut' ? Buffer.alloc(0) : Buffer.from([byte]), after]);
        if (bytes.length === 0) return;
      }
      const rule = readByRule(bytes);
      expect(readMediaQuickly(bytes) ?? rule).toEqual(rule);
    }), { numRuns: 3000 });
  });

  it('reads marks too', () => {
    fc.assert(fc.property(fc.stringMatching(/^[\x20-\x7e]{0,30}$/), fc.boolean(), (name, first) => {
      const mark = `"mark":{"name":${JSON.stringify(name)}}`;
      const text = Buffer.from(`{${first ? `${mark},` : ''}"event":"mark","sequenceNumber":"4","streamSid":"MZ1"${first ? '' : `,${mark}`}}`);
      const rule = readByRule(text);
      expect(twilioCodec.read(text)).toEqual(rule);
      expect(readMarkQuickly(text) ?? (/["\\]/.test(name) || name === '' ? rule : undefined)).toEqual(rule);
    }));
  });

  it('says what the rule says, or nothing, for any JSON at all', () => {
    const member = fc.constantFrom('event', 'media', 'payload', 'chunk', 'mark', 'name', 'x', '__proto__');
    const value = fc.oneof(fc.json({ maxDepth: 2 }), fc.constantFrom('"media"', '"mark"', '"AAAA"', '"12"', '12', '-1', '01', '1e3', '"\\u0041AAA"', '{"payload":"AAAA"}', '{"payload":"AAAA","payload":"BBBB"}', '{"payload":{"x":1}}', '{"name":"m"}', '{"name":""}', '{"name":7}'));
    fc.assert(fc.property(fc.array(fc.tuple(member, value), { maxLength: 6 }), (pairs) => {
      const bytes = Buffer.from(laidOut(pairs, ''));
      const rule = readByRule(bytes);
      expect(readMediaQuickly(bytes) ?? readMarkQuickly(bytes) ?? rule).toEqual(rule);
    }), { numRuns: 3000 });
  });

  it('never throws, whatever bytes come', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(typeof twilioCodec.read(Buffer.from(bytes)).event).toBe('string');
    }));
  });

  it('leaves a payload with escapes to the rule, which reads it', () => {
    const escaped = Buffer.from('{"event":"media","media":{"payload":"\\u0041AAA"}}');
    expect(readMediaQuickly(escaped)).toBeUndefined();
    expect(twilioCodec.read(escaped)).toEqual({ event: 'media', payload: Buffer.from('AAAA'), chunk: null });
  });
});

describe('what Twilio is told', () => {
  const writer = twilioCodec.writer('MZ"1', { encoding: 'mulaw', rateHz: 8000 });
  it('writes audio, marks and clears with the fields that Twilio documents and no others', () => {
    expect(JSON.parse(mediaFrame(writer, Buffer.from('f39/')).toString())).toEqual({ event: 'media', streamSid: 'MZ"1', media: { payload: 'f39/' } });
    expect(JSON.parse(writer.mark('g1:m2'))).toEqual({ event: 'mark', streamSid: 'MZ"1', mark: { name: 'g1:m2' } });
    expect(JSON.parse(writer.clear())).toEqual({ event: 'clear', streamSid: 'MZ"1' });
  });
});
