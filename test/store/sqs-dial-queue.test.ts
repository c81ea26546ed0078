import { CreateScheduleCommand, DeleteScheduleCommand, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { attemptIdOf } from '#calls/lead.ts';
import { leadIdNumber } from '#doubles/records.ts';
import { eventBridgeSchedule, sqsDialQueue } from '#store/sqs-dial-queue.ts';

const attemptId = attemptIdOf(leadIdNumber(1), 1);
const named = (name: string): Error => Object.assign(new Error(name), { name });

describe('the dial queue as SQS', () => {
  const queue = () => {
    const client = new SQSClient({ region: 'local' });
    const mock = mockClient(client);
    mock.on(SendMessageCommand).resolves({});
    return { queue: sqsDialQueue(client, 'https://sqs.example/dial'), sent: () => mock.commandCalls(SendMessageCommand).map((call) => call.args[0].input) };
  };

  it('sends the message as JSON, at once', async () => {
    const { queue: dialQueue, sent } = queue();
    await dialQueue.send({ attemptId });
    expect(sent()).toEqual([{ QueueUrl: 'https://sqs.example/dial', MessageBody: JSON.stringify({ attemptId }), DelaySeconds: 0 }]);
  });

  it('carries the turn that the message holds', async () => {
    const { queue: dialQueue, sent } = queue();
    await dialQueue.send({ attemptId, turnAt: '2026-11-21T12:00:09.000Z' }, 9);
    expect(JSON.parse(sent()[0]!.MessageBody!)).toEqual({ attemptId, turnAt: '2026-11-21T12:00:09.000Z' });
  });

  it.each([[0.2, 1], [9, 9], [900, 900], [901, 900], [86_400, 900], [-5, 0]])('delays by whole seconds that SQS takes: %s s become %s', async (asked, delay) => {
    const { queue: dialQueue, sent } = queue();
    await dialQueue.send({ attemptId }, asked);
    expect(sent()[0]!.DelaySeconds).toBe(delay);
  });

  it('tells when SQS did not take the message', async () => {
    const client = new SQSClient({ region: 'local' });
    mockClient(client).on(SendMessageCommand).rejects(named('QueueDoesNotExist'));
    await expect(sqsDialQueue(client, 'https://sqs.example/dial').send({ attemptId })).rejects.toThrow('QueueDoesNotExist');
  });
});

describe('scheduled attempts as EventBridge schedules', () => {
  const scheduler = () => {
    const client = new SchedulerClient({ region: 'local' });
    const mock = mockClient(client);
    return { mock, schedule: eventBridgeSchedule(client, { group: 'dials', queueArn: 'arn:queue', roleArn: 'arn:role' }) };
  };

  it('makes one schedule, named after the attempt, that fires once in UTC and deletes itself', async () => {
    const { mock, schedule } = scheduler();
    mock.on(CreateScheduleCommand).resolves({});
    await schedule.at(attemptId, '2026-11-22T09:00:00.500+01:00');
    expect(mock.commandCalls(CreateScheduleCommand).map((call) => call.args[0].input)).toEqual([{
      Name: attemptId, GroupName: 'dials', ActionAfterCompletion: 'DELETE', FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'at(2026-11-22T08:00:00)', ScheduleExpressionTimezone: 'UTC',
      Target: { Arn: 'arn:queue', RoleArn: 'arn:role', Input: JSON.stringify({ attemptId }) },
    }]);
  });

  it('moves the schedule when there is one already', async () => {
    const { mock, schedule } = scheduler();
    mock.on(CreateScheduleCommand).rejects(named('ConflictException'));
    mock.on(UpdateScheduleCommand).resolves({});
    await schedule.at(attemptId, '2026-11-22T10:00:00.000Z');
    expect(mock.commandCalls(UpdateScheduleCommand).map((call) => call.args[0].input.ScheduleExpression)).toEqual(['at(2026-11-22T10:00:00)']);
  });

  it('cancels, also what has fired or was never there', async () => {
    const { mock, schedule } = scheduler();
    mock.on(DeleteScheduleCommand).resolvesOnce({}).rejects(named('ResourceNotFoundException'));
    await schedule.cancel(attemptId);
    await schedule.cancel(attemptId);
    expect(mock.commandCalls(DeleteScheduleCommand).map((call) => call.args[0].input)).toEqual([{ Name: attemptId, GroupName: 'dials' }, { Name: attemptId, GroupName: 'dials' }]);
  });

  it('tells of every other failure', async () => {
    const { mock, schedule } = scheduler();
    mock.on(CreateScheduleCommand).rejects(named('ThrottlingException'));
    mock.on(DeleteScheduleCommand).rejects(named('ThrottlingException'));
    await expect(schedule.at(attemptId, '2026-11-22T10:00:00.000Z')).rejects.toThrow('ThrottlingException');
    await expect(schedule.cancel(attemptId)).rejects.toThrow('ThrottlingException');
    expect(mock.commandCalls(UpdateScheduleCommand)).toEqual([]);
  });
});
