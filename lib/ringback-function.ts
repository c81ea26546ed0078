// Every Lambda function of ours: one bundle, one role that may write its own log and nothing else until something is granted.
import { Aws, Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal, type IPrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import { bundleFunction } from './bundles.ts';
import type { Config } from './config.ts';
import type { Link, VariableName } from './link.ts';

export interface RingbackFunctionProps {
  /** The file in functions/handlers/ without its ending. */
  name: string;
  does: string;
  config: Config;
  timeout: Duration;
  memoryMiB?: number;
  /** Asks for the policy of permission to dial. */
  policy?: boolean;
  traced?: boolean;
}

export class RingbackFunction extends Construct implements Link {
  readonly lambda: LambdaFunction;
  readonly name: string;
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: RingbackFunctionProps) {
    super(scope, id);
    const { name, config } = props;
    this.name = name;
    const policyFile = props.policy ? config.policyFile : undefined;
    const logGroup = new LogGroup(this, 'Log', { retention: config.logRetentionDays as RetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    // Not AWSLambdaBasicExecutionRole: that one may write every log of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description: `Ringback ${config.stage}: ${props.does}` });
    logGroup.grantWrite(role);
    const traced = config.tracing && props.traced === true;
    this.lambda = new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X, architecture: Architecture.ARM_64, handler: 'index.handler', role, logGroup,
      code: Code.fromAsset(bundleFunction(name, policyFile ? { beside: { 'policy.json': policyFile } } : {}).directory),
      description: props.does, timeout: props.timeout, memorySize: props.memoryMiB ?? 512, tracing: traced ? Tracing.ACTIVE : Tracing.DISABLED,
      environment: { NODE_OPTIONS: '--enable-source-maps', STAGE: config.stage, LOG_LEVEL: config.logLevel, ...config.settings, ...(policyFile ? { POLICY_FILE: '/var/task/policy.json' } : {}) },
    });
    if (traced) accept(role, { 'IAM5[Resource::*]': 'X-Ray takes no resource: xray:PutTraceSegments and PutTelemetryRecords know `*` only.' });
    this.grantPrincipal = role;
  }

  setVariable(name: VariableName, value: string): void {
    this.lambda.addEnvironment(name, value);
  }

  allow(actions: string[], resources: string[]): void {
    this.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
  }
}

export const regionArn = (service: string, resource: string): string => `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
