import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '#lib/config.ts';
import { cdkContext } from './described.ts';

const problems = (context: Record<string, unknown>): string[] => {
  try {
    readConfig(context);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('what may be chosen about a deployment', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({ stage: 'dev', mediaIngress: 'apigateway', network: 'public', waf: false, relayTasks: 2, relayCpu: 256, settings: {} });
  });

  it('takes cdk.json as it is', () => {
    expect(problems(cdkContext())).toEqual([]);
  });

  it('reads what the command line gives as text', () => {
    expect(readConfig({ stage: 'prod', relayTasks: '3', waf: 'true', relayCpu: '512', relayMemoryMiB: '1024' })).toMatchObject({ stage: 'prod', relayTasks: 3, waf: true, relayCpu: 512 });
  });

  it('prefers the command line to the stage\'s own values, and those to the defaults', () => {
    const stages = { prod: { relayTasks: 4, mediaIngress: 'cloudfront' }, test: { relayTasks: 1 } };
    expect(readConfig({ stages, stage: 'prod', relayTasks: '5' })).toMatchObject({ relayTasks: 5, mediaIngress: 'cloudfront' });
    expect(readConfig({ stages, stage: 'test' })).toMatchObject({ relayTasks: 1, mediaIngress: 'apigateway' });
  });

  it('names every wrong choice, in words that say what would be right', () => {
    expect(problems({ stage: 'Prod!', mediaIngress: 'direct', relayTasks: '0', waf: 'perhaps', alarmEmail: 'nobody' })).toEqual([
      'stage: must be 1 to 20 lower-case letters, digits and hyphens, a letter first',
      'mediaIngress: must be apigateway or cloudfront',
      'relayTasks: must be a whole number from 1 to 20',
      'waf: must be true or false',
      'alarmEmail: must be an e-mail address',
    ]);
  });

  it('refuses a name that it does not know, on the command line and in a stage', () => {
    expect(problems({ mediaIngres: 'cloudfront' })[0]).toMatch(/^mediaIngres: is not known; the names are stage, mediaIngress, /);
    expect(problems({ stage: 'prod', stages: { prod: { relaytasks: 3 } } })[0]).toMatch(/^relaytasks: is not known/);
    expect(problems({ settings: { TWILIO_AUTH_TOKEN: 'x' } })[0]).toMatch(/^settings\.TWILIO_AUTH_TOKEN: is not known; the names are TELEPHONY_PROVIDER, /);
  });

  it('refuses what does not go together', () => {
    expect(problems({ relayCpu: 1024, relayMemoryMiB: 512 })).toEqual(['relayMemoryMiB: must be one of 2048, 3072, 4096, 5120, 6144, 7168, 8192 with relayCpu 1024']);
    expect(problems({ relayTasks: 5, relayMaxTasks: 3 })).toEqual(['relayMaxTasks: must not be below relayTasks']);
    expect(problems({ relayTargetCalls: 30, relayCapacity: 20 })).toEqual(['relayTargetCalls: must not be above relayCapacity: tasks would be full before another is started']);
    expect(problems({ apiDomain: 'calls.example.com' })).toEqual(['apiDomain: and apiCertificateArn go together; give both or neither']);
  });
});
