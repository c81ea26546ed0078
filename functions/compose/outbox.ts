// Where outcomes go: the business's endpoint from OUTBOX_URL and OUTBOX_SECRET, and the queue of nudges in AWS.
import { SQSClient } from '@aws-sdk/client-sqs';
import { endpointFault, httpEndpoint } from '#outbox/endpoint.ts';
import type { Destination, OutboxQueue } from '#outbox/ports.ts';
import { readEnv, type Env } from '#house/env.ts';
import { withSecrets } from '#house/secrets.ts';
import { sqsOutboxQueue } from '#store/sqs-outbox-queue.ts';
import { need } from '#compose/base.ts';

export const outboxQueueOf = (env: Env): OutboxQueue => sqsOutboxQueue(new SQSClient({}), need(env, 'OUTBOX_QUEUE_URL'));

/** Reads the environment each time, secrets included (which are kept for minutes): an endpoint that is configured late is found without a deploy. */
export const destinationOf = (read: () => Promise<Pick<Env, 'OUTBOX_URL' | 'OUTBOX_SECRET' | 'STAGE'>> = async () => readEnv(await withSecrets(process.env))): Destination => async () => {
  const { OUTBOX_URL: url, OUTBOX_SECRET: secret, STAGE } = await read();
  const missing = endpointFault(url, secret, STAGE === 'local');
  return missing === undefined ? httpEndpoint({ url: url!, secret: secret! }) : { missing };
};
