import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { cdkContext, describeStacks, resourcesOf } from './described.ts';

// Some of these describe the stacks anew: a second of work, and more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const require = createRequire(import.meta.url);
const variants = {
  'as it comes': {},
  'everything that can be asked for': {
    stage: 'prod', mediaIngress: 'cloudfront', network: 'nat', waf: true, tracing: true, alarmEmail: 'ops@example.com', policyFile: new URL('policy.json', import.meta.url).pathname,
    apiDomain: 'calls.example.com', apiCertificateArn: `arn:aws:acm:eu-west-1:${'1'.repeat(12)}:certificate/a`, siteDomain: 'www.example.com', siteCertificateArn: `arn:aws:acm:us-east-1:${'1'.repeat(12)}:certificate/b`,
    settings: { TWILIO_PHONE_NUMBER: '+12025550123' },
  },
};

describe('cdk.json', () => {
  it('sets the feature flags that this version of the CDK recommends, and no other', () => {
    const recommended = JSON.parse(readFileSync(require.resolve('aws-cdk-lib/recommended-feature-flags.json'), 'utf8')) as Record<string, unknown>;
    expect(cdkContext()).toEqual(recommended);
  });
});

describe.each(Object.entries(variants))('the templates, %s', (_name, context) => {
  const { out, templates } = describeStacks(context, { checked: true });
  const all = templates();

  it('satisfy cdk-nag, or say why not', () => {
    expect(JSON.parse(readFileSync(join(out, 'validation-report.json'), 'utf8'))).toMatchObject({ pluginReports: [] });
  });

  it('hold no secret: what is secret is a name or a reference', () => {
    const text = JSON.stringify(all);
    // Literals that look like credentials: Twilio's ids, AWS keys, ElevenLabs' keys, long random words in a variable.
    expect(text).not.toMatch(/\b(AC|SK)[0-9a-f]{32}\b/);
    expect(text).not.toMatch(/\bAKIA[0-9A-Z]{16}\b/);
    expect(text).not.toMatch(/\bsk_[0-9a-f]{20,}/);
    expect(text).not.toMatch(/AUTH_TOKEN|API_KEY|API_TOKEN|TICKET_SECRET|WEBHOOK_SECRET/);
    const variables = Object.values(all).flatMap((template) => Object.values(resourcesOf(template))).filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .flatMap(({ Properties }) => Object.entries((Properties['Environment'] as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {}));
    const origin = variables.filter(([name]) => name === 'ORIGIN_SECRET').map(([, value]) => JSON.stringify(value));
    expect(origin).toEqual([expect.stringContaining('{{resolve:secretsmanager:')]);
  });

  it('belong to no account and no region, but for what must stand in us-east-1', () => {
    const text = JSON.stringify(Object.fromEntries(Object.entries(all).filter(([name]) => !name.endsWith('-edge'))));
    expect(text.replaceAll(/arn:aws:acm:[^"]*/g, '')).not.toMatch(/\b\d{12}\b/);
    expect(text).not.toMatch(/"(availabilityZone|AvailabilityZone)":"[a-z]{2}-/);
  });

  it('are the same when they are made again', () => {
    expect(describeStacks(context).templates()).toEqual(all);
  });
});

describe('a setting of the business', () => {
  it('reaches the relay, which offers a transfer, and the function that dials it, alike', () => {
    const resources = Object.values(describeStacks({ settings: { TRANSFER_NUMBERS: '+12025550170,+12025550171', NOBODY_FREE_MESSAGE: 'Nobody is free.' } }).templates()).flatMap((template) => Object.values(resourcesOf(template)));
    const relays = resources.filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition').flatMap(({ Properties }) => Properties['ContainerDefinitions'] as { Environment: { Name: string; Value: unknown }[] }[]);
    for (const { Environment } of relays) expect(Environment).toEqual(expect.arrayContaining([{ Name: 'TRANSFER_NUMBERS', Value: '+12025550170,+12025550171' }, { Name: 'NOBODY_FREE_MESSAGE', Value: 'Nobody is free.' }]));
    const answers = resources.filter(({ Type, Properties }) => Type === 'AWS::Lambda::Function' && String(Properties['Description']).startsWith('Answer documents'))
      .map(({ Properties }) => (Properties['Environment'] as { Variables: Record<string, unknown> }).Variables['TRANSFER_NUMBERS']);
    expect([relays.length, answers]).toEqual([1, ['+12025550170,+12025550171']]);
  });
});
