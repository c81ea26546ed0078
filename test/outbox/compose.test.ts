import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { leadIdNumber } from '#doubles/records.ts';
import { destinationOf } from '#compose/outbox.ts';
import { sqsOutboxQueue } from '#store/sqs-outbox-queue.ts';
import { secret } from './office.ts';

describe('where outcomes go', () => {
  it('is asked anew each time: an endpoint that is configured late is found', async () => {
    let OUTBOX_URL: string | undefined;
    const destination = destinationOf(async () => ({ OUTBOX_URL, OUTBOX_SECRET: secret, STAGE: 'prod' }));
    expect(await destination()).toEqual({ missing: 'OUTBOX_URL is not set: there is nowhere to deliver to.' });
    OUTBOX_URL = 'http://crm.example/hook';
    expect(await destination()).toEqual({ missing: 'OUTBOX_URL must begin with https://.' });
    OUTBOX_URL = 'https://crm.example/hook';
    expect(await destination()).toEqual({ post: expect.any(Function) as unknown });
  });
});

describe('the queue of nudges', () => {
  it('has one group a lead, and drops a nudge that it has had', async () => {
    const sent: unknown[] = [];
    const queue = sqsOutboxQueue({ send: async (command: unknown) => { sent.push((command as SendMessageCommand).input); } } as never, 'https://sqs.example/queue.fifo');
    await queue.nudge(leadIdNumber(1), 'msg_1.1');
    expect(sent).toEqual([{ QueueUrl: 'https://sqs.example/queue.fifo', MessageBody: JSON.stringify({ leadId: leadIdNumber(1) }), MessageGroupId: leadIdNumber(1), MessageDeduplicationId: 'msg_1.1' }]);
  });
});
