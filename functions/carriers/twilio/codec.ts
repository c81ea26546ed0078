// Twilio's accent on the media socket: frames to the words of ../stream.ts and back. Called by the relay for every frame; keeps nothing.
import type { z } from 'zod';
import { findSpans, isBase64, quoted, SPAN, wanted } from '#house/spans.ts';
import type { StreamCodec, StreamEvent, StreamFault, StreamWriter } from '../stream.ts';
import { dtmfSchema, eventSchema, markSchema, mediaSchema, startSchema } from './stream-schema.ts';

const fault = (reason: string, closeCode: StreamFault['closeCode'] = 1007): StreamFault => ({ event: 'fault', closeCode, reason });

const parse = <S extends z.ZodType>(schema: S, value: unknown, reason: string, then: (read: z.output<S>) => StreamEvent): StreamEvent | StreamFault => {
  const read = schema.safeParse(value);
  return read.success ? then(read.data) : fault(reason);
};

/** Any frame, by JSON.parse and schema: the rule that the quick reader below is held to. */
export const readByRule = (frame: Buffer): StreamEvent | StreamFault => {
  let value: unknown;
  try {
    value = JSON.parse(frame.toString('utf8'));
  } catch {
    return fault('not-json');
  }
  const named = eventSchema.safeParse(value);
  if (!named.success) return fault('no-event');
  switch (named.data.event) {
    case 'media': return parse(mediaSchema, value, 'bad-media', ({ media }) =>
      ({ event: 'media', payload: Buffer.from(media.payload, 'latin1'), chunk: media.chunk ?? null }));
    case 'start': return parse(startSchema, value, 'bad-start', ({ start }) => ({
      event: 'start', streamSid: start.streamSid, callSid: start.callSid, accountSid: start.accountSid,
      ticket: start.customParameters['ticket'], shape: { encoding: 'mulaw', rateHz: 8000 },
    }));
    case 'dtmf': return parse(dtmfSchema, value, 'bad-dtmf', ({ dtmf }) => ({ event: 'dtmf', digit: dtmf.digit }));
    case 'mark': return parse(markSchema, value, 'bad-mark', ({ mark }) => ({ event: 'mark', name: mark.name }));
    case 'connected': return { event: 'connected' };
    case 'stop': return { event: 'stop' };
    default: return { event: 'other' };
  }
};

const fields = wanted(['event'], { name: 'media', keys: ['payload', 'chunk'] });
const spans = new Int32Array(3 * SPAN);
const MEDIA = Buffer.from('media');

/** A media frame as Twilio writes it, read without building it; undefined for everything else. The payload is a view of the frame. */
export const readMediaQuickly = (frame: Buffer): StreamEvent | undefined => {
  if (!findSpans(frame, fields, spans)) return undefined;
  // One by one: taken apart as an array they would go through an iterator, which took as long as reading a short frame.
  const eventStart = spans[0]!;
  const eventEnd = spans[1]!;
  const payloadStart = spans[3]!;
  const payloadEnd = spans[4]!;
  const payloadLetters = spans[5]!;
  const chunkStart = spans[6]!;
  const chunkEnd = spans[7]!;
  if (eventEnd - eventStart !== MEDIA.length || !quoted(frame, eventStart)) return undefined;
  for (let i = 0; i < MEDIA.length; i++) if (frame[eventStart + i] !== MEDIA[i]) return undefined;
  if (payloadStart < 0 || !quoted(frame, payloadStart) || !isBase64(frame, payloadStart, payloadEnd, payloadLetters)) return undefined;
  let chunk: number | null = null;
  if (chunkStart >= 0) {
    if (chunkEnd === chunkStart || chunkEnd - chunkStart > 15) return undefined;
    chunk = 0;
    for (let i = chunkStart; i < chunkEnd; i++) {
      const digit = frame[i]! - 0x30;
      if (digit < 0 || digit > 9) return undefined;
      chunk = chunk * 10 + digit;
    }
  }
  return { event: 'media', payload: frame.subarray(payloadStart, payloadEnd), chunk };
};

/** Twilio warns (31951) about missing or additional fields and ignores the message: these are all that it documents. */
const writer = (streamSid: string): StreamWriter => {
  const sid = JSON.stringify(streamSid);
  const head = Buffer.from(`{"event":"media","streamSid":${sid},"media":{"payload":"`);
  const tail = Buffer.from('"}}');
  const clear = `{"event":"clear","streamSid":${sid}}`;
  return {
    media: (base64) => {
      const frame = Buffer.allocUnsafe(head.length + base64.length + tail.length);
      frame.set(head);
      frame.set(base64, head.length);
      frame.set(tail, head.length + base64.length);
      return frame;
    },
    mark: (name) => `{"event":"mark","streamSid":${sid},"mark":{"name":${JSON.stringify(name)}}}`,
    clear: () => clear,
  };
};

export const twilioCodec: StreamCodec = {
  carrier: 'twilio',
  // A media frame is some 330 bytes; a start frame with ten parameters of 500 characters stays under this.
  maxFrameBytes: 64 * 1024,
  // 160 bytes are 20 ms. A second in one message (10.7 KB of base64) keeps marks close and stays under API Gateway's 32 KB a frame.
  cutting: () => ({ frameBytes: 160, leastBytes: 160, mostBytes: 8000, padsEnd: false }),
  reopens: true,
  read: (frame) => readMediaQuickly(frame) ?? readByRule(frame),
  writer,
};
