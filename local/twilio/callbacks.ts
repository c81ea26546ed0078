// What the carrier tells the customer about a call while it lives: the common parameters of every request, and the status callbacks.
import { type Call, type Carrier, isOver, rfc2822, runs, talkSeconds, tell } from './call.ts';
import { wait } from '#local/people/clock.ts';
import { type Outgoing, sendWebhook, WebhookFailure } from './webhook.ts';

const COUNTRIES: readonly (readonly [string, string])[] = [['+91', 'IN'], ['+1', 'US'], ['+44', 'GB'], ['+49', 'DE'], ['+61', 'AU']];
const country = (number: string): string => COUNTRIES.find(([prefix]) => number.startsWith(prefix))?.[1] ?? '';

/** The parameters that every voice request carries; geography is there and empty but for the country. */
export const commonParams = (carrier: Carrier, call: Call): Record<string, string> => {
  const place = (role: string, number: string): Record<string, string> => ({
    [role]: number, [`${role}City`]: '', [`${role}State`]: '', [`${role}Zip`]: '', [`${role}Country`]: country(number),
  });
  return {
    AccountSid: carrier.settings.accountSid, ApiVersion: '2010-04-01', CallSid: call.sid, CallStatus: call.status, Direction: call.direction,
    ...place('To', call.to), ...place('Called', call.to), ...place('From', call.from), ...place('Caller', call.from),
    ...(call.parentSid === null ? {} : { ParentCallSid: call.parentSid }),
    ...(call.direction === 'inbound' ? { StirVerstat: 'TN-Validation-Passed-A' } : {}),
    ...(call.answeredBy === null ? {} : { AnsweredBy: call.answeredBy }),
  };
};

/**
 * Sends a callback whose answer means nothing, and notes what the real debugger would: 11200 for an answer that is not 2xx, 15003 for a
 * 2xx that is neither 204 nor XML, the failure's own code for none. Never throws.
 */
export const deliver = async (carrier: Carrier, call: Call, what: string, outgoing: Outgoing): Promise<void> => {
  const where = { callSid: call.sid, url: outgoing.url };
  const entry = { callback: what, params: outgoing.params, status: null as number | null };
  tell(carrier, call, 'callback', entry);
  try {
    if (call.story.slow) await wait(carrier.settings.clock, carrier.settings.slowMs, carrier.stopping.signal);
    const answer = await sendWebhook(carrier.settings.authToken, outgoing, carrier.stopping.signal);
    entry.status = answer.status;
    if (answer.status < 200 || answer.status > 299) {
      carrier.debugger.note('error', 11200, `${what} callback was answered with ${answer.status}`, where);
    } else if (answer.status !== 204 && !/^(text|application)\/xml\b/.test(answer.contentType ?? '')) {
      carrier.debugger.note('warning', 15003, `${what} callback was answered with ${answer.contentType ?? 'no Content-Type'}`, where);
    }
  } catch (error) {
    if (!(error instanceof WebhookFailure)) return;
    carrier.debugger.note('error', error.code, `${what} callback: ${error.message}`, where);
  }
};

/** The recording's part of a completed callback, when the call was recorded. */
const recordingParams = (carrier: Carrier, call: Call): Record<string, string> => {
  const recording = [...carrier.recordings.values()].find((one) => one.callSid === call.sid && one.source === 'OutboundAPI');
  return recording
    ? { RecordingSid: recording.sid, RecordingDuration: String(recording.seconds), RecordingUrl: recordingUrl(carrier, recording.sid) }
    : {};
};
export const recordingUrl = (carrier: Carrier, sid: string): string =>
  `${carrier.baseUrl}/2010-04-01/Accounts/${carrier.settings.accountSid}/Recordings/${sid}`;

const inOrder = async (sends: readonly (() => Promise<void>)[]): Promise<void> => {
  for (const send of sends) await send();
};

/**
 * Story 10: nothing comes before the answer; then what came before it arrives after it, latest first; the end is followed by everything
 * once more. A call that never gets so far has all of it sent at its end.
 */
const misorder = (call: Call, event: string, send: () => Promise<void>): (() => Promise<void>)[] => {
  call.held.push(send);
  if (event === 'answered') return [...call.held].reverse();
  return event === 'completed' ? [send, ...[...call.held].reverse()] : [];
};

/** Event of a status callback; `completed` stands for every way of ending. Numbered from 0, whether anybody subscribed or not. */
export const reportStatus = (carrier: Carrier, call: Call, event: 'initiated' | 'ringing' | 'answered' | 'completed'): void => {
  const sequence = call.sequence;
  call.sequence += 1;
  tell(carrier, call, 'status', call.status);
  const subscription = call.request.statusCallback;
  if (!subscription?.events.includes(event)) return;
  const now = carrier.settings.clock.date();
  const seconds = talkSeconds(call, now);
  const params = {
    ...commonParams(carrier, call), Timestamp: rfc2822(now), CallbackSource: 'call-progress-events', SequenceNumber: String(sequence),
    ...(event === 'ringing' || event === 'answered' ? { StirStatus: 'B' } : {}),
    ...(isOver(call)
      ? { CallDuration: String(seconds), Duration: String(Math.ceil(seconds / 60)), SipResponseCode: String(call.sipCode ?? 200), ...recordingParams(carrier, call) }
      : {}),
  };
  const send = (): Promise<void> =>
    deliver(carrier, call, `${event} status`, { url: subscription.url, method: subscription.method, params });
  if (call.story.callbacks === 'final-lost' && event === 'completed') {
    tell(carrier, call, 'callback lost', event);
    return;
  }
  const sends = call.story.callbacks === 'twice-and-out-of-order' ? misorder(call, event, send) : [send];
  runs(carrier, inOrder(sends), call);
};
