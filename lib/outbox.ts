// What came of a lead, on its way to the CRM: noted from the table's stream, delivered from a queue, looked after every minute.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { CallStore } from './call-store.ts';
import type { Config } from './config.ts';
import { METRICS } from './media-relay.ts';
import { DELIVER_TIMEOUT, type OutboxQueue } from './outbox-queue.ts';
import { RingbackFunction } from './ringback-function.ts';

/** A record of the stream is tried so often, alone in the end, before it is set aside and the others go on. */
const STREAM_TRIES = 20;
/** Endpoints of businesses are small: not more of our deliveries at once than this. */
const DELIVERIES = 5;

/** By the pauses of functions/outbox/verdict.ts, a message that has failed so often has waited for ten to twenty minutes. */
const TRIES_BEFORE_ALARM = 8;

export class Outbox extends Construct {
  readonly note: RingbackFunction;
  readonly deliver: RingbackFunction;
  readonly deliverDue: RingbackFunction;
  /** Counts outcomes that were given up, and tries of those that have failed for about twenty minutes. */
  readonly inTrouble: Metric;

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

    // The words are those of functions/handlers/deliver.ts; a blueprint holds the two together.
    this.inTrouble = new MetricFilter(this, 'InTrouble', {
      logGroup: this.deliver.lambda.logGroup, metricNamespace: METRICS, metricName: 'OutcomesInTrouble', metricValue: '1', dimensions: { Stage: '$.stage' },
      filterPattern: FilterPattern.any(
        FilterPattern.stringValue('$.message', '=', 'outcome given up'),
        FilterPattern.all(FilterPattern.stringValue('$.message', '=', 'outcome not delivered yet'), FilterPattern.numberValue('$.tries', '>=', TRIES_BEFORE_ALARM)),
      ),
    }).metric({ dimensionsMap: { Stage: config.stage }, statistic: 'Sum', period: Duration.minutes(5) });

    this.deliverDue = new RingbackFunction(this, 'DeliverDue', { name: 'deliver-due', does: 'Sends outcomes on their way again when they are due', config, timeout: Duration.seconds(55) });
    new Rule(this, 'EveryMinute', {
      description: 'Outcomes that are due again', schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new FunctionTarget(this.deliverDue.lambda, { event: RuleTargetInput.fromObject({ sweep: true }), retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
