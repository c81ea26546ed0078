// What travels on a media stream's socket: the exact text of each message to the customer, and a strict reader of those that come back.

export type Outbound = { event: 'media'; audio: Uint8Array } | { event: 'mark'; name: string } | { event: 'clear' };
/** Why a message is ignored: 31951 is an invalid message, 31950 one that cannot be decoded. */
export type Refused = { code: 31_950 | 31_951; why: string };

export const connectedMessage = (): string => JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' });

type Ids = { accountSid: string; callSid: string; streamSid: string };

/** `sequenceNumber` is text; rate and channels are numbers; `customParameters` is {} when there are none. */
export const startMessage = (sequence: number, ids: Ids, tracks: readonly string[], customParameters: Record<string, string>): string =>
  JSON.stringify({ event: 'start', sequenceNumber: String(sequence),
    start: { accountSid: ids.accountSid, streamSid: ids.streamSid, callSid: ids.callSid, tracks,
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters },
    streamSid: ids.streamSid });

/** `chunk` counts the track's frames from 1; `timestamp` is milliseconds from the start of the stream; both are text. */
export const mediaMessage = (sequence: number, streamSid: string, track: string, chunk: number, timestampMs: number, frame: Uint8Array): string =>
  `{"event":"media","sequenceNumber":"${sequence}","media":{"track":"${track}","chunk":"${chunk}","timestamp":"${timestampMs}","payload":"${
    Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString('base64')}"},"streamSid":"${streamSid}"}`;

export const dtmfMessage = (sequence: number, streamSid: string, digit: string): string =>
  JSON.stringify({ event: 'dtmf', streamSid, sequenceNumber: String(sequence), dtmf: { track: 'inbound_track', digit } });

export const markMessage = (sequence: number, streamSid: string, name: string): string =>
  JSON.stringify({ event: 'mark', sequenceNumber: String(sequence), streamSid, mark: { name } });

export const stopMessage = (sequence: number, ids: Ids): string =>
  JSON.stringify({ event: 'stop', sequenceNumber: String(sequence), stop: { accountSid: ids.accountSid, callSid: ids.callSid }, streamSid: ids.streamSid });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Reads a text frame of the customer. Any missing, extra or misspelt field, another stream's sid and unknown events are refused. */
export const readOutbound = (text: string, streamSid: string): Outbound | Refused => {
  const invalid = (why: string): Refused => ({ code: 31_951, why });
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return invalid('the message is not JSON');
  }
  if (!isObject(message)) return invalid('the message is not a JSON object');
  const { event } = message;
  const allowed = ['event', 'streamSid', ...(event === 'clear' ? [] : [String(event)])];
  if (event !== 'media' && event !== 'mark' && event !== 'clear') return invalid(`unknown event ${JSON.stringify(event)?.slice(0, 40)}`);
  const extra = Object.keys(message).find((key) => !allowed.includes(key));
  if (extra !== undefined) return invalid(`${event}: unexpected field ${extra}`);
  if (message['streamSid'] !== streamSid) return invalid(`${event}: streamSid is missing or another stream's`);
  if (event === 'clear') return { event };
  const inner = message[event];
  const field = event === 'media' ? 'payload' : 'name';
  if (!isObject(inner) || typeof inner[field] !== 'string') return invalid(`${event}: ${event}.${field} is missing or not text`);
  const unexpected = Object.keys(inner).find((key) => key !== field);
  if (unexpected !== undefined) return invalid(`${event}: unexpected field ${event}.${unexpected}`);
  if (event === 'mark') return { event, name: inner[field] };
  if (!BASE64.test(inner[field])) return { code: 31_950, why: 'media.payload is not base64' };
  const audio = Buffer.from(inner[field], 'base64');
  return audio.length === 0 ? invalid('media.payload is empty') : { event, audio };
};
