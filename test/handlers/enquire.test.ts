import { describe, expect, it } from 'vitest';
import { attemptIdOf } from '#calls/lead.ts';
import { ask, formEvent, httpEvent, jsonEvent, jsonOf, problemOf } from '#doubles/events.ts';
import { openDoors } from '#doubles/front-doors.ts';
import { leadIdNumber, PHONE } from '#doubles/records.ts';

const given = { phone: PHONE, consent: true, name: 'Ada Byron', interest: 'a boiler', timeZone: 'Europe/London', formUrl: 'https://example.com/form' };
const lead = leadIdNumber(1);

describe('POST /enquire', () => {
  it('answers 202 with the lead, writes it, and queues the dial', async () => {
    const { enquire, world } = openDoors();
    const answer = await ask(enquire, jsonEvent('/enquire', given, { headers: { 'user-agent': 'Firefox' }, sourceIp: '198.51.100.4' }));
    expect([answer.status, jsonOf(answer)]).toEqual([202, { ok: true, leadId: lead, status: 'new' }]);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', location: `/enquire/${lead}`, 'cache-control': 'no-store' });
    expect(await world.view(lead)).toMatchObject({ phone: PHONE, name: 'Ada Byron', consent: { ip: '198.51.100.4', userAgent: 'Firefox', formUrl: given.formUrl } });
    expect(world.messages.map(({ message }) => message)).toEqual([{ attemptId: attemptIdOf(lead, 1) }]);
  });

  it('takes a plain HTML form, and shows a browser the page again', async () => {
    const { enquire, world } = openDoors();
    const fields: [string, string][] = [['phone', '+44 20 7946 0018'], ['consent', 'on'], ['name', ''], ['interest', 'a boiler & a "tap"']];
    const answer = await ask(enquire, formEvent('/enquire', fields, { headers: { accept: 'text/html,application/xhtml+xml' } }));
    expect([answer.status, answer.headers['location']]).toEqual([303, `/?enquiry=${lead}#received`]);
    expect(await world.view(lead)).toMatchObject({ phone: PHONE, name: null });
    expect((await ask(enquire, formEvent('/enquire', fields))).status).toBe(202);
  });

  it('gives the same key the same answer, and refuses it other content', async () => {
    const { enquire, world } = openDoors();
    const headers = { 'Idempotency-Key': 'one' };
    const first = await ask(enquire, jsonEvent('/enquire', given, { headers }));
    await world.dialAll();
    const again = await ask(enquire, jsonEvent('/enquire', given, { headers }));
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    const other = await ask(enquire, jsonEvent('/enquire', { ...given, interest: 'a car' }, { headers }));
    expect([other.status, problemOf(other).errors?.map(({ field }) => field)]).toEqual([422, ['Idempotency-Key']]);
    expect(world.twilio.rung).toHaveLength(1);
  });

  it.each<[string, unknown, string[]]>([
    ['without consent', { ...given, consent: false }, ['consent']], ['without a number', { consent: true }, ['phone']], ['with neither', {}, ['phone', 'consent']], ['with a number that is none', { ...given, phone: '12' }, ['phone']],
    ['with letters for a number', { ...given, phone: '+1 800 FLOWERS' }, ['phone']], ['with a number of another kind', { ...given, phone: { e164: PHONE } }, ['phone']],
    ['with a zone that is none', { ...given, timeZone: 'Mars/Olympus' }, ['timeZone']], ['with an address that is none', { ...given, formUrl: 'javascript:alert(1)' }, ['formUrl']],
    ['with too long a name', { ...given, name: 'x'.repeat(121) }, ['name']], ['with control characters', { ...given, name: 'a\u0000b' }, ['name']], ['with half a character', { ...given, name: 'a\ud800' }, ['name']],
    ['with half a character in an address', { ...given, formUrl: 'https://example.com/\udc00' }, ['formUrl']],
    ['as a list', [given], ['body']], ['as text', 'call me', ['body']], ['as nothing', null, ['body']],
  ])('is refused %s, naming each field and what would be right', async (_title, body, fields) => {
    const { enquire, world } = openDoors();
    const before = world.stores.dump();
    const answer = await ask(enquire, jsonEvent('/enquire', body));
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect([answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([400, fields]);
    expect(problemOf(answer)).toMatchObject({ status: 400, requestId: expect.any(String) as string, type: expect.stringMatching(/^urn:ringback:/) as string });
    for (const { message } of problemOf(answer).errors!) expect(message.length).toBeGreaterThan(8);
    expect(world.stores.dump()).toBe(before);
    expect(world.messages).toEqual([]);
  });

  it.each<[string, Parameters<typeof httpEvent>[0], number, string]>([
    ['a body that is no JSON', { path: '/enquire', body: '{"phone":', headers: { 'content-type': 'application/json' } }, 400, 'body'],
    ['a body that is not UTF-8', { path: '/enquire', body: Buffer.from([0xff, 0xfe, 0x80]), headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 400, 'body'],
    ['a field twice', { path: '/enquire', body: 'phone=%2B442079460018&phone=1&consent=on', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 400, 'phone'],
    ['another content type', { path: '/enquire', body: '<phone/>', headers: { 'content-type': 'application/xml' } }, 400, 'Content-Type'],
    ['a key with spaces', { path: '/enquire', body: JSON.stringify(given), headers: { 'content-type': 'application/json', 'idempotency-key': 'a b' } }, 400, 'Idempotency-Key'],
    ['a key that is too long', { path: '/enquire', body: JSON.stringify(given), headers: { 'content-type': 'application/json', 'idempotency-key': 'x'.repeat(201) } }, 400, 'Idempotency-Key'],
  ])('refuses %s', async (_title, event, status, field) => {
    const { enquire, world } = openDoors();
    const before = world.stores.dump();
    const answer = await ask(enquire, httpEvent({ method: 'POST', ...event }));
    expect([answer.status, problemOf(answer).errors?.map((error) => error.field)]).toEqual([status, [field]]);
    expect(world.stores.dump()).toBe(before);
  });

  it('refuses a body larger than 256 KB unread, and takes deep nesting for what it is', async () => {
    const { enquire } = openDoors();
    expect((await ask(enquire, jsonEvent('/enquire', { ...given, name: 'x'.repeat(300_000) }))).status).toBe(413);
    expect((await ask(enquire, httpEvent({ method: 'POST', path: '/enquire', body: '['.repeat(200_000), headers: { 'content-type': 'application/json' } }))).status).toBe(400);
  });

  it('says when to come back after too many', async () => {
    const { enquire, world } = openDoors({ policy: { caps: { perAddressPerHour: 1 } } });
    await ask(enquire, jsonEvent('/enquire', given));
    const before = world.stores.dump();
    const answer = await ask(enquire, jsonEvent('/enquire', { ...given, phone: '+442079460019' }));
    expect([answer.status, Number(answer.headers['retry-after'])]).toEqual([429, 3600]);
    expect(world.stores.dump()).toBe(before);
  });
});

describe('GET /enquire/{leadId}', () => {
  it('tells how the call is doing, and nothing personal', async () => {
    const { enquire, world } = openDoors();
    await ask(enquire, jsonEvent('/enquire', given));
    await world.dialAll();
    const answer = await ask(enquire, httpEvent({ path: `/enquire/${lead}`, params: { leadId: lead } }));
    expect([answer.status, jsonOf(answer)]).toMatchObject([200, { leadId: lead, status: 'dialling', callStatus: 'queued' }]);
    expect(answer.text).not.toMatch(/7946|Ada|boiler/);
  });

  it.each([lead, leadIdNumber(2), 'lead_x', '', '../leads', 'lead_\u0000'])('knows nothing of %j', async (leadId) => {
    const { enquire } = openDoors();
    const answer = await ask(enquire, httpEvent({ path: `/enquire/${leadId}`, params: { leadId } }));
    expect([answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([404, ['leadId']]);
  });
});
