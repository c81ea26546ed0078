import { describe, expect, it } from 'vitest';
import { EnvError, publicBase, publicStream, readEnv, retiredIn } from '#house/env.ts';

const problemsOf = (source: Record<string, string | undefined>): string[] => {
  try {
    readEnv(source);
    return [];
  } catch (error) {
    return (error as EnvError).problems.map((problem) => problem.split(':')[0]!);
  }
};

describe('the environment', () => {
  it('may be empty: everything has a default, or is not needed', () => {
    expect(readEnv({})).toMatchObject({ STAGE: 'local', PORT: 3000, RELAY_PORT: 3001, TWILIO_API_BASE_URL: 'https://api.twilio.com', RECONCILE_AFTER_SECONDS: 90, STREAM_TICKET_TTL_SECONDS: 120, AGENT_OPENS: 'answer' });
  });

  it('counts blank variables as absent, as an example file leaves them', () => {
    expect(readEnv({ PORT: '', TWILIO_ACCOUNT_SID: '   ', PUBLIC_BASE_URL: '\t' })).toEqual(readEnv({}));
  });

  it('reads addresses without a slash at their end, numbers, and yes and no', () => {
    expect(readEnv({ PUBLIC_BASE_URL: 'https://voice.example.com//', PORT: '0', TWILIO_RECORD_CALLS: 'yes', CALLS_PER_SECOND: '3.5', DEFAULT_COUNTRY_CODE: '+91' }))
      .toMatchObject({ PUBLIC_BASE_URL: 'https://voice.example.com', PORT: 0, TWILIO_RECORD_CALLS: true, CALLS_PER_SECOND: 3.5, DEFAULT_COUNTRY_CODE: '91' });
  });

  it('names every variable that is wrong at once, and never shows its value', () => {
    const source = { PORT: 'eighty', TWILIO_ACCOUNT_SID: 'my-secret-sid', TWILIO_PHONE_NUMBER: '5550006', PUBLIC_BASE_URL: 'voice.example.com', ADMIN_TOKEN: 'two words', RECONCILE_AFTER_SECONDS: '0', CALLS_PER_SECOND: '0', TELEPHONY_PROVIDER: 'carrier-pigeon', AGENT_OPENS: 'yesterday' };
    expect(problemsOf(source).sort()).toEqual(Object.keys(source).sort());
    expect(() => readEnv(source)).toThrowError(expect.objectContaining({ name: 'EnvError', message: expect.not.stringMatching(/my-secret-sid|eighty|pigeon|yesterday/) as string }) as Error);
  });

  it('refuses to leave signatures unchecked anywhere but on a local machine', () => {
    expect(readEnv({ SKIP_WEBHOOK_SIGNATURE_VALIDATION: 'true' }).SKIP_WEBHOOK_SIGNATURE_VALIDATION).toBe(true);
    expect(problemsOf({ SKIP_WEBHOOK_SIGNATURE_VALIDATION: 'true', STAGE: 'prod' })).toEqual(['SKIP_WEBHOOK_SIGNATURE_VALIDATION']);
    expect(problemsOf({ SKIP_WEBHOOK_SIGNATURE_VALIDATION: 'false', STAGE: 'prod' })).toEqual([]);
  });

  it('refuses short secrets anywhere but on a local machine', () => {
    const short = { ADMIN_TOKEN: 'short', STREAM_TICKET_SECRET: 'short' };
    expect(problemsOf(short)).toEqual([]);
    expect(problemsOf({ ...short, STAGE: 'prod' })).toEqual(expect.arrayContaining(Object.keys(short)));
  });

  it('gives the addresses under which carriers reach us', () => {
    expect([publicBase(readEnv({})), publicStream(readEnv({ RELAY_PORT: '4001' }))]).toEqual(['http://127.0.0.1:3000', 'ws://127.0.0.1:4001/twilio']);
    expect(publicBase(readEnv({ WEBHOOK_PUBLIC_BASE: 'https://old.example.com/' }))).toBe('https://old.example.com');
    expect(publicBase(readEnv({ WEBHOOK_PUBLIC_BASE: 'https://old.example.com', PUBLIC_BASE_URL: 'https://new.example.com' }))).toBe('https://new.example.com');
  });

  it('tells what took the place of variables that mean nothing any more', () => {
    expect(retiredIn({ REDIS_URL: 'redis://x', PORT: '3000', TCX_API_KEY: '' })).toEqual([expect.stringMatching(/^REDIS_URL .*DynamoDB/)]);
  });
});
