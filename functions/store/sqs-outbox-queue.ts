// Nudges to deliver as an SQS FIFO queue: one message group a lead, so that no two deliveries of one lead run at once and no lead waits for another.
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { OutboxQueue } from '#outbox/ports.ts';

export const sqsOutboxQueue = (sqs: Pick<SQSClient, 'send'>, queueUrl: string): OutboxQueue => ({
  nudge: async (leadId, once) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify({ leadId }), MessageGroupId: leadId, MessageDeduplicationId: once }));
  },
});
