// Exotel's accent on the media socket: frames to the words of ../stream.ts and back. Called by the relay for every frame.
import type { z } from 'zod';
import { bytesPerMs, type AudioShape } from '#audio/formats.ts';
import { decodedLength } from '#house/spans.ts';
import type { StreamCodec, StreamEvent, StreamFault, StreamWriter } from '../stream.ts';
import { dtmfSchema, eventSchema, markSchema, mediaSchema, startSchema } from './stream-schema.ts';

const fault = (reason: string, closeCode: StreamFault['closeCode'] = 1007): StreamFault => ({ event: 'fault', closeCode, reason });

const parse = <S extends z.ZodType>(schema: S, value: unknown, reason: string, then: (read: z.output<S>) => StreamEvent): StreamEvent | StreamFault => {
  const read = schema.safeParse(value);
  return read.success ? then(read.data) : fault(reason);
};

/** Frames come every 100 ms or so, a tenth of Twilio's: JSON.parse is quick enough. */
const read = (frame: Buffer): StreamEvent | StreamFault => {
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
    case 'start': return parse(startSchema, value, 'bad-start', ({ streamSid, start }) => ({
      event: 'start', streamSid: (start.streamSid ?? streamSid)!, callSid: start.callSid, accountSid: start.accountSid,
      ticket: start.customParameters?.['ticket'], shape: { encoding: 'pcm16', rateHz: start.mediaFormat?.sampleRate ?? 8000 },
    }));
    case 'dtmf': return parse(dtmfSchema, value, 'bad-dtmf', ({ dtmf }) => ({ event: 'dtmf', digit: dtmf.digit }));
    case 'mark': return parse(markSchema, value, 'bad-mark', ({ mark }) => ({ event: 'mark', name: mark.name }));
    case 'connected': return { event: 'connected' };
    case 'stop': return { event: 'stop' };
    default: return { event: 'other' };
  }
};

/** A piece of outbound audio. At 8 kHz 200 ms are 3200 bytes, the least that Exotel documents; the most is 100 KB. */
const PIECE_MS = 200;

const tail = Buffer.from('"}}');

/**
 * Exotel's own sample code counts and times what a bot sends, "omit them and some Connect streams drop / end early": so the superset of
 * what documentation and samples have. `timestamp`: ms of audio sent before this piece.
 */
const writer = (streamSid: string, shape: AudioShape, sent = 0): StreamWriter => {
  const sid = JSON.stringify(streamSid);
  let sequence = sent;
  let sentBytes = sent * PIECE_MS * bytesPerMs(shape);
  return {
    before: (base64) => {
      const number = String(++sequence);
      const timestamp = String(Math.round(sentBytes / bytesPerMs(shape)));
      sentBytes += decodedLength(base64);
      return Buffer.from(`{"event":"media","stream_sid":${sid},"sequence_number":"${number}","media":{"chunk":"${number}","timestamp":"${timestamp}","sequenceNumber":"${number}","payload":"`);
    },
    after: tail,
    mark: (name) => `{"event":"mark","stream_sid":${sid},"mark":{"name":${JSON.stringify(name)}}}`,
    clear: () => `{"event":"clear","stream_sid":${sid}}`,
  };
};

export const exotelCodec: StreamCodec = {
  carrier: 'exotel',
  // Frames of 200 ms at 24 kHz are 13 KB of base64; nobody documents a limit.
  maxFrameBytes: 256 * 1024,
  // Anything that is no multiple of 320 bytes makes a gap of 20 ms; the end of an utterance is filled up.
  cutting: (shape) => ({ frameBytes: 320, leastBytes: 3200, mostBytes: Math.max(3200, PIECE_MS * bytesPerMs(shape)), padsEnd: true, pace: { startMs: 400, mostAheadMs: 1000, speed: 1 / 0.9 } }),
  // The address is opened once for a call: when the stream is gone, so is the call.
  reopens: false,
  read,
  writer,
};
