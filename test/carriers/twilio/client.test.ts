import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import type { DialOutcome } from '#calls/ports.ts';
import { twilioCarrier, type TwilioConfig } from '#carriers/twilio/client.ts';
import { startServer, type Reply } from '#doubles/http-server.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';

const account = `AC${'7'.repeat(32)}`;
const attemptId = attemptIdOf(leadIdNumber(1), 1);
const order = { attemptId, callId: readAttemptId(attemptId)!.callId, to: PHONE, ringSeconds: 30, limitSeconds: 600 };
let twilio: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => { twilio = await startServer(); });
afterAll(() => twilio.stop());
beforeEach(() => { twilio.script.length = 0; twilio.sent.length = 0; });

const carrier = (more: Partial<TwilioConfig> = {}) => twilioCarrier({ publicBase: 'https://voice.example.com', apiBase: twilio.url, accountSid: account, authToken: 'token', from: '+15005550006', recordCalls: false, ...more });
/** A call as Twilio's documentation shows it. */
const call = (more: object = {}): object => ({
  sid: sidNumber(1), account_sid: account, annotation: null, answered_by: null, api_version: '2010-04-01', caller_name: null, date_created: null, date_updated: null, direction: 'outbound-api', duration: null, end_time: null,
  forwarded_from: null, from: '+15005550006', from_formatted: '(500) 555-0006', group_sid: null, parent_call_sid: null, phone_number_sid: 'PN1', price: null, price_unit: 'USD', queue_time: '0', start_time: null, status: 'queued',
  subresource_uris: {}, to: PHONE, to_formatted: PHONE, trunk_sid: null, uri: '/2010-04-01/x.json', ...more,
});
const place = async (reply: Reply, more: Partial<TwilioConfig> = {}): Promise<DialOutcome> => {
  twilio.script.push(reply);
  return carrier(more).place(order);
};
const refusedBy = (status: number, code: number | undefined, retryAfter?: string): Reply =>
  ({ status, body: { ...(code === undefined ? {} : { code }), message: 'Because.', more_info: 'https://www.twilio.com/docs/errors', status }, ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }) });

describe('placing a call at Twilio', () => {
  it('sends exactly this form', async () => {
    expect(await place({ status: 201, body: call() })).toEqual({ outcome: 'placed', callSid: sidNumber(1), status: 'queued' });
    const [sent] = twilio.sent;
    expect([sent!.method, sent!.path, sent!.query]).toEqual(['POST', `/2010-04-01/Accounts/${account}/Calls.json`, []]);
    expect(sent!.headers['authorization']).toBe(`Basic ${Buffer.from(`${account}:token`).toString('base64')}`);
    expect(sent!.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(sent!.form).toEqual([
      ['To', PHONE], ['From', '+15005550006'], ['Url', `https://voice.example.com/twiml?attempt=${attemptId}#rc=2&rp=ct,5xx,rt&rt=5000`], ['Method', 'POST'],
      ['StatusCallback', `https://voice.example.com/webhooks/twilio/status?attempt=${attemptId}#rc=5&rp=all`], ['StatusCallbackMethod', 'POST'],
      ['StatusCallbackEvent', 'initiated'], ['StatusCallbackEvent', 'ringing'], ['StatusCallbackEvent', 'answered'], ['StatusCallbackEvent', 'completed'], ['Timeout', '30'], ['TimeLimit', '600'],
    ]);
  });

  it('has a connection of its own for each call: one that was kept could break with nobody knowing whether a phone rings', async () => {
    await place({ status: 201, body: call() });
    await place({ status: 201, body: call() });
    expect(twilio.sent.map(({ headers }) => headers['connection'])).toEqual(['close', 'close']);
  });

  it('asks for a recording where calls are recorded', async () => {
    await place({ status: 201, body: call() }, { recordCalls: true });
    expect(twilio.sent[0]!.form.slice(-3)).toEqual([['Record', 'true'], ['RecordingStatusCallback', `https://voice.example.com/webhooks/twilio/recording?attempt=${attemptId}#rc=5&rp=all`], ['RecordingChannels', 'dual']]);
  });

  it.each<[string, Reply, object]>([
    ['placed, in whatever state it is', { status: 201, body: call({ status: 'in-progress' }) }, { outcome: 'placed', callSid: sidNumber(1), status: 'in-progress' }],
    ['placed, with 200', { status: 200, body: call() }, { outcome: 'placed' }],
    ['unknown, when the acceptance cannot be read', { status: 201, body: '<html>' }, { outcome: 'unknown' }],
    ['unknown, when it has no id', { status: 201, body: call({ sid: null }) }, { outcome: 'unknown' }],
    ['refused for a number that is not valid', refusedBy(400, 21211), { outcome: 'refused', code: 'twilio-21211', reason: 'The number is not valid.', doNotDisturb: false }],
    ['refused for the credentials', refusedBy(401, 20003), { outcome: 'refused', code: 'twilio-20003', reason: expect.stringContaining('TWILIO_AUTH_TOKEN') }],
    ['refused in a body of the new form', { status: 400, body: { type: 'x', title: 'Invalid', status: 400, code: '21215', detail: 'geo' } }, { outcome: 'refused', code: 'twilio-21215' }],
    ['refused with a code that nobody has explained yet', refusedBy(400, 29999), { outcome: 'refused', code: 'twilio-29999' }],
    ['refused without a body', { status: 403 }, { outcome: 'refused', code: 'twilio-403' }],
    ['not now, for a while, at too many requests', refusedBy(429, 20429), { outcome: 'not-now', retryAfterMs: 2000 }],
    ['not now, for as long as Twilio asks', refusedBy(429, 20429, '7'), { outcome: 'not-now', retryAfterMs: 7000 }],
    ['not now, for a while, when it asks in a way that is no number', refusedBy(429, 20429, 'Sat, 21 Nov 2026 12:00:00 GMT'), { outcome: 'not-now', retryAfterMs: 2000 }],
    ['not now, while too many calls are up', refusedBy(400, 10004), { outcome: 'not-now', retryAfterMs: 10_000 }],
    ['unknown at 503', refusedBy(503, undefined), { outcome: 'unknown' }],
    ['unknown at 500 with a code', refusedBy(500, 20500), { outcome: 'unknown' }],
    ['unknown at 503 without JSON', { status: 503, body: 'upstream connect error' }, { outcome: 'unknown' }],
    ['unknown at 408', refusedBy(408, undefined), { outcome: 'unknown' }],
    ['unknown when the call was begun already', refusedBy(400, 21204), { outcome: 'unknown' }],
    ['unknown at a redirect, which is not followed', { status: 302, headers: { location: '/elsewhere' } }, { outcome: 'unknown' }],
    ['unknown when the connection is reset', (_response, socket) => { socket.resetAndDestroy(); }, { outcome: 'unknown' }],
    ['unknown when the answer breaks off', (response, socket) => { response.writeHead(201, { 'content-length': '1000' }); response.write('{"sid":', () => { socket.destroy(); }); }, { outcome: 'unknown' }],
    ['unknown when no answer comes in time', () => {}, { outcome: 'unknown' }],
  ])('is %s', async (_title, reply, outcome) => {
    expect(await place(reply, { timeoutMs: 250 })).toMatchObject(outcome);
    expect(twilio.sent).toHaveLength(1);
  });

  it.each(['1e999', '-5', '0', 'NaN', '99999999999999'])('waits a time that a clock can hold when asked to wait %s', async (asked) => {
    const outcome = await place(refusedBy(429, 20429, asked));
    expect(outcome.outcome).toBe('not-now');
    const { retryAfterMs } = outcome as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(3_600_000);
  });

  it('is not now when Twilio cannot be reached at all', async () => {
    const gone = await startServer();
    await gone.stop();
    expect(await carrier({ apiBase: gone.url }).place(order)).toMatchObject({ outcome: 'not-now', retryAfterMs: 5000 });
    expect(await carrier({ apiBase: 'http://nowhere.invalid' }).place(order)).toMatchObject({ outcome: 'not-now' });
  });
});

describe('asking Twilio about calls', () => {
  const times = { date_created: 'Sat, 21 Nov 2026 12:00:00 +0000', start_time: 'Sat, 21 Nov 2026 12:00:02 +0000', end_time: 'Sat, 21 Nov 2026 12:00:44 +0000' };

  it('tells a finished call in our words', async () => {
    twilio.script.push({ status: 200, body: call({ ...times, status: 'completed', duration: '42', price: '-0.01400', answered_by: 'human' }) });
    expect(await carrier().call(sidNumber(1))).toEqual({ callSid: sidNumber(1), status: 'completed', createdAt: '2026-11-21T12:00:00.000Z', startedAt: '2026-11-21T12:00:02.000Z', endedAt: '2026-11-21T12:00:44.000Z', durationSeconds: 42, answeredBy: 'human', cost: '0.014 USD' });
    expect(twilio.sent[0]).toMatchObject({ method: 'GET', path: `/2010-04-01/Accounts/${account}/Calls/${sidNumber(1)}.json` });
  });

  it('tells a queued call, of which almost nothing is known', async () => {
    twilio.script.push({ status: 200, body: call() });
    expect(await carrier().call(sidNumber(1))).toEqual({ callSid: sidNumber(1), status: 'queued', createdAt: null, startedAt: null, endedAt: null, durationSeconds: null, answeredBy: null, cost: null });
  });

  it('knows that a call is gone', async () => {
    twilio.script.push(refusedBy(404, 20404));
    expect(await carrier().call(sidNumber(1))).toBeUndefined();
  });

  it('asks for the calls to one number, and leaves out others and older ones', async () => {
    twilio.script.push({ status: 200, body: { calls: [call({ ...times, sid: sidNumber(1) }), call({ ...times, sid: sidNumber(2), to: '+15550000000' }), call({ ...times, sid: sidNumber(3), start_time: 'Sat, 21 Nov 2026 11:00:00 +0000' }), call({ sid: sidNumber(4) })], page: 0 } });
    expect((await carrier().callsTo(PHONE, '2026-11-21T11:59:00.000Z')).map(({ callSid }) => callSid)).toEqual([sidNumber(1), sidNumber(4)]);
    expect(Object.fromEntries(twilio.sent[0]!.query)).toMatchObject({ To: PHONE, From: '+15005550006' });
  });

  it.each<[string, Reply, object]>([
    ['503', refusedBy(503, undefined), { status: 503, retryable: true }], ['429', refusedBy(429, 20429), { status: 429, retryable: true }], ['401', refusedBy(401, 20003), { status: 401, retryable: false }],
    ['an answer in another form', { status: 200, body: { sid: 'x' } }, { status: 200 }], ['an answer that is no JSON', { status: 200, body: 'x' }, { status: 200 }],
    ['a reset', (_response, socket) => { socket.resetAndDestroy(); }, { status: 0, retryable: true }], ['silence', () => {}, { status: 0, retryable: true }],
  ])('throws for %s', async (_title, reply, error) => {
    twilio.script.push(reply, reply);
    await expect(carrier({ timeoutMs: 250 }).call(sidNumber(1))).rejects.toMatchObject({ name: 'UpstreamError', service: 'twilio', ...error });
    await expect(carrier({ timeoutMs: 250 }).callsTo(PHONE, '2026-11-21T11:59:00.000Z')).rejects.toMatchObject({ name: 'UpstreamError', service: 'twilio', ...error });
  });

  it('ends a call; one that is over or gone already is fine', async () => {
    for (const reply of [{ status: 200, body: call({ status: 'completed' }) }, refusedBy(400, 21220), refusedBy(404, 20404)]) {
      twilio.script.push(reply);
      await carrier().hangUp(sidNumber(1));
    }
    expect(twilio.sent.map(({ method, path, form }) => [method, path, form])).toEqual(Array.from({ length: 3 }, () => ['POST', `/2010-04-01/Accounts/${account}/Calls/${sidNumber(1)}.json`, [['Status', 'completed']]]));
  });

  it.each<[string, Reply]>([['503', refusedBy(503, undefined)], ['401', refusedBy(401, 20003)], ['a reset', (_response, socket) => { socket.resetAndDestroy(); }]])('says so when a call could not be ended: %s', async (_title, reply) => {
    twilio.script.push(reply);
    await expect(carrier({ timeoutMs: 250 }).hangUp(sidNumber(1))).rejects.toMatchObject({ name: 'UpstreamError' });
  });
});
