// The relay as a Fargate service: tasks that carry calls, replaced without cutting one, and added when calls per task rise.
import { Duration, RemovalPolicy, Stack, type CfnElement } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Cluster, ContainerImage, CpuArchitecture, FargateService, FargateTaskDefinition, LogDriver, OperatingSystemFamily, type CfnService, type ContainerDefinition, type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, type IPrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { accept, quiet } from './accept.ts';
import { bundleRelay } from './bundles.ts';
import type { Config } from './config.ts';
import type { Link, VariableName } from './link.ts';
import type { MediaNetwork } from './media-network.ts';

export const RELAY_PORT = 3001;
/** Written by the relay in its log as embedded metrics. */
export const METRICS = 'Ringback';
/** Fargate's most. Between SIGTERM and SIGKILL a task hands its calls over. */
const STOP_TIMEOUT = Duration.seconds(120);

export class MediaRelay extends Construct implements Link {
  readonly service: FargateService;
  readonly securityGroup: SecurityGroup;
  readonly grantPrincipal: IPrincipal;
  private readonly container: ContainerDefinition;

  constructor(scope: Construct, id: string, { config, network }: { config: Config; network: MediaNetwork }) {
    super(scope, id);
    const cluster = new Cluster(this, 'Cluster', { vpc: network.vpc });
    accept(cluster, { ECS4: 'Container Insights bills dozens of custom metrics a service; the relay writes the few that matter by itself (ActiveCalls and friends).' });
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: config.relayCpu, memoryLimitMiB: config.relayMemoryMiB, runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    });
    const image = new DockerImageAsset(this, 'Image', { directory: bundleRelay(config.policyFile ? { beside: { 'policy.json': config.policyFile } } : {}).directory, platform: Platform.LINUX_ARM64 });
    const logGroup = new LogGroup(this, 'Log', { retention: config.logRetentionDays as RetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    this.container = task.addContainer('relay', {
      image: ContainerImage.fromDockerImageAsset(image), logging: LogDriver.awsLogs({ logGroup, streamPrefix: 'relay' }), stopTimeout: STOP_TIMEOUT,
      user: '1000', readonlyRootFilesystem: true, portMappings: [{ containerPort: RELAY_PORT }],
      environment: {
        STAGE: config.stage, LOG_LEVEL: config.logLevel, RELAY_PORT: String(RELAY_PORT), MEDIA_INGRESS: config.mediaIngress, RELAY_CAPACITY: String(config.relayCapacity), ...config.settings,
        ...(config.policyFile ? { POLICY_FILE: '/app/policy.json' } : {}),
      },
    });
    this.grantPrincipal = task.taskRole;
    accept(task, { ECS2: 'These variables are names, addresses and numbers; secrets are read from Systems Manager by the process.' });
    accept(task.obtainExecutionRole(), { 'IAM5[Resource::*]': 'ecr:GetAuthorizationToken takes no resource.' });

    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', { vpc: network.vpc, description: 'Relay tasks: reached by the load balancer and by each other', allowAllOutbound: true });
    this.securityGroup.addIngressRule(this.securityGroup, Port.tcp(RELAY_PORT), 'A frame that arrived at another task than the owner of its call');
    this.service = new FargateService(this, 'Service', {
      cluster: cluster as ICluster, taskDefinition: task, desiredCount: config.relayTasks, securityGroups: [this.securityGroup], vpcSubnets: network.tasks.subnets, assignPublicIp: network.tasks.publicAddress,
      // Old tasks stay while they talk, and the new ones stand beside them: up to three times as many for a while.
      minHealthyPercent: 100, maxHealthyPercent: 300, circuitBreaker: { enable: true, rollback: true }, healthCheckGracePeriod: Duration.seconds(60),
    });
    // The deployment is done when the new tasks are healthy; old ones drain in the background. Without it CloudFormation waits for the longest
    // call, three hours at most, and then rolls back a deployment that was good. The L2 construct does not know the property yet,
    // nor does cfn-lint 1.51; CloudFormation's own schema does (CfnService in aws-cdk-lib 2.276).
    const service = this.service.node.defaultChild as CfnService;
    service.addPropertyOverride('DeploymentConfiguration.EarlySuccessCriteria', {
      Enable: true, HealthyPercent: 100, SourceServiceRevisionCleanup: 'DEFERRED',
    });
    quiet(service, 'E3002');
    // Behind API Gateway a task that talks asks not to be stopped. Behind a load balancer that would keep an old task in the target group for
    // ever, taking new calls: there the deregistration delay does the work.
    if (config.mediaIngress === 'apigateway') this.grantTaskProtection(cluster);
    const scaling = this.service.autoScaleTaskCount({ minCapacity: config.relayTasks, maxCapacity: config.relayMaxTasks });
    // The average, not the maximum: calls stay where they are, so the fullest task says nothing about the next one.
    scaling.scaleToTrackCustomMetric('CallsPerTask', {
      metric: this.metric(config, 'ActiveCalls', 'Average'), targetValue: config.relayTargetCalls, scaleOutCooldown: Duration.seconds(30), scaleInCooldown: Duration.minutes(5),
    });
  }

  setVariable(name: VariableName, value: string): void {
    this.container.addEnvironment(name, value);
  }

  metric(config: Config, metricName: string, statistic: string): Metric {
    return new Metric({ namespace: METRICS, metricName, dimensionsMap: { Stage: config.stage }, statistic, period: Duration.minutes(1) });
  }

  private grantTaskProtection(cluster: Cluster): void {
    const tasks = cluster.arnForTasks('*');
    this.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({
      actions: ['ecs:GetTaskProtection', 'ecs:UpdateTaskProtection'], resources: [tasks], conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
    }));
    const name = Stack.of(this).getLogicalId(cluster.node.defaultChild as CfnElement);
    accept(this, { [`IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/<${name}>/*]`]: 'Tasks are named when they start, and a task may only know itself at run time: this cluster\'s, and it has one service.' });
  }
}
