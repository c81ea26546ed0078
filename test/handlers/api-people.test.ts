import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { apiRoutes } from '#handlers/api.ts';
import { openApi } from '#handlers/openapi.ts';
import { ask, httpEvent, jsonEvent, jsonOf, problemOf } from '#doubles/events.ts';
import { ADMIN_TOKEN, openDoors, type Doors } from '#doubles/front-doors.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const second = attemptIdOf(lead, 2);
const { callId } = readAttemptId(first)!;
const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
const send = (doors: Doors, method: string, path: string, query = '') => ask(doors.api, httpEvent({ method, path, query, headers }));
const post = (doors: Doors, path: string, body: unknown = {}) => ask(doors.api, jsonEvent(path, body, { headers }));
const unanswered = async (): Promise<Doors> => {
  const doors = openDoors();
  await doors.world.enquire();
  await doors.world.dialAll();
  await doors.world.status(first, sidNumber(1), 'no-answer', 1);
  doors.world.clock.forward(60_000);
  return doors;
};
const trail = async (doors: Doors) => (jsonOf(await send(doors, 'GET', '/api/audit'))['entries'] as { by: string; action: string; leadId: string | null; facts: object }[]);

describe('/api for people', () => {
  it('erases a lead: it is gone, and the trail says who did it and what went, without a word about the person', async () => {
    const doors = await unanswered();
    const answer = await send(doors, 'DELETE', `/api/leads/${lead}`);
    expect([answer.status, jsonOf(answer)]).toMatchObject([200, { ok: true, erased: { leads: 1, calls: 1 } }]);
    expect([(await send(doors, 'GET', `/api/leads/${lead}`)).status, (await send(doors, 'GET', `/api/calls/${callId}`)).status]).toEqual([404, 404]);
    expect(jsonOf(await send(doors, 'GET', '/api/leads'))).toEqual({ leads: [], cursor: null });
    expect(await trail(doors)).toMatchObject([{ by: 'admin-token', action: 'erase', leadId: lead, facts: { calls: 1 } }]);
    expect(doors.world.stores.dump()).not.toContain(PHONE);
    expect((await send(doors, 'DELETE', `/api/leads/${leadIdNumber(9)}`)).status).toBe(404);
  });

  it.each([`phone=${encodeURIComponent(PHONE)}`, `phone=${PHONE}`])('exports and erases a number, given as ?%s', async (query) => {
    const doors = await unanswered();
    const person = await send(doors, 'GET', '/api/people/export', query);
    expect([person.status, person.headers['content-disposition'], jsonOf(person)]).toMatchObject([200, expect.stringContaining('attachment'), { phone: PHONE, leads: [{ leadId: lead, consent: { ip: '203.0.113.7' } }] }]);
    expect(jsonOf(await send(doors, 'GET', `/api/leads/${lead}/export`))).toEqual(jsonOf(person));
    expect(jsonOf(await send(doors, 'DELETE', '/api/people', query))).toMatchObject({ ok: true, erased: { leads: 1 } });
    expect(doors.world.stores.dump()).not.toContain(PHONE);
    expect((await trail(doors)).map(({ action, leadId }) => [action, leadId])).toEqual([['erase', null], ['erase', lead], ['export', lead], ['export', null]]);
    expect(jsonOf(await send(doors, 'DELETE', '/api/people', query))).toMatchObject({ erased: { leads: 0 } });
  });

  it.each([['DELETE', '/api/people'], ['GET', '/api/people/export']])('%s %s names the number that is missing or none', async (method, path) => {
    const doors = await unanswered();
    for (const query of ['', 'phone=', 'phone=12', 'phone=nobody']) {
      const answer = await send(doors, method, path, query);
      expect([answer.status, problemOf(answer).errors?.[0]?.field]).toEqual([400, 'phone']);
    }
  });

  it('answers late callbacks of an erased lead as if nothing were', async () => {
    const doors = await unanswered();
    await doors.world.enquire({ phone: '+442079460019' });
    await doors.world.dialAll();
    await send(doors, 'DELETE', '/api/people', `phone=${encodeURIComponent('+442079460019')}`);
    const late = attemptIdOf(leadIdNumber(2), 1);
    expect(await doors.world.status(late, sidNumber(2), 'completed', 4)).toBe('recorded');
    expect(await doors.world.dial({ attemptId: late })).toBe('no-such-attempt');
    expect(doors.world.twilio.hungUp).toEqual([sidNumber(2)]);
  });
});

describe('/api for attempts', () => {
  it('asks for a retry: the planned attempt goes now', async () => {
    const doors = await unanswered();
    const answer = await post(doors, `/api/leads/${lead}/retry`);
    expect([answer.status, jsonOf(answer)]).toEqual([202, { ok: true, leadId: lead, attemptId: second, state: 'ready', dueAt: doors.world.clock.iso(), reason: null }]);
    const again = await post(doors, `/api/leads/${lead}/retry`);
    expect([again.status, problemOf(again).code]).toEqual([422, 'attempt-under-way']);
    expect((await trail(doors)).map(({ action }) => action)).toEqual(['retry']);
  });

  it('refuses a retry that nobody permits, in the words of the decision', async () => {
    const doors = await unanswered();
    await post(doors, '/api/suppressions', { phone: PHONE, reason: 'crm' });
    const answer = await post(doors, `/api/leads/${lead}/retry`);
    expect([answer.status, problemOf(answer)]).toMatchObject([422, { code: 'do-not-call', detail: 'The CRM says not to call this number.' }]);
  });

  it('moves a planned attempt, and cancels it', async () => {
    const doors = await unanswered();
    expect(jsonOf(await post(doors, `/api/attempts/${second}/reschedule`, { at: '2026-11-21T16:00:00Z' }))).toMatchObject({ attemptId: second, state: 'scheduled', dueAt: '2026-11-21T16:00:00.000Z' });
    expect(problemOf(await post(doors, `/api/attempts/${second}/reschedule`, {})).errors?.[0]?.field).toBe('at');
    const answer = await send(doors, 'DELETE', `/api/attempts/${second}`);
    expect([answer.status, jsonOf(answer)]).toMatchObject([200, { state: 'cancelled' }]);
    expect(jsonOf(await send(doors, 'GET', `/api/leads/${lead}`))).toMatchObject({ status: 'unreachable', attempts: [{}, { state: 'cancelled' }] });
    expect((await trail(doors)).map(({ action }) => action)).toEqual(['cancel', 'reschedule']);
  });

  it('suppresses by the console: what is planned is cancelled', async () => {
    const doors = await unanswered();
    expect(jsonOf(await post(doors, `/api/leads/${lead}/suppress`))).toMatchObject({ status: 'do-not-call', attempts: [{}, { state: 'cancelled' }] });
    expect(await doors.world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'console' });
  });

  it.each([[{ phone: PHONE, reason: 'whim' }, 'reason'], [{ phone: PHONE, note: 5 }, 'note'], [{}, 'phone'], [[], 'body']])('refuses the suppression %j, naming the field', async (body, field) => {
    const answer = await post(await unanswered(), '/api/suppressions', body);
    expect([answer.status, problemOf(answer).errors?.[0]?.field]).toEqual([400, field]);
  });
});

describe('/api for operators', () => {
  it('switches calling off and on', async () => {
    const doors = openDoors();
    expect(jsonOf(await send(doors, 'GET', '/api/switch'))).toEqual({ dialling: true, at: null, by: null, policyKillSwitch: false });
    expect(jsonOf(await post(doors, '/api/switch', { dialling: false }))).toMatchObject({ dialling: false, by: 'admin-token' });
    await doors.world.enquire();
    await doors.world.dialAll();
    expect(doors.world.twilio.rung).toEqual([]);
    expect(jsonOf(await post(doors, '/api/switch', { dialling: true }))).toMatchObject({ dialling: true, broughtForward: 1 });
    await doors.world.dialAll();
    expect(doors.world.twilio.rung).toHaveLength(1);
    expect(problemOf(await post(doors, '/api/switch', { dialling: 'off' })).errors?.[0]?.field).toBe('dialling');
    expect((await trail(doors)).map(({ action, facts }) => [action, facts])).toEqual([['switch', { dialling: true, broughtForward: 1 }], ['switch', { dialling: false, broughtForward: 0 }]]);
  });

  it('names the person behind a gateway\'s token in the trail by its subject', async () => {
    const doors = await unanswered();
    const event = httpEvent({ method: 'DELETE', path: `/api/leads/${lead}` });
    Object.assign(event.requestContext, { authorizer: { jwt: { claims: { sub: 'f3b1' }, scopes: [] } } });
    await ask(doors.api, event);
    expect(await trail(doors)).toMatchObject([{ by: 'user:f3b1', action: 'erase' }]);
  });

  it('tells the numbers of a period', async () => {
    const doors = await unanswered();
    expect(jsonOf(await send(doors, 'GET', '/api/stats', 'from=2026-11-21&to=2026-11-21'))).toMatchObject({ leads: { total: 1, byStatus: { scheduled: 1 } }, calls: { total: 1, byStatus: { 'no-answer': 1 } } });
    expect(problemOf(await send(doors, 'GET', '/api/stats', 'from=x')).errors?.[0]?.field).toBe('from');
  });
});

it('OpenAPI lists every address that the API answers, and none that it does not', () => {
  const answered = apiRoutes.map(({ method, path }) => `${method} ${path.source.replace(/^\^|\$$/g, '').replaceAll('\\/', '/').replaceAll('\\.', '.').replaceAll(/\([^)]*\)/g, '{}')}`).sort();
  const listed = Object.entries(openApi.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`)).sort();
  expect(listed).toEqual(answered);
});
