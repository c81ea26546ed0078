// POST Calls/connect: reads and checks the form, lets the number's story have its way, and hands the call to the switch.
import type { Flow } from './applets.ts';
import { type Call, type CallbackEvent, type CallRequest, type Carrier, newCall } from './call.ts';
import { readNumber } from './numbers.ts';
import { type Form, readChoice, readFlag, readList, readText, readUrl, readWhole, RestError, value } from './rest-values.ts';
import { readStreamUrl } from './stream-url.ts';

/** What the API does with a request: the new call, or a call whose answer never arrives. */
export type Connected = { call: Call; answerLost: boolean };

const KNOWN = new Set(['From', 'To', 'CallerId', 'Url', 'StreamUrl', 'StreamType', 'StreamName', 'StreamBegin', 'CallType', 'TimeLimit', 'TimeOut', 'WaitUrl', 'Record',
  'RecordingChannels', 'RecordingFormat', 'CustomField', 'StatusCallback', 'StatusCallbackEvents', 'StatusCallbackContentType', 'StartPlaybackToNew', 'StartPlaybackValueNew']);

type Mode = Pick<CallRequest, 'flow' | 'flowId' | 'to'>;

const readFlow = (carrier: Carrier, url: string): { flow: Flow; flowId: string } => {
  const { accountSid, flows } = carrier.settings;
  const [, account = '', flowId = ''] = /^https?:\/\/my\.exotel\.com\/([^/?#]+)\/exoml\/start_voice\/(\w+)$/.exec(url) ?? [];
  if (account !== accountSid) throw new RestError(400, 'Url must be http://my.exotel.com/{your account}/exoml/start_voice/{flow_id}; custom external URLs are not supported for this parameter');
  const flow = flows[flowId];
  if (!flow) throw new RestError(400, `Url: there is no flow ${flowId}`);
  return { flow, flowId };
};

const readStream = (carrier: Carrier, form: Form, url: string): Flow => {
  if (!carrier.settings.agentStream) throw new RestError(403, 'AgentStream is not enabled for your account');
  if (value(form, 'StreamType') === null) throw new RestError(400, 'StreamType is required with StreamUrl');
  readChoice(form, 'StreamType', ['bidirectional'], 'bidirectional');
  readText(form, 'StreamName', 32);
  const address = readStreamUrl(url, carrier.settings);
  if ('problem' in address) throw new RestError(400, `StreamUrl: ${address.problem}`);
  return [{ applet: 'voicebot', url }];
};

/** Exactly one of Url, StreamUrl and To says what the person who answers meets. */
const readMode = (carrier: Carrier, form: Form): Mode => {
  const given = ['Url', 'StreamUrl', 'To'].filter((name) => value(form, name) !== null);
  const [only, other] = given;
  if (only === undefined) throw new RestError(400, 'One of Url, StreamUrl and To is required');
  if (other !== undefined) throw new RestError(400, `${only} and ${other} are mutually exclusive`);
  const text = value(form, only) ?? '';
  if (only === 'Url') return { ...readFlow(carrier, text), to: null };
  if (only === 'StreamUrl') return { flow: readStream(carrier, form, text), flowId: null, to: null };
  const to = readNumber(text);
  if (to === null) throw new RestError(400, 'To is not a valid phone number');
  readUrl(form, 'WaitUrl');
  return { flow: [{ applet: 'connect', to: [to] }], flowId: null, to };
};

const readCallback = (form: Form): CallRequest['statusCallback'] => {
  const url = readUrl(form, 'StatusCallback');
  const contentType = readChoice(form, 'StatusCallbackContentType', ['multipart/form-data', 'application/json'], 'multipart/form-data');
  const events = readList(form, 'StatusCallbackEvents');
  // Only Connect Voice AI tells of ringing.
  const choices = ['terminal', 'answered', ...(value(form, 'StreamUrl') === null ? [] : ['ringing'])];
  const unknown = events?.find((event) => !choices.includes(event));
  if (unknown !== undefined) throw new RestError(400, `StatusCallbackEvents: '${unknown}' is none of ${choices.join(', ')}`);
  return url === null ? null : { url, events: events as CallbackEvent[] | null, contentType: contentType === 'application/json' ? 'json' : 'multipart' };
};

const readRequest = (carrier: Carrier, form: Form): CallRequest => {
  const mode = readMode(carrier, form);
  if (value(form, 'CallType') === 'promo') throw new RestError(400, 'CallType: promotional calls are not supported');
  readChoice(form, 'CallType', ['trans'], 'trans');
  const channels = readChoice(form, 'RecordingChannels', ['single', 'dual'], 'single');
  readChoice(form, 'RecordingFormat', ['mp3', 'mp3-hq'], 'mp3');
  return {
    ...mode, customField: readText(form, 'CustomField', 128), statusCallback: readCallback(form), timeoutSeconds: readWhole(form, 'TimeOut', 60, 1, 3600),
    timeLimitSeconds: readWhole(form, 'TimeLimit', 14_400, 1, 14_400), record: readFlag(form, 'Record'), channels: channels === 'dual' ? 2 : 1,
  };
};

const readParties = (carrier: Carrier, form: Form): { number: string; exophone: string } => {
  const from = value(form, 'From');
  const callerId = value(form, 'CallerId');
  if (from === null) throw new RestError(400, 'From is required');
  if (callerId === null) throw new RestError(400, 'CallerId is required');
  const number = readNumber(from);
  const exophone = readNumber(callerId);
  if (number === null) throw new RestError(400, 'From is not a valid phone number');
  if (exophone === null || !carrier.settings.exophones.has(exophone)) throw new RestError(400, 'CallerId is not a valid ExoPhone');
  return { number, exophone };
};

const mayDial = (carrier: Carrier, number: string): boolean => {
  const { dnd, whitelist } = carrier.settings;
  return !dnd.has(number) || whitelist.has(number) || carrier.rangIn.has(number);
};

/** `refusals` counts the 429 answers given per number, for story 14. */
export const connectCall = (carrier: Carrier, form: Form, place: (call: Call) => void, refusals: Map<string, number>): Connected => {
  const { settings } = carrier;
  if (!settings.kyc) throw new RestError(403, 'Your account is not yet KYC compliant. This is mandatory by TRAI guidelines to connect outbound voice calls.');
  if (!settings.funded) throw new RestError(402, 'Your account balance is insufficient');
  const { number, exophone } = readParties(carrier, form);
  const request = readRequest(carrier, form);
  if (!mayDial(carrier, number)) throw new RestError(403, 'Call to this number cannot be made because of TRAI NDNC regulations');
  const story = settings.story(number);
  if (story.rest === 'invalid-number') throw new RestError(400, 'From is not a valid phone number');
  if (story.rest === 'unavailable') throw new RestError(503, 'Service Unavailable; ', 35_008);
  if (story.rest === 'too-many-twice') {
    const refused = refusals.get(number) ?? 0;
    if (refused < 2) {
      refusals.set(number, refused + 1);
      throw new RestError(429, 'Too Many Requests');
    }
    refusals.delete(number);
  }
  const call = newCall(carrier, { number, exophone, direction: 'outbound-api', request });
  const stranger = form.find(([name]) => !KNOWN.has(name.replace(/\[\d*\]$/, '')));
  if (stranger) carrier.notices.note('warning', 'unknown-parameter', `connect has no parameter ${stranger[0]}`, call.sid);
  place(call);
  return { call, answerLost: story.rest === 'answer-lost' };
};
