import { afterEach, describe, expect, it } from 'vitest';
import type { ExotelOptions, SimulatedExotel } from '#local/exotel/start.ts';
import { authorization, type Customer, EVENTS, EXOPHONE, fieldsOf, type Page, placeCall, play, rest, startCustomer, startFast, voice } from './customer.ts';

let customer: Customer;
let carrier: SimulatedExotel;
afterEach(async () => {
  await carrier.stop();
  await customer.stop();
});

const begin = async (options: Partial<ExotelOptions> = {}, pages: Record<string, Page> = {}) => {
  customer = await startCustomer(pages, (socket, message) => {
    if (message.event === 'start') play(socket, message.stream_sid, voice(3200));
    if (message['sequence_number'] === '60') socket.close();
  });
  carrier = await startFast(options);
};
const call = async (more: Parameters<typeof placeCall>[3] = {}, from = '+919876543200') => carrier.over(await placeCall(carrier, customer, from, more));
const seen = () => customer.to('/status');
const last = async () => fieldsOf(seen().at(-1) ?? (() => { throw new Error('no callback came'); })());

describe('the StatusCallback', () => {
  it('tells the end only, in four fields at the most, as multipart, and unsigned', async () => {
    await begin();
    const done = await call({ CustomField: 'att_1' });
    expect(seen()).toHaveLength(1);
    const [one] = seen();
    const boundary = /^multipart\/form-data; boundary=(form-data-boundary-[0-9a-z]{16})$/.exec(one?.headers['content-type'] ?? '')?.[1] ?? '';
    const part = (name: string, value: string) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const text = one?.body.toString('utf8') ?? '';
    const updated = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(text)?.[0] ?? '';
    expect(text).toBe(`${part('CallSid', done.sid)}${part('Status', 'completed')}${part('DateUpdated', updated)}--${boundary}--\r\n\r\n`);
    expect(Object.keys(one?.headers ?? {}).filter((name) => /signature|authorization/.test(name))).toEqual([]);
  });

  it('keeps the query of its URL', async () => {
    await begin();
    await call({ StatusCallback: `${customer.url}/status?attempt=att_1&t=9f` });
    expect(seen().map((one) => one.query)).toEqual([{ attempt: 'att_1', t: '9f' }]);
  });

  it('tells events with all fields, legs flattened, when asked for events; CustomField comes with the end only', async () => {
    await begin();
    const done = await call([...EVENTS, ['CustomField', 'att_1']]);
    const all = await Promise.all(seen().map(fieldsOf));
    const one = (event: string) => all.find((fields) => fields['EventType'] === event);
    expect(all).toHaveLength(3);
    expect(one('ringing')).toMatchObject({ CallSid: done.sid, Status: 'ringing', 'Legs[0][Status]': 'in-progress', EndTime: '' });
    expect(one('answered')).toMatchObject({ Status: 'in-progress', From: '09876543200', To: '', PhoneNumberSid: EXOPHONE, Direction: 'outbound-api' });
    expect(one('answered')).not.toHaveProperty('CustomField');
    expect(one('terminal')).toMatchObject({ Status: 'completed', CustomField: 'att_1', 'Legs[0][Status]': 'completed', 'Legs[0][AnsweredBy]': 'NA' });
    expect(Number(one('terminal')?.['ConversationDuration'])).toBeGreaterThanOrEqual(5);
  });

  it('is JSON with a list of legs when asked for', async () => {
    await begin();
    await call([...EVENTS.slice(2), ['StatusCallbackContentType', 'application/json']]);
    expect(seen().map((one) => one.headers['content-type'])).toEqual(['application/json']);
    const body = JSON.parse(seen()[0]?.body.toString('utf8') ?? '') as Record<string, unknown>;
    expect(body).toMatchObject({ EventType: 'terminal', Status: 'completed', To: null, Legs: [{ OnCallDuration: expect.any(Number) as number, Status: 'completed', AnsweredBy: 'NA' }] });
  });

  it('is urlencoded when the carrier feels like it, and carries four fields whatever was asked for', async () => {
    await begin({ callbackBody: 'urlencoded', callbackFields: 'four' });
    await call([...EVENTS, ['StatusCallbackContentType', 'application/json']]);
    expect(seen()[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.keys(await last())).toEqual(['CallSid', 'Status', 'DateUpdated']);
    const statuses = await Promise.all(seen().map(async (one) => (await fieldsOf(one))['Status']));
    expect(statuses.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual(['completed', 'in-progress', 'ringing']);
  });

  it('names the recording, which wants credentials, or a signed address for some minutes', async () => {
    await begin();
    const { sid } = await call({ Record: 'true', RecordingChannels: 'dual' });
    const url = (await last())['RecordingUrl'] ?? '';
    expect((await fetch(url)).status).toBe(401);
    const file = Buffer.from(await (await fetch(url, { headers: { authorization: authorization() } })).arrayBuffer());
    expect([file.toString('latin1', 8, 12), file.readUInt16LE(22)]).toEqual(['WAVE', 2]);
    const { Call: shown } = (await rest(carrier, 'GET', `/Calls/${sid}.json`, { RecordingUrlValidity: '5' })).json as { Call: Record<string, string> };
    expect(shown['RecordingUrl']).toBe(url);
    expect((await fetch(shown['PreSignedRecordingUrl'] ?? '')).status).toBe(200);
    expect((await fetch((shown['PreSignedRecordingUrl'] ?? '').replace(/.$/, (end) => (end === '0' ? '1' : '0')))).status).toBe(401);
    expect((await rest(carrier, 'GET', `/Calls/${sid}.json`, { RecordingUrlValidity: '61' })).status).toBe(400);
  });

  it('is sent again after each delay until it is answered with 2xx', async () => {
    let count = 0;
    await begin({ callbackRetriesMs: [1000, 2000] }, { '/status': (_, response) => { response.writeHead((count += 1) < 3 ? 500 : 204).end(); } });
    await call();
    expect(seen()).toHaveLength(3);
    expect(new Set(seen().map((one) => one.body.toString('utf8').replaceAll(/form-data-boundary-\w+/g, '')))).toHaveLength(1);
    expect(carrier.notices().map((notice) => notice.code)).toEqual(['callback-failed', 'callback-failed']);
  });

  it('is given up after the last delay', async () => {
    await begin({ callbackRetriesMs: [1000] });
    await call({ StatusCallback: 'http://127.0.0.1:1/' });
    expect(carrier.notices().map((notice) => notice.code)).toEqual(['callback-failed', 'callback-failed']);
  });
});
