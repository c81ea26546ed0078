// Starting and stopping, from outside: one command, clear words when it cannot be, and nothing left of it afterwards.
import { createServer } from 'node:net';
import { rmSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { otherTwilio } from '#doubles/other-twilio.ts';
import { dataDirectory, freePort, processesOf, run, startStack, type StackOptions } from './stack.ts';
import { until } from './until.ts';
import type { LeadSeen } from './world.ts';

const directories: string[] = [];
afterAll(() => { for (const directory of directories) rmSync(directory, { recursive: true, force: true }); });

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
  const answer = await fetch(`${stack.base}/enquire`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ phone: '+12025550100', name: 'Ada', consent: true }) });
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
