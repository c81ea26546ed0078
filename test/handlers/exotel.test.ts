import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { openTicket } from '#calls/ticket.ts';
import { accountToken, attemptToken, customField } from '#carriers/exotel/webhook.ts';
import { ask, formEvent, httpEvent, jsonEvent, jsonOf, problemOf, twilioEvent } from '#doubles/events.ts';
import { EXOTEL_SECRET, openDoors } from '#doubles/front-doors.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';

const [lead, first] = [leadIdNumber(1), attemptIdOf(leadIdNumber(1), 1)];
const { callId } = readAttemptId(first)!;
/** The scripted carrier numbers its calls so. */
const sid = sidNumber(1);
const query = `attempt=${first}&token=${attemptToken(EXOTEL_SECRET, first)}`;
const account = `token=${accountToken(EXOTEL_SECRET)}`;
const path = '/webhooks/exotel/status';
const DASHBOARD = '9'.repeat(32);

const placed = async (enquiries = 1) => {
  const doors = openDoors({ others: ['exotel'], policy: { carriers: { routes: [{ prefix: '+44', carriers: ['exotel'] }] } } });
  for (let i = 0; i < enquiries; i += 1) await doors.world.enquire({ phone: i === 0 ? PHONE : `+44207946009${i}` }, { ip: `203.0.113.${i}` });
  await doors.world.dialAll();
  return doors;
};

describe('Exotel\'s callbacks', () => {
  it('move the call on, and are answered with 200', async () => {
    const { callbacks, world } = await placed();
    for (const [Status, more] of [['ringing', {}], ['in-progress', { EventType: 'answered' }], ['completed', { EventType: 'terminal', ConversationDuration: 9 }]] as const) {
      expect((await ask(callbacks, jsonEvent(path, { CallSid: sid, Status, ...more }, { query }))).status).toBe(200);
      world.clock.forward(1000);
    }
    expect(await world.view(lead)).toMatchObject({ calls: [{ carrier: 'exotel', status: 'completed', durationSeconds: 9 }] });
  });

  it('sent again, or late, change nothing', async () => {
    const { callbacks, world } = await placed();
    await ask(callbacks, jsonEvent(path, { CallSid: sid, Status: 'busy' }, { query }));
    const before = world.stores.dump();
    for (const Status of ['busy', 'busy']) expect((await ask(callbacks, formEvent(path, [['CallSid', sid], ['Status', Status]], { query }))).status).toBe(200);
    expect(world.stores.dump()).toBe(before);
    await ask(callbacks, jsonEvent(path, { CallSid: sid, Status: 'in-progress' }, { query }));
    expect((await world.view(lead)).calls).toMatchObject([{ status: 'busy' }]);
  });

  it('adopt the call of an attempt whose carrier\'s answer was lost', async () => {
    const doors = openDoors({ others: ['exotel'], policy: { carriers: { routes: [{ prefix: '+44', carriers: ['exotel'] }] } } });
    doors.world.all.exotel.script.push({ does: 'lose-answer' });
    await doors.world.enquire();
    await doors.world.dialAll();
    expect((await ask(doors.callbacks, jsonEvent(path, { CallSid: sid, Status: 'ringing' }, { query }))).status).toBe(200);
    expect(await doors.world.view(lead)).toMatchObject({ attempts: [{ state: 'placed' }], calls: [{ callSid: sid, status: 'ringing' }] });
  });

  const second = attemptIdOf(leadIdNumber(2), 1);
  it.each<[string, string]>([
    ['no token', `attempt=${first}`], ['no attempt and no token', ''], ['the token of another attempt', `attempt=${first}&token=${attemptToken(EXOTEL_SECRET, second)}`],
    ['another attempt and its right token', `attempt=${second}&token=${attemptToken(EXOTEL_SECRET, second)}`], ['the account\'s token', `attempt=${first}&${account}`], ['the secret itself', `attempt=${first}&token=${encodeURIComponent(EXOTEL_SECRET)}`],
  ])('with a right CallSid and %s are refused, and nothing is written', async (_what, forged) => {
    const { callbacks, world } = await placed(2);
    const before = world.stores.dump();
    for (const event of [jsonEvent(path, { CallSid: sid, Status: 'completed' }, { query: forged }), jsonEvent('/webhook', { CallSid: sid, Status: 'completed' }, { query: forged })]) {
      expect((await ask(callbacks, event)).status).toBe(403);
    }
    expect(world.stores.dump()).toBe(before);
  });

  it('of a second call for one attempt are refused: a second phone never counts as the first', async () => {
    const { callbacks, world } = await placed();
    const before = world.stores.dump();
    const answer = await ask(callbacks, jsonEvent(path, { CallSid: sidNumber(77), Status: 'completed' }, { query }));
    expect([answer.status, problemOf(answer).code, world.stores.dump() === before]).toEqual([403, 'call-of-another-attempt', true]);
  });

  it('are told apart from Twilio\'s at the one address for both by what each can prove', async () => {
    const { callbacks, world } = await placed();
    expect((await ask(callbacks, formEvent('/webhook', [['CallSid', sid], ['Status', 'no-answer']], { query }))).status).toBe(200);
    expect((await world.view(lead)).calls).toMatchObject([{ status: 'no-answer' }]);
    expect((await ask(callbacks, twilioEvent('/webhook', `attempt=${first}`, [['CallSid', sidNumber(3)], ['CallStatus', 'no-answer']]))).status).toBe(204);
    expect((await ask(callbacks, twilioEvent('/webhook', query, [['CallSid', sid], ['CallStatus', 'busy']], { token: 'wrong' }))).status).toBe(403);
  });

  it('that cannot be read are answered in the field\'s words', async () => {
    const { callbacks } = await placed();
    const answer = await ask(callbacks, jsonEvent(path, { CallSid: sid, Status: 'odd' }, { query }));
    expect([answer.status, problemOf(answer).errors]).toEqual([400, [{ field: 'Status', message: 'must be one of queued, ringing, in-progress, completed, failed, busy, no-answer, canceled' }]]);
    expect((await ask(callbacks, httpEvent({ method: 'POST', path, query, body: 'x', headers: { 'content-type': 'multipart/form-data; boundary=y' } }))).status).toBe(400);
  });
});

describe('Exotel\'s applets', () => {
  const get = (applet: string, fields: Record<string, string>, method = 'GET') => httpEvent({ method, path: `/exotel/${applet}`, query: new URLSearchParams(fields).toString() });
  const known = { CallSid: sid, CustomField: customField(EXOTEL_SECRET, first) };
  const asked = { kind: 'transfer' as const, at: '2026-11-21T12:00:30.000Z', epoch: 0, state: 'asked' as const, detail: null };
  const inbound = { CallSid: DASHBOARD, CallFrom: '09876543210', CallTo: '08047112233', token: accountToken(EXOTEL_SECRET) };

  it('Voicebot is told where the stream goes, with a ticket for this very call', async () => {
    const { answer, world } = await placed();
    const told = await ask(answer, get('stream', known));
    expect([told.status, told.headers['content-type']]).toEqual([200, 'application/json']);
    const { ticket } = Object.fromEntries(new URL(String(jsonOf(told)['url'])).searchParams);
    expect(openTicket(world.answerDeps.ticketSecret, ticket, sid, world.clock.now())).toMatchObject({ callId, callSid: sid, epoch: 0 });
    expect(openTicket(world.answerDeps.ticketSecret, ticket, sidNumber(9), world.clock.now())).toBe('forged');
    expect(String(jsonOf(told)['url']).length).toBeLessThan(600);
  });

  it('Voicebot finds the attempt by the call alone, when the account\'s own token is shown', async () => {
    const { answer } = await placed();
    expect((await ask(answer, get('stream', { CallSid: sid, token: accountToken(EXOTEL_SECRET) }))).text).toContain(callId);
  });

  it('Voicebot gets a stream for somebody who rings in, and the same call when it asks again', async () => {
    const { answer, world } = await placed();
    const asked = await Promise.all([1, 2, 3].map(() => ask(answer, get('stream', inbound))));
    const ids = new Set(asked.map(({ text }) => /call_[0-9A-Z]{26}/.exec(text)?.[0]));
    expect([ids.size, asked.map(({ status }) => status)]).toEqual([1, [200, 200, 200]]);
    expect(await world.stores.calls.call([...ids][0]!)).toMatchObject({ carrier: 'exotel', direction: 'inbound', from: '+919876543210', to: '+918047112233', callSid: DASHBOARD });
  });

  it('Voicebot gets none for a second call of one attempt, nor for a call that is over', async () => {
    const { answer, callbacks } = await placed();
    expect((await ask(answer, get('stream', { ...known, CallSid: sidNumber(50) }))).status).toBe(404);
    await ask(callbacks, jsonEvent(path, { CallSid: sid, Status: 'completed' }, { query }));
    expect((await ask(answer, get('stream', known))).status).toBe(404);
  });

  it('Passthru goes on at 200 and ends at 302', async () => {
    const { answer, world } = await placed();
    const branch = async (fields: Record<string, string>) => (await ask(answer, get('passthru', { ...known, ...fields }))).status;
    expect(await branch({})).toBe(200);
    expect(await branch({ digits: '"1"' })).toBe(200);
    expect(await branch({ digits: '"9"' })).toBe(302);
    expect((await world.stores.suppressions.suppression(PHONE))?.reason).toBe('opt-out');
  });

  it('Passthru after a Voicebot gives a call whose relay was lost another stream, and ends one whose talk was over', async () => {
    const { answer, world } = await placed();
    const after = async () => (await ask(answer, get('passthru', { ...known, 'Stream[Status]': 'completed', 'Stream[DisconnectedBy]': 'NA' }))).status;
    expect(await after()).toBe(200);
    expect(String(jsonOf(await ask(answer, get('stream', known)))['url'])).toContain(`${callId}.1.`);
    await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [] });
    expect(await after()).toBe(302);
  });

  it('Passthru leads who could not talk with the agent to a Gather, whose key is taken by the next Passthru', async () => {
    const { answer, callbacks, world } = await placed();
    const branch = async (fields: Record<string, string>) => (await ask(answer, get('passthru', { ...known, ...fields }))).status;
    await ask(answer, get('stream', known));
    expect(await branch({ ask: 'keys' })).toBe(302);
    await world.event(callId, { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'S1' });
    await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'agent-failed', detail: 'agent-unreachable', turnMs: [] });
    expect([await branch({ 'Stream[Status]': 'completed' }), await branch({ ask: 'keys', 'Stream[Status]': 'completed' })]).toEqual([302, 200]);
    expect(jsonOf(await ask(answer, get('gather', known)))).toMatchObject({ gather_prompt: { text: expect.stringContaining('press 1') as string } });
    expect([await branch({ digits: '"1"' }), await branch({ digits: '"9"' }), await branch({ ask: 'keys' })]).toEqual([302, 302, 302]);
    await ask(callbacks, jsonEvent(path, { CallSid: sid, Status: 'completed' }, { query }));
    expect(await world.view(lead)).toMatchObject({ status: 'scheduled', disposition: 'callback', attempts: [{}, { state: 'scheduled', dueAt: '2026-11-21T12:05:00.000Z' }] });
  });

  it('Gather and Connect are told in JSON what they document', async () => {
    const { answer, world } = await placed();
    await world.event(callId, asked);
    expect(jsonOf(await ask(answer, get('gather', inbound)))).toMatchObject({ gather_prompt: { text: expect.stringContaining('Press 9') as string }, max_input_digits: 1, finish_on_key: '#', input_timeout: 6 });
    expect(jsonOf(await ask(answer, get('connect', known)))).toMatchObject({ destination: { numbers: ['+919876500001'] }, outgoing_phone_number: '08047112233', fetch_after_attempt: false });
  });

  it('Connect gets numbers for a call whose agent asked for a person, however often it asks, and for no other', async () => {
    const { answer, world } = await placed();
    const numbers = async (fields: Record<string, string>): Promise<unknown> => (jsonOf(await ask(answer, get('connect', fields)))['destination'] as { numbers: string[] }).numbers;
    await ask(answer, get('stream', inbound));
    expect([await numbers(known), await numbers(inbound)]).toEqual([[], []]);
    await world.event(callId, asked);
    const before = world.stores.dump();
    expect([await numbers(known), await numbers(known), await numbers({ CallSid: sid, token: accountToken(EXOTEL_SECRET) })]).toEqual([['+919876500001'], ['+919876500001'], ['+919876500001']]);
    expect([await numbers(inbound), await numbers({ ...known, CallSid: sidNumber(50) })]).toEqual([[], []]);
    expect(world.stores.dump()).toBe(before);
    await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'caller-hung-up', detail: null, turnMs: [] });
    expect(await numbers(known)).toEqual([]);
  });

  it('Passthru goes on to Connect for such a call, and ends it once a person has talked', async () => {
    const { answer, world } = await placed();
    await ask(answer, get('stream', known));
    await world.event(callId, asked);
    const voicebot = { 'Stream[Status]': 'completed', 'Stream[DisconnectedBy]': 'bot' };
    const passthru = async (fields: Record<string, string>) => (await ask(answer, get('passthru', { ...known, ...fields }))).status;
    expect(await passthru(voicebot)).toBe(200);
    expect((await ask(answer, get('stream', known))).status).toBe(404);
    for (let i = 0; i < 2; i += 1) expect(await passthru({ ...voicebot, DialCallStatus: 'completed', DialCallDuration: '31' })).toBe(302);
    expect(await world.stores.calls.call(callId)).toMatchObject({ transfer: { state: 'connected' }, endDetail: 'transferred' });
  });

  it('Passthru behind a Connect that reached nobody leads back to the agent, on a stream of its own', async () => {
    const { answer, world } = await placed();
    await ask(answer, get('stream', known));
    await world.event(callId, asked);
    expect((await ask(answer, get('passthru', { ...known, DialCallStatus: 'no-answer', DialCallDuration: '0' }))).status).toBe(200);
    expect(String(jsonOf(await ask(answer, get('stream', known)))['url'])).toContain(`${callId}.1.`);
  });

  it('a call that rang in goes over to a person and comes back in the same way', async () => {
    const { answer, world } = await placed();
    const rang = /call_[0-9A-Z]{26}/.exec((await ask(answer, get('stream', inbound))).text)![0];
    const passthru = async (fields: Record<string, string>) => (await ask(answer, get('passthru', { ...inbound, ...fields }))).status;
    const behind = { 'Stream[Status]': 'completed' };
    expect(await passthru(behind)).toBe(302);
    await world.event(rang, asked);
    expect(await passthru(behind)).toBe(200);
    expect(jsonOf(await ask(answer, get('connect', inbound)))).toMatchObject({ destination: { numbers: ['+919876500001'] } });
    expect(await passthru({ ...behind, DialCallStatus: 'busy' })).toBe(200);
    expect(String(jsonOf(await ask(answer, get('stream', inbound)))['url'])).toContain(`${rang}.1.`);
  });

  it('Greeting is told plain text and nothing else, and its HEAD the same headers', async () => {
    const { answer } = await placed();
    const [got, head] = [await ask(answer, get('greeting', inbound)), await ask(answer, get('greeting', inbound, 'HEAD'))];
    expect([got.headers['content-type'], got.text, head.headers, head.text]).toEqual(['text/plain', 'Please hold the line.', got.headers, '']);
  });

  it.each(['stream', 'passthru', 'gather', 'connect', 'greeting'])('%s answers nobody without proof, and opens no call', async (applet) => {
    const { answer, world } = await placed();
    const before = world.stores.dump();
    for (const fields of [{ CallSid: DASHBOARD }, { CallSid: sid, CustomField: first }, { CallSid: sid, token: 'x' }]) expect((await ask(answer, get(applet, fields))).status).toBe(403);
    expect(world.stores.dump()).toBe(before);
  });

  it('HTTP Basic with the account\'s key and token is proof, too', async () => {
    const { answer } = await placed();
    const authorization = `Basic ${Buffer.from('exotel key:exotel token').toString('base64')}`;
    expect((await ask(answer, httpEvent({ path: '/exotel/stream', query: `CallSid=${DASHBOARD}`, headers: { authorization } }))).status).toBe(200);
  });
});

describe('the legacy call flow', () => {
  it.each(['/exoml', '/callflow'])('%s tells one call in Exotel\'s XML', async (route) => {
    const { answer, callbacks } = await placed();
    const fields = new URLSearchParams({ CallSid: sid, CustomField: customField(EXOTEL_SECRET, first) }).toString();
    const talk = await ask(answer, httpEvent({ path: route, query: fields }));
    expect([talk.status, talk.headers['content-type']]).toEqual([200, 'application/xml; charset=utf-8']);
    expect(talk.text).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Response><Connect><Stream url="wss:\/\/media\.example\.com\/exotel\?ticket=v1\.[^"]+"\/><\/Connect><Hangup\/><\/Response>$/);
    await ask(callbacks, jsonEvent(path, { CallSid: sid, Status: 'completed' }, { query }));
    expect((await ask(answer, httpEvent({ path: route, query: fields }))).text).toContain('<Response><Hangup/></Response>');
    const forged = await ask(answer, httpEvent({ path: route, query: `CallSid=${sid}` }));
    expect([forged.status, forged.text.includes('<Say>')]).toEqual([403, true]);
  });

  it('opts out at key 9', async () => {
    const { answer, world } = await placed();
    const text = (await ask(answer, httpEvent({ path: '/exoml', query: new URLSearchParams({ CallSid: sid, digits: '9', CustomField: customField(EXOTEL_SECRET, first) }).toString() }))).text;
    expect(text).toContain('<Say>You will not be called again. Goodbye.</Say><Hangup/>');
    expect(await world.stores.suppressions.suppression(PHONE)).toBeDefined();
  });
});
