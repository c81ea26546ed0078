import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedExotel, startExotel } from '#local/exotel/start.ts';
import { turnedClock } from '../people/clocks.ts';
import { ACCOUNT, authorization, callFields, EVENTS, EXOPHONE, FLOW, KEY, rest, sidOf, startFast, TOKEN } from './customer.ts';

const customer = { url: 'http://127.0.0.1:9', streamUrl: 'wss://media.example.com/exotel' };
const TO = '+919876543202';
let carrier: SimulatedExotel;
beforeAll(async () => { carrier = await startFast({ dialMs: 1e9, callsPerMinute: 1e9, flows: { 7: [], f8: [] } }); });
afterAll(() => carrier.stop());

type More = Parameters<typeof callFields>[2];
const connect = (more: More, from = TO, to = carrier) => rest(to, 'POST', '/Calls/connect.json', callFields(customer, from, more));
const exception = (status: number, message: unknown = expect.any(String)) => ({ status, json: { RestException: { Status: status, Message: message } } });
const KYC = 'Your account is not yet KYC compliant. This is mandatory by TRAI guidelines to connect outbound voice calls.';

describe('who may use the API', () => {
  it.each([['a wrong token', authorization(KEY, 'wrong')], ['another key', authorization('other')], ['nobody', ''], ['nonsense', 'Bearer x']])('refuses %s with 401', async (_, auth) => {
    expect(await rest(carrier, 'GET', '/Calls.json', {}, auth)).toMatchObject(exception(401, 'Authentication failed. Check your API key and token.'));
  });

  it('refuses another account with 403, and answers 404 for what does not exist, paths in other letters included', async () => {
    const get = async (path: string) => (await fetch(carrier.url + path, { headers: { authorization: authorization() } })).status;
    expect(await get('/v1/Accounts/somebody/Calls.json')).toBe(403);
    expect(await get(`/v1/Accounts/${ACCOUNT}/Calls/nothing.json`)).toBe(404);
    expect(await get(`/v1/accounts/${ACCOUNT}/calls.json`)).toBe(404);
    expect(await get(`/v1/Accounts/${ACCOUNT}/Numbers/%E0%A4%A.json`)).toBe(400);
  });

  it('writes refusals in XML, too', async () => {
    const { status, text, headers } = await rest(carrier, 'GET', '/Calls', {}, '');
    expect([status, headers.get('content-type')]).toEqual([401, 'application/xml']);
    expect(text).toContain('<RestException><Status>401</Status><Message>Authentication failed. Check your API key and token.</Message></RestException>');
  });
});

describe('a new call is refused', () => {
  it.each<[string, More]>([
    ['without From', { From: '' }],
    ['for a From that lost its plus', { From: '919876543202' }],
    ['for a From with a space in place of the plus', { From: ' 919876543202' }],
    ['for a From whose story is an invalid number', { From: '+919876543203' }],
    ['without CallerId', { CallerId: '' }],
    ["for a CallerId that is none of the account's ExoPhones", { CallerId: '08047009999' }],
    ['without Url, StreamUrl and To', { StreamUrl: '' }],
    ['with both Url and StreamUrl', { Url: `http://my.exotel.com/${ACCOUNT}/exoml/start_voice/7` }],
    ['with both StreamUrl and To', { To: '09876543299' }],
    ['without StreamType', { StreamType: '' }],
    ['for a unidirectional StreamType', { StreamType: 'unidirectional' }],
    ['for a StreamUrl that is no socket', { StreamUrl: 'https://media.example.com/' }],
    ['for a StreamUrl of 600 characters', { StreamUrl: `wss://media.example.com/${'a'.repeat(576)}` }],
    ['for a StreamUrl with four parameters', { StreamUrl: 'wss://media.example.com/?sample-rate=8000&a=1&b=2&c=3' }],
    ['for a StreamUrl with 257 characters of parameters', { StreamUrl: `wss://media.example.com/?a=${'1'.repeat(256)}` }],
    ['for a sample-rate of 11025', { StreamUrl: 'wss://media.example.com/?sample-rate=11025' }],
    ['for a StreamName of 33 characters', { StreamName: 'n'.repeat(33) }],
    ['for a Url of our own', { ...FLOW('7'), Url: 'https://api.example.com/exoml' }],
    ["for another account's flow", { ...FLOW('7'), Url: 'http://my.exotel.com/somebody/exoml/start_voice/7' }],
    ['for a flow that does not exist', FLOW('9')],
    ['for a TimeLimit above four hours', { TimeLimit: '14401' }],
    ['for a TimeOut of nothing', { TimeOut: '0' }],
    ['for a Record that is no flag', { Record: 'yes' }],
    ['for unknown RecordingChannels', { RecordingChannels: 'mono' }],
    ['for a CustomField of 129 characters', { CustomField: 'c'.repeat(129) }],
    ['for a promotional CallType', { CallType: 'promo' }],
    ['for a StatusCallback that is no URL', { StatusCallback: 'status' }],
    ['for an unknown event', { 'StatusCallbackEvents[]': 'initiated' }],
    ['for ringing in a flow', { ...FLOW('7'), 'StatusCallbackEvents[0]': 'ringing' }],
    ['for an unknown content type', { StatusCallbackContentType: 'text/plain' }],
  ])('%s', async (_, more) => {
    const before = carrier.calls().length;
    expect(await connect(more)).toMatchObject(exception(400));
    expect(carrier.calls()).toHaveLength(before);
  });

  it('when its body is JSON: then no parameter is there at all', async () => {
    const response = await fetch(`${carrier.url}/v1/Accounts/${ACCOUNT}/Calls/connect.json`, { method: 'POST',
      headers: { authorization: authorization(), 'content-type': 'application/json' }, body: JSON.stringify(Object.fromEntries(callFields(customer, TO))) });
    expect([response.status, await response.json()]).toEqual([400, { RestException: { Status: 400, Message: 'From is required' } }]);
  });

  it.each([['without KYC', { kyc: false }, 403, KYC], ['without money', { funded: false }, 402, expect.any(String)], ['without AgentStream', { agentStream: false }, 403, expect.any(String)],
    ['to a number on the do-not-disturb register', { dnd: ['09876543202'] }, 403, expect.stringContaining('NDNC')]])('%s', async (_, options, status, message) => {
    const other = await startFast(options);
    expect(await connect({}, TO, other)).toMatchObject(exception(status, message));
    expect(other.calls()).toEqual([]);
    await other.stop();
  });

  it('with 429 above 200 in a minute, and not a minute later', async () => {
    const clock = turnedClock();
    const other = await startExotel({ accountSid: ACCOUNT, apiKey: KEY, apiToken: TOKEN, exophones: [EXOPHONE], clock, retryAfter: true });
    const statuses = await Promise.all(Array.from({ length: 203 }, async () => (await connect({}, TO, other)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(200);
    const refused = await connect({}, TO, other);
    expect(refused).toMatchObject(exception(429));
    expect(refused.headers.get('retry-after')).toBe('60');
    await clock.advance(60_000);
    expect((await connect({}, TO, other)).status).toBe(200);
    await other.stop();
  });
});

describe('a new call', () => {
  it('is answered at once with in-progress, though nothing rings yet', async () => {
    const { status, json } = await connect({ CustomField: 'c'.repeat(128), ...Object.fromEntries(EVENTS) });
    expect(status).toBe(200);
    expect(json['Call']).toMatchObject({ Status: 'in-progress', To: null, From: '09876543202', PhoneNumberSid: EXOPHONE, Direction: 'outbound-api', AccountSid: ACCOUNT,
      EndTime: null, Duration: null, Price: null, RecordingUrl: null });
    const { Sid: sid, DateCreated: created } = json['Call'] as Record<string, string>;
    expect(sid).toMatch(/^[0-9a-z]{32}$/);
    expect(sid).not.toMatch(/^[0-9a-f]+$/);
    // Indian time without a zone.
    expect(created).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(Math.abs(Date.parse(`${String(created).replace(' ', 'T')}+05:30`) - (carrier.call(String(sid))?.createdAt.getTime() ?? 0))).toBeLessThan(1000);
  });

  it('is answered in XML without .json', async () => {
    const { text, headers } = await rest(carrier, 'POST', '/Calls/connect', callFields(customer, TO));
    expect(headers.get('content-type')).toBe('application/xml');
    expect(text).toMatch(/^<\?xml [^>]*\?>\n<TwilioResponse><Call><Sid>[0-9a-z]{32}<\/Sid>.*<To\/>.*<\/Call><\/TwilioResponse>$/s);
  });

  it('takes multipart bodies, both forms of numbers and every known flow', async () => {
    const form = new FormData();
    for (const [name, value] of callFields(customer, '09876543202', { ...FLOW('f8'), CallerId: '+918047001234' })) form.set(name, value);
    const response = await fetch(`${carrier.url}/v1/Accounts/${ACCOUNT}/Calls/connect.json`, { method: 'POST', headers: { authorization: authorization() }, body: form });
    expect(response.status).toBe(200);
    expect(carrier.calls().at(-1)).toMatchObject({ number: TO, exophone: '+918047001234', request: { flowId: 'f8' } });
  });

  it('counts sample-rate among the three parameters unless told otherwise', async () => {
    const other = await startFast({ sampleRateCounts: false });
    expect((await connect({ StreamUrl: 'wss://media.example.com/?sample-rate=8000&a=1&b=2&c=3' }, TO, other)).status).toBe(200);
    await other.stop();
  });

  it('is noted when it has a parameter that does not exist', async () => {
    expect(carrier.notices(sidOf(await connect({ MaxRetries: '3' })))).toMatchObject([{ code: 'unknown-parameter' }]);
  });
});

describe('stories of the API', () => {
  it('12: takes the call, and the answer is lost', async () => {
    await expect(connect({}, '+919876543212')).rejects.toThrow('fetch failed');
    expect(carrier.calls().filter((call) => call.number === '+919876543212')).toHaveLength(1);
  });

  it('13: answers 503 with a code, and places nothing', async () => {
    expect(await connect({}, '+919876543213')).toMatchObject({ status: 503, json: { RestException: { Status: 503, Message: 'Service Unavailable; ', Code: 35_008 } } });
    expect(carrier.calls().some((call) => call.number === '+919876543213')).toBe(false);
  });

  it('14: answers 429 twice for each number, then accepts', async () => {
    const tries = [];
    for (const from of ['+919876543214', '+919876543114']) for (let i = 0; i < 3; i += 1) tries.push((await connect({}, from)).status);
    expect(tries).toEqual([429, 429, 200, 429, 429, 200]);
  });
});

describe('finding a call', () => {
  it('lists by number in either form, by date in Indian time, by status and sid, newest first, page by page', async () => {
    const from = '+919811111102';
    const sids: string[] = [];
    for (let i = 0; i < 5; i += 1) sids.push(sidOf(await connect({}, from)));
    const list = async (query: Record<string, string>) => (await rest(carrier, 'GET', '/Calls.json', query)).json;
    const sidsOf = (body: Record<string, unknown>) => (body['Calls'] as { Sid: string }[]).map((call) => call.Sid);
    expect(sidsOf(await list({ From: from }))).toEqual([...sids].reverse());
    expect(sidsOf(await list({ From: '09811111102', SortBy: 'DateCreated:asc' }))).toEqual(sids);
    const created = String(((await list({ From: from }))['Calls'] as { DateCreated: string }[])[0]?.DateCreated);
    expect(sidsOf(await list({ From: from, DateCreated: `gte:${created.slice(0, 10)} 00:00:00;lte:${created}` }))).toContain(sids[4]);
    expect(sidsOf(await list({ From: from, DateCreated: 'gte:2999-01-01' }))).toEqual([]);
    expect(sidsOf(await list({ From: from, Status: 'completed' }))).toEqual([]);
    expect(sidsOf(await list({ Sid: `${sids[1]},${sids[3]}` }))).toEqual([sids[3], sids[1]]);
    let page = await list({ From: from, PageSize: '2' });
    expect(page['Metadata']).toMatchObject({ Total: 5, PageSize: 2, PrevPageUri: null });
    const seen = sidsOf(page);
    for (let next = (page['Metadata'] as { NextPageUri: string | null }).NextPageUri; next !== null; next = (page['Metadata'] as { NextPageUri: string | null }).NextPageUri) {
      page = await (await fetch(carrier.url + next.replace('/Calls?', '/Calls.json?'), { headers: { authorization: authorization() } })).json() as Record<string, unknown>;
      seen.push(...sidsOf(page));
    }
    expect(seen).toEqual([...sids].reverse());
    expect((page['Metadata'] as { PrevPageUri: string | null }).PrevPageUri).toContain('Before=');
  });

  it.each([['a date of another form', { DateCreated: 'gte:yesterday' }], ['a range of more than a month', { DateCreated: 'gte:2026-01-01;lte:2026-03-01' }], ['a page of 101', { PageSize: '101' }],
    ['a token of another list', { After: 'bm90aGluZw' }], ['101 sids', { Sid: Array.from({ length: 101 }, String).join(',') }], ['a From that is no number', { From: '123' }]])('refuses %s', async (_, query) => {
    expect(await rest(carrier, 'GET', '/Calls.json', query)).toMatchObject(exception(400));
  });

  it('shows a new call in lists after the lag, and its figures once they have settled', async () => {
    const clock = turnedClock();
    const other = await startExotel({ accountSid: ACCOUNT, apiKey: KEY, apiToken: TOKEN, exophones: [EXOPHONE], clock, listLagMs: 5000, dialMs: 100, ringMs: 1000 });
    const sid = sidOf(await connect({ StatusCallback: '' }, '+919876543201', other));
    const total = async () => ((await rest(other, 'GET', '/Calls.json')).json['Metadata'] as { Total: number }).Total;
    const details = async () => (await rest(other, 'GET', `/Calls/${sid}.json`, { details: 'true' })).json['Call'];
    await clock.advance(4000);
    expect(await total()).toBe(0);
    expect(await details()).toMatchObject({ Sid: sid, Status: 'busy', EndTime: null, Duration: null, Details: { ConversationDuration: 0, Leg1Status: 'busy', Leg2Status: null, Legs: [{ Leg: { Id: 1, OnCallDuration: 0 } }] } });
    await clock.advance(120_000);
    expect(await total()).toBe(1);
    expect(await details()).toMatchObject({ Status: 'busy', EndTime: expect.any(String) as string, Duration: '0', Price: '0.000000' });
    await other.stop();
  });
});

describe('numbers', () => {
  it('tells whether a number is on the do-not-disturb register, and whether it may be called all the same', async () => {
    const other = await startFast({ dnd: ['+919876543200', '+919876543101'], whitelist: ['+919876543101'], exophones: [{ number: EXOPHONE, flow: 'f' }], flows: { f: [] } });
    const get = async (path: string) => (await rest(other, 'GET', path)).json;
    expect(await get('/Numbers/09876543200.json')).toMatchObject({ Numbers: { PhoneNumber: '09876543200', DND: 'Yes' } });
    expect(await get('/Numbers/+919876543202.json')).toMatchObject({ Numbers: { DND: 'No' } });
    expect(await get('/CustomerWhitelist/09876543200.json')).toMatchObject({ Result: { Status: 'Neutral' } });
    expect((await rest(other, 'GET', '/CustomerWhitelist/09876543101')).text).toContain('<Result><Status>Whitelist</Status>');
    expect((await connect({}, '+919876543101', other)).status).toBe(200);
    expect((await connect({}, '+919876543200', other)).status).toBe(403);
    // Who rang in may be called back.
    other.ringIn('09876543200', EXOPHONE);
    expect((await connect({}, '+919876543200', other)).status).toBe(200);
    expect((await rest(other, 'GET', '/ActiveStreams')).text).toContain('<Stream><ActiveStreamCount>0</ActiveStreamCount><ThrottleLimit>100</ThrottleLimit></Stream>');
    await other.stop();
  });

  it('lists the ExoPhones with the flows that they lead to', async () => {
    const other = await startFast({ exophones: [{ number: EXOPHONE, flow: '12' }], flows: { 12: [] } });
    const body = await (await fetch(`${other.url}/v2_beta/Accounts/${ACCOUNT}/IncomingPhoneNumbers`, { headers: { authorization: authorization() } })).json();
    expect(body).toMatchObject({ incoming_phone_numbers: [{ phone_number: '+918047001234', voice_url: `http://my.exotel.com/${ACCOUNT}/exoml/start_voice/12` }] });
    await other.stop();
  });
});
