// Recordings of calls: made at the end of a call that was to be recorded, fetched by the address that callbacks and Call Details name.
import { createHmac } from 'node:crypto';
import { decodeMulaw, toWav } from '#local/people/mulaw.ts';
import { type Call, type Carrier, recordingUrl, tell } from './call.ts';

const mixed = (one: Int16Array, other: Int16Array): Int16Array =>
  Int16Array.from({ length: Math.max(one.length, other.length) }, (_, i) => Math.max(-32_768, Math.min(32_767, (one[i] ?? 0) + (other[i] ?? 0))));

/** 8 kHz; "dual" keeps the two sides apart, the person first. */
export const makeRecording = (carrier: Carrier, call: Call): void => {
  const { line, heard } = call;
  if (!line || !heard || !call.request.record) return;
  call.recording = { callSid: call.sid, wav: () => {
    const [said, played] = [decodeMulaw(line.said.all()), heard.pcm(8000)];
    return call.request.channels === 2 ? toWav(said, played) : toWav(mixed(said, played));
  } };
  tell(carrier, call, 'recorded');
};

const signature = (carrier: Carrier, call: Call, until: number): string =>
  createHmac('sha256', carrier.settings.apiToken).update(`${call.sid}.${until}`).digest('hex');

/** The recording's address that needs no credentials for some minutes. */
export const presigned = (carrier: Carrier, call: Call, minutes: number): string => {
  const until = Math.floor(carrier.settings.clock.date().getTime() / 1000) + minutes * 60;
  return `${recordingUrl(carrier, call)}?Expires=${until}&Signature=${signature(carrier, call, until)}`;
};

export const isPresigned = (carrier: Carrier, call: Call, query: URLSearchParams): boolean => {
  const until = Number(query.get('Expires'));
  return until * 1000 > carrier.settings.clock.date().getTime() && query.get('Signature') === signature(carrier, call, until);
};
