// The nudges that set outcomes on their way to the CRM: a queue in which each lead keeps its own order, and where those that failed end up. The
// outcomes themselves are in the table; a nudge that is lost is sent again by the sweep.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { accept } from './accept.ts';
import type { Link } from './link.ts';

/** One delivery may take as long as the business's endpoint may. */
export const DELIVER_TIMEOUT = Duration.seconds(60);
const MAX_RECEIVES = 5;

export class OutboxQueue extends Construct {
  readonly nudges: Queue;
  readonly deadNudges: Queue;
  /** Places in the table's stream at which an outcome could not be written down. */
  readonly unnoted: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const sealed = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy: RemovalPolicy.RETAIN };
    const ends = { ...sealed, retentionPeriod: Duration.days(14) };
    this.unnoted = new Queue(this, 'Unnoted', ends);
    this.deadNudges = new Queue(this, 'DeadNudges', { ...ends, fifo: true });
    for (const queue of [this.unnoted, this.deadNudges]) accept(queue, { SQS3: 'This is a dead-letter queue itself.' });
    this.nudges = new Queue(this, 'Nudges', {
      ...sealed, fifo: true, retentionPeriod: Duration.days(4), visibilityTimeout: Duration.seconds(6 * DELIVER_TIMEOUT.toSeconds()), deadLetterQueue: { queue: this.deadNudges, maxReceiveCount: MAX_RECEIVES },
    });
  }

  grantNudge(link: Link): void {
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.nudges.queueArn] }));
    link.setVariable('OUTBOX_QUEUE_URL', this.nudges.queueUrl);
  }
}
