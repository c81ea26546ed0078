import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { withSecrets } from '#house/secrets.ts';

afterEach(() => { vi.useRealTimers(); });

/** Each test has a path of its own: what was read is kept by path. */
const parameters = (prefix: string) => {
  const client = new SSMClient({ region: 'local' });
  const mock = mockClient(client);
  return { client, mock, source: { SECRETS_PREFIX: prefix, STAGE: 'prod' }, reads: () => mock.commandCalls(GetParametersByPathCommand).map((call) => call.args[0].input) };
};

describe('secrets', () => {
  it('leaves the environment as it is where no path is named', async () => {
    const { client, reads } = parameters('/unused');
    const source = { STAGE: 'local', TWILIO_AUTH_TOKEN: 'x' };
    expect(await withSecrets(source, client)).toBe(source);
    expect(reads()).toEqual([]);
  });

  it('lays the parameters of the path over the environment, page by page, decrypted', async () => {
    const { client, mock, source, reads } = parameters('/ringback/a');
    mock.on(GetParametersByPathCommand)
      .resolvesOnce({ Parameters: [{ Name: '/ringback/a/TWILIO_AUTH_TOKEN', Value: 'one' }], NextToken: 'more' })
      .resolvesOnce({ Parameters: [{ Name: '/ringback/a/STAGE', Value: 'two' }] });
    expect(await withSecrets(source, client)).toEqual({ ...source, TWILIO_AUTH_TOKEN: 'one', STAGE: 'two' });
    expect(reads()).toEqual([{ Path: '/ringback/a', WithDecryption: true }, { Path: '/ringback/a', WithDecryption: true, NextToken: 'more' }]);
  });

  it('reads them once for many events, and again after five minutes', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-11-21T12:00:00Z') });
    const { client, mock, source, reads } = parameters('/ringback/b');
    mock.on(GetParametersByPathCommand).resolvesOnce({ Parameters: [{ Name: '/ringback/b/A', Value: 'old' }] }).resolves({ Parameters: [{ Name: '/ringback/b/A', Value: 'new' }] });
    await Promise.all([withSecrets(source, client), withSecrets(source, client)]);
    vi.setSystemTime(Date.parse('2026-11-21T12:05:00Z'));
    expect(await withSecrets(source, client)).toMatchObject({ A: 'old' });
    expect(reads()).toHaveLength(1);
    vi.setSystemTime(Date.parse('2026-11-21T12:05:01Z'));
    expect(await withSecrets(source, client)).toMatchObject({ A: 'new' });
    expect(reads()).toHaveLength(2);
  });

  it('tells of a failed read, and asks again at the next event', async () => {
    const { client, mock, source } = parameters('/ringback/c');
    mock.on(GetParametersByPathCommand).rejectsOnce(new Error('denied')).resolves({ Parameters: [{ Name: '/ringback/c/A', Value: 'x' }] });
    await expect(withSecrets(source, client)).rejects.toThrow('denied');
    expect(await withSecrets(source, client)).toMatchObject({ A: 'x' });
  });
});
