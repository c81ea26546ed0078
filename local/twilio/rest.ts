// The REST API of the 2010 version, as far as calls and their recordings go: who may use it, which route, what it answers.
import { timingSafeEqual } from 'node:crypto';
import { callJson, listCalls, listOf } from './call-json.ts';
import { endCall } from './call-life.ts';
import { type Call, type Carrier, isOver, type Source } from './call.ts';
import { recordingJson } from './recordings.ts';
import { createCall } from './rest-create.ts';
import { type Form, readChoice, readMethod, readUrl, readWhole, RestError, value } from './rest-values.ts';

export type RestRequest = { method: string; path: string; query: Form; form: Form; authorization: string | null };
/** `delayMs`: the answer waits so long; `lost`: nothing is answered at all. */
export type RestAnswer = { status: number; json?: unknown; wav?: Buffer; delayMs?: number; lost?: true };

const equal = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const authenticate = (carrier: Carrier, authorization: string | null): void => {
  const { accountSid, authToken, apiKeys } = carrier.settings;
  const match = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '');
  const [user = '', ...rest] = Buffer.from(match?.[1] ?? '', 'base64').toString('utf8').split(':');
  const secret = user === accountSid ? authToken : apiKeys[user];
  if (secret === undefined || !equal(rest.join(':'), secret)) throw new RestError(401, 20_003, 'Authenticate');
};

const readTarget = (form: Form): Source | null => {
  const url = readUrl(form, 'Url', 21_205);
  if (url !== null) return { url, method: readMethod(form, 'Method') };
  const twiml = value(form, 'Twiml');
  return twiml === null ? null : { twiml };
};

/** POST Calls/{sid}: ends the call or sends it to another document. What is over, or (for a document) not answered, is 21220. */
const updateCall = (carrier: Carrier, call: Call, form: Form): void => {
  const status = readChoice(form, 'Status', ['completed', 'canceled']);
  const target = readTarget(form);
  if (status !== null && target !== null) throw new RestError(400, 20_001, 'Status and Url or Twiml cannot be given together');
  if (isOver(call)) throw new RestError(400, 21_220, 'Call is not in-progress. Cannot redirect.');
  const callback = readUrl(form, 'StatusCallback', 21_609);
  if (callback !== null) {
    call.request = { ...call.request, statusCallback: { url: callback, method: readMethod(form, 'StatusCallbackMethod'),
      events: call.request.statusCallback?.events ?? ['completed'] } };
  }
  if (value(form, 'TimeLimit') !== null) {
    const seconds = readWhole(form, 'TimeLimit', 14_400, 1, 86_400);
    const cancel = carrier.settings.clock.after(seconds * 1000, () => endCall(carrier, call, 'completed', 'time limit'));
    call.over.signal.addEventListener('abort', cancel, { once: true });
  }
  if (target) {
    if (call.status !== 'in-progress' || !call.redirect) throw new RestError(400, 21_220, 'Call is not in-progress. Cannot redirect.');
    call.redirect(target);
  } else if (status === 'completed') {
    endCall(carrier, call, call.status === 'in-progress' ? 'completed' : 'canceled', 'ended by REST');
  } else if (status === 'canceled') {
    // Only a call that is not answered can be canceled; on an answered one it does nothing.
    if (call.status !== 'in-progress') endCall(carrier, call, 'canceled', 'canceled by REST');
  }
};

export type RestApi = (request: RestRequest) => RestAnswer;

/** Throws RestError for everything that the API refuses. */
export const createRestApi = (carrier: Carrier, place: (call: Call) => void): RestApi => {
  const refusals = new Map<string, number>();
  const notFound = (path: string): RestError => new RestError(404, 20_404, `The requested resource ${path} was not found`);
  const later = (call: Call): { delayMs?: number } => (call.story.slow ? { delayMs: carrier.settings.slowMs } : {});

  return ({ method, path, query, form, authorization }) => {
    authenticate(carrier, authorization);
    const account = `/2010-04-01/Accounts/${carrier.settings.accountSid}`;
    if (!path.startsWith(account)) throw notFound(path);
    const [collection = '', sid = '', sub = ''] = path.slice(account.length).replace(/\.json$/, '').split('/').slice(1);
    const wants = (...methods: string[]): void => {
      if (!methods.includes(method)) throw new RestError(405, 20_004, 'Method not allowed');
    };
    if (collection === '') {
      wants('GET');
      return { status: 200, json: { sid: carrier.settings.accountSid, friendly_name: 'Simulated account', status: 'active', type: 'Full', uri: `${account}.json` } };
    }
    const recordings = (callSid: string | null): RestAnswer => ({ status: 200, json: listOf(path, query, 'recordings',
      [...carrier.recordings.values()].reverse().filter((one) => callSid === null || one.callSid === callSid).map((one) => recordingJson(carrier, one))) });
    if (collection === 'Calls' && sid === '') {
      wants('GET', 'POST');
      if (method === 'GET') return { status: 200, json: listCalls(carrier, path, query) };
      const { call, answerLost } = createCall(carrier, form, place, refusals);
      if (answerLost) return { status: 201, lost: true };
      return { status: 201, json: callJson(carrier, call), ...later(call) };
    }
    if (collection === 'Calls') {
      const call = carrier.calls.get(sid);
      if (!call || (sub !== '' && sub !== 'Recordings')) throw notFound(path);
      if (sub === 'Recordings') {
        wants('GET');
        return recordings(sid);
      }
      wants('GET', 'POST', 'DELETE');
      if (method === 'DELETE') {
        if (!isOver(call)) throw new RestError(409, 20_009, 'Cannot delete call because its status is not final');
        carrier.calls.delete(sid);
        return { status: 204 };
      }
      if (method === 'POST') updateCall(carrier, call, form);
      return { status: 200, json: callJson(carrier, call), ...later(call) };
    }
    if (collection === 'Recordings' && sid === '') {
      wants('GET');
      return recordings(null);
    }
    if (collection === 'Recordings') {
      const recording = carrier.recordings.get(sid.replace(/\.wav$/, ''));
      if (!recording || sub !== '') throw notFound(path);
      wants('GET', 'DELETE');
      if (method === 'DELETE') {
        carrier.recordings.delete(recording.sid);
        return { status: 204 };
      }
      return sid.endsWith('.wav') || !path.endsWith('.json') ? { status: 200, wav: recording.wav() } : { status: 200, json: recordingJson(carrier, recording) };
    }
    throw notFound(path);
  };
};
