// What travels on a media socket: the text of each message to the customer, in any of the dialects seen on the wire, and a reader of those that come back.
import { national } from './numbers.ts';

/** How messages are written: documents and recordings of real traffic differ in all of these. */
export type Dialect = {
  /** Counters, stamps and rates as text (as on the real wire) or as JSON numbers. */
  numbers: 'text' | 'number';
  /** "base64" on the real wire; "raw" and "audio/x-raw" in documents. */
  encoding: string;
  /** What follows the digits of sample_rate. */
  rateSuffix: '' | 'Hz';
  /** Callers as 0XXXXXXXXXX or as +91…. */
  phones: 'national' | 'e164';
  /** Leaves out every field that is not always there. */
  sparse: boolean;
};

export const usualDialect: Dialect = { numbers: 'text', encoding: 'base64', rateSuffix: '', phones: 'national', sparse: false };

export type StreamIds = { streamSid: string; callSid: string; accountSid: string; from: string; to: string };

export type Writer = {
  connected(): string;
  start(rateHz: number, parameters: Record<string, string>): string;
  /** `chunk` counts from 1; `atMs` is milliseconds from the start of the stream. */
  media(chunk: number, atMs: number, audio: Uint8Array): string;
  dtmf(digit: string): string;
  mark(name: string): string;
  stop(reason: 'stopped' | 'callended'): string;
};

/** Numbers every message from `start` on, which is 1; `connected` has no number. */
export const createWriter = (dialect: Dialect, ids: StreamIds): Writer => {
  let sequence = 0;
  const figure = (value: number): number | string => (dialect.numbers === 'text' ? String(value) : value);
  const unlessSparse = (fields: Record<string, unknown>): Record<string, unknown> => (dialect.sparse ? {} : fields);
  const phone = (number: string): string => (dialect.phones === 'national' ? national(number) : number);
  const message = (event: string, inner: unknown): string => {
    sequence += 1;
    return JSON.stringify({ event, ...unlessSparse({ sequence_number: figure(sequence) }), stream_sid: ids.streamSid, [event]: inner });
  };
  return {
    connected: () => JSON.stringify({ event: 'connected' }),
    start: (rateHz, parameters) => message('start', {
      stream_sid: ids.streamSid, call_sid: ids.callSid, ...unlessSparse({ account_sid: ids.accountSid, from: phone(ids.from), to: phone(ids.to) }),
      // Absent when there are none.
      ...(Object.keys(parameters).length > 0 ? { custom_parameters: parameters } : {}),
      media_format: { encoding: dialect.encoding, sample_rate: dialect.rateSuffix === '' ? figure(rateHz) : `${rateHz}${dialect.rateSuffix}`,
        ...unlessSparse({ bit_rate: dialect.numbers === 'text' ? `${(rateHz * 16) / 1000}kbps` : 16 }) },
    }),
    media: (chunk, atMs, audio) => message('media', { ...unlessSparse({ chunk: figure(chunk), timestamp: figure(atMs) }),
      payload: Buffer.from(audio.buffer, audio.byteOffset, audio.length).toString('base64') }),
    dtmf: (digit) => message('dtmf', { digit, ...unlessSparse({ duration: figure(200) }) }),
    mark: (name) => message('mark', { name }),
    stop: (reason) => message('stop', { call_sid: ids.callSid, ...unlessSparse({ account_sid: ids.accountSid }), reason }),
  };
};

export type Received = { event: 'media'; audio: Uint8Array } | { event: 'mark'; name: string } | { event: 'clear' };
/** A message that is ignored, and why. */
export type Refused = { refused: string; why: string };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** 100 KB of audio in one message is the most. */
const CHUNK_MAX_BYTES = 100_000;

/** The fields that Exotel's own samples send; others are named to the person who looks, and change nothing. */
const KNOWN = new Set(['event', 'stream_sid', 'streamSid', 'sequence_number', 'media', 'mark', 'payload', 'chunk', 'timestamp', 'sequenceNumber', 'name']);

/** Field names of a message that no sample has. */
export const unknownFields = (message: Record<string, unknown>): string[] =>
  [...Object.keys(message), ...['media', 'mark'].flatMap((key) => (isObject(message[key]) ? Object.keys(message[key]) : []))].filter((key) => !KNOWN.has(key));

/** Reads a text frame of the customer. `stream_sid` may be absent; another stream's is refused. `unknown` are fields that nobody documents. */
export const readMessage = (text: string, streamSid: string): (Received & { unknown: string[] }) | Refused => {
  const refuse = (refused: string, why: string): Refused => ({ refused, why });
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return refuse('not-json', 'the message is not JSON');
  }
  if (!isObject(message)) return refuse('not-json', 'the message is not a JSON object');
  const { event, stream_sid: sid } = message;
  if (event !== 'media' && event !== 'mark' && event !== 'clear') return refuse('unknown-event', `unknown event ${JSON.stringify(event)?.slice(0, 40)}`);
  if (sid !== undefined && sid !== streamSid) return refuse('other-stream', `${event}: stream_sid is another stream's`);
  const unknown = unknownFields(message);
  if (event === 'clear') return { event, unknown };
  const inner = message[event];
  const field = event === 'media' ? 'payload' : 'name';
  const value = isObject(inner) ? inner[field] : undefined;
  if (typeof value !== 'string' || value === '') return refuse('missing-field', `${event}: ${event}.${field} is missing, empty or not text`);
  if (event === 'mark') return { event, name: value, unknown };
  if (!BASE64.test(value)) return refuse('not-base64', 'media.payload is not base64');
  const audio = Buffer.from(value, 'base64');
  if (audio.length > CHUNK_MAX_BYTES) return refuse('chunk-too-large', `a chunk of ${audio.length} bytes: ${CHUNK_MAX_BYTES} is the most`);
  return { event, audio, unknown };
};
