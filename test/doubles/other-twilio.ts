// Another fake Twilio: REST over HTTP, signed webhooks, media streams. Written from Twilio's documentation alone, sharing nothing with local/twilio:
// what the product and its own simulator misunderstand together shows here.
import { randomBytes } from 'node:crypto';
import { httpFake, pause, type Asked, type HttpFake, type Reply } from './other-http.ts';
import { otherCall, type OtherCall } from './other-twilio-call.ts';

/** What happens when a number is called. Everything left out happens as on a good day. */
export interface Phone {
  /** So long nothing is placed, in ms; then all goes on. */
  thinks?: number;
  /** Before our request is answered: callbacks may overtake it. */
  early?: (call: OtherCall) => Promise<void>;
  /** Instead of 201: an error, an answer that never comes ('hold'), a broken connection ('drop'). */
  rest?: { status: number; body: unknown; headers?: Record<string, string> } | 'hold' | 'drop';
  /** Whether Twilio really has this call: false, and it is in no list and no phone rings. */
  placed?: boolean;
  /** The call's life, once it is answered for. */
  life?: (call: OtherCall) => Promise<void>;
}

export interface OtherTwilioOptions {
  /** Signs webhook addresses with their fragment, as a careless stand-in does. */
  signsFragments?: boolean;
  /** Status callbacks carry no SequenceNumber. */
  withoutSequence?: boolean;
  /** Signs the handshake of media streams. */
  signsHandshake?: boolean;
  /** Where public addresses lead to on this machine. */
  reach?: (url: string) => string;
}

export interface OtherTwilio {
  url: string;
  accountSid: string;
  authToken: string;
  number: string;
  options: OtherTwilioOptions;
  /** By E.164 number. */
  phones: Map<string, Phone>;
  calls: OtherCall[];
  asked: Asked[];
  /** POST Calls for this number. */
  dials: (to: string) => Asked[];
  /** What the product did wrong by the protocol. */
  faults: string[];
  stop: () => Promise<void>;
}

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** As the API shows a call; more fields than anybody reads, and some that no documentation has. */
const shown = (call: OtherCall, accountSid: string) => ({
  sid: call.sid, account_sid: accountSid, api_version: '2010-04-01', to: call.to, to_formatted: call.to, from: call.from, from_formatted: call.from,
  status: call.status, direction: 'outbound-api', date_created: call.createdAt.toUTCString(), date_updated: null, start_time: call.answeredAt?.toUTCString() ?? null,
  end_time: call.over ? new Date().toUTCString() : null, duration: call.over ? String(call.seconds) : null, price: null, price_unit: 'USD', queue_time: '0',
  answered_by: null, annotation: null, caller_name: '', parent_call_sid: null, trunk_sid: '', group_sid: null, forwarded_from: null, phone_number_sid: `PN${hex(16)}`,
  uri: `/2010-04-01/Accounts/${accountSid}/Calls/${call.sid}.json`, subresource_uris: { recordings: null }, something_new: { in: ['next', 'version'] },
});

export const otherTwilio = async (options: OtherTwilioOptions = {}): Promise<OtherTwilio> => {
  const accountSid = `AC${hex(16)}`;
  const authToken = hex(16);
  const phones = new Map<string, Phone>();
  const calls: OtherCall[] = [];
  const faults: string[] = [];
  const root = `/2010-04-01/Accounts/${accountSid}`;
  const error = (reply: Reply, status: number, code: number, message: string): void => reply(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
  const allowed = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;

  const create = async (asked: Asked, reply: Reply, drop: () => void): Promise<void> => {
    const form = new URLSearchParams(asked.body);
    for (const name of ['To', 'From', 'Url']) if (!form.get(name)) return error(reply, 400, name === 'To' ? 21201 : 21205, `${name} is missing`);
    const phone = phones.get(form.get('To')!) ?? {};
    const call = otherCall({ sid: `CA${hex(16)}`, form, accountSid, authToken, options });
    if (phone.rest && typeof phone.rest === 'object' && phone.rest.status >= 400 && phone.placed !== true) return reply(phone.rest.status, phone.rest.body, phone.rest.headers);
    if (phone.thinks) await pause(phone.thinks);
    if (phone.placed !== false) {
      calls.push(call);
      await phone.early?.(call);
      // Left running: the phone rings while the request is answered.
      call.life = (phone.life ?? ((c) => c.answers()))(call).catch((fault: unknown) => void faults.push(`${call.to}: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}`));
    }
    if (phone.rest === 'drop') drop();
    else if (phone.rest !== 'hold') reply(phone.rest?.status ?? 201, phone.rest?.body ?? shown(call, accountSid));
  };
  const update = (call: OtherCall, asked: Asked, reply: Reply): void => {
    if (call.over) return error(reply, 400, 21220, 'Call is not in-progress. Cannot redirect.');
    const status = new URLSearchParams(asked.body).get('Status');
    if (status !== 'completed' && status !== 'canceled') return error(reply, 400, 20001, 'Unknown status');
    call.endByRest();
    reply(200, shown(call, accountSid));
  };
  const http: HttpFake = await httpFake(async (asked, reply, drop) => {
    if (asked.headers.authorization !== allowed) return error(reply, 401, 20003, 'Authenticate');
    const one = new RegExp(`^${root}/Calls/(CA[0-9a-f]{32})\\.json$`).exec(asked.path)?.[1];
    const call = calls.find(({ sid }) => sid === one);
    if (asked.path === `${root}/Calls.json` && asked.method === 'POST') return create(asked, reply, drop);
    if (asked.path === `${root}/Calls.json`) {
      const found = calls.filter(({ to, from }) => (asked.query.get('To') ?? to) === to && (asked.query.get('From') ?? from) === from);
      return reply(200, { calls: found.map((c) => shown(c, accountSid)), page: 0, page_size: 50, next_page_uri: null });
    }
    if (!call) return error(reply, 404, 20404, `The requested resource ${asked.path} was not found`);
    if (asked.method === 'POST') return update(call, asked, reply);
    reply(200, shown(call, accountSid));
  });
  return {
    url: http.url, accountSid, authToken, number: '+15005550006', options, phones, calls, asked: http.asked, faults,
    dials: (to) => http.asked.filter(({ method, path, body }) => method === 'POST' && path === `${root}/Calls.json` && new URLSearchParams(body).get('To') === to),
    stop: async () => {
      for (const call of calls) call.line?.tear();
      await http.stop();
    },
  };
};
