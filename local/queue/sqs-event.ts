// Called by the local queue: a message in the shape in which Lambda's event source mapping hands it to a function.
import type { SQSRecord } from 'aws-lambda';
import { createHash } from 'node:crypto';

export interface Message {
  messageId: string;
  body: string;
  sentAt: number;
  /** How often it was received, this time included. */
  receives: number;
  firstReceivedAt?: number;
}

/** `receiptHandle` is another at each delivery. */
export const sqsRecord = (queue: string, message: Message, receiptHandle: string): SQSRecord => ({
  messageId: message.messageId,
  receiptHandle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receives),
    SentTimestamp: String(message.sentAt),
    SenderId: 'local',
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
  },
  messageAttributes: {},
  md5OfBody: createHash('md5').update(message.body).digest('hex'),
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:local:000000000000:${queue}`,
  awsRegion: 'local',
});
