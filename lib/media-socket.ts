// The media socket through API Gateway: each message of the carrier becomes a POST to the relay, over a VPC link and a network load balancer.
import { Aws, Duration, Stack, type CfnElement } from 'aws-cdk-lib';
import { VpcLink } from 'aws-cdk-lib/aws-apigateway';
import { CfnAuthorizer, CfnIntegration, CfnRoute, CfnStage, WebSocketApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { NetworkLoadBalancer, Protocol, type INetworkLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import type { Config } from './config.ts';
import type { MediaNetwork } from './media-network.ts';
import { RELAY_PORT, type MediaRelay } from './media-relay.ts';
import { RingbackFunction } from './ringback-function.ts';

/** Every event that Twilio or Exotel sends. Anything else, and what is no JSON, goes to $default: a message without a route is answered with an error frame. */
const EVENTS = ['connected', 'start', 'media', 'dtmf', 'mark', 'stop', 'clear'];
/** The relay answers at once; a frame that waits longer is of no use to anybody. API Gateway's least is 50 ms. */
const FRAME_TIMEOUT_MS = 3000;
/** Under the account's 10,000 a second, which every HTTP and WebSocket API of the region and all @connections calls share. */
const THROTTLE = { rate: 8000, burst: 4000 };

export class MediaSocket extends Construct {
  /** `wss://…`: what the answer document names. */
  readonly streamUrl: string;
  readonly api: WebSocketApi;
  readonly balancer: NetworkLoadBalancer;
  readonly authorizer: RingbackFunction;
  readonly healthyTasks: Metric;
  private readonly stageName: string;

  constructor(scope: Construct, id: string, { config, network, relay }: { config: Config; network: MediaNetwork; relay: MediaRelay }) {
    super(scope, id);
    this.stageName = config.stage;
    this.balancer = this.balance(network, relay);
    const target = this.balancer.addListener('Frames', { port: 80, protocol: Protocol.TCP }).addTargets('Relay', {
      port: RELAY_PORT, protocol: Protocol.TCP, targets: [relay.service], deregistrationDelay: Duration.seconds(30),
      healthCheck: { protocol: Protocol.HTTP, path: '/health', interval: Duration.seconds(10), timeout: Duration.seconds(5), healthyThresholdCount: 2, unhealthyThresholdCount: 2 },
    });
    this.healthyTasks = new Metric({ namespace: 'AWS/NetworkELB', metricName: 'HealthyHostCount', dimensionsMap: { TargetGroup: target.targetGroupFullName, LoadBalancer: this.balancer.loadBalancerFullName } });

    this.api = new WebSocketApi(this, 'Api', { apiName: `ringback-${config.stage}-media`, description: 'Media streams of live calls', routeSelectionExpression: '$request.body.event' });
    this.streamUrl = `wss://${this.api.apiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${this.stageName}`;
    this.authorizer = new RingbackFunction(this, 'ConnectAuthorizer', { name: 'connect-authorizer', does: 'Admits media streams that Twilio signed', config, timeout: Duration.seconds(5), memoryMiB: 512 });
    this.authorizer.setVariable('PUBLIC_STREAM_URL', this.streamUrl);
    const routes = this.route(this.connectAuthorizer());
    this.addStage(routes);
  }

  /** Posting audio into live sockets and closing them; connections have no name before they exist. */
  grantManageConnections(relay: MediaRelay): void {
    const stack = Stack.of(this);
    const apiName = stack.getLogicalId(this.api.node.defaultChild as CfnElement);
    const connections = ['POST', 'GET', 'DELETE'].map((method) => {
      const path = `${this.stageName}/${method}/@connections/*`;
      accept(relay, { [`IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${apiName}>/${path}]`]: 'Connections have no name before they exist; this API, this stage, this method is as narrow as it goes.' });
      return stack.formatArn({ service: 'execute-api', resource: this.api.apiId, resourceName: path });
    });
    relay.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['execute-api:ManageConnections'], resources: connections }));
    relay.setVariable('PUBLIC_STREAM_URL', this.streamUrl);
  }

  /** V1 VPC links know network load balancers only, and WebSocket APIs know V1 only. */
  private balance(network: MediaNetwork, relay: MediaRelay): NetworkLoadBalancer {
    const securityGroup = new SecurityGroup(this, 'BalancerSecurityGroup', { vpc: network.vpc, description: 'Internal load balancer before the relay', allowAllOutbound: false });
    securityGroup.addEgressRule(relay.securityGroup, Port.tcp(RELAY_PORT), 'Frames and health checks');
    relay.securityGroup.addIngressRule(securityGroup, Port.tcp(RELAY_PORT), 'Frames and health checks');
    const balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc: network.vpc, vpcSubnets: network.closed, internetFacing: false, crossZoneEnabled: true, securityGroups: [securityGroup],
      // The VPC link arrives by PrivateLink, and nothing else is to: the group has no inbound rule, and none is asked for there.
      enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: false,
    });
    accept(balancer, { ELB2: 'Network load balancers log TLS connections only; this one has none.' });
    return balancer;
  }

  private connectAuthorizer(): CfnAuthorizer {
    const { lambda } = this.authorizer;
    const authorizer = new CfnAuthorizer(this, 'Authorizer', {
      apiId: this.api.apiId, name: 'twilio-signature', authorizerType: 'REQUEST', authorizerUri: `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/2015-03-31/functions/${lambda.functionArn}/invocations`,
      // None: a source that is missing from a handshake is answered 401 before our function is asked, and carriers send no Authorization.
      identitySource: [],
    });
    lambda.addPermission('MayAsk', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'), scope: this,
      sourceArn: Stack.of(this).formatArn({ service: 'execute-api', resource: this.api.apiId, resourceName: `authorizers/${authorizer.ref}` }),
    });
    return authorizer;
  }

  /** No route responses anywhere: what the relay answers to a POST must not be echoed to the carrier. */
  private route(authorizer: CfnAuthorizer): CfnRoute[] {
    const link = new VpcLink(this, 'Link', { targets: [this.balancer as INetworkLoadBalancer], description: 'Media frames to the relay' });
    const integration = new CfnIntegration(this, 'ToRelay', {
      apiId: this.api.apiId, integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: `http://${this.balancer.loadBalancerDnsName}/apigw/frame`,
      connectionType: 'VPC_LINK', connectionId: link.vpcLinkId, timeoutInMillis: FRAME_TIMEOUT_MS, passthroughBehavior: 'WHEN_NO_MATCH', payloadFormatVersion: '1.0',
      requestParameters: { 'integration.request.header.x-ws-connection-id': 'context.connectionId', 'integration.request.header.x-ws-event': 'context.routeKey' },
    });
    const to = { apiId: this.api.apiId, target: `integrations/${integration.ref}` };
    // A relay that does not answer refuses the handshake: the carrier then knows at once, and goes on with its document.
    const connect = new CfnRoute(this, 'Connect', { ...to, routeKey: '$connect', authorizationType: 'CUSTOM', authorizerId: authorizer.ref });
    const others = [...EVENTS, '$default', '$disconnect'].map((key) => {
      const route = new CfnRoute(this, `On ${key}`, { ...to, routeKey: key, authorizationType: 'NONE' });
      accept(route, { APIG4: 'WebSocket APIs authorize $connect and nothing else; a message can only come over a connection that was admitted there.' });
      return route;
    });
    return [connect, ...others];
  }

  private addStage(routes: CfnRoute[]): void {
    const stage = new CfnStage(this, 'Stage', {
      apiId: this.api.apiId, stageName: this.stageName, autoDeploy: true,
      defaultRouteSettings: { loggingLevel: 'OFF', dataTraceEnabled: false, detailedMetricsEnabled: false, throttlingRateLimit: THROTTLE.rate, throttlingBurstLimit: THROTTLE.burst },
    });
    for (const route of routes) stage.addResourceDependency(route);
    accept(stage, { APIG1: 'An access log has one line a message: 100 a second and call, more than the compute costs, and it says nothing that the relay\'s log of the stream does not.' });
  }
}
