// One alarm for each thing that hurts a caller or costs money. Its name is its entry in docs/runbook.md; a test holds the two lists together.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { CfnOutput, Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, MathExpression, Metric, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

export interface Watch {
  /** The entry in the runbook. */
  entry: string;
  says: string;
  metric: IMetric;
  threshold: number;
  /** Below the threshold is bad; usually at or above it is. */
  below?: boolean;
  /** No data is a fault of its own. */
  missingIsBad?: boolean;
  /** Bad periods, of how many. */
  outOf?: [bad: number, periods: number];
}

export class Alarms extends Construct {
  readonly topic: Topic;
  readonly all: Alarm[] = [];
  private readonly stage: string;

  constructor(scope: Construct, id: string, { stage, email }: { stage: string; email?: string | undefined }) {
    super(scope, id);
    this.stage = stage;
    // Unencrypted on purpose of AWS: an alarm may not use the account's own SNS key, and a key of one's own is a dollar a month. It says no more than this file.
    this.topic = new Topic(this, 'Topic', { displayName: `Ringback ${stage}`, enforceSSL: true });
    if (email) this.topic.addSubscription(new EmailSubscription(email));
    new CfnOutput(this, 'AlarmTopic', { value: this.topic.topicArn, description: 'Subscribe whoever is to be told: e-mail, SMS, a chat' });
  }

  watch({ entry, says, metric, threshold, below = false, missingIsBad = false, outOf = [1, 1] }: Watch): void {
    const alarm = new Alarm(this, entry, {
      alarmName: `ringback-${this.stage}-${entry}`, alarmDescription: `${says} What to do: docs/runbook.md#${entry}`, metric, threshold,
      comparisonOperator: below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: outOf[0], evaluationPeriods: outOf[1], treatMissingData: missingIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
    this.all.push(alarm);
  }
}

/** The sum of several metrics; one alarm for several functions with one remedy. */
export const sum = (metrics: IMetric[], period: Duration): IMetric => new MathExpression({
  expression: metrics.map((_, i) => `FILL(m${i}, 0)`).join(' + '), usingMetrics: Object.fromEntries(metrics.map((metric, i) => [`m${i}`, metric])), period, label: 'together',
});

export const metricOf = (namespace: string, metricName: string, dimensionsMap: Record<string, string>, statistic: string, period: Duration): Metric =>
  new Metric({ namespace, metricName, dimensionsMap, statistic, period });
