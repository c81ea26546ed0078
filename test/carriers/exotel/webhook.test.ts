import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VisibleError } from '#calls/errors.ts';
import { attemptIdOf } from '#calls/lead.ts';
import { asExoPhone, e164Of, sameNumber, timeOf } from '#carriers/exotel/schema.ts';
import { accountToken, attemptToken, callbackUrl, customField, readExotelCallback, readExotelParams, verifyExotel, type ExotelRule } from '#carriers/exotel/webhook.ts';
import { httpEvent, type EventParts } from '#doubles/events.ts';
import { leadIdNumber } from '#doubles/records.ts';
import type { HttpRequest } from '#house/http.ts';

const secret = 'a secret';
const rule: ExotelRule = { secret, signingSecret: undefined, credentials: { key: 'k', token: 't' }, skip: false };
const [one, two] = [attemptIdOf(leadIdNumber(1), 1), attemptIdOf(leadIdNumber(2), 1)];
const now = new Date('2026-11-21T12:00:30.000Z');
const sid = '2a16a8a4bd13a26b3416355621db1agl';

const request = (parts: Partial<EventParts>): HttpRequest => {
  const event = httpEvent({ method: 'POST', path: '/webhooks/exotel/status', ...parts });
  const headers = event.headers as Record<string, string>;
  return {
    method: event.requestContext.http.method, rawPath: event.rawPath, rawQuery: event.rawQueryString, query: new URLSearchParams(event.rawQueryString), params: {}, header: (name) => headers[name.toLowerCase()],
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'), sourceIp: null, requestId: 'r', verifiedClaims: undefined,
  };
};
const boundary = 'form-data-boundary-1a2b3c4d5e6f7a8b';
const multipart = (fields: Record<string, string>, lineEnd = '\r\n'): string =>
  `${Object.entries(fields).map(([name, value]) => `--${boundary}${lineEnd}Content-Disposition: form-data; name="${name}"${lineEnd}${lineEnd}${value}${lineEnd}`).join('')}--${boundary}--${lineEnd}${lineEnd}`;
const nested = { CallSid: sid, EventType: 'terminal', Status: 'completed', DateUpdated: '2026-11-21 17:30:00', ConversationDuration: 0, To: null, Legs: [{ OnCallDuration: 12, Status: 'completed', AnsweredBy: 'HUMAN' }, { OnCallDuration: 0, Status: null, AnsweredBy: 'NA' }] };
const flat = { CallSid: sid, EventType: 'terminal', Status: 'completed', DateUpdated: '2026-11-21 17:30:00', ConversationDuration: '0', 'Legs[0][OnCallDuration]': '12', 'Legs[0][Status]': 'completed', 'Legs[0][AnsweredBy]': 'HUMAN', 'Legs[1][Status]': '' };
const status = { kind: 'status', at: '2026-11-21T12:00:00.000Z', status: 'completed', sequence: null, source: 'callback', durationSeconds: 12, sipCode: null, answeredBy: 'human', cost: null };

describe('a callback', () => {
  it.each<[string, Partial<EventParts>]>([
    ['JSON', { body: JSON.stringify(nested), headers: { 'content-type': 'application/json' } }],
    ['JSON with a charset', { body: JSON.stringify(nested), headers: { 'content-type': 'application/json; charset=utf-8' } }],
    ['a form', { body: new URLSearchParams(flat).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['multipart, as recorded', { body: multipart(flat), headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }],
    ['multipart with lone line feeds', { body: multipart(flat, '\n'), headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` } }],
    ['multipart that does not say so', { body: multipart(flat) }],
    ['JSON that does not say so', { body: JSON.stringify(nested) }],
  ])('is read from %s', (_type, parts) => {
    expect(readExotelCallback(readExotelParams(request(parts)), now)).toEqual({ callSid: sid, events: [status] });
  });

  it('is read with four fields only', () => {
    const params = readExotelParams(request({ body: multipart({ CallSid: sid, Status: 'completed', DateUpdated: '2026-11-21 17:30:00', RecordingUrl: 'https://recordings.exotel.com/x/1.mp3' }), headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }));
    expect(readExotelCallback(params, now).events).toEqual([
      { ...status, durationSeconds: null, answeredBy: null }, { kind: 'recording', at: status.at, recordingSid: sid, url: 'https://recordings.exotel.com/x/1.mp3', durationSeconds: null },
    ]);
  });

  it.each<[Record<string, string>, string | undefined]>([
    [{ Status: 'queued' }, 'queued'], [{ Status: 'ringing' }, 'ringing'], [{ Status: 'in-progress' }, 'in-progress'], [{ Status: 'In_Progress' }, 'in-progress'], [{ Status: 'busy' }, 'busy'],
    [{ Status: 'no-answer' }, 'no-answer'], [{ Status: 'failed' }, 'failed'], [{ Status: 'canceled' }, 'canceled'], [{ Status: 'cancelled' }, 'canceled'], [{ CallStatus: 'completed' }, 'completed'],
    [{ EventType: 'answered', Status: 'in-progress' }, 'in-progress'], [{ EventType: 'answered' }, 'in-progress'], [{ EventType: 'ringing', Status: 'in-progress' }, 'ringing'], [{ EventType: 'ringing' }, 'ringing'],
    [{ EventType: 'terminal', Status: 'in-progress' }, undefined], [{ EventType: 'Dial', Status: 'busy', AgentEmail: 'a@example.com' }, undefined], [{ EventType: 'Free', Status: 'free' }, undefined],
  ])('that says %j means %s', (fields, expected) => {
    expect(readExotelCallback({ CallSid: sid, ...fields }, now).events.map((event) => (event.kind === 'status' ? event.status : undefined))[0]).toBe(expected);
  });

  it('without a status, or with one that nobody knows, is refused in the field\'s words', () => {
    for (const [params, message] of [[{ CallSid: sid }, 'Status is missing'], [{ CallSid: sid, Status: 'gone' }, 'Status must be one of queued'], [{ Status: 'busy' }, 'CallSid is missing'], [{ CallSid: '../x', Status: 'busy' }, 'CallSid must be an Exotel call id']] as const) {
      expect(() => readExotelCallback(params, now)).toThrow(message);
    }
  });

  it('is read or refused in words, whatever it holds', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('CallSid', 'Status', 'EventType', 'DateUpdated', 'Duration', 'Legs[0][OnCallDuration]', '__proto__', 'RecordingUrl'), fc.oneof(fc.string(), fc.constantFrom(sid, 'completed', '2026-11-21 17:30:00', '12'))), (params) => {
      const outcome = ((): unknown => {
        try {
          return readExotelCallback(params, now).events.every(({ at }) => !Number.isNaN(Date.parse(at)));
        } catch (error) {
          return error instanceof VisibleError;
        }
      })();
      expect(outcome).toBe(true);
    }));
  });
});

describe('a request from Exotel', () => {
  const verify = (query: string, more: Partial<EventParts> = {}, applet?: { customField: string | undefined }, with_: Partial<ExotelRule> = {}) => () => verifyExotel(request({ query, body: '{}', ...more }), { ...rule, ...with_ }, applet);
  const right = new URL(callbackUrl({ publicBase: 'https://voice.example.com', secret }, one)).search.slice(1);

  it('is good with the token of its attempt', () => {
    expect(verify(right)()).toEqual({ attemptId: one });
    expect(attemptToken(secret, one)).not.toBe(attemptToken('another', one));
  });

  it.each<[string, string]>([
    ['without a token', `attempt=${one}`], ['with an empty token', `attempt=${one}&token=`], ['with another attempt\'s token', `attempt=${one}&token=${attemptToken(secret, two)}`],
    ['with the account\'s token for an attempt', `attempt=${one}&token=${accountToken(secret)}`], ['with a token of another secret', `attempt=${one}&token=${attemptToken('x', one)}`],
    ['with the secret itself', `attempt=${one}&token=${secret}`], ['with a token and no attempt', `token=${attemptToken(secret, one)}`], ['with nothing', ''],
  ])('is refused %s', (_title, query) => {
    expect(verify(query)).toThrow(VisibleError);
    expect(verify(query, { headers: { 'x-exotel-signature': createHmac('sha256', 'sig').update('{}').digest('hex') } }, undefined, { signingSecret: 'sig' })).toThrow(VisibleError);
  });

  it('is good for the account with the account\'s token, and for applets with HTTP Basic or the CustomField', () => {
    const basic = { headers: { authorization: `Basic ${Buffer.from('k:t').toString('base64')}` } };
    expect(verify(`token=${accountToken(secret)}`)()).toEqual({ attemptId: null });
    expect(verify('', basic, { customField: undefined })()).toEqual({ attemptId: null });
    expect(verify('', basic)).toThrow(VisibleError);
    expect(verify('', {}, { customField: customField(secret, one) })()).toEqual({ attemptId: one });
    expect(verify('', {}, { customField: one })).toThrow(VisibleError);
    expect(verify('', {}, { customField: `${two}.${attemptToken(secret, one)}` })).toThrow(VisibleError);
    expect(verify(`token=${accountToken(secret)}`, {}, { customField: one })()).toEqual({ attemptId: null });
    expect(customField(secret, one).length).toBeLessThanOrEqual(128);
  });

  it('with a signature must have the right one, where a secret for it is set, besides the token', () => {
    const signed = (header: string) => verify(right, { headers: { 'x-exotel-signature': header } }, undefined, { signingSecret: 'sig' });
    const digest = createHmac('sha256', 'sig').update('{}');
    const bytes = digest.digest();
    for (const good of [bytes.toString('hex'), `sha256=${bytes.toString('hex')}`, bytes.toString('base64')]) expect(signed(good)()).toEqual({ attemptId: one });
    for (const bad of ['', 'x', bytes.toString('hex').replace(/./, 'g')]) expect(signed(bad)).toThrow(VisibleError);
  });

  it('unverified is for a local machine only', () => {
    expect(verify(`attempt=${one}`, {}, undefined, { skip: true })()).toEqual({ attemptId: one });
  });
});

describe('what Exotel writes in its own way', () => {
  it.each<[string | undefined, string | undefined]>([
    ['09876543210', '+919876543210'], ['9876543210', '+919876543210'], ['+919876543210', '+919876543210'], ['919876543210', '+919876543210'], ['"09876543210"', '+919876543210'], ['+12025550123', '+12025550123'],
    ['anonymous', undefined], ['', undefined], [undefined, undefined],
  ])('%s is %s', (text, number) => {
    expect(e164Of(text)).toBe(number);
  });

  it('an Indian ExoPhone has a nought in front, and numbers are compared by their last ten digits', () => {
    expect([asExoPhone('+918047112233'), asExoPhone('08047112233'), asExoPhone('+6531585500')]).toEqual(['08047112233', '08047112233', '+6531585500']);
    expect([sameNumber('09876543210', '+919876543210'), sameNumber('09876543211', '+919876543210'), sameNumber(undefined, '+919876543210'), sameNumber('', '')]).toEqual([true, false, false, false]);
  });

  it('a time without a zone is Indian, unless it can be UTC\'s; the year 1970 is none', () => {
    expect([timeOf('2026-11-21 17:30:00', now), timeOf('2026-11-21 12:00:00', now), timeOf('2026-11-21T12:00:00Z', now)].map((time) => time?.toISOString())).toEqual(Array(3).fill('2026-11-21T12:00:00.000Z'));
    expect([timeOf('1970-01-01 05:30:00', now), timeOf('soon', now), timeOf(undefined, now)]).toEqual([undefined, undefined, undefined]);
  });
});
