// One call at another fake Twilio: its callbacks, the documents that it fetches and executes, its media stream. Made by other-twilio.ts.
import { createHmac, randomBytes } from 'node:crypto';
import { openLine, type Line, type LineOptions } from './other-line.ts';
import { pause } from './other-http.ts';
import { readTwiml, type Verb } from './other-twiml.ts';
import type { OtherTwilioOptions } from './other-twilio.ts';

/** X-Twilio-Signature by the book: the address, then each parameter's name and value, by name. */
export const twilioSignature = (token: string, url: string, params: Record<string, string>): string =>
  createHmac('sha1', token).update(url + Object.keys(params).sort().map((name) => name + params[name]).join('')).digest('base64');

export interface Answer { status: number; type: string; body: string }

export interface Talk extends Partial<LineOptions> {
  /** What the caller does once the line is open. The line closes when the product closes it or the caller hangs up. */
  caller?: (line: Line, call: OtherCall) => void | Promise<void>;
  /** What they press when a `<Gather>` asks for keys; nothing: they let its time pass, which is not waited for. */
  keys?: string;
}

export interface OtherCall {
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly form: URLSearchParams;
  readonly createdAt: Date;
  answeredAt: Date | undefined;
  status: string;
  readonly over: boolean;
  readonly seconds: number;
  life: Promise<void> | undefined;
  line: Line | undefined;
  lines: Line[];
  /** Every document that was executed, verb by verb. */
  readonly verbs: Verb[];
  /** What `<Say>` spoke. */
  readonly spoken: string[];
  readonly streamErrors: string[];
  /** Signed POST, as all of Twilio's webhooks. Tries again while nobody can be reached, as `rc` and `rp` in the fragment allow. */
  post(url: string, params: Record<string, string>): Promise<Answer>;
  common(status?: string): Record<string, string>;
  /** A status callback; `sequence` as Twilio counts, from 0. */
  tells(status: string, sequence: number, more?: Record<string, string>): Promise<Answer>;
  /** Fetches the answer document. */
  document(): Promise<Verb[]>;
  /** Rings, is answered, executes documents until the call is over, and tells all of it. */
  answers(talk?: Talk): Promise<void>;
  /** Executes a document and those that follow from it. */
  run(verbs: Verb[], talk?: Talk): Promise<void>;
  endByRest(): void;
}

interface Parts { sid: string; form: URLSearchParams; accountSid: string; authToken: string; options: OtherTwilioOptions }

export const otherCall = ({ sid, form, accountSid, authToken, options }: Parts): OtherCall => {
  const to = form.get('To')!;
  const from = form.get('From')!;
  const verbs: Verb[] = [];
  const spoken: string[] = [];
  const streamErrors: string[] = [];
  let over = false;
  let answeredMs = 0;
  let hungUp = false;

  const post = async (url: string, params: Record<string, string>): Promise<Answer> => {
    const [address = '', fragment = ''] = url.split('#');
    const signature = twilioSignature(authToken, options.signsFragments ? url : address, params);
    const tries = 1 + Number(new URLSearchParams(fragment).get('rc') ?? 1);
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await fetch(options.reach?.(address) ?? address, {
          method: 'POST', body: new URLSearchParams(params), redirect: 'manual', signal: AbortSignal.timeout(15_000),
          headers: { 'x-twilio-signature': signature, 'user-agent': 'TwilioProxy/1.1', 'i-twilio-idempotency-token': randomBytes(8).toString('hex') },
        });
        return { status: response.status, type: response.headers.get('content-type') ?? '', body: await response.text() };
      } catch (error) {
        if (attempt >= tries) throw error;
        await pause(1500);
      }
    }
  };
  const connect = async (connect: Verb, talk: Talk): Promise<void> => {
    const stream = connect.children.find(({ name }) => name === 'Stream')!;
    const url = stream.attributes['url']!;
    const parameters = Object.fromEntries(stream.children.filter(({ name }) => name === 'Parameter').map(({ attributes }) => [attributes['name']!, attributes['value']!]));
    const { caller, keys: _keys, ...lineOptions } = talk;
    const line = openLine({
      url: options.reach?.(url) ?? url, accountSid, callSid: sid, streamSid: `MZ${randomBytes(16).toString('hex')}`, parameters, hangingUp: () => { hungUp = true; },
      ...(options.signsHandshake ? { headers: { 'x-twilio-signature': twilioSignature(authToken, url, {}), 'user-agent': 'Twilio.TmeWs/1.0' } } : {}), ...lineOptions,
    });
    call.line = line;
    try {
      await line.opened;
    } catch (error) {
      streamErrors.push(String(error));
      return;
    }
    call.lines.push(line);
    await Promise.all([caller?.(line, call), line.closed]);
  };

  const call: OtherCall = {
    sid, to, from, form, createdAt: new Date(), answeredAt: undefined, status: 'queued', life: undefined, line: undefined, lines: [], verbs, spoken, streamErrors, post,
    get over() { return over; },
    get seconds() { return answeredMs === 0 ? 0 : Math.ceil((performance.now() - answeredMs) / 1000); },
    common: (status = call.status) => ({
      CallSid: sid, AccountSid: accountSid, From: from, To: to, Caller: from, Called: to, CallStatus: status, ApiVersion: '2010-04-01', Direction: 'outbound-api',
      ToCity: '', ToState: 'DC', ToZip: '', ToCountry: 'US', FromCity: '', FromCountry: 'US',
    }),
    tells: (status, sequence, more = {}) => post(form.get('StatusCallback')!, {
      ...call.common(status), Timestamp: new Date().toUTCString(), CallbackSource: 'call-progress-events', ...(options.withoutSequence ? {} : { SequenceNumber: String(sequence) }), ...more,
    }),
    document: async () => {
      const answer = await post(form.get('Url')!, call.common('in-progress'));
      if (answer.status !== 200 || !/xml/.test(answer.type)) throw new Error(`the document came as ${answer.status} ${answer.type}`);
      return readTwiml(answer.body);
    },
    run: async (document, talk = {}) => {
      verbs.push(...document);
      for (const verb of document) {
        if (hungUp || verb.name === 'Hangup') return;
        if (verb.name === 'Say') spoken.push(verb.text);
        else if (verb.name === 'Pause') await pause(1000 * Number(verb.attributes['length'] ?? 1));
        else if (verb.name === 'Redirect') return call.run(readTwiml((await post(verb.text, call.common())).body), talk);
        else if (verb.name === 'Gather') {
          spoken.push(...verb.children.filter(({ name }) => name === 'Say').map(({ text }) => text));
          const { action, actionOnEmptyResult, numDigits } = verb.attributes;
          if (talk.keys === undefined && actionOnEmptyResult !== 'true') continue;
          const answer = await post(action!, { ...call.common(), Digits: (talk.keys ?? '').slice(0, Number(numDigits ?? Infinity)) });
          if (answer.status !== 200) throw new Error(`action answered ${answer.status}`);
          return call.run(readTwiml(answer.body), talk);
        } else if (verb.name === 'Connect') {
          await connect(verb, talk);
          const { action } = verb.attributes;
          if (hungUp || !action) return;
          const answer = await post(action, call.common());
          if (answer.status !== 200) throw new Error(`action answered ${answer.status}`);
          return call.run(readTwiml(answer.body), talk);
        } else throw new Error(`no such verb: ${verb.name}`);
      }
    },
    answers: async (talk = {}) => {
      call.status = 'ringing';
      await call.tells('initiated', 0);
      await call.tells('ringing', 1);
      call.status = 'in-progress';
      call.answeredAt = new Date();
      answeredMs = performance.now();
      const [document] = await Promise.all([call.document(), call.tells('in-progress', 2)]);
      await call.run(document, talk).finally(() => { over = true; });
      call.status = 'completed';
      await call.tells('completed', 3, { CallDuration: String(call.seconds), Duration: '1', SipResponseCode: '200' });
    },
    endByRest: () => {
      hungUp = true;
      call.line?.hangUp();
    },
  };
  return call;
};
