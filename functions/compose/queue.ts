// The dial queue and the schedules in AWS.
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DialQueue, DialSchedule } from '#calls/ports.ts';
import type { Env } from '#house/env.ts';
import { eventBridgeSchedule, sqsDialQueue } from '#store/sqs-dial-queue.ts';
import { need } from '#compose/base.ts';

export const queueOf = (env: Env): DialQueue => sqsDialQueue(new SQSClient({}), need(env, 'DIAL_QUEUE_URL'));

export const scheduleOf = (env: Env): DialSchedule => eventBridgeSchedule(new SchedulerClient({}), {
  group: need(env, 'DIAL_SCHEDULE_GROUP'), queueArn: need(env, 'DIAL_QUEUE_ARN'), roleArn: need(env, 'DIAL_SCHEDULE_ROLE_ARN'),
});
