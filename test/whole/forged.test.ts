// Whoever is not the carrier, not the console, or makes no sense: from outside, a clear refusal on every route, nothing written, everything alive.
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { twilioSignature, type OtherCall } from '#doubles/other-twilio-call.ts';
import { processesOf, type Problem } from './stack.ts';
import { until } from './until.ts';
import { startWorld, type Person, type World } from './world.ts';

let world: World;
/** A call that was talked through, and one that rings. */
let done: { person: Person; call: OtherCall };
let ringing: { person: Person; call: OtherCall };
const { promise: letGo, resolve: stopRinging } = Promise.withResolvers<void>();
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

beforeAll(async () => {
  world = await startWorld({ stack: { env: { RECONCILE_AFTER_SECONDS: '3600' } } });
  const [first, second] = await Promise.all([
    world.ask(),
    world.ask({ phone: { life: async (call) => {
      await call.tells('ringing', 1);
      await letGo;
      await call.tells('no-answer', 2);
    } } }),
  ]);
  done = { person: first, call: await first.call() };
  ringing = { person: second, call: await second.call() };
  await first.until('one call is over', ({ status, calls }) => status === 'reached' && calls[0]?.status === 'completed');
  await second.until('another rings', ({ calls, attempts }) => calls[0]?.status === 'ringing' && attempts[0]?.state === 'placed');
  let items = '';
  await until('nothing more is written', async () => {
    const before = items;
    items = (await world.stack.scan()).join();
    return items === before;
  });
});
afterAll(async () => {
  agent.destroy();
  stopRinging();
  await ringing.call.life;
  await world.end();
});

interface Got { status: number; type: string; body: string }
/** One request, byte by byte as given, over connections that stay open. */
const send = (method: string, path: string, headers: Record<string, string> = {}, body: string | Buffer = ''): Promise<Got> => new Promise((resolve, reject) => {
  const sent = request(world.stack.base, { method, path, agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } }, (answer) => {
    let text = '';
    answer.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body: text }));
  });
  sent.on('error', reject).end(body);
});
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const pathOf = (url: string): string => url.replace(world.stack.base, '').replace(/#.*/, '');
const documentPath = ({ call }: { call: OtherCall }): string => pathOf(call.form.get('Url')!);
const statusPath = ({ call }: { call: OtherCall }): string => pathOf(call.form.get('StatusCallback')!);
const signed = (path: string, params: Record<string, string>, token = world.twilio.authToken): Record<string, string> => ({ ...form, 'x-twilio-signature': twilioSignature(token, `${world.stack.base}${path}`, params) });
const post = (path: string, params: Record<string, string>, headers: Record<string, string> = signed(path, params)): Promise<Got> => send('POST', path, headers, new URLSearchParams(params).toString());

/** RFC 9457, naming what is wrong and what would be right. */
const isProblem = (got: Got, status?: number): Problem => {
  expect({ type: got.type.split(';')[0], body: got.body }).toMatchObject({ type: 'application/problem+json' });
  const problem = JSON.parse(got.body) as Problem;
  expect(problem).toMatchObject({ status: status ?? got.status, detail: expect.stringMatching(/\w/), code: expect.stringMatching(/^[a-z-]+$/) });
  expect(got.status).toBe(problem.status);
  expect(got.body).not.toMatch(/\.ts:\d+|node_modules/);
  return problem;
};
const named = (got: Got, field: string): void => expect(isProblem(got).errors?.map((one) => one.field)).toContain(field);
const isSpoken = (got: Got): void => {
  expect(got.type).toMatch(/^(text|application)\/xml/);
  expect(got.body).toMatch(/^<\?xml [^>]*\?>\s*<Response>.*<\/Response>$/s);
  expect(got.body).not.toMatch(/<Connect|ticket/);
};
/** Runs it, and nothing is written meanwhile, and everything lives on. */
const changesNothing = async (work: () => Promise<void>): Promise<void> => {
  const before = { items: await world.stack.scan(), leads: await world.stack.api('/api/leads'), pids: processesOf(world.stack.directory).map(({ pid }) => pid), dials: world.twilio.asked.length };
  await work();
  const after = await world.stack.scan();
  expect({ written: after.filter((item) => !before.items.includes(item)), gone: before.items.filter((item) => !after.includes(item)) }).toEqual({ written: [], gone: [] });
  expect(await world.stack.api('/api/leads')).toEqual(before.leads);
  expect(processesOf(world.stack.directory).map(({ pid }) => pid)).toEqual(before.pids);
  expect(world.twilio.asked.length).toBe(before.dials);
  expect(await (await fetch(`${world.stack.base}/health`)).json()).toMatchObject({ ok: true });
};

const twiml = ['/twiml', '/twiml/gather', '/twiml/after'];
const callbacks = ['status', 'recording', 'amd', 'stream', 'transcription', 'intelligence'].map((kind) => `/webhooks/twilio/${kind}`).concat('/webhook');

describe('a request that the carrier did not make', () => {
  test('is refused on every route: unsigned, signed with another token, for another address, for other words', () => changesNothing(async () => {
    for (const target of [done, ringing]) {
      const query = documentPath(target).split('?')[1]!;
      for (const route of [...twiml, ...callbacks]) {
        const path = `${route}?${query}`;
        const params: Record<string, string> = {
          ...target.call.common('completed'), SequenceNumber: '9', Digits: '9', RecordingSid: `RE${'0'.repeat(32)}`, RecordingUrl: 'https://api.twilio.com/x', AnsweredBy: 'machine_start', StreamEvent: 'stream-error',
        };
        const forgeries: Record<string, string>[] = [
          form, { ...form, 'x-twilio-signature': '' }, { ...form, 'x-twilio-signature': 'nonsense' }, signed(path, params, 'another token'), signed(route, params), signed(`${path}&x=1`, params),
          signed(path, { ...params, CallStatus: 'busy' }), signed(path, {}), signed(path.toUpperCase(), params), { ...form, 'x-twilio-signature': twilioSignature(world.twilio.authToken, `https://elsewhere.example.com${path}`, params) },
        ];
        for (const headers of forgeries) {
          const got = await post(path, params, headers);
          expect({ route, status: got.status }).toEqual({ route, status: 403 });
          if (twiml.includes(route)) isSpoken(got);
          else named(got, 'X-Twilio-Signature');
        }
      }
      const unsigned = await send('GET', `/twiml?${query}&CallSid=${target.call.sid}`);
      expect(unsigned.status).toBe(403);
      isSpoken(unsigned);
    }
  }));

  test('is refused when its words were changed on the way: another attempt, another call, another status', () => changesNothing(async () => {
    const params = ringing.call.common('completed');
    const good = signed(statusPath(ringing), params);
    expect((await post(statusPath(done), params, good)).status).toBe(403);
    expect((await post(statusPath(ringing), { ...params, CallSid: done.call.sid }, good)).status).toBe(403);
    expect((await post(statusPath(ringing), { ...params, CallStatus: 'busy' }, good)).status).toBe(403);
    expect((await post(statusPath(ringing), { ...params, Extra: '1' }, good)).status).toBe(403);
    expect((await post(`${statusPath(ringing)}&Extra=1`, params, good)).status).toBe(403);
  }));

  test('changes nothing when it is an old one, word for word', () => changesNothing(async () => {
    for (const [status, sequence] of [['initiated', '0'], ['ringing', '1'], ['in-progress', '2'], ['completed', '3']] as const) {
      const params = { ...done.call.common(status), SequenceNumber: sequence, CallbackSource: 'call-progress-events' };
      expect((await post(statusPath(done), params)).status).toBe(204);
    }
    // The document of a call that is over: nobody is joined with anybody.
    const again = await post(documentPath(done), done.call.common('in-progress'));
    expect([again.status, again.body.includes('<Hangup/>')]).toEqual([200, true]);
    isSpoken(again);
  }));

  test('changes nothing when Twilio itself signed it for a call that is not this attempt\'s: a second phone is told so', () => changesNothing(async () => {
    const stranger = { ...ringing.call.common('in-progress'), CallSid: `CA${'5'.repeat(32)}` };
    const document = await post(documentPath(ringing), stranger);
    expect(document.status).toBe(200);
    isSpoken(document);
    expect(document.body).toMatch(/<Say>.*<\/Say><Hangup\/>/);
    expect((await post(statusPath(ringing), { ...stranger, CallStatus: 'completed', SequenceNumber: '3' })).status).toBeLessThan(500);
    const unknown = await post(statusPath(ringing).replace(/attempt=[^&]*/, 'attempt=att_00000000000000000000000000_1'), stranger);
    expect(unknown.status).toBe(404);
    named(unknown, 'attempt');
  }));

  test('is refused word by word when it is signed and makes no sense', () => changesNothing(async () => {
    const path = statusPath(ringing);
    const common = { ...ringing.call.common('ringing'), SequenceNumber: '1' };
    for (const [field, value] of [['CallStatus', 'dancing'], ['CallStatus', ''], ['CallSid', 'nonsense'], ['CallSid', ''], ['SequenceNumber', '-1'], ['SequenceNumber', 'x'], ['Timestamp', 'yesterday, I think'], ['CallDuration', '1e9']] as const) {
      const got = await post(path, { ...common, [field]: value });
      expect({ field, value, status: got.status }).toEqual({ field, value, status: 400 });
      named(got, field);
    }
    named(await post(path.replace(/attempt=[^&]*/, 'attempt=nonsense'), common), 'attempt');
    for (const route of twiml) isSpoken(await post(`${route}?attempt=nonsense`, common));
  }));

  test('is refused at ElevenLabs\' own address when it is unsigned, old, or signed by another', () => changesNothing(async () => {
    const body = JSON.stringify({ type: 'post_call_transcription', event_timestamp: Math.floor(Date.now() / 1000), data: { conversation_id: 'conv_1' } });
    const mac = (t: number, secret: string): string => `t=${t},v0=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
    const now = Math.floor(Date.now() / 1000);
    for (const signature of ['', 'nonsense', `t=${now}`, mac(now, 'another'), 't=,v0=', `v0=${'0'.repeat(64)}`]) {
      const got = await send('POST', '/webhooks/elevenlabs', { 'content-type': 'application/json', ...(signature ? { 'elevenlabs-signature': signature } : {}) }, body);
      expect(got.status).toBe(403);
      isProblem(got);
    }
  }));
});

test('the API answers nobody without its token, whatever is asked', () => changesNothing(async () => {
  const { leadId } = done.person;
  const { callId } = (await done.person.lead()).calls[0]!;
  const doors: [string, string][] = [
    ['GET', '/api/leads'], ['GET', `/api/leads/${leadId}`], ['POST', `/api/leads/${leadId}/suppress`], ['POST', `/api/leads/${leadId}/retry`], ['DELETE', `/api/leads/${leadId}`], ['GET', `/api/calls/${callId}`],
    ['POST', `/api/calls/${callId}/end`], ['GET', '/api/suppressions'], ['POST', '/api/suppressions'], ['DELETE', '/api/suppressions?phone=%2B12025550100'], ['GET', '/api/stats'], ['GET', '/api/outbox'], ['GET', '/api/nothing'],
  ];
  for (const [method, path] of doors) {
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Bearer wrong', `Bearer ${world.stack.token}x`, `Bearer ${world.stack.token.slice(0, -1)}`, `Basic ${Buffer.from(`admin:${world.stack.token}`).toString('base64')}`, world.stack.token]) {
      const got = await send(method, path, authorization === undefined ? {} : { authorization });
      expect({ method, path, authorization, status: got.status }).toEqual({ method, path, authorization, status: 401 });
      named(got, 'Authorization');
    }
  }
}));

describe('thousands of requests that make no sense', () => {
  const odd = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('null', '[]', '{}', '"x"', '5', '{"phone":', '\u0000', '[[[[[[', 'phone=%zz', 'phone=1&phone=2', '%', '&&&==='), fc.json());
  const junk = fc.oneof(fc.jsonValue(), fc.string({ unit: 'grapheme', maxLength: 5000 }), fc.constantFrom('<script>', '\'; DROP TABLE leads;--', '${7*7}', '\u202e', 'x'.repeat(20_000)));
  // A record that could be right but for one thing: no consent, or no number.
  const enquiry = fc.oneof(
    fc.record({ name: junk, phone: fc.constantFrom('+12025550190', '+442079460190'), consent: fc.constantFrom(false, 'false', null, 0, 'no', [], {}, 'perhaps'), timeZone: junk, formUrl: junk }, { requiredKeys: ['phone', 'consent'] }),
    fc.record({ name: junk, phone: fc.oneof(fc.constantFrom('', ' ', '12', '+1', '+999999999999', '+1900555', 'abc', '+1202555010O', '٠١٢٣'), fc.array(junk, { maxLength: 2 }), fc.constant(null)), consent: fc.constantFrom(true, 'on'), interest: junk }, { requiredKeys: ['consent'] }),
  );
  const enquiries = fc.record({
    path: fc.constant('/enquire'), method: fc.constant('POST'),
    body: fc.oneof({ weight: 4, arbitrary: enquiry.map((value) => JSON.stringify(value)) }, { weight: 1, arbitrary: enquiry.map((value) => new URLSearchParams(Object.entries(value).map(([k, v]) => [k, typeof v === 'string' ? v : JSON.stringify(v)])).toString()) }, { weight: 2, arbitrary: odd }),
    type: fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', '', 'application/json; charset=utf-16'),
    headers: fc.constantFrom<Record<string, string>[]>({}, { 'idempotency-key': 'a key with spaces' }, { 'idempotency-key': 'x'.repeat(300) }, { 'x-forwarded-for': '1.2.3.4, nonsense' }),
  });
  const others = fc.record({
    path: fc.tuple(
      fc.constantFrom('/twiml', '/twiml/after', '/twiml/gather', '/webhook', '/webhooks/elevenlabs', ...callbacks, '/webhooks/twilio/nothing', '/api/leads', '/api/calls/x', '/enquire/lead_x', '/enquire/%2e%2e%2f', '/api/%00'),
      fc.constantFrom('', '?', '?attempt=', '?attempt=att_x', '?attempt=%00&attempt=2', '?attempt[]=1', `?${'a'.repeat(3000)}`, '?attempt=%F0%9F%92%A9', '?%zz=%', '?CallSid=CA1'),
    ).map(([path, query]) => path + query),
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
    body: odd, type: fc.constantFrom('application/x-www-form-urlencoded', 'application/json', ''),
    headers: fc.constantFrom<Record<string, string>[]>({}, { 'x-twilio-signature': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }, { 'x-twilio-signature': '\u00ff' }, { 'elevenlabs-signature': 't=1,v0=00' }, { authorization: 'Bearer \u00e9' }, { cookie: '=;=' }),
  });

  const storm = async (requests: { path: string; method: string; body: string; type: string; headers: Record<string, string> }[], holds: (got: Got, path: string) => void): Promise<number> => {
    let answered = 0;
    const queue = requests.entries();
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (const [, { path, method, body, type, headers }] of queue) {
        const got = await send(method, path, { ...headers, ...(type ? { 'content-type': type } : {}) }, Buffer.from(body, 'utf8'));
        expect({ method, path, body: body.slice(0, 200), status: got.status }).toMatchObject({ status: expect.toSatisfy((status: number) => status >= 400 && status < 500) });
        holds(got, path);
        answered++;
      }
    }));
    return answered;
  };

  test('get an answer each that names the field when they are meant for the form, and write nothing', { timeout: 60_000 }, () => changesNothing(async () => {
    expect(await storm(fc.sample(enquiries, { numRuns: 1000, seed: 21 }), (got) => {
      const problem = isProblem(got);
      expect(problem.errors?.length).toBeGreaterThan(0);
      for (const { field, message } of problem.errors!) expect([field, message].every((text) => text.length > 0)).toBe(true);
    })).toBe(1000);
  }));

  test('get an answer each on every other route, in a form that its caller understands, and write nothing', { timeout: 60_000 }, () => changesNothing(async () => {
    expect(await storm(fc.sample(others, { numRuns: 1200, seed: 22 }), (got, path) => {
      if (got.status === 404 && got.body === '{"message":"Not Found"}') return; // the gateway's own word for a route that there is not
      if (got.status === 400 && got.body === '{"message":"Bad Request"}') return; // and for an address that is none
      if (path.startsWith('/twiml')) isSpoken(got);
      else isProblem(got);
    })).toBe(1200);
  }));
});
