// Where the relay lives. Public subnets for the tasks, which have addresses but admit nobody from outside; closed ones for load balancers.
import { FlowLogDestination, FlowLogTrafficType, GatewayVpcEndpointAwsService, IpAddresses, SubnetType, Vpc, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config.ts';

export const VPC_CIDR = '10.0.0.0/16';

export class MediaNetwork extends Construct {
  // The CDK's own declarations do not know exactOptionalPropertyTypes; hence the `as` on what is handed on.
  readonly vpc: IVpc;
  /** Where tasks run, and whether each has an address of its own. */
  readonly tasks: { subnets: SubnetSelection; publicAddress: boolean };
  /** Where internal load balancers stand: no way in or out. CloudFront's VPC origins ask for such subnets. */
  readonly closed: SubnetSelection = { subnetType: SubnetType.PRIVATE_ISOLATED };

  constructor(scope: Construct, id: string, { config }: { config: Config }) {
    super(scope, id);
    const nat = config.network === 'nat';
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(VPC_CIDR), maxAzs: 2, natGateways: nat ? 1 : 0, restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 22, mapPublicIpOnLaunch: false },
        { name: 'closed', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
        ...(nat ? [{ name: 'tasks', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 }] : []),
      ],
      // Free, and they keep the table's traffic and the image's layers off the NAT gateway.
      gatewayEndpoints: { Tables: { service: GatewayVpcEndpointAwsService.DYNAMODB }, Buckets: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    this.vpc = vpc as IVpc;
    this.tasks = nat ? { subnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS }, publicAddress: false } : { subnets: { subnetType: SubnetType.PUBLIC }, publicAddress: true };
    // Refused traffic only: what was let through is the calls themselves.
    const log = new LogGroup(this, 'FlowLog', { retention: RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'FlowLogRole', { assumedBy: new ServicePrincipal('vpc-flow-logs.amazonaws.com') });
    role.addToPolicy(new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], resources: [log.logGroupArn] }));
    this.vpc.addFlowLog('Refused', { trafficType: FlowLogTrafficType.REJECT, destination: FlowLogDestination.toCloudWatchLogs(log, role) });
  }
}
