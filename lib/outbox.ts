// What came of a lead, on its way to the CRM: noted from the table's stream, delivered from a queue, looked after every minute.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { CallStore } from './call-store.ts';
import type { Config } from './config.ts';
import { DELIVER_TIMEOUT, type OutboxQueue } from './outbox-queue.ts';
import { RingbackFunction } from './ringback-function.ts';

/** A record of the stream is tried so often, alone in the end, before it is set aside and the others go on. */
const STREAM_TRIES = 20;
/** Endpoints of businesses are small: not more of our deliveries at once than this. */
const DELIVERIES = 5;

export class Outbox extends Construct {
  readonly note: RingbackFunction;
  readonly deliver: RingbackFunction;
  readonly deliverDue: RingbackFunction;

  constructor(scope: Construct, id: string, { config, callStore, outboxQueue }: { config: Config; callStore: CallStore; outboxQueue: OutboxQueue }) {
    super(scope, id);
    this.note = new RingbackFunction(this, 'Note', { name: 'outbox', does: 'Writes down what came of a lead', config, timeout: Duration.seconds(30) });
    callStore.grantStream(this.note);
    this.note.allow(['sqs:SendMessage'], [outboxQueue.unnoted.queueArn]);
    new CfnEventSourceMapping(this, 'LeadsFromStream', {
      functionName: this.note.lambda.functionName, eventSourceArn: callStore.calls.tableStreamArn!, startingPosition: 'TRIM_HORIZON', batchSize: 100, maximumRetryAttempts: STREAM_TRIES,
      bisectBatchOnFunctionError: true, functionResponseTypes: ['ReportBatchItemFailures'], destinationConfig: { onFailure: { destination: outboxQueue.unnoted.queueArn } },
      // The lead's own item only: nine of ten changes are events and turns of calls.
      filterCriteria: { filters: [{ pattern: JSON.stringify({ dynamodb: { Keys: { sk: { S: ['LEAD'] } } } }) }] },
    });

    this.deliver = new RingbackFunction(this, 'Deliver', { name: 'deliver', does: 'Delivers outcomes to the business\'s endpoint', config, timeout: DELIVER_TIMEOUT });
    this.deliver.allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'], [outboxQueue.nudges.queueArn]);
    new CfnEventSourceMapping(this, 'DeliveriesFromQueue', {
      functionName: this.deliver.lambda.functionName, eventSourceArn: outboxQueue.nudges.queueArn, batchSize: 1, functionResponseTypes: ['ReportBatchItemFailures'], scalingConfig: { maximumConcurrency: DELIVERIES },
    });

    this.deliverDue = new RingbackFunction(this, 'DeliverDue', { name: 'deliver-due', does: 'Sends outcomes on their way again when they are due', config, timeout: Duration.seconds(55) });
    new Rule(this, 'EveryMinute', {
      description: 'Outcomes that are due again', schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new FunctionTarget(this.deliverDue.lambda, { event: RuleTargetInput.fromObject({ sweep: true }), retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
