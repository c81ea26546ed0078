// The StatusCallback: told at the end of a call, and before that when StatusCallbackEvents asked for it. Unsigned, and sent again when it failed.
import { wait } from '#local/people/clock.ts';
import { ask, NoAnswer } from './ask.ts';
import { type Call, type CallbackEvent, type Carrier, type Leg, recordingUrl, runs, talkSeconds, tell } from './call.ts';
import { type Fields, writeBody } from './callback-body.ts';
import { national } from './numbers.ts';
import { localTime } from './time.ts';

const TIMEOUT_MS = 15_000;

/** The second leg of a two-number call is there, with nothing in it, before it is dialled. */
const legsOf = ({ legs, request }: Call): readonly Leg[] =>
  request.to === null || legs.length > 1 ? legs : [...legs, { number: request.to, status: null, answeredAt: null, endedAt: null, machine: false }];

/** Four fields, or all of them. What was in progress when an event happened is written at that moment, not when it is delivered. */
const fieldsOf = (carrier: Carrier, call: Call, event: CallbackEvent): Fields => {
  const { utcOffsetMinutes, callbackFields, clock } = carrier.settings;
  const time = (date: Date | null): string | null => (date ? localTime(date, utcOffsetMinutes) : null);
  const recorded = event === 'terminal' && call.recording ? { RecordingUrl: recordingUrl(carrier, call) } : {};
  const status = event === 'ringing' ? 'ringing' : event === 'answered' ? 'in-progress' : call.status;
  const four: Fields = { CallSid: call.sid, Status: status, DateUpdated: time(call.updatedAt), ...recorded };
  if (callbackFields === 'four' || !call.request.statusCallback?.events) return four;
  const now = clock.date();
  return {
    ...four, EventType: event, DateCreated: time(call.createdAt), To: call.request.to === null ? null : national(call.request.to), From: national(call.number),
    PhoneNumberSid: national(call.exophone), StartTime: time(call.createdAt), EndTime: time(call.endedAt), Direction: call.direction,
    ...(event === 'terminal' ? { ConversationDuration: talkSeconds(call, now), CustomField: call.request.customField } : {}),
    Legs: legsOf(call).map((leg, i) => ({ OnCallDuration: talkSeconds(leg, now), Status: leg.status, AnsweredBy: i === 0 || !leg.answeredAt ? 'NA' : leg.machine ? 'Machine' : 'Human' })),
  };
};

/** Sends it once and, when no 2xx came back, again after each of the delays. Never throws. */
const deliver = async (carrier: Carrier, call: Call, event: CallbackEvent, url: string, fields: Fields, as: 'multipart' | 'urlencoded' | 'json'): Promise<void> => {
  const { clock, callbackRetriesMs, slowMs } = carrier.settings;
  const { signal } = carrier.stopping;
  const entry = { callback: event, fields, status: null as number | null, tries: 0 };
  tell(carrier, call, 'callback', entry);
  try {
    if (call.story.slow) await wait(clock, slowMs, signal);
    for (const againMs of [...callbackRetriesMs, null]) {
      let why: string;
      entry.tries += 1;
      try {
        const { contentType, body } = writeBody(fields, as);
        const answer = await ask({ url, method: 'POST', headers: { 'content-type': contentType }, body }, TIMEOUT_MS, signal);
        entry.status = answer.status;
        if (answer.status >= 200 && answer.status < 300) return;
        why = `was answered with ${answer.status}`;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        why = error.message;
      }
      carrier.notices.note('error', 'callback-failed', `${event} callback: ${why}`, call.sid);
      if (againMs !== null) await wait(clock, againMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};

const inOrder = async (sends: readonly (() => Promise<void>)[]): Promise<void> => {
  for (const send of sends) await send();
};

/**
 * Story 10: nothing comes before the answer; then what came before it arrives after it, latest first; the end is followed by everything
 * once more. A call that never gets so far has all of it sent at its end.
 */
const misorder = (call: Call, event: CallbackEvent, send: () => Promise<void>): (() => Promise<void>)[] => {
  call.held.push(send);
  if (event === 'answered') return [...call.held].reverse();
  return event === 'terminal' ? [send, ...[...call.held].reverse()] : [];
};

/** Tells the customer, if they asked to be told. `answered` is told once for each leg. */
export const report = (carrier: Carrier, call: Call, event: CallbackEvent): void => {
  tell(carrier, call, 'event', event);
  const wanted = call.request.statusCallback;
  // Without StatusCallbackEvents only the end is told.
  if (!wanted || !(wanted.events ?? ['terminal']).includes(event)) return;
  if (event === 'terminal' && call.story.callbacks === 'final-lost') {
    tell(carrier, call, 'callback lost', event);
    return;
  }
  const { callbackBody } = carrier.settings;
  const fields = fieldsOf(carrier, call, event);
  const send = (): Promise<void> => deliver(carrier, call, event, wanted.url, fields, callbackBody === 'as-asked' ? wanted.contentType : callbackBody);
  runs(carrier, inOrder(call.story.callbacks === 'twice-and-out-of-order' ? misorder(call, event, send) : [send]), call);
};
