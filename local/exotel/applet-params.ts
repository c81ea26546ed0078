// What applets tell a customer's URL about the call, in the query: the keys of Passthru, of which the others carry a part.
import { type Call, type Carrier, recordingUrl, talkSeconds } from './call.ts';
import { national } from './numbers.ts';
import { localTime, longTime } from './time.ts';

const callType = (call: Call): string => {
  if (call.endedBy === 'caller') return 'client-hangup';
  if (call.findings.dial) return call.findings.dial.status === 'completed' ? 'completed' : 'incomplete';
  return 'call-attempt';
};

const streamParams = (carrier: Carrier, call: Call): Record<string, string> => {
  const report = call.findings.stream;
  if (!report) return {};
  return {
    'Stream[StreamSID]': report.sid, 'Stream[Status]': report.endedBy === 'failure' ? 'failed' : 'completed',
    'Stream[Duration]': String(Math.round(((report.endedMs ?? 0) - (report.startedMs ?? 0)) / 1000)), 'Stream[StreamUrl]': report.url,
    'Stream[RecordingUrl]': call.findings.recorded ? recordingUrl(carrier, call) : '',
    'Stream[DisconnectedBy]': report.endedBy === 'bot' ? 'bot' : call.endedBy === 'caller' ? 'user' : 'NA',
    ...(report.endedBy === 'failure' ? { 'Stream[Error]': 'stream error', 'Stream[DetailedStatus]': 'Streaming_failed' } : {}),
  };
};

/** All that Passthru tells. `digits` keeps its double quotes; they belong to the value. */
export const passthruParams = (carrier: Carrier, call: Call): Record<string, string> => {
  const { clock, landingNumber, utcOffsetMinutes } = carrier.settings;
  const now = clock.date();
  const { dial, digits } = call.findings;
  return {
    CallSid: call.sid, CallFrom: national(call.number), CallTo: national(call.exophone), CallStatus: call.status,
    Direction: call.direction === 'inbound' ? 'incoming' : 'outbound-dial', Created: longTime(call.createdAt, utcOffsetMinutes),
    DialCallDuration: String(dial?.seconds ?? 0), StartTime: localTime(call.createdAt, utcOffsetMinutes), EndTime: '1970-01-01 05:30:00',
    CallType: callType(call), DialWhomNumber: dial?.number ?? '', ...(call.request.flowId === null ? {} : { flow_id: call.request.flowId }), tenant_id: '1',
    From: national(call.number), To: landingNumber ?? national(call.exophone), CurrentTime: localTime(now, utcOffsetMinutes),
    ...(digits === null ? {} : { digits: `"${digits}"` }), ...(call.request.customField === null ? {} : { CustomField: call.request.customField }),
    ...(dial ? { DialCallStatus: dial.status, OutgoingPhoneNumber: national(call.exophone), ...Object.fromEntries(call.legs.flatMap((leg, i) => [
      [`Legs[${i}][Number]`, national(leg.number)], [`Legs[${i}][Type]`, 'single'], [`Legs[${i}][OnCallDuration]`, String(talkSeconds(leg, now))]])) } : {}),
    ...(call.findings.recorded && dial ? { RecordingUrl: recordingUrl(carrier, call) } : {}),
    ...streamParams(carrier, call),
  };
};

/** What Greeting, Gather and Connect tell: the call and its parties, and nothing about how it went. */
export const shortParams = (call: Call): Record<string, string> => ({
  CallSid: call.sid, From: national(call.number), To: national(call.exophone), DialWhomNumber: call.findings.dial?.number ?? '',
  ...(call.request.customField === null ? {} : { CustomField: call.request.customField }),
});
