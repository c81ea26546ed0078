// POST Calls.json: checks the form in the order of the real API, lets the number's story have its way, and hands the call to the switch.
import { type Call, type CallRequest, type Carrier, newCall, type Source } from './call.ts';
import { E164, type Form, readChoice, readEvents, readFlag, readMethod, readUrl, readWhole, RestError, value } from './rest-values.ts';

/** What the API does with a request: the new call, or a call whose answer never arrives. */
export type Created = { call: Call; answerLost: boolean };

const readSource = (form: Form): Source => {
  const url = readUrl(form, 'Url', 21_205);
  if (url !== null) return { url, method: readMethod(form, 'Method') };
  const twiml = value(form, 'Twiml');
  if (twiml === null) {
    if (value(form, 'ApplicationSid') !== null) throw new RestError(400, 21_218, 'Invalid ApplicationSid: this account has no applications');
    throw new RestError(400, 21_205, 'Url parameter is required');
  }
  if (twiml.length > 4000) throw new RestError(400, 20_001, 'Twiml may have at most 4000 characters');
  return { twiml };
};

const readCallback = (form: Form, name: string, events: readonly string[], otherwise: readonly string[]) => {
  const url = readUrl(form, name, 21_609);
  const wanted = readEvents(form, `${name}Event`, events, otherwise, 21_626);
  const method = readMethod(form, `${name}Method`);
  return url === null ? null : { url, method, events: wanted };
};

const readDetection = (form: Form): CallRequest['machineDetection'] => {
  const mode = readChoice(form, 'MachineDetection', ['Enable', 'DetectMessageEnd']);
  const timeoutSeconds = readWhole(form, 'MachineDetectionTimeout', 30, 3, 59);
  readWhole(form, 'MachineDetectionSpeechThreshold', 2400, 1000, 6000);
  readWhole(form, 'MachineDetectionSpeechEndThreshold', 1200, 500, 5000);
  readWhole(form, 'MachineDetectionSilenceTimeout', 5000, 2000, 10_000);
  const isAsync = readFlag(form, 'AsyncAmd');
  const url = readUrl(form, 'AsyncAmdStatusCallback', 21_609);
  const method = readMethod(form, 'AsyncAmdStatusCallbackMethod');
  if (mode === null) return null;
  return { mode, timeoutSeconds, asyncCallback: isAsync ? (url === null ? 'none' : { url, method }) : null };
};

/** Everything but To and From. Throws RestError with the number of the first thing that is wrong. */
export const readCallRequest = (form: Form): CallRequest => {
  const source = readSource(form);
  const fallbackUrl = readUrl(form, 'FallbackUrl', 21_205);
  const fallbackMethod = readMethod(form, 'FallbackMethod');
  const sendDigits = value(form, 'SendDigits') ?? '';
  if (!/^[0-9A-D#*wW]{0,32}$/.test(sendDigits)) throw new RestError(400, 21_206, 'Invalid SendDigits: at most 32 of 0-9, A-D, #, *, w, W');
  const record = readFlag(form, 'Record');
  const channels = readChoice(form, 'RecordingChannels', ['mono', 'dual']) ?? 'mono';
  const recordingCallback = readCallback(form, 'RecordingStatusCallback', ['in-progress', 'completed', 'absent'], ['completed']);
  return {
    source,
    fallback: fallbackUrl === null ? null : { url: fallbackUrl, method: fallbackMethod },
    statusCallback: readCallback(form, 'StatusCallback', ['initiated', 'ringing', 'answered', 'completed'], ['completed']),
    timeoutSeconds: readWhole(form, 'Timeout', 60, 1, 600, 21_208),
    timeLimitSeconds: readWhole(form, 'TimeLimit', 14_400, 1, 86_400),
    sendDigits,
    record: record ? { channels, callback: recordingCallback } : null,
    machineDetection: readDetection(form),
  };
};

const readParties = (carrier: Carrier, form: Form): { to: string; from: string } => {
  const to = value(form, 'To');
  const from = value(form, 'From');
  if (to === null) throw new RestError(400, 21_201, "No 'To' number is specified");
  if (from === null) throw new RestError(400, 21_213, "'From' phone number is required");
  if (!E164.test(to)) throw new RestError(400, 21_211, `The phone number you are attempting to call, ${to}, is not valid.`);
  if (!E164.test(from)) throw new RestError(400, 21_212, `Invalid 'From' phone number: ${from}`);
  if (carrier.settings.numbers && !carrier.settings.numbers.includes(from)) {
    throw new RestError(400, 21_210, `The source phone number provided, ${from}, is not yet verified for your account.`);
  }
  return { to, from };
};

/** `refusals` counts the 429 answers given per number, for story 14. */
export const createCall = (carrier: Carrier, form: Form, place: (call: Call) => void, refusals: Map<string, number>): Created => {
  const { to, from } = readParties(carrier, form);
  const request = readCallRequest(form);
  const story = carrier.settings.story(to);
  if (story.rest === 'invalid-number') throw new RestError(400, 21_211, `The phone number you are attempting to call, ${to}, is not valid.`);
  if (story.rest === 'unavailable') throw new RestError(503, 20_503, 'Service is unavailable. Please try again');
  if (story.rest === 'too-many-twice') {
    const refused = refusals.get(to) ?? 0;
    if (refused < 2) {
      refusals.set(to, refused + 1);
      throw new RestError(429, 20_429, 'Too Many Requests');
    }
    refusals.delete(to);
  }
  const call = newCall(carrier, { to, from, direction: 'outbound-api', request, story });
  place(call);
  return { call, answerLost: story.rest === 'answer-lost' };
};
