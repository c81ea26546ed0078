// The attempts that are due: a queue with its dead letters, and the schedule group whose one-time schedules put later attempts into it.
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import type { Link } from './link.ts';

/** How long one message may be worked at. A dialer waits for its turn at the carrier inside this. */
export const DIAL_TIMEOUT = Duration.seconds(60);
/** After so many failures a message is looked at by people. The attempt itself is safe: the reconciler finds it in the table. */
const MAX_RECEIVES = 5;

export class DialQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  private readonly group: ScheduleGroup;
  private readonly role: Role;

  constructor(scope: Construct, id: string, { stage }: { stage: string }) {
    super(scope, id);
    const sealed = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy: RemovalPolicy.RETAIN };
    this.deadLetters = new Queue(this, 'DeadLetters', { ...sealed, retentionPeriod: Duration.days(14) });
    accept(this.deadLetters, { SQS3: 'This is the dead-letter queue itself.' });
    this.queue = new Queue(this, 'Queue', {
      ...sealed, retentionPeriod: Duration.days(4), deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
      // AWS asks for six times the function's time-out, so that a throttled poll never makes a message visible twice.
      visibilityTimeout: Duration.seconds(6 * DIAL_TIMEOUT.toSeconds()),
    });
    this.group = new ScheduleGroup(this, 'Later', { scheduleGroupName: `ringback-${stage}-attempts`, removalPolicy: RemovalPolicy.DESTROY });
    this.role = new Role(this, 'SchedulerRole', {
      description: 'What EventBridge Scheduler is while it puts a due attempt into the dial queue',
      // Not any scheduler in the world: only this account's, for this group.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account, 'aws:SourceArn': this.group.scheduleGroupArn } } }),
    });
    this.role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }));
  }

  /** Sending an attempt to the dialer. */
  grantSend(link: Link): void {
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }));
    link.setVariable('DIAL_QUEUE_URL', this.queue.queueUrl);
  }

  /** Planning, moving and cancelling attempts that are due later. */
  grantSchedule(link: Link): void {
    const schedules = this.schedulesArn();
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['scheduler:CreateSchedule', 'scheduler:UpdateSchedule', 'scheduler:DeleteSchedule'], resources: [schedules] }));
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({
      actions: ['iam:PassRole'], resources: [this.role.roleArn], conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    }));
    accept(link, { [`IAM5[Resource::arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/${this.group.scheduleGroupName}/*]`]: 'Schedules are named after attempts that do not exist yet; the group is as narrow as it goes, and holds nothing else.' });
    link.setVariable('DIAL_QUEUE_ARN', this.queue.queueArn);
    link.setVariable('DIAL_SCHEDULE_GROUP', this.group.scheduleGroupName);
    link.setVariable('DIAL_SCHEDULE_ROLE_ARN', this.role.roleArn);
  }

  /** Schedules are named after attempts, which do not exist yet: the group is as narrow as it goes. */
  private schedulesArn(): string {
    const stack = Stack.of(this);
    return stack.formatArn({ service: 'scheduler', resource: 'schedule', resourceName: `${this.group.scheduleGroupName}/*` });
  }
}
