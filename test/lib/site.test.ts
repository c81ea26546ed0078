/* oxlint-disable vitest/expect-expect -- a Template's has… and …CountIs are assertions: they throw */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { routes } from '#handlers/routes.ts';
import { describeStacks, resourcesOf } from './described.ts';

// Some of these describe the stacks anew: a second of work, and more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const { stacks, template, templates } = describeStacks({ waf: true });
const site = template(stacks.site);
const resources = resourcesOf(templates()[stacks.site.stackName]!);
const distribution = Object.values(resources).find(({ Type }) => Type === 'AWS::CloudFront::Distribution')!.Properties['DistributionConfig'] as {
  CacheBehaviors: Record<string, unknown>[]; DefaultCacheBehavior: Record<string, unknown>; Origins: Record<string, unknown>[]; WebACLId: unknown;
};

describe('the site', () => {
  it('keeps its bucket closed: CloudFront reads it by origin access control, nobody else', () => {
    site.hasResourceProperties('AWS::S3::Bucket', { PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true } });
    site.resourceCountIs('AWS::CloudFront::OriginAccessControl', 1);
    site.hasResourceProperties('AWS::S3::BucketPolicy', { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' }, Condition: { StringEquals: Match.anyValue() } })]) } });
  });

  it('sends security headers with everything', () => {
    site.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', { ResponseHeadersPolicyConfig: { SecurityHeadersConfig: Match.objectLike({
      StrictTransportSecurity: { AccessControlMaxAgeSec: 31536000, IncludeSubdomains: false, Override: true }, ContentTypeOptions: { Override: true }, FrameOptions: { FrameOption: 'DENY', Override: true },
    }) } });
    const policy = JSON.stringify(Object.values(resources).find(({ Type }) => Type === 'AWS::CloudFront::ResponseHeadersPolicy'));
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).not.toContain('unsafe');
    for (const behavior of [distribution.DefaultCacheBehavior, ...distribution.CacheBehaviors]) expect(behavior['ResponseHeadersPolicyId']).toBeDefined();
  });

  it('lets the captcha in where its key is set', () => {
    const { stacks, templates } = describeStacks({ settings: { TURNSTILE_SITE_KEY: 'k' } });
    expect(JSON.stringify(templates()[stacks.site.stackName])).toContain("script-src 'self' https://challenges.cloudflare.com; frame-src https://challenges.cloudflare.com");
  });

  it('has the API under its own origin, uncached', () => {
    expect(distribution.CacheBehaviors.map(({ PathPattern }) => PathPattern)).toEqual(['/enquire', '/enquire/*', '/api/*', '/health']);
    for (const { CachePolicyId } of distribution.CacheBehaviors) expect(CachePolicyId).toBe('4135ea2d-6df8-44a3-9df3-4b5a84be39ad');
  });

  it('shows the API a header that only we know, and the visitor\'s address as CloudFront saw it', () => {
    const api = distribution.Origins.find(({ CustomOriginConfig }) => CustomOriginConfig)!;
    expect(JSON.stringify(api['OriginCustomHeaders'])).toMatch(/x-ringback-origin.*\{\{resolve:secretsmanager:/);
    site.hasResourceProperties('AWS::CloudFront::OriginRequestPolicy', { OriginRequestPolicyConfig: { HeadersConfig: { HeaderBehavior: 'whitelist', Headers: Match.arrayWith(['CloudFront-Viewer-Address', 'Idempotency-Key']) } } });
  });

  it('stands behind the web ACL where one is asked for, and behind none otherwise', () => {
    expect(JSON.stringify(distribution.WebACLId)).toContain('us-east-1');
    const plain = describeStacks();
    expect(plain.stacks.edge).toBeUndefined();
    expect(JSON.stringify(plain.templates()[plain.stacks.site.stackName])).not.toContain('WebACLId');
  });

  it('limits enquiries from one address where the web ACL stands', () => {
    template(stacks.edge!).hasResourceProperties('AWS::WAFv2::WebACL', { Scope: 'CLOUDFRONT', Rules: Match.arrayWith([Match.objectLike({ Name: 'enquiries-per-address', Statement: { RateBasedStatement: Match.objectLike({ Limit: 20, AggregateKeyType: 'IP' }) } })]) });
  });
});

describe('the public API', () => {
  const api = resourcesOf(templates()[stacks.telephony.stackName]!);
  const made = Object.values(api).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties);

  it('has the routes of functions/handlers/routes.ts, each to its function', () => {
    expect(made.map(({ RouteKey }) => String(RouteKey)).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
    for (const { method, path, to } of routes) {
      const route = made.find(({ RouteKey }) => RouteKey === `${method} ${path}`)!;
      const [, id] = /"Ref":"(\w+)"/.exec(JSON.stringify(route['Target']))!;
      expect(JSON.stringify(api[id!]!.Properties['IntegrationUri'])).toMatch(new RegExp(`Api${to}Function|"ApiFunction`, 'i'));
      expect(api[id!]!.Properties['PayloadFormatVersion']).toBe('2.0');
    }
  });

  it('asks for a console user\'s token where the routes say so, and nowhere else', () => {
    for (const { method, path, authenticated } of routes) {
      const route = made.find(({ RouteKey }) => RouteKey === `${method} ${path}`)!;
      expect([path, route['AuthorizationType']]).toEqual([path, authenticated ? 'JWT' : 'NONE']);
    }
    const [authorizer] = Object.values(api).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Authorizer');
    expect(JSON.stringify(authorizer!.Properties['JwtConfiguration'])).toContain('cognito-idp');
  });

  it('takes few enquiries a second', () => {
    template(stacks.telephony).hasResourceProperties('AWS::ApiGatewayV2::Stage', { RouteSettings: { 'POST /enquire': { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 } } });
  });

  it('logs neither addresses nor queries', () => {
    const stage = Object.values(api).find(({ Type }) => Type === 'AWS::ApiGatewayV2::Stage')!;
    expect(JSON.stringify(stage.Properties['AccessLogSettings'])).not.toMatch(/sourceIp|path|query|userAgent/i);
  });

  it('prints what is to be pasted into other consoles', () => {
    const outputs = (templates()[stacks.telephony.stackName]!['Outputs'] ?? {}) as Record<string, unknown>;
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['PublicBaseUrl', 'HealthUrl', 'TwilioFallbackUrl', 'TwilioStatusUrl', 'ElevenLabsWebhookUrl']));
  });
});

describe('the console\'s users', () => {
  it('are invited, use a second factor, and sign in by a code with PKCE', () => {
    template(stacks.data).hasResourceProperties('AWS::Cognito::UserPool', { AdminCreateUserConfig: { AllowAdminCreateUserOnly: true }, MfaConfiguration: 'ON', DeletionProtection: 'ACTIVE' });
    site.hasResourceProperties('AWS::Cognito::UserPoolClient', { AllowedOAuthFlows: ['code'], GenerateSecret: false, PreventUserExistenceErrors: 'ENABLED' });
  });
});
