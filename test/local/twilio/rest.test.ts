import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedTwilio } from '#local/twilio/start.ts';
import { ACCOUNT, authorization, callFields, OWN, placeCall, rest, startFast, TOKEN } from './customer.ts';

const customer = { url: 'http://127.0.0.1:9' };
const TO = '+4915112345602';
let carrier: SimulatedTwilio;
beforeAll(async () => { carrier = await startFast({ dialMs: 1e9 }); });
afterAll(() => carrier.stop());

const without = (...names: string[]) => callFields(customer, TO).filter(([name]) => !names.includes(name));
const withField = (name: string, value: string): [string, string][] => [...without(name), [name, value]];
const refusal = async (fields: [string, string][]) => {
  const { status, body } = await rest(carrier, 'POST', '/Calls.json', fields);
  return { status, ...body };
};

describe('who may use the REST API', () => {
  it.each([['a wrong token', authorization(ACCOUNT, 'wrong')], ['a stranger', authorization(`AC${'6'.repeat(32)}`, TOKEN)], ['nobody', ''], ['nonsense', 'Bearer x']])(
    'refuses %s with 20003', async (_, auth) => {
      const { status, body, headers } = await rest(carrier, 'GET', '/Calls.json', [], auth);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/^Basic/);
      expect(body).toMatchObject({ code: 20_003, status: 401, more_info: 'https://www.twilio.com/docs/errors/20003' });
    });

  it('says 20404 for what does not exist', async () => {
    expect(await rest(carrier, 'GET', `/Calls/CA${'0'.repeat(32)}.json`)).toMatchObject({ status: 404, body: { code: 20_404 } });
    expect(await rest(carrier, 'GET', '/Conferences.json')).toMatchObject({ status: 404, body: { code: 20_404 } });
  });
});

describe('a new call is refused', () => {
  it.each([
    ['without To', without('To'), 21_201],
    ['without From', without('From'), 21_213],
    ['for a To that is no E.164 number', withField('To', '015112345600'), 21_211],
    ['for a To with spaces', withField('To', '+49 151 12345'), 21_211],
    ['for a To whose story is an invalid number', withField('To', '+4915112345603'), 21_211],
    ['for a From that is no number', withField('From', 'Ringback'), 21_212],
    ["for a From that is not the account's", withField('From', '+15005550007'), 21_210],
    ['without Url, Twiml and ApplicationSid', without('Url'), 21_205],
    ['for a relative Url', withField('Url', '/twiml'), 21_205],
    ['for a Url whose host has an underscore', withField('Url', 'https://my_host.example.com/twiml'), 21_205],
    ['for a Url of another scheme', withField('Url', 'wss://example.com/twiml'), 21_205],
    ['for an unknown Method', withField('Method', 'PUT'), 21_209],
    ['for a StatusCallback that is no URL', withField('StatusCallback', 'here'), 21_609],
    ['for an unknown StatusCallbackEvent', withField('StatusCallbackEvent', 'in-progress'), 21_626],
    ['for a Timeout above 600', withField('Timeout', '601'), 21_208],
    ['for odd SendDigits', withField('SendDigits', '12x'), 21_206],
    ['for more than 32 SendDigits', withField('SendDigits', '1'.repeat(33)), 21_206],
    ['for an unknown MachineDetection', withField('MachineDetection', 'true'), 20_001],
    ['for AsyncAmd that is no flag', withField('AsyncAmd', 'yes'), 20_001],
  ])('%s', async (_, fields, code) => {
    const before = carrier.calls().length;
    expect(await refusal(fields)).toMatchObject({ status: 400, code, more_info: `https://www.twilio.com/docs/errors/${code}`, message: expect.any(String) as string });
    expect(carrier.calls()).toHaveLength(before);
  });

  it('when its body is JSON: then no parameter is there at all', async () => {
    const response = await fetch(`${carrier.url}/2010-04-01/Accounts/${ACCOUNT}/Calls.json`, { method: 'POST',
      headers: { authorization: authorization(), 'content-type': 'application/json' }, body: JSON.stringify(Object.fromEntries(callFields(customer, TO))) });
    expect(await response.json()).toMatchObject({ code: 21_201 });
  });
});

describe('a new call', () => {
  it('is answered with 201 and the resource: strings, nulls, RFC 2822 dates', async () => {
    const { status, body } = await rest(carrier, 'POST', '/Calls.json', callFields(customer, '+14158675302'));
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: 'queued', direction: 'outbound-api', account_sid: ACCOUNT, to: '+14158675302', to_formatted: '(415) 867-5302', from: OWN,
      start_time: null, end_time: null, duration: null, price: null, price_unit: 'USD', queue_time: '0', answered_by: null, api_version: '2010-04-01' });
    expect(body['sid']).toMatch(/^CA[0-9a-f]{32}$/);
    expect(body['date_created']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
    expect(Object.keys(body['subresource_uris'] as object)).toContain('user_defined_message_subscriptions');
  });

  it('is understood by the public client library', async () => {
    // The library insists on its own host: only the address is changed on the way.
    const client = twilio(ACCOUNT, TOKEN, { httpClient: { request: async (options: { uri: string; method: string; data?: Record<string, string | string[]> }) => {
      const form = new URLSearchParams(Object.entries(options.data ?? {}).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])));
      const response = await fetch(options.uri.replace(/^https:\/\/[^/]+/, carrier.url),
        { method: options.method, headers: { authorization: authorization() }, ...(options.method.toUpperCase() === 'POST' ? { body: form } : {}) });
      return { statusCode: response.status, body: await response.json() as unknown, headers: {} };
    } } as never });
    const call = await client.calls.create({ to: TO, from: OWN, url: `${customer.url}/answer`, statusCallbackEvent: ['initiated', 'completed'] });
    expect(call).toMatchObject({ to: TO, status: 'queued', direction: 'outbound-api', duration: null });
    expect(call.dateCreated.getTime()).toBeGreaterThan(0);
    await expect(client.calls.create({ to: '12', from: OWN, url: customer.url })).rejects.toMatchObject({ code: 21_211, status: 400 });
    expect((await client.calls.list({ to: TO, limit: 1 }))[0]?.sid).toBe(call.sid);
  });
});

describe('lists of calls', () => {
  it('filter by To, Status and StartTime, newest first, in pages', async () => {
    const to = '+4915199999902';
    const sids = [];
    for (let i = 0; i < 5; i += 1) sids.push(await placeCall(carrier, customer, to));
    const list = async (...fields: [string, string][]) => (await rest(carrier, 'GET', '/Calls.json', [['To', to], ...fields])).body;
    const sidsOf = (body: Record<string, unknown>) => (body['calls'] as { sid: string }[]).map((call) => call.sid);
    expect(sidsOf(await list())).toEqual([...sids].reverse());
    const page = await list(['PageSize', '2']);
    expect(page).toMatchObject({ page: 0, page_size: 2, start: 0, end: 1, previous_page_uri: null });
    const second = await fetch(carrier.url + String(page['next_page_uri']), { headers: { authorization: authorization() } });
    expect(sidsOf(await second.json() as Record<string, unknown>)).toEqual([sids[2], sids[1]]);
    expect(sidsOf(await list(['Status', 'completed']))).toEqual([]);
    expect(sidsOf(await list(['StartTime<', '2001-01-01']))).toEqual([]);
    await expect(list(['StartTime>', 'yesterday'])).resolves.toMatchObject({ code: 20_001 });
    await expect(list(['PageSize', '1001'])).resolves.toMatchObject({ code: 20_001 });
  });
});

describe('changing a call', () => {
  it('cancels one that is not answered; what is over answers 21220', async () => {
    const sid = await placeCall(carrier, customer, TO);
    expect(await rest(carrier, 'POST', `/Calls/${sid}.json`, [['Twiml', '<Response/>']])).toMatchObject({ status: 400, body: { code: 21_220 } });
    expect(await rest(carrier, 'POST', `/Calls/${sid}.json`, [['Status', 'canceled']])).toMatchObject({ status: 200, body: { status: 'canceled' } });
    expect(await rest(carrier, 'POST', `/Calls/${sid}.json`, [['Status', 'completed']])).toMatchObject({ status: 400, body: { code: 21_220 } });
    expect(await rest(carrier, 'POST', `/Calls/${sid}.json`, [['Status', 'busy']])).toMatchObject({ status: 400 });
  });
});

describe('stories of the REST API', () => {
  it('13: answers 503 and places nothing', async () => {
    expect(await rest(carrier, 'POST', '/Calls.json', callFields(customer, '+4915112345613'))).toMatchObject({ status: 503, body: { code: 20_503 } });
    expect(carrier.calls().some((call) => call.to === '+4915112345613')).toBe(false);
  });

  it('14: answers 429 twice for each number, then accepts', async () => {
    const tries = [];
    for (const to of ['+4915112345614', '+4915112345714']) {
      for (let i = 0; i < 3; i += 1) tries.push((await rest(carrier, 'POST', '/Calls.json', callFields(customer, to))).status);
    }
    expect(tries).toEqual([429, 429, 201, 429, 429, 201]);
  });

  it('12: takes the call, and the answer is lost', async () => {
    await expect(rest(carrier, 'POST', '/Calls.json', callFields(customer, '+4915112345612'))).rejects.toThrow('fetch failed');
    expect(carrier.calls().filter((call) => call.to === '+4915112345612')).toHaveLength(1);
  });
});
