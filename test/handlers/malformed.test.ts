// Thousands of requests that nobody meant: any method, path, query, header, content type and body on every route. Each is answered
// with 4xx in words, and nothing is written; on the routes that a caller hears, the words can be spoken.
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { routes } from '#handlers/routes.ts';
import { ask, httpEvent, problemOf, twilioSignature, BASE, type Answer, type EventParts } from '#doubles/events.ts';
import { ADMIN_TOKEN, openDoors, type Doors } from '#doubles/front-doors.ts';
import { attemptIdOf } from '#calls/lead.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import { parseXml } from '#doubles/xml.ts';

const rejections: unknown[] = [];
const note = (reason: unknown): void => { rejections.push(reason); };
beforeEach(() => { process.on('unhandledRejection', note); });
afterEach(() => {
  process.off('unhandledRejection', note);
  if (rejections.length > 0) throw new AggregateError(rejections, 'a promise was left alone');
});

const first = attemptIdOf(leadIdNumber(1), 1);
const words = ['phone', 'consent', 'CallSid', 'CallStatus', 'Timestamp', 'SequenceNumber', 'Digits', 'RecordingSid', 'AnsweredBy', 'StreamEvent', 'MachineDetectionDuration', '__proto__', 'constructor', 'type', 'data', 'attempt', 'status', 'limit', 'cursor', ''];
const word = fc.oneof(fc.constantFrom(...words), fc.string());
const wild = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(PHONE, sidNumber(1), first, 'completed', 'true', '-1', '9'.repeat(400), '%', '%ff', '\u0000', '{{}}', '<x>', '"', 'Infinity'));
const form = fc.array(fc.tuple(word, wild), { maxLength: 8 });
const body: fc.Arbitrary<{ body: string | Buffer | undefined; type: string | undefined }> = fc.oneof(
  fc.constant({ body: undefined, type: undefined }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ body: Buffer.from(bytes), type: 'application/x-www-form-urlencoded' })),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ body: Buffer.from(bytes), type: 'application/octet-stream' })),
  form.map((pairs) => ({ body: pairs.map(([name, value]) => `${name}=${value}`).join('&'), type: 'application/x-www-form-urlencoded; charset=utf-8' })),
  fc.json().map((text) => ({ body: text, type: 'application/json' })),
  fc.dictionary(word, fc.jsonValue()).map((value) => ({ body: JSON.stringify(value), type: 'application/json' })),
  fc.tuple(fc.string(), fc.string()).map(([text, type]) => ({ body: text, type: type.replaceAll(/[^\x20-\x7e]/g, '') })),
  fc.string().map((text) => ({ body: text, type: 'multipart/form-data; boundary=x' })),
);
const headerName = fc.constantFrom('x-twilio-signature', 'elevenlabs-signature', 'authorization', 'idempotency-key', 'x-forwarded-for', 'accept', 'cookie', 'content-encoding');
const headers = fc.dictionary(headerName, fc.oneof(fc.string(), fc.constantFrom('Bearer x', 't=1,v0=00', 'text/html')), { maxKeys: 4 });
const query = fc.oneof(fc.constant(''), fc.constant(`attempt=${first}`), fc.string(), form.map((pairs) => new URLSearchParams(pairs.map(([n, v]): [string, string] => [n, v.toWellFormed()])).toString()));
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE');
/** A route of ours, something in place of its parameters. */
const place = fc.tuple(fc.constantFrom(...routes), fc.oneof(fc.constantFrom('status', 'recording', 'amd', 'stream', 'x', '..', leadIdNumber(1), 'leads', 'calls/x/end'), fc.string())).map(([route, value]) => {
  const name = /\{(\w+)\+?\}/.exec(route.path)?.[1];
  return { to: route.to, path: route.path.replace(/\{\w+\+?\}/, value), ...(name === undefined ? {} : { params: { [name]: value } }) };
});

const world = async (): Promise<Doors> => {
  const doors = openDoors();
  await doors.world.enquire();
  await doors.world.dialAll();
  return doors;
};
const handlerOf = (doors: Doors, to: (typeof routes)[number]['to']) => (doors as unknown as Record<string, Doors['api'] | undefined>)[to];
const spoken = (answer: Answer): boolean => parseXml(answer.text).children.map(({ name }) => name).join() === 'Say,Hangup';
/** Whether an answer says in its route's own way what is wrong: in a caller's ear, on a page, or as problem JSON that names the field. */
const inWords = (path: string, answer: Answer): boolean => {
  // Exotel plays no document but with 200.
  if (/^\/(exoml|callflow)/.test(path)) return answer.status < 500 && spoken(answer);
  if (answer.status < 400 || answer.status >= 500) return false;
  if (path.startsWith('/twiml')) return spoken(answer);
  if (answer.headers['content-type']?.startsWith('text/html')) return answer.text.includes('<h1>');
  const { status, detail, code, errors = [] } = problemOf(answer);
  return status === answer.status && detail.length > 8 && /^[a-z0-9-]+$/.test(code) && (status !== 400 || errors.length > 0) && errors.every(({ message }) => message.length > 8);
};

describe('a request that nobody meant', () => {
  it('is answered in words with 4xx on every route, and writes nothing', async () => {
    const doors = await world();
    const before = doors.world.stores.dump();
    await fc.assert(fc.asyncProperty(place, method, query, headers, body, async ({ to, path, params }, verb, asked, shown, { body: sent, type }) => {
      const handler = handlerOf(doors, to);
      // Reading how a call is doing and /health are for everybody.
      fc.pre(handler !== undefined && to !== 'health' && !(to === 'enquire' && verb === 'GET' && path.endsWith(leadIdNumber(1))));
      const parts: EventParts = { method: verb, path, query: asked, headers: { ...shown, ...(type === undefined ? {} : { 'content-type': type }) }, ...(sent === undefined ? {} : { body: sent }), ...(params ? { params } : {}) };
      const answer = await ask(handler, httpEvent(parts));
      expect(doors.world.stores.dump()).toBe(before);
      expect([answer.status, answer.text, inWords(path, answer)]).toEqual([answer.status, answer.text, true]);
    }), { numRuns: 2000 });
  });

  it('is refused in words, or heard, when Twilio signed it', async () => {
    const doors = await world();
    const before = doors.world.stores.dump();
    const junk = form.map((pairs) => pairs.filter(([name]) => name !== 'CallSid').map(([name, value]): [string, string] => [name.toWellFormed(), value.toWellFormed()]));
    const path = fc.constantFrom('/twiml', '/twiml/gather', '/twiml/after', '/webhook', ...['status', 'recording', 'amd', 'stream', 'weather'].map((kind) => `/webhooks/twilio/${kind}`));
    await fc.assert(fc.asyncProperty(path, fc.constantFrom('', `attempt=${first}`, 'attempt=x'), junk, fc.option(wild.map((text) => text.toWellFormed()).filter((text) => text !== sidNumber(1)), { nil: undefined }), async (where, asked, pairs, callSid) => {
      const fields: [string, string][] = callSid === undefined ? pairs : [['CallSid', callSid], ...pairs];
      const text = new URLSearchParams(fields).toString();
      const signature = twilioSignature(`${BASE}${where}${asked ? `?${asked}` : ''}`, [...new URLSearchParams(text)]);
      const answer = await ask(where.startsWith('/twiml') ? doors.answer : doors.callbacks, httpEvent({
        method: 'POST', path: where, query: asked, body: text, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }, params: { kind: where.split('/')[3] ?? '' },
      }));
      expect(doors.world.stores.dump()).toBe(before);
      const heard = where.startsWith('/twiml');
      expect([answer.status, heard ? answer.status === 200 && spoken(answer) : answer.status >= 400 && answer.status < 500]).toEqual([answer.status, true]);
    }), { numRuns: 700 });
  });

  it('is no more than refused when it shows the admin token', async () => {
    const anId = fc.constantFrom(leadIdNumber(1), first.replace('att_', 'call_'), 'x', '..', '\u0000', '%2e');
    const where = fc.oneof(fc.tuple(fc.constantFrom('leads', 'calls', 'suppressions', 'outbox', 'voices', 'stats', 'numbers', 'audit', 'dialling', 'x'), fc.option(anId), fc.option(fc.constantFrom('suppress', 'end', 'retry', 'replay', 'export', 'x')))
      .map((parts) => `/api/${parts.filter((part) => part !== null).join('/')}`), fc.string().map((text) => `/api/${text}`));
    await fc.assert(fc.asyncProperty(where, method, query, body, async (path, verb, asked, { body: sent, type }) => {
      const doors = await world();
      const answer = await ask(doors.api, httpEvent({ method: verb, path, query: asked, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(type === undefined ? {} : { 'content-type': type }) }, ...(sent === undefined ? {} : { body: sent }) }));
      expect([path, answer.status]).toEqual([path, expect.toSatisfy((status: number) => status >= 200 && status < 500)]);
    }), { numRuns: 250 });
  });

  it('never has what it held in the log', async () => {
    const doors = await world();
    const secrets = ['+442079469999', 'Zbigniew Qwerty', 'a purple xylophone'];
    const fields = { phone: secrets[0]!, name: secrets[1]!, interest: secrets[2]!, consent: true };
    for (const value of [fields, { ...fields, consent: false }, { ...fields, phone: `${secrets[0]}x` }, { ...fields, timeZone: secrets[2] }, { ...fields, formUrl: secrets[1] }, [fields]]) {
      for (const headers of [{}, { 'idempotency-key': 'one' }, { 'idempotency-key': secrets[1]! }]) {
        await ask(doors.enquire, httpEvent({ method: 'POST', path: '/enquire', body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } }));
        await ask(doors.api, httpEvent({ method: 'POST', path: '/api/suppressions', body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } }));
      }
    }
    for (const kind of ['status', 'recording', 'amd', 'stream']) {
      const sent: [string, string][] = [['CallSid', secrets[1]!], ['To', secrets[0]!], ['CallStatus', secrets[2]!]];
      await ask(doors.callbacks, httpEvent({ method: 'POST', path: `/webhooks/twilio/${kind}`, query: `attempt=${secrets[2]}`, params: { kind }, body: new URLSearchParams(sent).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': twilioSignature(`${BASE}/webhooks/twilio/${kind}?attempt=${secrets[2]}`, sent) } }));
    }
    await doors.world.dialAll();
    expect(doors.lines.length).toBeGreaterThan(20);
    for (const secret of secrets) expect(doors.lines.join('\n')).not.toContain(secret);
    expect(doors.lines.join('\n')).not.toMatch(/2079469999|Zbigniew|xylophone/);
  });
});
