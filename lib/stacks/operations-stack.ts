// Alarms and the dashboard over all the other stacks. It owns nothing that runs: it can be torn down and put up again at any time.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { Alarms, metricOf, sum } from '../alarms.ts';
import type { Config } from '../config.ts';
import { Dashboard } from '../dashboard.ts';
import type { RingbackFunction } from '../ringback-function.ts';
import type { DataStack } from './data-stack.ts';
import type { MediaStack } from './media-stack.ts';
import type { TelephonyStack } from './telephony-stack.ts';
import type { WorkersStack } from './workers-stack.ts';

export interface OperationsStackProps extends StackProps {
  config: Config;
  data: DataStack;
  media: MediaStack;
  telephony: TelephonyStack;
  workers: WorkersStack;
}

const MINUTE = Duration.minutes(1);
const FIVE = Duration.minutes(5);
const HOUR = Duration.hours(1);
/** Carriers hang up on an answer document after 15 s; a caller on a silent line much earlier. */
const SLOW_ANSWER_MS = 3000;

export class OperationsStack extends Stack {
  readonly alarms: Alarms;

  constructor(scope: Construct, id: string, { config, data, media, telephony, workers, ...props }: OperationsStackProps) {
    super(scope, id, props);
    const alarms = new Alarms(this, 'Alarms', { stage: config.stage, email: config.alarmEmail });
    this.alarms = alarms;
    const { enquire, answer, callbacks, api, health } = telephony.telephony.functions;
    const { dial, reconcile } = workers.workers;
    const { queue, deadLetters } = data.dialQueue;
    const { note, deliver, deliverDue } = workers.outbox;
    const every = [enquire, answer, callbacks, api, health, dial, reconcile, note, deliver, deliverDue, ...(media.socket ? [media.socket.authorizer] : [])];
    const visible = (dead: Queue): Metric => dead.metricApproximateNumberOfMessagesVisible({ period: FIVE, statistic: 'Maximum' });
    const errors = (fn: RingbackFunction): Metric => fn.lambda.metricErrors({ period: FIVE });
    const faults = metricOf('AWS/ApiGateway', '5xx', { ApiId: data.publicApi.api.apiId }, 'Sum', FIVE);
    const answerMs = answer.lambda.metricDuration({ period: FIVE, statistic: 'p99' });
    const calls = media.relay.metric(config, 'ActiveCalls', 'Average');
    const faulty = media.relay.metric(config, 'AgentFaults', 'Sum').with({ period: FIVE });
    const waiting = queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: 'Maximum' });
    const dialled = queue.metricNumberOfMessagesSent({ period: HOUR, statistic: 'Sum' });

    alarms.watch({ entry: 'api-failing', says: 'Enquiries, answer documents, callbacks or the console get 5xx answers.', metric: faults, threshold: 3 });
    alarms.watch({ entry: 'answer-slow', says: 'People who answered the phone wait for the answer document.', metric: answerMs, threshold: SLOW_ANSWER_MS, outOf: [2, 3] });
    // Of the whole account: the limit is the account's, and one metric costs less than eight.
    alarms.watch({ entry: 'functions-throttled', says: 'Lambda refused to run a function: the account\'s concurrency is used up.', metric: metricOf('AWS/Lambda', 'Throttles', {}, 'Sum', FIVE), threshold: 1 });
    alarms.watch({ entry: 'dialer-failing', says: 'The dialer ended with errors: phones do not ring.', metric: errors(dial), threshold: 3 });
    alarms.watch({ entry: 'dial-queue-late', says: 'An attempt that was due has waited for five minutes.', metric: waiting, threshold: FIVE.toSeconds(), outOf: [3, 3] });
    alarms.watch({ entry: 'dial-dead-letters', says: 'An attempt could not be dialled after five tries of its message.', metric: visible(deadLetters), threshold: 1 });
    alarms.watch({ entry: 'dialling-more-than-usual', says: `More than ${config.dialsPerHourAlarm} attempts in an hour: a campaign, or abuse of the form. It costs money.`, metric: dialled, threshold: config.dialsPerHourAlarm });
    alarms.watch({ entry: 'reconciler-silent', says: 'The reconciler has not run for ten minutes: lost callbacks stay lost.', metric: reconcile.lambda.metricInvocations({ period: FIVE }), threshold: 1, below: true, missingIsBad: true, outOf: [2, 2] });
    alarms.watch({ entry: 'reconciler-failing', says: 'The reconciler ends with errors.', metric: errors(reconcile), threshold: 3, outOf: [2, 2] });
    alarms.watch({ entry: 'relay-down', says: 'No healthy relay task: people answer the phone and hear nothing.', metric: media.healthyTasks.with({ period: MINUTE, statistic: 'Maximum' }), threshold: 1, below: true, missingIsBad: true, outOf: [2, 3] });
    alarms.watch({ entry: 'relay-silent', says: 'No relay task has reported its calls for five minutes.', metric: media.relay.metric(config, 'ActiveCalls', 'SampleCount').with({ period: FIVE }), threshold: 1, below: true, missingIsBad: true });
    alarms.watch({ entry: 'agent-failing', says: 'The agent could not be had, or broke off: callers hear an apology instead.', metric: faulty, threshold: 3 });
    alarms.watch({ entry: 'relay-full', says: 'Relay tasks are nearly full, and no more are being added in time.', metric: calls, threshold: Math.ceil(config.relayCapacity * 0.8), outOf: [3, 3] });
    alarms.watch({ entry: 'table-failing', says: 'DynamoDB refuses requests: more at once than it is ready for.', metric: sum([
      metricOf('AWS/DynamoDB', 'ReadThrottleEvents', { TableName: data.callStore.calls.tableName }, 'Sum', FIVE),
      metricOf('AWS/DynamoDB', 'WriteThrottleEvents', { TableName: data.callStore.calls.tableName }, 'Sum', FIVE),
    ], FIVE), threshold: 1 });
    alarms.watch({ entry: 'outbox-unnoted', says: 'What came of a lead could not be written down for the CRM.', metric: visible(data.outboxQueue.unnoted), threshold: 1 });
    alarms.watch({ entry: 'outbox-dead-nudges', says: 'The outbox failed five times at one lead: not the business\'s endpoint, but our own side.', metric: visible(data.outboxQueue.deadNudges), threshold: 1 });
    alarms.watch({ entry: 'outbox-endpoint-failing', says: 'The business\'s endpoint does not take outcomes, or they were given up.', metric: workers.outbox.inTrouble, threshold: 1 });
    if (media.socket) {
      alarms.watch({ entry: 'relay-lost', says: 'A relay task was gone while it carried calls; other tasks went on with them.', metric: media.relay.metric(config, 'OrphanedCalls', 'Sum').with({ period: FIVE }), threshold: 1 });
      const api = { ApiId: media.socket.api.apiId };
      alarms.watch({ entry: 'stream-frames-lost', says: 'API Gateway could not hand frames to the relay: callers are not heard.', metric: metricOf('AWS/ApiGateway', 'IntegrationError', api, 'Sum', MINUTE), threshold: 50, outOf: [2, 3] });
      alarms.watch({ entry: 'stream-authorizer-failing', says: 'Media streams are refused because the authorizer itself fails.', metric: errors(media.socket.authorizer), threshold: 1 });
    }

    new Dashboard(this, 'Dashboard', {
      stage: config.stage, alarms: alarms.all,
      graphs: [
        { title: 'Attempts sent to the dialer', left: [queue.metricNumberOfMessagesSent({ period: FIVE, statistic: 'Sum' })], right: [waiting] },
        { title: 'Calls per relay task', left: [calls, calls.with({ statistic: 'Maximum' })], right: [media.healthyTasks] },
        { title: 'Agent, faults', left: [faulty] },
        { title: 'Answer document, ms', left: [answer.lambda.metricDuration({ period: FIVE, statistic: 'p50' }), answerMs] },
        { title: 'Requests', left: [enquire, answer, callbacks, api].map((fn) => fn.lambda.metricInvocations({ period: FIVE })), right: [faults] },
        { title: 'Errors of functions', left: every.map(errors) },
        { title: 'Table, capacity used', left: [data.callStore.calls.metricConsumedReadCapacityUnits({ period: FIVE }), data.callStore.calls.metricConsumedWriteCapacityUnits({ period: FIVE })] },
      ],
    });
  }
}
