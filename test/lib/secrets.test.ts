import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GetParametersByPathCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { notUploaded, uploadedNames } from '#lib/secret-names.ts';
import { planSecrets, secrets, type Ssm } from '../../bin/secrets.ts';

const sid = `AC${'0f'.repeat(16)}`;
const good = { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: 'f00d'.repeat(8), TWILIO_PHONE_NUMBER: '+12025550123', ELEVENLABS_API_KEY: 'sk_1234', ELEVENLABS_AGENT_ID: 'agent_1' };
const made = (): string => 'm'.repeat(64);
const plan = (given: Record<string, string>, there: Record<string, string> = {}) => planSecrets(given, there, made);

/** Systems Manager as a map, in pages of two. */
const parameterStore = (values = new Map<string, string>()) => ({
  values,
  ssm: { send: async (command: unknown) => {
    if (command instanceof PutParameterCommand) {
      expect(command.input).toMatchObject({ Type: 'SecureString', Overwrite: true });
      values.set(command.input.Name!, command.input.Value!);
      return {};
    }
    const { Path, NextToken, WithDecryption } = (command as GetParametersByPathCommand).input;
    expect(WithDecryption).toBe(true);
    const all = [...values].filter(([name]) => name.startsWith(`${Path}/`)).map(([Name, Value]) => ({ Name, Value }));
    const from = Number(NextToken ?? 0);
    return { Parameters: all.slice(from, from + 2), ...(all.length > from + 2 ? { NextToken: String(from + 2) } : {}) };
  } } as unknown as Ssm,
});

const run = async (env: Record<string, string>, args: string[], store = parameterStore()) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-secrets-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'env');
  writeFileSync(file, Object.entries(env).map(([name, value]) => `${name}=${value}\n`).join(''));
  const said: string[] = [];
  const code = await secrets([...args, '--env-file', file], () => store.ssm, (text) => said.push(text));
  return { code, said: said.join('\n'), values: store.values };
};

describe('npm run secrets', () => {
  it('writes what is new or changed, under the stage\'s path, and leaves the rest alone', async () => {
    const store = parameterStore(new Map([['/ringback/prod/TWILIO_AUTH_TOKEN', good.TWILIO_AUTH_TOKEN], ['/ringback/prod/ELEVENLABS_API_KEY', 'old'], ['/ringback/dev/TWILIO_AUTH_TOKEN', 'other stage']]));
    const { code, said, values } = await run({ ...good, STREAM_TICKET_SECRET: 's'.repeat(40) }, ['--stage', 'prod'], store);
    expect(code).toBe(0);
    expect(said).toContain('unchanged TWILIO_AUTH_TOKEN');
    expect(said).toContain('changed   ELEVENLABS_API_KEY');
    expect(said).toContain('new       TWILIO_ACCOUNT_SID');
    expect(values.get('/ringback/prod/ELEVENLABS_API_KEY')).toBe('sk_1234');
    expect(values.get('/ringback/dev/TWILIO_AUTH_TOKEN')).toBe('other stage');
  });

  it('never shows a value', async () => {
    const { said } = await run({ ...good, ADMIN_TOKEN: 'a-token-of-the-desk' }, ['--stage', 'prod']);
    for (const value of [...Object.values(good), 'a-token-of-the-desk']) expect(said).not.toContain(value);
  });

  it('writes nothing in a dry run, and asks AWS nothing', async () => {
    const store = parameterStore();
    const { code, said } = await run(good, ['--dry-run'], { ...store, ssm: { send: async () => { throw new Error('asked'); } } as unknown as Ssm });
    expect([code, store.values.size]).toEqual([0, 0]);
    expect(said).toContain('/ringback/dev/ (dry run: nothing is written)');
  });

  it('makes the ticket secret where nobody chose one, once', async () => {
    const store = parameterStore();
    await run(good, [], store);
    const first = store.values.get('/ringback/dev/STREAM_TICKET_SECRET')!;
    expect(first.length).toBeGreaterThanOrEqual(32);
    await run(good, [], store);
    expect(store.values.get('/ringback/dev/STREAM_TICKET_SECRET')).toBe(first);
  });

  it.each(['your_auth_token', 'your-auth-token-here', 'changeme', '<token>', 'xxxxxxxx', '...', 'REPLACE_ME'])('refuses the placeholder %s, and then writes nothing at all', async (placeholder) => {
    const { code, said, values } = await run({ ...good, TWILIO_AUTH_TOKEN: placeholder }, ['--stage', 'prod']);
    expect([code, values.size]).toEqual([1, 0]);
    expect(said).toContain('TWILIO_AUTH_TOKEN: is a placeholder, not a value');
  });

  it('refuses what the functions would refuse', () => {
    expect(plan({ ...good, TWILIO_PHONE_NUMBER: '202-555' }).problems).toEqual(['TWILIO_PHONE_NUMBER: must be an E.164 number such as +12025550123']);
    expect(plan({ ...good, STREAM_TICKET_SECRET: 'short' }).problems).toEqual(['STREAM_TICKET_SECRET: must have at least 32 characters']);
  });

  it('names what is missing for the chosen carrier, unless AWS has it already', () => {
    expect(plan({}).problems).toEqual(['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_PHONE_NUMBER', 'ELEVENLABS_API_KEY', 'ELEVENLABS_AGENT_ID'].map((name) => `${name}: is missing; without it no call can be made with twilio`));
    expect(plan({ TELEPHONY_PROVIDER: 'exotel', ELEVENLABS_API_KEY: 'k', ELEVENLABS_AGENT_ID: 'a' }).problems.map((problem) => problem.split(':')[0])).toEqual(['EXOTEL_ACCOUNT_SID', 'EXOTEL_API_KEY', 'EXOTEL_API_TOKEN', 'EXOTEL_EXOPHONE_NUMBER']);
    expect(plan({}, good).problems).toEqual([]);
  });

  it('leaves out what the stacks decide and what means one machine', () => {
    const { leftOut, put } = plan({ ...good, PORT: '3000', ADMIN_TOKEN: 'x'.repeat(20), CALLS_TABLE: 't', SOMETHING_ELSE: '1' });
    expect(leftOut).toEqual(['ADMIN_TOKEN', 'CALLS_TABLE', 'PORT', 'SOMETHING_ELSE']);
    expect(put.map(({ name }) => name)).toEqual([...Object.keys(good), 'STREAM_TICKET_SECRET'].sort());
  });

  it('has a place for every variable that the code knows: uploaded, or decided elsewhere', () => {
    const source = readFileSync(new URL('../../functions/house/env.ts', import.meta.url), 'utf8').split('const schema = z.object({')[1]!.split('\n});')[0]!;
    const known = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name!);
    expect(known.length).toBeGreaterThan(50);
    expect(known.filter((name) => !uploadedNames.includes(name) && !notUploaded.includes(name))).toEqual([]);
    expect([...uploadedNames, ...notUploaded].filter((name) => !known.includes(name))).toEqual([]);
  });

  it('tells of values that are in AWS and no longer in the file, and keeps them', () => {
    expect(plan(good, { OUTBOX_SECRET: 'x' })).toMatchObject({ onlyThere: ['OUTBOX_SECRET'], problems: [] });
  });

  it('says what is wrong with the stage or the file', async () => {
    expect(await run(good, ['--stage', 'Prod!'])).toMatchObject({ code: 2, said: expect.stringContaining('--stage: must be') as string });
    const said: string[] = [];
    expect(await secrets(['--env-file', '/nowhere/.env'], () => parameterStore().ssm, (text) => said.push(text))).toBe(2);
    expect(said.join('')).toContain('Copy .env.example to .env');
  });
});
