// The v1 REST API as far as calls go: who may use it, which route, what it answers. Paths are case-sensitive; ".json" is cut off before.
import { timingSafeEqual } from 'node:crypto';
import { callDetails, callJson, listCalls } from './call-json.ts';
import type { Call, Carrier } from './call.ts';
import { national, readNumber } from './numbers.ts';
import { isPresigned } from './recordings.ts';
import { connectCall } from './rest-connect.ts';
import { type Form, RestError } from './rest-values.ts';

export type RestRequest = { method: string; path: string; query: Form; form: Form; authorization: string | null };
/** `delayMs`: the answer waits so long; `lost`: nothing is answered at all. */
export type RestAnswer = { status: number; body?: object; wav?: Buffer; delayMs?: number; lost?: true };

const MINUTE_MS = 60_000;

const equal = (a: string, b: string): boolean => {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
};

const authenticate = (carrier: Carrier, authorization: string | null): void => {
  const { apiKey, apiToken } = carrier.settings;
  const given = Buffer.from(/^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1] ?? '', 'base64').toString('utf8');
  if (!equal(given, `${apiKey}:${apiToken}`)) throw new RestError(401, 'Authentication failed. Check your API key and token.');
};

/** A path's part; one that cannot be decoded names nothing. */
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return '?';
  }
};

/** Requests of the last minute; throws 429 for one too many. */
const createRate = (carrier: Carrier): (() => void) => {
  let recent: number[] = [];
  return () => {
    const now = carrier.settings.clock.now();
    recent = recent.filter((at) => now - at < MINUTE_MS);
    if (recent.length >= carrier.settings.callsPerMinute) throw new RestError(429, 'Too Many Requests');
    recent.push(now);
  };
};

const numberJson = (carrier: Carrier, text: string): object => {
  const number = readNumber(text);
  if (number === null) throw new RestError(400, 'The phone number is not valid');
  return { Numbers: { PhoneNumber: national(number), Circle: 'KA', CircleName: 'Karnataka', Type: 'Mobile', Operator: 'A', OperatorName: 'Simulated', DND: carrier.settings.dnd.has(number) ? 'Yes' : 'No' } };
};

const whitelistJson = (carrier: Carrier, text: string): object => {
  const number = readNumber(text);
  if (number === null) throw new RestError(400, 'The phone number is not valid');
  const listed = carrier.settings.whitelist.has(number) || carrier.rangIn.has(number);
  return { Result: { Status: listed ? 'Whitelist' : 'Neutral', Type: listed ? 'API' : null, Expiry: null } };
};

const exophonesJson = (carrier: Carrier): object => ({
  incoming_phone_numbers: [...carrier.settings.exophones.values()].map(({ number, flow, exoml }) => ({
    sid: national(number), phone_number: number, friendly_name: national(number),
    voice_url: flow === undefined ? exoml ?? null : `http://my.exotel.com/${carrier.settings.accountSid}/exoml/start_voice/${flow}` })),
});

export type RestApi = (request: RestRequest) => RestAnswer;

/** Throws RestError for everything that the API refuses. */
export const createRestApi = (carrier: Carrier, place: (call: Call) => void): RestApi => {
  const refusals = new Map<string, number>();
  const admit = createRate(carrier);
  const later = (call: Call): { delayMs?: number } => (call.story.slow ? { delayMs: carrier.settings.slowMs } : {});
  const notFound = (): RestError => new RestError(404, 'The requested resource was not found');

  const recording = ({ path, query, authorization, method }: RestRequest): RestAnswer => {
    const [, , account = '', file = ''] = path.split('/');
    const call = carrier.calls.get(file.replace(/\.mp3$/, ''));
    if (account !== carrier.settings.accountSid || !call?.recording || method !== 'GET') throw notFound();
    const signed = isPresigned(carrier, call, new URLSearchParams(query.map(([name, value]) => [name, value])));
    if (carrier.settings.recordingAuth && !signed) authenticate(carrier, authorization);
    return { status: 200, wav: call.recording.wav() };
  };

  return (request) => {
    const { method, path, query, form, authorization } = request;
    if (path.startsWith('/exotelrecordings/')) return recording(request);
    authenticate(carrier, authorization);
    const [, version = '', accounts = '', account = '', resource = '', id = '', more] = path.split('/').map(decoded);
    if (!['v1', 'v2_beta'].includes(version) || accounts !== 'Accounts' || more !== undefined) throw notFound();
    if (account !== carrier.settings.accountSid) throw new RestError(403, 'You do not have access to this account');
    if (version === 'v2_beta') {
      if (resource !== 'IncomingPhoneNumbers' || id !== '' || method !== 'GET') throw notFound();
      return { status: 200, body: exophonesJson(carrier) };
    }
    if (resource === 'Calls' && id === 'connect') {
      if (method !== 'POST') throw new RestError(405, 'Method not allowed');
      admit();
      const { call, answerLost } = connectCall(carrier, form, place, refusals);
      if (answerLost) return { status: 200, lost: true };
      return { status: 200, body: { Call: callJson(carrier, call) }, ...later(call) };
    }
    if (method !== 'GET') throw new RestError(405, 'Method not allowed');
    if (resource === 'Calls' && id === '') return { status: 200, body: listCalls(carrier, path, query) };
    if (resource === 'Calls') {
      const call = carrier.calls.get(id);
      if (!call) throw notFound();
      return { status: 200, body: { Call: callDetails(carrier, call, query) }, ...later(call) };
    }
    if (resource === 'Numbers' && id !== '') return { status: 200, body: numberJson(carrier, id) };
    if (resource === 'CustomerWhitelist' && id !== '') return { status: 200, body: whitelistJson(carrier, id) };
    if (resource === 'ActiveStreams' && id === '') {
      return { status: 200, body: { Stream: { ActiveStreamCount: carrier.streamsOpen, ThrottleLimit: carrier.settings.streamLimit } } };
    }
    throw notFound();
  };
};
