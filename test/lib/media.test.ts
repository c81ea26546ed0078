/* oxlint-disable vitest/expect-expect -- a Template's has… and …CountIs are assertions: they throw */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { describeStacks, resourcesOf, type Resource } from './described.ts';

// Some of these describe the stacks anew: a second of work, and more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const described = { apigateway: describeStacks({ stage: 'prod' }), cloudfront: describeStacks({ stage: 'prod', mediaIngress: 'cloudfront' }) };
const media = (ingress: keyof typeof described): Record<string, Resource> => resourcesOf(described[ingress].templates()[`ringback-prod-media`]!);
const ofType = (resources: Record<string, Resource>, type: string): Resource[] => Object.values(resources).filter(({ Type }) => Type === type);

describe('the media socket through API Gateway', () => {
  const resources = media('apigateway');
  const routes = ofType(resources, 'AWS::ApiGatewayV2::Route');

  it('has a route for every event that carriers send, and one for everything else', () => {
    expect(routes.map(({ Properties }) => String(Properties['RouteKey'])).sort()).toEqual(['$connect', '$default', '$disconnect', 'clear', 'connected', 'dtmf', 'mark', 'media', 'start', 'stop']);
    expect(ofType(resources, 'AWS::ApiGatewayV2::Api')[0]!.Properties['RouteSelectionExpression']).toBe('$request.body.event');
  });

  it('asks the authorizer at $connect, and names no identity source, which would answer 401 before it is asked', () => {
    const authorizers = ofType(resources, 'AWS::ApiGatewayV2::Authorizer');
    expect(authorizers).toHaveLength(1);
    expect(authorizers[0]!.Properties).toMatchObject({ AuthorizerType: 'REQUEST', IdentitySource: [] });
    const connect = routes.find(({ Properties }) => Properties['RouteKey'] === '$connect')!;
    expect(connect.Properties).toMatchObject({ AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: expect.stringContaining('Authorizer') as string } });
  });

  it('posts every message to the relay over a V1 VPC link, with the connection and the route as headers', () => {
    const integrations = ofType(resources, 'AWS::ApiGatewayV2::Integration');
    expect(integrations).toHaveLength(1);
    expect(integrations[0]!.Properties).toMatchObject({
      IntegrationType: 'HTTP_PROXY', IntegrationMethod: 'POST', ConnectionType: 'VPC_LINK',
      RequestParameters: { 'integration.request.header.x-ws-connection-id': 'context.connectionId', 'integration.request.header.x-ws-event': 'context.routeKey' },
    });
    expect(JSON.stringify(integrations[0]!.Properties['IntegrationUri'])).toContain('/apigw/frame');
    expect(ofType(resources, 'AWS::ApiGateway::VpcLink')).toHaveLength(1);
    expect(ofType(resources, 'AWS::ApiGatewayV2::VpcLink')).toHaveLength(0);
  });

  it('echoes nothing to the carrier: no route has a response', () => {
    expect(ofType(resources, 'AWS::ApiGatewayV2::RouteResponse')).toHaveLength(0);
    for (const { Properties } of routes) expect(Properties['RouteResponseSelectionExpression']).toBeUndefined();
  });

  it('logs neither messages nor audio, and throttles below what the account shares', () => {
    const { Properties } = ofType(resources, 'AWS::ApiGatewayV2::Stage')[0]!;
    expect(Properties['DefaultRouteSettings']).toMatchObject({ DataTraceEnabled: false, LoggingLevel: 'OFF', DetailedMetricsEnabled: false, ThrottlingRateLimit: 8000, ThrottlingBurstLimit: 4000 });
    expect(Properties['AccessLogSettings']).toBeUndefined();
  });

  it('keeps the network load balancer inside, in two zones, and lets the VPC link through its security group', () => {
    expect(ofType(resources, 'AWS::ElasticLoadBalancingV2::LoadBalancer').map(({ Properties }) => Properties)).toEqual([expect.objectContaining({
      Type: 'network', Scheme: 'internal', EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'off',
    })]);
  });
});

describe('the media socket through CloudFront', () => {
  const resources = media('cloudfront');

  it('goes over a VPC origin to an internal load balancer, and there is no WebSocket API', () => {
    expect(ofType(resources, 'AWS::CloudFront::VpcOrigin')).toHaveLength(1);
    expect(ofType(resources, 'AWS::ApiGatewayV2::Api')).toHaveLength(0);
    expect(ofType(resources, 'AWS::ElasticLoadBalancingV2::LoadBalancer').map(({ Properties }) => [Properties['Type'], Properties['Scheme']])).toEqual([['application', 'internal']]);
  });

  it('passes the handshake on whole and caches nothing', () => {
    const config = ofType(resources, 'AWS::CloudFront::Distribution')[0]!.Properties['DistributionConfig'] as { DefaultCacheBehavior: Record<string, unknown> };
    // AWS's managed policies: CachingDisabled and AllViewer.
    expect(config.DefaultCacheBehavior).toMatchObject({ CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad', OriginRequestPolicyId: '216adef6-5c7f-47e4-b989-5492eafa07d3', ViewerProtocolPolicy: 'https-only' });
  });

  it('lets a task that goes keep its streams for as long as a call may last', () => {
    const delay = (context: Record<string, unknown>): unknown => {
      const { stacks, template } = describeStacks({ mediaIngress: 'cloudfront', ...context });
      return Object.values(template(stacks.media).findResources('AWS::ElasticLoadBalancingV2::TargetGroup')).map((group) =>
        ((group as Resource).Properties['TargetGroupAttributes'] as { Key: string; Value: string }[]).find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')!.Value);
    };
    expect(delay({})).toEqual(['960']);
    expect(delay({ settings: { CALL_LIMIT_SECONDS: '1800' } })).toEqual(['1860']);
  });

  it('gives no task protection, which would keep an old task taking new calls', () => {
    expect(JSON.stringify(resources)).not.toContain('TaskProtection');
  });

  it('admits CloudFront alone where its prefix list is known', () => {
    const { stacks, template } = describeStacks({ mediaIngress: 'cloudfront', cloudFrontPrefixListId: 'pl-0123456789abcdef0' });
    template(stacks.media).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { SourcePrefixListId: 'pl-0123456789abcdef0', FromPort: 80, ToPort: 80 });
    template(stacks.media).resourcePropertiesCountIs('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.anyValue() }, 0);
  });
});

describe.each(['apigateway', 'cloudfront'] as const)('the relay behind %s', (ingress) => {
  const { stacks, template } = described[ingress];
  const blueprint = template(stacks.media);

  it('runs on arm64, as nobody, on a file system that it cannot write, and has two minutes to stop', () => {
    blueprint.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' }, Cpu: '256', Memory: '512',
      ContainerDefinitions: [Match.objectLike({ User: '1000', ReadonlyRootFilesystem: true, StopTimeout: 120 })],
    });
  });

  it('is told how streams reach it', () => {
    blueprint.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Environment: Match.arrayWith([{ Name: 'MEDIA_INGRESS', Value: ingress }]) })],
    });
  });

  it('is replaced in a rolling way that can be undone, without waiting for the longest call', () => {
    blueprint.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 2,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100, MaximumPercent: 300, DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        EarlySuccessCriteria: { Enable: true, HealthyPercent: 100, SourceServiceRevisionCleanup: 'DEFERRED' },
      },
    });
  });

  it('grows with the average of calls per task', () => {
    blueprint.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: Match.objectLike({
        CustomizedMetricSpecification: Match.objectLike({ MetricName: 'ActiveCalls', Namespace: 'Ringback', Statistic: 'Average', Dimensions: [{ Name: 'Stage', Value: 'prod' }] }), TargetValue: 10,
      }),
    });
  });

  it('admits nobody but the load balancer and itself', () => {
    const open = Object.values(blueprint.findResources('AWS::EC2::SecurityGroup')).flatMap((group) => ((group as Resource).Properties['SecurityGroupIngress'] ?? []) as { CidrIp?: string }[]);
    expect(open.filter(({ CidrIp }) => CidrIp?.endsWith('/0'))).toEqual([]);
    const rules = Object.values(blueprint.findResources('AWS::EC2::SecurityGroupIngress')) as Resource[];
    for (const { Properties } of rules) expect(Properties['SourceSecurityGroupId']).toBeDefined();
    expect(rules).toHaveLength(2);
  });

  it('costs no NAT gateway unless asked for one', () => {
    blueprint.resourceCountIs('AWS::EC2::NatGateway', 0);
  });
});

describe('private subnets', () => {
  it('cost one NAT gateway, and tasks then have no address of their own', () => {
    const { stacks, template } = describeStacks({ network: 'nat' });
    template(stacks.media).resourceCountIs('AWS::EC2::NatGateway', 1);
    template(stacks.media).hasResourceProperties('AWS::ECS::Service', { NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) } });
  });
});
