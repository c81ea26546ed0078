// What a newcomer sees: npm start with its own phone network, the form, the lead that was talked with; and how it starts, stops, or says why not.
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { otherTwilio } from '#doubles/other-twilio.ts';
import { dataDirectory, freePort, fresh, processesOf, run, startStack, type Stack, type StackOptions } from './stack.ts';
import { until } from './until.ts';
import type { LeadSeen } from './world.ts';

let stack: Stack;
const directories: string[] = [];
beforeAll(async () => { stack = await startStack(); });
afterAll(async () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  await stack.stop();
});

const person = { name: 'Zoë "Zed" Müller', interest: 'a heat pump', timeZone: 'Europe/Berlin' };
const send = async (body: BodyInit, headers: Record<string, string>): Promise<{ status: number; body: { ok: boolean; leadId: string; status: string } }> => {
  const answer = await fetch(`${stack.base}/enquire`, { method: 'POST', body, headers: { ...headers, ...fresh } });
  return { status: answer.status, body: await answer.json() as { ok: boolean; leadId: string; status: string } };
};
const lead = async (leadId: string): Promise<LeadSeen> => ((await stack.api(`/api/leads/${leadId}`)).body as LeadSeen);
const reached = (leadId: string): Promise<LeadSeen> => until('the lead is reached', async () => {
  const seen = await lead(leadId);
  return seen.status === 'reached' && seen;
}, 70_000);

const leadKeys = ['attempts', 'calls', 'consent', 'createdAt', 'disposition', 'leadId', 'name', 'phone', 'status', 'summary', 'suppression', 'timeZone', 'timeline'];
const callKeys = ['answeredAt', 'answeredBy', 'attemptId', 'callId', 'callSid', 'carrier', 'conversationId', 'cost', 'direction', 'durationSeconds', 'endReason', 'endedAt', 'from', 'latency',
  'recordingUrl', 'startedAt', 'status', 'to', 'transcript', 'transfer', 'voiceId'];

/** Everything that DESIGN promises of a lead that was called and talked with. */
const isWhole = (seen: LeadSeen, phone: string): void => {
  expect(Object.keys(seen).toSorted()).toEqual(leadKeys);
  expect(seen).toMatchObject({ phone, name: person.name, timeZone: person.timeZone, status: 'reached' });
  expect(['interested', 'callback', 'not-interested']).toContain(seen.disposition);
  expect(Object.keys(seen.consent).toSorted()).toEqual(['at', 'formUrl', 'ip', 'text', 'textHash', 'userAgent']);
  expect(seen.consent.textHash).toMatch(/^[0-9a-f]{64}$/);
  expect(seen.attempts).toHaveLength(1);
  expect(Object.keys(seen.attempts[0]!).toSorted()).toEqual(['attemptId', 'callId', 'carrier', 'decision', 'dueAt', 'reason', 'state']);
  const [call] = seen.calls;
  expect(Object.keys(call!).toSorted()).toEqual(callKeys);
  expect(call).toMatchObject({ carrier: 'twilio', direction: 'outbound', to: phone, status: 'completed', endReason: 'agent-ended', attemptId: seen.attempts[0]!.attemptId });
  expect(seen.attempts[0]!.callId).toBe(call!.callId);
  expect(new Set(call!.transcript.map(({ role }) => role))).toEqual(new Set(['agent', 'caller']));
  expect(call!.transcript[0]!.role).toBe('agent');
  expect(call!.transcript.every(({ text, at }) => text.length > 0 && !Number.isNaN(Date.parse(at)))).toBe(true);
  expect(call!.durationSeconds).toBeGreaterThan(0);
  const times = [seen.createdAt, call!.startedAt!, call!.answeredAt!, call!.endedAt!].map((at) => Date.parse(at));
  // The carrier tells whole seconds: the first of them may begin before the enquiry's.
  expect(times.slice(1).every((at, i) => at >= times[i]! - 1000)).toBe(true);
  const { enquiryToDialMs, answerToFirstAudioMs, turnMs } = call!.latency;
  expect(Object.keys(call!.latency).toSorted()).toEqual(['answerToFirstAudioMs', 'enquiryToDialMs', 'turnMs']);
  expect(enquiryToDialMs).toBeGreaterThanOrEqual(0);
  expect(enquiryToDialMs).toBeLessThan(10_000);
  expect(answerToFirstAudioMs).toBeGreaterThan(0);
  expect(turnMs.length).toBeGreaterThan(0);
  expect(turnMs.every((ms) => ms >= 0 && ms < 20_000)).toBe(true);

  const at = seen.timeline.map((step) => step.at);
  expect(at).toEqual(at.toSorted());
  const order = ['enquiry-received', 'attempt-ready', 'attempt-dialling', 'stream-started', 'agent-connected', 'agent-heard', 'talk-ended', 'call-completed'];
  expect(seen.timeline.map(({ event }) => event).filter((event) => order.includes(event))).toEqual(order);
};


/** A start that comes to nothing: what it said, and how it ended. */
const fails = async (options: StackOptions): Promise<{ code: number | NodeJS.Signals; output: string }> => {
  const directory = dataDirectory();
  directories.push(directory);
  const started = await run({ directory, ...options });
  const code = await started.exit;
  await until('nothing is left of it', () => processesOf(directory).length === 0, 5000);
  return { code, output: started.output() };
};
/** Somebody else's server on a port of this machine. */
const squatter = async (): Promise<{ port: number; leave: () => void }> => {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  return { port, leave: () => { server.close(); } };
};

describe.concurrent('an enquiry', () => {
  test('sent as JSON is called, talked with and on record', { timeout: 90_000 }, async () => {
    const answer = await send(JSON.stringify({ ...person, phone: '+1 (202) 555-0100', consent: true }), { 'content-type': 'application/json' });
    expect(answer).toMatchObject({ status: 202, body: { ok: true, leadId: expect.stringMatching(/^lead_/), status: 'new' } });
    expect(Object.keys(answer.body).toSorted()).toEqual(['leadId', 'ok', 'status']);
    isWhole(await reached(answer.body.leadId), '+12025550100');
    const listed = ((await stack.api('/api/leads?status=reached')).body as { leads: { leadId: string; status: string }[] }).leads;
    expect(listed.map(({ leadId }) => leadId)).toContain(answer.body.leadId);
    const { calls: [call] } = await lead(answer.body.leadId);
    expect((await stack.api(`/api/calls/${call!.callId}`)).body).toMatchObject({ callId: call!.callId, status: 'completed', transcript: call!.transcript });
  });

  test('sent as a plain HTML form is called, talked with and on record', { timeout: 90_000 }, async () => {
    const form = new URLSearchParams({ ...person, phone: '+442079460000', consent: 'on' });
    const { status, body } = await send(form, {});
    expect(status).toBe(202);
    isWhole(await reached(body.leadId), '+442079460000');
  });

  test('sent twice with one Idempotency-Key is one lead, one call, one answer', async () => {
    const one = (): ReturnType<typeof send> => send(JSON.stringify({ phone: '+12025550101', consent: true }), { 'content-type': 'application/json', 'idempotency-key': 'the-same-key' });
    const answers = await Promise.all([one(), one(), one(), one()]);
    expect(new Set(answers.map(({ body }) => body.leadId)).size).toBe(1);
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    const busy = await until('the call came to nothing', async () => {
      const seen = await lead(answers.at(0)!.body.leadId);
      return seen.calls[0]?.status === 'busy' && seen;
    });
    expect(busy.attempts.filter(({ state }) => state !== 'scheduled')).toHaveLength(1);
    expect((await one()).body.leadId).toBe(busy.leadId);
  });

  test('whose agent cannot be had is asked for a key; who presses 1 is called back in five minutes', { timeout: 90_000 }, async () => {
    const { body } = await send(JSON.stringify({ ...person, phone: '+12025550116', consent: true }), { 'content-type': 'application/json' });
    const seen = await until('the callback is planned', async () => {
      const one = await lead(body.leadId);
      return one.disposition === 'callback' && one;
    }, 70_000);
    expect(seen).toMatchObject({ status: 'scheduled', attempts: [{ state: 'placed' }, { state: 'scheduled', reason: 'They asked to be called at this time.' }], calls: [{ endReason: 'agent-failed', status: 'completed' }] });
    expect(seen.timeline.filter(({ event }) => event === 'key-chosen').map(({ detail }) => detail)).toEqual(['call-me-back']);
  });

  test('tells the visitor\'s own page how the call is doing, and nothing about the visitor', { timeout: 90_000 }, async () => {
    const { body } = await send(JSON.stringify({ name: 'Secret Person', phone: '+12025550105', consent: true }), { 'content-type': 'application/json' });
    const seen = await until('the caller hung up', async () => {
      const answer = await fetch(`${stack.base}/enquire/${body.leadId}`, { headers: fresh });
      const text = await answer.text();
      expect(text).not.toMatch(/Secret|2025550105/);
      return /completed/.test(text) && text;
    }, 40_000);
    expect(JSON.parse(seen)).toMatchObject({ leadId: body.leadId, callStatus: 'completed' });
  });
});

describe.concurrent('npm start', { timeout: 60_000 }, () => {
  test.for(['PORT', 'RELAY_PORT'] as const)('says which port is taken, by the name of its variable (%s), and leaves nothing running', async (variable) => {
    const taken = await squatter();
    const { code, output } = await fails(variable === 'PORT' ? { port: taken.port } : { relayPort: taken.port });
    taken.leave();
    expect(code).toBe(1);
    expect(output).toContain(String(taken.port));
    expect(output).toMatch(new RegExp(`\\b${variable}\\b`));
    expect(output).not.toMatch(/\bat .*\.ts:\d+/);
  });

  test('names every variable that is wrong, at once, without repeating what it held', async () => {
    const wrong = {
      TWILIO_API_BASE_URL: 'no-address-at-all', TWILIO_ACCOUNT_SID: 'XYZ-not-a-sid', TWILIO_PHONE_NUMBER: '555-not-a-number', STREAM_TICKET_TTL_SECONDS: '-5-seconds', RECONCILE_AFTER_SECONDS: 'sooner',
      TELEPHONY_PROVIDER: 'carrier-pigeon', SKIP_WEBHOOK_SIGNATURE_VALIDATION: 'perhaps', PUBLIC_STREAM_URL: 'https://wrong.example.com',
    };
    const { code, output } = await fails({ env: wrong });
    expect(code).toBe(1);
    for (const [name, value] of Object.entries(wrong)) {
      expect(output).toMatch(new RegExp(`^\\s*${name}: `, 'm'));
      expect(output).not.toContain(value);
    }
    expect(output).not.toMatch(/\bat .*\.ts:\d+/);
  });

  test('refuses to skip signatures, or to be guarded by a short token, anywhere but on a local machine', async () => {
    const { code, output } = await fails({ env: { STAGE: 'production', SKIP_WEBHOOK_SIGNATURE_VALIDATION: 'true', ADMIN_TOKEN: 'short-one' } });
    expect(code).toBe(1);
    expect(output).toMatch(/SKIP_WEBHOOK_SIGNATURE_VALIDATION: /);
    expect(output).toMatch(/ADMIN_TOKEN: /);
  });

  test('says what runs where and what is simulated, and names variables that mean nothing any more', async () => {
    const stack = await startStack({ env: { TCX_API_URL: 'https://pbx.example.com' } });
    expect(stack.output()).toContain(stack.base);
    expect(stack.output()).toContain(stack.token);
    expect(stack.output()).toMatch(/Twilio.*simulated/);
    expect(stack.output()).toMatch(/ElevenLabs.*simulated/);
    expect(stack.output()).toMatch(/TCX_API_URL/);
    const health = await fetch(`${stack.base}/health`);
    expect(await health.json()).toMatchObject({ ok: true, parts: { database: 'works', relay: 'works' } });
    await stack.stop();
  });

  test('needs only an address to speak with another Twilio, and says that it is real', async () => {
    const twilio = await otherTwilio();
    const stack = await startStack({ env: { TWILIO_API_BASE_URL: twilio.url, TWILIO_ACCOUNT_SID: twilio.accountSid, TWILIO_AUTH_TOKEN: twilio.authToken, TWILIO_PHONE_NUMBER: twilio.number } });
    expect(stack.output()).toMatch(/Twilio.*REAL/);
    expect(stack.output()).toMatch(/ElevenLabs.*simulated/);
    await stack.stop();
    await twilio.stop();
  });

  test('stops at Ctrl-C in the middle of a call within a few seconds, and finds its data at the next start', async () => {
    const stack = await startStack();
    const answer = await fetch(`${stack.base}/enquire`, { method: 'POST', headers: { 'content-type': 'application/json', ...fresh }, body: JSON.stringify({ phone: '+12025550100', name: 'Ada', consent: true }) });
    const { leadId } = await answer.json() as { leadId: string };
    await until('they talk', async () => ((await stack.api(`/api/leads/${leadId}`)).body as { calls: { transcript: unknown[] }[] }).calls[0]?.transcript.length);
    const pressed = performance.now();
    stack.interrupt();
    expect(await stack.exit).toBe(0);
    expect(performance.now() - pressed).toBeLessThan(12_000);
    await until('nothing is left of it', () => processesOf(stack.directory).length === 0, 3000);

    const again = await startStack({ directory: stack.directory, port: stack.port, relayPort: stack.relayPort });
    const { body } = await again.api(`/api/leads/${leadId}`);
    expect(body).toMatchObject({ leadId, name: 'Ada' });
    expect((body as LeadSeen).calls).toHaveLength(1);
    await again.stop();
  });
});
