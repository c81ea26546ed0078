// The media socket through CloudFront: the carrier's WebSocket itself reaches a relay task, by a VPC origin and an internal load balancer.
import { Duration } from 'aws-cdk-lib';
import {
  AllowedMethods, CachePolicy, Distribution, OriginProtocolPolicy, OriginRequestPolicy, PriceClass, ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { VpcOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer, ApplicationProtocol, ApplicationProtocolVersion, type CfnListener } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import type { Config } from './config.ts';
import { VPC_CIDR, type MediaNetwork } from './media-network.ts';
import { RELAY_PORT, type MediaRelay } from './media-relay.ts';

/** CALL_LIMIT_SECONDS where nothing else is set: functions/house/env.ts. */
const USUAL_CALL_LIMIT_SECONDS = 900;
/** The most that a target group allows. */
const MOST_DELAY_SECONDS = 3600;

export class MediaEdge extends Construct {
  /** `wss://…/twilio`: what the answer document names. */
  readonly streamUrl: string;
  readonly healthyTasks: Metric;

  constructor(scope: Construct, id: string, { config, network, relay }: { config: Config; network: MediaNetwork; relay: MediaRelay }) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'BalancerSecurityGroup', { vpc: network.vpc, description: 'Internal load balancer before the relay', allowAllOutbound: false });
    securityGroup.addEgressRule(relay.securityGroup, Port.tcp(RELAY_PORT), 'Streams and health checks');
    relay.securityGroup.addIngressRule(securityGroup, Port.tcp(RELAY_PORT), 'Streams and health checks');
    const { cloudFrontPrefixListId } = config;
    securityGroup.addIngressRule(cloudFrontPrefixListId ? Peer.prefixList(cloudFrontPrefixListId) : Peer.ipv4(VPC_CIDR), Port.tcp(80), 'CloudFront\'s network interfaces in this VPC');
    const balancer = new ApplicationLoadBalancer(this, 'Balancer', {
      vpc: network.vpc, vpcSubnets: network.closed, internetFacing: false, securityGroup, dropInvalidHeaderFields: true,
      // The relay pings every 15 s, and audio flows besides.
      idleTimeout: Duration.seconds(120),
    });
    accept(balancer, { ELB2: 'A log line a call that the relay writes, too; an environment-agnostic stack cannot name the region\'s log delivery account.' });
    const listener = balancer.addListener('Streams', { port: 80, protocol: ApplicationProtocol.HTTP, open: false });
    const callSeconds = Number(config.settings.CALL_LIMIT_SECONDS ?? USUAL_CALL_LIMIT_SECONDS);
    const target = listener.addTargets('Relay', {
      port: RELAY_PORT, protocol: ApplicationProtocol.HTTP, protocolVersion: ApplicationProtocolVersion.HTTP1, targets: [relay.service],
      // A task that goes gets no new streams and keeps its own until the longest call is over; ECS sends SIGTERM only then.
      deregistrationDelay: Duration.seconds(Math.min(MOST_DELAY_SECONDS, callSeconds + 60)),
      // Not /ready: a task that is full says no there, and would be killed for it.
      healthCheck: { path: '/health', interval: Duration.seconds(10), timeout: Duration.seconds(5), healthyThresholdCount: 2, unhealthyThresholdCount: 3 },
    });
    this.healthyTasks = new Metric({ namespace: 'AWS/ApplicationELB', metricName: 'HealthyHostCount', dimensionsMap: { TargetGroup: target.targetGroupFullName, LoadBalancer: balancer.loadBalancerFullName } });

    const distribution = new Distribution(this, 'Distribution', {
      comment: `Ringback ${config.stage}: media streams`, priceClass: PriceClass.PRICE_CLASS_ALL,
      defaultBehavior: {
        origin: VpcOrigin.withApplicationLoadBalancer(balancer, { protocolPolicy: OriginProtocolPolicy.HTTP_ONLY, httpPort: 80, readTimeout: Duration.seconds(60), keepaliveTimeout: Duration.seconds(60) }),
        allowedMethods: AllowedMethods.ALLOW_GET_HEAD, viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY, cachePolicy: CachePolicy.CACHING_DISABLED,
        // Sec-WebSocket-*, the query and the host that the carrier signed.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
      },
    });
    // The origin exists once something listens.
    distribution.node.addDependency(listener.node.defaultChild as CfnListener);
    accept(distribution, {
      CFR1: 'Carriers connect from wherever their media servers are; a country list would cut calls.',
      CFR2: 'No pages: one kind of request, a handshake that shows a ticket or is closed within 3 s. The site has the optional web ACL.',
      CFR3: 'The relay logs each stream with its call; CloudFront would add the carrier\'s addresses only.',
      CFR4: 'CloudFront\'s own certificate fixes TLS 1.0 as the least for viewers; with a domain and a certificate of your own it is TLS 1.2.',
      CFR5: 'From CloudFront to the load balancer the way is AWS\'s own network and this VPC.',
    });
    this.streamUrl = `wss://${distribution.distributionDomainName}/twilio`;
  }

  /** No permission: the socket itself comes to the relay, which must know the address that was signed. */
  tellAddress(relay: MediaRelay): void {
    relay.setVariable('PUBLIC_STREAM_URL', this.streamUrl);
  }
}
