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
const markFields = wanted(['event'], { name: 'mark', keys: ['name'] });
const markSpans = new Int32Array(2 * SPAN);
const MARK = Buffer.from('mark');
/** Ours are shorter; whether a longer one is a fault is the rule's to say. */
const MOST_NAME = 64;

const isName = (frame: Buffer, start: number, end: number, name: Buffer): boolean => {
  if (end - start !== name.length || !quoted(frame, start)) return false;
  for (let i = 0; i < name.length; i++) if (frame[start + i] !== name[i]) return false;
  return true;
};

/** A media frame as Twilio writes it, read without building it; undefined for everything else. The payload is a view of the frame. */
export const readMediaQuickly = (frame: Buffer, from = 0, to = frame.length): StreamEvent | undefined => {
  if (!findSpans(frame, fields, spans, from, to)) return undefined;
  // One by one: taken apart as an array they would go through an iterator, which took as long as reading a short frame.
  const eventStart = spans[0]!;
  const eventEnd = spans[1]!;
  const payloadStart = spans[3]!;
  const payloadEnd = spans[4]!;
  const payloadLetters = spans[5]!;
  const chunkStart = spans[6]!;
  const chunkEnd = spans[7]!;
  if (!isName(frame, eventStart, eventEnd, MEDIA)) return undefined;
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

/** The echo of a mark, in the same way: there is one for each second that the agent speaks, and a call has a hundred frames in it. */
export const readMarkQuickly = (frame: Buffer, from = 0, to = frame.length): StreamEvent | undefined => {
  if (!findSpans(frame, markFields, markSpans, from, to) || !isName(frame, markSpans[0]!, markSpans[1]!, MARK)) return undefined;
  const start = markSpans[SPAN]!;
  const end = markSpans[SPAN + 1]!;
  return start >= 0 && end - start <= MOST_NAME && quoted(frame, start) ? { event: 'mark', name: frame.toString('latin1', start, end) } : undefined;
};
const readPlain = (frame: Buffer, from: number, to: number): StreamEvent | undefined => readMediaQuickly(frame, from, to) ?? readMarkQuickly(frame, from, to);

const tail = Buffer.from('"}}');

/** Twilio warns (31951) about missing or additional fields and ignores the message: these are all that it documents. A class: each frame passes here. */
class Writer implements StreamWriter {
  readonly #head: Buffer;
  readonly after = tail;
  readonly #sid: string;

  constructor(streamSid: string) {
    this.#sid = JSON.stringify(streamSid);
    this.#head = Buffer.from(`{"event":"media","streamSid":${this.#sid},"media":{"payload":"`);
  }

  before(): Buffer {
    return this.#head;
  }

  mark(name: string): string {
    return `{"event":"mark","streamSid":${this.#sid},"mark":{"name":${JSON.stringify(name)}}}`;
  }

  clear(): string {
    return `{"event":"clear","streamSid":${this.#sid}}`;
  }
}

export const twilioCodec: StreamCodec = {
  carrier: 'twilio',
  // A media frame is some 330 bytes; a start frame with ten parameters of 500 characters stays under this.
  maxFrameBytes: 64 * 1024,
  // 160 bytes are 20 ms. A second in one message (10.7 KB of base64) keeps marks close and stays under API Gateway's 32 KB a frame.
  cutting: () => ({ frameBytes: 160, leastBytes: 160, mostBytes: 8000, padsEnd: false }),
  reopens: true,
  readPlain,
  read: (frame) => readPlain(frame, 0, frame.length) ?? readByRule(frame),
  writer: (streamSid) => new Writer(streamSid),
};
