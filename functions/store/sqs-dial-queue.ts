// The dial queue as SQS, and scheduled attempts as EventBridge Scheduler's one-time schedules that put the same message there.
import { CreateScheduleCommand, DeleteScheduleCommand, UpdateScheduleCommand, type SchedulerClient } from '@aws-sdk/client-scheduler';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DialQueue, DialSchedule } from '#calls/ports.ts';

const SQS_MAX_DELAY_SECONDS = 900;

/** A delay beyond SQS's 15 minutes is cut to it; the dialer finds that the attempt is not due and plans it again. */
export const sqsDialQueue = (sqs: Pick<SQSClient, 'send'>, queueUrl: string): DialQueue => ({
  send: async (message, delaySeconds = 0) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message), DelaySeconds: Math.min(SQS_MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delaySeconds))) }));
  },
});

export interface ScheduleOptions {
  group: string;
  /** The queue that gets the message when the time has come. */
  queueArn: string;
  /** What Scheduler assumes to send it. */
  roleArn: string;
}

const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** One schedule an attempt, named after it: scheduling again moves it, and it deletes itself once it has fired. */
export const eventBridgeSchedule = (scheduler: Pick<SchedulerClient, 'send'>, options: ScheduleOptions): DialSchedule => ({
  at: async (attemptId, when) => {
    const schedule = {
      Name: attemptId, GroupName: options.group, ActionAfterCompletion: 'DELETE' as const, FlexibleTimeWindow: { Mode: 'OFF' as const },
      // at() takes whole seconds and no zone letter; a time that has passed fires at once.
      ScheduleExpression: `at(${new Date(when).toISOString().slice(0, 19)})`, ScheduleExpressionTimezone: 'UTC',
      Target: { Arn: options.queueArn, RoleArn: options.roleArn, Input: JSON.stringify({ attemptId }) },
    };
    try {
      await scheduler.send(new CreateScheduleCommand(schedule));
    } catch (error) {
      if (!named(error, 'ConflictException')) throw error;
      await scheduler.send(new UpdateScheduleCommand(schedule));
    }
  },
  cancel: async (attemptId) => {
    try {
      await scheduler.send(new DeleteScheduleCommand({ Name: attemptId, GroupName: options.group }));
    } catch (error) {
      if (!named(error, 'ResourceNotFoundException')) throw error;
    }
  },
});
