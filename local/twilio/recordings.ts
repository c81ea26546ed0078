// Recordings of calls: made at a call's end or by the verb Record, told to the callback, fetched as WAV through the REST API.
import { type Call, type Carrier, newSid, type Recording, rfc2822, runs, tell } from './call.ts';
import { deliver, recordingUrl } from './callbacks.ts';
import { decodeMulaw, toWav } from '#local/people/mulaw.ts';

type Callback = { url: string; method: string; events: readonly string[] } | null;

const mixed = (one: Int16Array, other: Int16Array): Int16Array =>
  Int16Array.from({ length: Math.max(one.length, other.length) }, (_, i) => Math.max(-32_768, Math.min(32_767, (one[i] ?? 0) + (other[i] ?? 0))));

const report = (carrier: Carrier, call: Call, recording: Recording, status: 'in-progress' | 'completed', callback: Callback): void => {
  if (!callback?.events.includes(status)) return;
  runs(carrier, deliver(carrier, call, `recording ${status}`, { url: callback.url, method: callback.method, params: {
    AccountSid: carrier.settings.accountSid, CallSid: call.sid, RecordingSid: recording.sid, RecordingUrl: recordingUrl(carrier, recording.sid),
    RecordingStatus: status, RecordingChannels: String(recording.channels), RecordingStartTime: rfc2822(recording.createdAt),
    RecordingSource: recording.source, RecordingTrack: 'both', ...(status === 'completed' ? { RecordingDuration: String(recording.seconds) } : {}) } }), call);
};

/** A recording of what caller and called said, from byte `from` of the line on; `channels` 2 keeps them apart (first the caller's own). */
export const makeRecording = (carrier: Carrier, call: Call, of: { said: Uint8Array; heard: Uint8Array; channels: 1 | 2; source: string; callback: Callback }): Recording => {
  const recording: Recording = {
    sid: newSid('RE'), callSid: call.sid, createdAt: carrier.settings.clock.date(), seconds: Math.round(of.said.length / 8000),
    channels: of.channels, source: of.source, wav: () => {
      const [said, heard] = [decodeMulaw(of.said), decodeMulaw(of.heard)];
      return of.channels === 2 ? toWav(said, heard) : toWav(mixed(said, heard));
    },
  };
  carrier.recordings.set(recording.sid, recording);
  tell(carrier, call, 'recorded', { sid: recording.sid, seconds: recording.seconds });
  report(carrier, call, recording, 'completed', of.callback);
  return recording;
};

export const recordingJson = (carrier: Carrier, recording: Recording): Record<string, unknown> => {
  const uri = `/2010-04-01/Accounts/${carrier.settings.accountSid}/Recordings/${recording.sid}`;
  return {
    sid: recording.sid, account_sid: carrier.settings.accountSid, call_sid: recording.callSid, conference_sid: null, status: 'completed',
    duration: String(recording.seconds), channels: recording.channels, source: recording.source, error_code: null, price: null, price_unit: 'USD',
    date_created: rfc2822(recording.createdAt), date_updated: rfc2822(recording.createdAt), start_time: rfc2822(recording.createdAt),
    api_version: '2010-04-01', encryption_details: null, uri: `${uri}.json`, media_url: `${carrier.baseUrl}${uri}`,
  };
};
