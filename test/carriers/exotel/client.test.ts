import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import type { DialOutcome } from '#calls/ports.ts';
import { exotelCarrier, type ExotelConfig } from '#carriers/exotel/client.ts';
import { attemptToken } from '#carriers/exotel/webhook.ts';
import { startServer, type Reply } from '#doubles/http-server.ts';
import { leadIdNumber } from '#doubles/records.ts';

const attemptId = attemptIdOf(leadIdNumber(1), 1);
const token = attemptToken('secret', attemptId);
const order = { attemptId, callId: readAttemptId(attemptId)!.callId, to: '+919876543210', ringSeconds: 30, limitSeconds: 600 };
const sid = '2a16a8a4bd13a26b3416355621db1agl';
const root = '/v1/Accounts/desk1';
let exotel: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => { exotel = await startServer(); });
afterAll(() => exotel.stop());
beforeEach(() => { exotel.script.length = 0; exotel.sent.length = 0; });

const carrier = (more: Partial<ExotelConfig> = {}) => exotelCarrier({
  publicBase: 'https://voice.example.com', secret: 'secret', apiBase: exotel.url, accountSid: 'desk1', apiKey: 'key', apiToken: 'token', exoPhone: '08047112233', checkDoNotDisturb: false,
  streamUrl: ({ callId }) => `wss://media.example.com/exotel?ticket=for-${callId}`, now: () => new Date('2026-11-21T12:10:00Z'), ...more,
});
const call = (more: object = {}) => ({
  Sid: sid, ParentCallSid: null, DateCreated: '2026-11-21 17:30:00', DateUpdated: '2026-11-21 17:30:00', AccountSid: 'desk1', To: null, From: '09876543210', PhoneNumberSid: '08047112233', Status: 'in-progress',
  StartTime: '2026-11-21 17:30:01', EndTime: null, Duration: null, Price: null, Direction: 'outbound-api', AnsweredBy: null, ForwardedFrom: null, CallerName: null, Uri: `${root}/Calls/${sid}`, RecordingUrl: null, ...more,
});
const xml = (inner: string): Reply => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse>\n ${inner}\n</TwilioResponse>` });
const fault = (status: number, message?: string, code?: number, headers?: Record<string, string>): Reply =>
  ({ status, ...(headers ? { headers } : {}), body: { RestException: { Status: status, ...(message ? { Message: message } : {}), ...(code ? { Code: code } : {}) } } });
const place = async (reply: Reply, more: Partial<ExotelConfig> = {}): Promise<DialOutcome> => {
  exotel.script.push(reply);
  return carrier(more).place(order);
};

describe('placing a call at Exotel', () => {
  it('sends exactly this form, and opens the stream without an answer document', async () => {
    expect(await place({ status: 200, body: { Call: call() } })).toEqual({ outcome: 'placed', callSid: sid, status: 'initiated' });
    const [sent] = exotel.sent;
    expect([sent!.method, sent!.path]).toEqual(['POST', `${root}/Calls/connect.json`]);
    expect(sent!.headers['authorization']).toBe(`Basic ${Buffer.from('key:token').toString('base64')}`);
    expect(sent!.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(sent!.form).toEqual([
      ['From', '+919876543210'], ['CallerId', '08047112233'], ['StreamUrl', `wss://media.example.com/exotel?ticket=for-${order.callId}`], ['StreamType', 'bidirectional'], ['StreamName', 'ringback'],
      ['CallType', 'trans'], ['TimeLimit', '600'], ['TimeOut', '30'], ['CustomField', `${attemptId}.${token}`],
      ['StatusCallback', `https://voice.example.com/webhooks/exotel/status?attempt=${attemptId}&token=${token}`], ['StatusCallbackContentType', 'application/json'],
      ['StatusCallbackEvents[]', 'ringing'], ['StatusCallbackEvents[]', 'answered'], ['StatusCallbackEvents[]', 'terminal'],
    ]);
  });

  it.each<[string, ExotelConfig['flow'], string]>([
    ['by its id', { url: undefined, id: '1234' }, 'http://my.exotel.com/desk1/exoml/start_voice/1234'], ['by its address, which wins', { url: 'http://my.exotel.com/desk1/exoml/start_voice/9', id: '1' }, 'http://my.exotel.com/desk1/exoml/start_voice/9'],
  ])('calls into a flow of the dashboard instead, %s', async (_how, flow, url) => {
    await place({ status: 200, body: { Call: call() } }, { flow });
    const names = exotel.sent[0]!.form.map(([name]) => name);
    expect([exotel.sent[0]!.form.find(([name]) => name === 'Url')?.[1], names.includes('StreamUrl'), names.includes('StreamType')]).toEqual([url, false, false]);
  });

  it.each<[string, Reply, object]>([
    ['placed, and never answered by that, when Exotel says in-progress', { status: 200, body: { Call: call() } }, { outcome: 'placed', status: 'initiated' }],
    ['placed and queued', { status: 200, body: { Call: call({ Status: 'queued' }) } }, { outcome: 'placed', status: 'queued' }],
    ['placed, from XML', xml(`<Call><Sid>${sid}</Sid><Status>in-progress</Status><To/></Call>`), { outcome: 'placed', callSid: sid, status: 'initiated' }],
    ['refused without KYC', fault(403, 'Your account is not yet KYC compliant. This is mandatory by TRAI guidelines to connect outbound voice calls.'), { outcome: 'refused', code: 'exotel-403', account: true, reason: expect.stringContaining('KYC') }],
    ['refused for the credentials', fault(401, 'Authentication failed.'), { outcome: 'refused', code: 'exotel-401', account: true, reason: expect.stringContaining('EXOTEL_API_KEY') }],
    ['refused for the balance', fault(402), { outcome: 'refused', account: true }],
    ['refused for the ExoPhone', fault(400, 'CallerId is not a valid ExoPhone'), { outcome: 'refused', code: 'exotel-400', account: true, reason: 'Exotel refused the call: CallerId is not a valid ExoPhone' }],
    ['refused for the number, which is not repeated', fault(400, 'From 09876543210 is not valid', 1001), { outcome: 'refused', code: 'exotel-1001', account: false, reason: 'Exotel refused the call: From … is not valid' }],
    ['refused because the number is on the register', fault(403, 'Call to NDNC number blocked'), { outcome: 'refused', doNotDisturb: true }],
    ['refused in XML', { status: 400, body: '<TwilioResponse><RestException><Status>400</Status><Message>Bad &amp; wrong</Message></RestException></TwilioResponse>' }, { outcome: 'refused', reason: 'Exotel refused the call: Bad & wrong' }],
    ['refused though it says 200', { status: 200, body: { RestException: { Status: 400, Message: 'No' } } }, { outcome: 'refused' }],
    ['not now, for a while, at too many requests', fault(429), { outcome: 'not-now', retryAfterMs: 3000 }],
    ['not now, for as long as Exotel asks', fault(429, 'x', undefined, { 'retry-after': '7' }), { outcome: 'not-now', retryAfterMs: 7000 }],
    ['not now, for an hour at most', fault(429, 'x', undefined, { 'retry-after': '1e999' }), { outcome: 'not-now', retryAfterMs: 3_600_000 }],
    ['unknown at 503', fault(503, 'Service Unavailable; ', 35008), { outcome: 'unknown' }],
    ['unknown at 500 without a body', { status: 500 }, { outcome: 'unknown' }],
    ['unknown at 408', fault(408), { outcome: 'unknown' }],
    ['unknown when the acceptance cannot be read', { status: 200, body: '<html>' }, { outcome: 'unknown' }],
    ['unknown when it has no id', { status: 200, body: { Call: call({ Sid: null }) } }, { outcome: 'unknown' }],
    ['unknown at a redirect, which is not followed', { status: 302, headers: { location: '/elsewhere' } }, { outcome: 'unknown' }],
    ['unknown when the connection is reset', (_response, socket) => { socket.resetAndDestroy(); }, { outcome: 'unknown' }],
    ['unknown when no answer comes in time', () => {}, { outcome: 'unknown' }],
  ])('is %s', async (_title, reply, outcome) => {
    expect(await place(reply, { timeoutMs: 250 })).toMatchObject(outcome);
    expect(exotel.sent).toHaveLength(1);
  });

  it('is certainly not placed when nobody listens', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, 'close');
    expect(await carrier({ apiBase: `http://127.0.0.1:${port}` }).place(order)).toMatchObject({ outcome: 'not-now', unreachable: true });
  });

  it.each([['too long an address', `wss://media.example.com/${'x'.repeat(600)}`], ['too long a query', `wss://media.example.com/?a=${'x'.repeat(256)}`], ['too many parameters', 'wss://media.example.com/?a=1&b=2&c=3&d=4']])('is not asked for with %s for the stream', async (_what, url) => {
    expect(await carrier({ streamUrl: () => url }).place(order)).toMatchObject({ outcome: 'refused', code: 'exotel-stream-url', account: true });
    expect(exotel.sent).toHaveLength(0);
  });
});

describe('the do-not-disturb register', () => {
  const dnd = (said: string): Reply => ({ status: 200, body: { Numbers: { PhoneNumber: '09876543210', Circle: 'KA', DND: said } } });
  const listed = (said: string): Reply => xml(`<Result><Status>${said}</Status><Type>API</Type><Expiry>100</Expiry></Result>`);
  const ask = async (...replies: Reply[]) => {
    exotel.script.push(...replies);
    const outcome = await carrier({ checkDoNotDisturb: true }).place(order);
    return { outcome, asked: exotel.sent.map(({ method, path }) => `${method} ${path.slice(root.length)}`) };
  };

  it('is asked before an Indian number is dialled, and a number on it is not dialled', async () => {
    const { outcome, asked } = await ask(dnd('Yes'), listed('Neutral'));
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'exotel-dnd', doNotDisturb: true });
    expect(asked).toEqual(['GET /Numbers/09876543210.json', 'GET /CustomerWhitelist/09876543210']);
  });

  it('does not stop a number that is whitelisted, or not on it', async () => {
    expect((await ask(dnd('Yes'), listed('Whitelist'), { status: 200, body: { Call: call() } })).outcome.outcome).toBe('placed');
    exotel.sent.length = 0;
    expect((await ask(dnd('No'), { status: 200, body: { Call: call() } })).asked).toEqual(['GET /Numbers/09876543210.json', 'POST /Calls/connect.json']);
  });

  it.each<[string, Reply]>([['fails', fault(500)], ['knows nothing', fault(404)], ['talks nonsense', { status: 200, body: 'no' }], ['breaks off', (_r, socket) => { socket.resetAndDestroy(); }]])('leaves it to Exotel when it %s', async (_how, reply) => {
    expect((await ask(reply, { status: 200, body: { Call: call() } })).outcome.outcome).toBe('placed');
  });

  it('is not asked for numbers of other countries', async () => {
    exotel.script.push({ status: 200, body: { Call: call() } });
    await carrier({ checkDoNotDisturb: true }).place({ ...order, to: '+12025550123' });
    expect(exotel.sent).toHaveLength(1);
  });
});

describe('asking Exotel about calls', () => {
  it('reads a call that is over, from JSON and from XML', async () => {
    const expected = { callSid: sid, status: 'completed', createdAt: '2026-11-21T12:00:00.000Z', startedAt: '2026-11-21T12:00:01.000Z', endedAt: '2026-11-21T12:01:00.000Z', durationSeconds: 49, answeredBy: 'human', cost: '0.75' };
    const over = { Status: 'completed', EndTime: '2026-11-21 17:31:00', Duration: '49', Price: '0.750000', AnsweredBy: 'Human' };
    exotel.script.push({ status: 200, body: { Call: call({ ...over, Details: { ConversationDuration: 40, Leg1Status: 'completed', Leg2Status: null, Legs: [{ Leg: { Id: 1, OnCallDuration: 49 } }] } }) } });
    expect(await carrier().call(sid)).toEqual(expected);
    expect([exotel.sent[0]!.path, exotel.sent[0]!.query]).toEqual([`${root}/Calls/${sid}.json`, [['details', 'true']]]);
    exotel.script.push(xml(`<Call>${Object.entries(call(over)).map(([name, value]) => `<${name}>${value ?? ''}</${name}>`).join('')}</Call>`));
    expect(await carrier().call(sid)).toEqual(expected);
  });

  it.each([[undefined, 'initiated'], ['ringing', 'ringing'], ['in-progress', 'in-progress']])('takes in-progress for answered only when the leg says so (%s: %s)', async (leg, status) => {
    exotel.script.push({ status: 200, body: { Call: call(), ...(leg ? { Details: { Leg1Status: leg } } : {}) } });
    expect((await carrier().call(sid))?.status).toBe(status);
  });

  it('gives no time to an end whose time has not settled yet', async () => {
    exotel.script.push({ status: 200, body: { Call: call({ Status: 'completed' }) } });
    expect(await carrier().call(sid)).toMatchObject({ status: 'completed', startedAt: null, endedAt: null, durationSeconds: null });
  });

  it('does not know what Exotel does not know, and throws for what it cannot tell', async () => {
    exotel.script.push(fault(404), fault(500), { status: 200, body: { something: 'else' } });
    expect(await carrier().call(sid)).toBeUndefined();
    await expect(carrier().call(sid)).rejects.toMatchObject({ service: 'exotel', status: 500, retryable: true });
    await expect(carrier().call(sid)).rejects.toMatchObject({ service: 'exotel' });
  });

  it('finds the calls to a number in whatever way it is written, through all pages, since then', async () => {
    const others = Array.from({ length: 3 }, (_, i) => call({ Sid: `other${i}xxxxxxxx`, From: `0987654320${i}` }));
    exotel.script.push(
      { status: 200, body: { Metadata: { Total: 6, PageSize: 100, NextPageUri: `${root}/Calls.json?After=x` }, Calls: [...others, call({ Sid: 'early123456', DateCreated: '2026-11-21 17:31:00', StartTime: null })] } },
      { status: 200, body: { Metadata: { NextPageUri: null }, Calls: [call({ Sid: 'second123456', From: '08047112233', To: '+919876543210', DateCreated: '2026-11-21 17:29:30' }), call({ Sid: 'old123456789', DateCreated: '2026-11-21 17:20:00' })] } },
    );
    expect((await carrier().callsTo('+919876543210', '2026-11-21T11:59:00.000Z')).map(({ callSid }) => callSid)).toEqual(['early123456', 'second123456']);
    expect(exotel.sent.map(({ path }) => path)).toEqual([`${root}/Calls.json`, `${root}/Calls.json`]);
    expect(exotel.sent[0]!.query.find(([name]) => name === 'DateCreated')?.[1]).toBe('gte:2026-11-21 11:59:00');
  });

  it('asks no other host for the next page', async () => {
    exotel.script.push({ status: 200, body: { Metadata: { NextPageUri: 'https://elsewhere.example.com/x' }, Calls: [] } });
    expect(await carrier().callsTo('+919876543210', '2026-11-21T11:59:00.000Z')).toEqual([]);
    expect(exotel.sent).toHaveLength(1);
  });

  it('reads lists in XML', async () => {
    exotel.script.push(xml(`<Metadata><Total>1</Total></Metadata><Calls><Call><Sid>${sid}</Sid><From>09876543210</From><Status>busy</Status><DateCreated>2026-11-21 17:30:00</DateCreated></Call></Calls>`));
    expect(await carrier().callsTo('+919876543210', '2026-11-21T11:59:00.000Z')).toMatchObject([{ callSid: sid, status: 'busy' }]);
  });

  it('has no request that ends a call: the stream\'s end does', async () => {
    await carrier().hangUp(sid);
    expect(exotel.sent).toEqual([]);
  });

  it('has its number in E.164', () => {
    expect([carrier().from, carrier({ exoPhone: '+918047112233' }).from]).toEqual(['+918047112233', '+918047112233']);
  });
});
