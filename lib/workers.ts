// What works without being asked over HTTP: the dialer on its queue, the reconciler every minute.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { DIAL_TIMEOUT, type DialQueue } from './dial-queue.ts';
import { RingbackFunction } from './ringback-function.ts';

/** Dialers at once. They take turns at the carrier anyway, so more would only wait, and be paid for it. The event source's least is 2. */
const DIALERS = 2;

export class Workers extends Construct {
  readonly dial: RingbackFunction;
  readonly reconcile: RingbackFunction;

  constructor(scope: Construct, id: string, { config, dialQueue }: { config: Config; dialQueue: DialQueue }) {
    super(scope, id);
    this.dial = new RingbackFunction(this, 'Dial', { name: 'dial', does: 'Asks the carrier to place calls that are due', config, timeout: DIAL_TIMEOUT, policy: true, traced: true });
    this.dial.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'], resources: [dialQueue.queue.queueArn],
    }));
    // One at a time: a message's failure is its own, and a turn at the carrier is taken for one call.
    new CfnEventSourceMapping(this, 'DialsFromQueue', {
      functionName: this.dial.lambda.functionName, eventSourceArn: dialQueue.queue.queueArn, batchSize: 1, functionResponseTypes: ['ReportBatchItemFailures'], scalingConfig: { maximumConcurrency: DIALERS },
    });

    this.reconcile = new RingbackFunction(this, 'Reconcile', { name: 'reconcile', does: 'Looks after attempts and calls of which nothing was heard', config, timeout: Duration.seconds(55), policy: true });
    // A run that is late is of no use: the next one does its work.
    new Rule(this, 'EveryMinute', {
      description: 'Reconciliation', schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new FunctionTarget(this.reconcile.lambda, { event: RuleTargetInput.fromObject({ sweep: true }), retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
