import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { ask, httpEvent, jsonEvent, jsonOf, problemOf, type EventParts } from '#doubles/events.ts';
import { ADMIN_TOKEN, openDoors, type Doors } from '#doubles/front-doors.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
const get = (doors: Doors, path: string, query = '', more: Partial<EventParts> = {}) => ask(doors.api, httpEvent({ path, query, headers: bearer, ...more }));
const post = (doors: Doors, path: string, body: unknown = {}) => ask(doors.api, jsonEvent(path, body, { headers: bearer }));
const placed = async () => {
  const doors = openDoors();
  await doors.world.enquire();
  await doors.world.dialAll();
  return doors;
};

describe('/api', () => {
  it.each<[string, Record<string, string>]>([['no token', {}], ['a wrong one', { authorization: 'Bearer nope' }], ['another scheme', { authorization: `Basic ${ADMIN_TOKEN}` }], ['a bare token', { authorization: ADMIN_TOKEN }], ['two', { authorization: `Bearer ${ADMIN_TOKEN} x` }]])('answers 401 to %s, on every address', async (_what, headers) => {
    const doors = await placed();
    const before = doors.world.stores.dump();
    for (const [method, path] of [['GET', '/api/leads'], ['GET', `/api/leads/${lead}`], ['POST', `/api/leads/${lead}/suppress`], ['POST', `/api/calls/${callId}/end`], ['POST', '/api/suppressions'], ['DELETE', '/api/suppressions'], ['DELETE', `/api/leads/${lead}`], ['GET', '/api/nothing'], ['GET', '/api/outbox']] as const) {
      const answer = await ask(doors.api, httpEvent({ method, path, headers }));
      expect([method, path, answer.status, answer.headers['www-authenticate'], problemOf(answer).errors?.[0]?.field]).toEqual([method, path, 401, 'Bearer', 'Authorization']);
    }
    expect(doors.world.stores.dump()).toBe(before);
  });

  it('takes the word of the gateway\'s own authorizer instead', async () => {
    const doors = await placed();
    const event = httpEvent({ path: '/api/leads' });
    Object.assign(event.requestContext, { authorizer: { jwt: { claims: { sub: 'x' }, scopes: [] } } });
    expect((await ask(doors.api, event)).status).toBe(200);
  });

  it('lists leads newest first, by status, page by page', async () => {
    const doors = await placed();
    doors.world.clock.forward(1000);
    await doors.world.enquire({ phone: '+442079460019', name: null });
    const all = jsonOf(await get(doors, '/api/leads')) as { leads: { leadId: string; status: string }[]; cursor: string | null };
    expect([all.leads.map(({ leadId }) => leadId), all.cursor]).toEqual([[leadIdNumber(2), lead], null]);
    expect((jsonOf(await get(doors, '/api/leads', 'status=dialling'))['leads'] as unknown[])).toMatchObject([{ leadId: lead, phone: PHONE, name: 'Ada Byron', status: 'dialling', disposition: null }]);
    const page = jsonOf(await get(doors, '/api/leads', 'limit=1')) as { leads: unknown[]; cursor: string };
    const next = jsonOf(await get(doors, '/api/leads', `limit=1&cursor=${encodeURIComponent(page.cursor)}`));
    expect([page.leads, next['leads']]).toMatchObject([[{ leadId: leadIdNumber(2) }], [{ leadId: lead }]]);
  });

  it.each([['status=asleep', 'status'], ['limit=0', 'limit'], ['limit=201', 'limit'], ['limit=ten', 'limit'], ['cursor=forged', 'cursor']])('refuses a list with %s, naming it', async (query, field) => {
    const answer = await get(await placed(), '/api/leads', query);
    expect([answer.status, problemOf(answer).errors?.map((error) => error.field)]).toEqual([400, [field]]);
  });

  it('shows a lead with its attempts, calls and timeline, and a call', async () => {
    const doors = await placed();
    expect(jsonOf(await get(doors, `/api/leads/${lead}`))).toEqual(JSON.parse(JSON.stringify({ ...await doors.world.view(lead), suppression: null })));
    expect(jsonOf(await get(doors, `/api/calls/${callId}`))).toMatchObject({ callId, callSid: sidNumber(1), status: 'queued', transcript: [] });
  });

  it.each([['GET', `/api/leads/${leadIdNumber(9)}`], ['GET', '/api/leads/x'], ['GET', `/api/leads/${'x'.repeat(64)}`], ['GET', `/api/leads/${'x'.repeat(65)}`], ['POST', `/api/leads/${leadIdNumber(9)}/suppress`], ['GET', '/api/calls/call_x'], ['POST', '/api/calls/call_x/end'],
    ['GET', '/api'], ['GET', '/api/'], ['GET', '/api/leads/'], ['PUT', '/api/leads'], ['PATCH', '/api/suppressions'], ['GET', '/api/leads/../../etc']])('answers 404 for %s %s', async (method, path) => {
    const doors = await placed();
    const answer = await get(doors, path, '', { method });
    expect([answer.status, answer.headers['content-type']]).toEqual([404, 'application/problem+json']);
  });

  it('suppresses a lead\'s number: nobody dials it from then on', async () => {
    const doors = openDoors();
    await doors.world.enquire();
    expect(jsonOf(await post(doors, `/api/leads/${lead}/suppress`))).toMatchObject({ leadId: lead, status: 'do-not-call', suppression: { phone: PHONE, reason: 'console', note: null } });
    expect(jsonOf(await get(doors, `/api/leads/${lead}`))['suppression']).toMatchObject({ reason: 'console' });
    await doors.world.dialAll();
    expect(doors.world.twilio.rung).toEqual([]);
  });

  it('keeps the list of numbers that are not called', async () => {
    const doors = await placed();
    const made = await post(doors, '/api/suppressions', { phone: '+44 20 7946 0019', note: 'asked by letter' });
    expect([made.status, jsonOf(made)]).toMatchObject([201, { phone: '+442079460019', reason: 'api', note: 'asked by letter' }]);
    expect(jsonOf(await get(doors, '/api/suppressions'))).toMatchObject({ suppressions: [{ phone: '+442079460019' }], cursor: null });
    expect((await get(doors, '/api/suppressions', `phone=${encodeURIComponent('+442079460019')}`, { method: 'DELETE' })).status).toBe(204);
    expect(jsonOf(await get(doors, '/api/suppressions'))).toMatchObject({ suppressions: [] });
  });

  it.each<[unknown]>([[{}], [{ phone: 7 }], [{ phone: '12' }], [{ phone: '' }]])('refuses to suppress %j, naming the number', async (body) => {
    const doors = await placed();
    const before = doors.world.stores.dump();
    const answer = await post(doors, '/api/suppressions', body);
    expect([answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([400, ['phone']]);
    expect((await get(doors, '/api/suppressions', 'phone=x', { method: 'DELETE' })).status).toBe(400);
    expect(doors.world.stores.dump()).toBe(before);
  });

  it('cuts a long note without breaking a character in two', async () => {
    const answer = await post(await placed(), '/api/suppressions', { phone: '+442079460019', note: `x${'😀'.repeat(400)}` });
    expect((jsonOf(answer)['note'] as string).isWellFormed()).toBe(true);
  });

  it('ends a live call: the reason is on record before the line goes down', async () => {
    const doors = await placed();
    const answer = await post(doors, `/api/calls/${callId}/end`);
    expect([answer.status, jsonOf(answer)]).toEqual([202, { ok: true, callId }]);
    expect(doors.world.twilio.hungUp).toEqual([sidNumber(1)]);
    expect(await doors.world.stores.calls.call(callId)).toMatchObject({ endReason: 'operator' });
  });

  it('leaves a call alone that is over, and says so when the carrier cannot be reached', async () => {
    const over = await placed();
    await over.world.status(first, sidNumber(1), 'busy');
    expect((await post(over, `/api/calls/${callId}/end`)).status).toBe(202);
    expect(over.world.twilio.hungUp).toEqual([]);
    const doors = await placed();
    doors.world.twilio.down(true);
    const answer = await post(doors, `/api/calls/${callId}/end`);
    expect([answer.status, problemOf(answer).code, answer.headers['retry-after']]).toEqual([503, 'upstream-failed', '5']);
  });

  it('describes itself as OpenAPI, every schema that it names included', async () => {
    const document = JSON.stringify(jsonOf(await get(await placed(), '/api/openapi.json')));
    const { components, paths } = JSON.parse(document) as { components: { schemas: object }; paths: object };
    for (const [, name] of document.matchAll(/#\/components\/schemas\/(\w+)/g)) expect(Object.keys(components.schemas)).toContain(name);
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/leads', '/api/leads/{leadId}', '/api/calls/{callId}', '/api/suppressions']));
  });
});
