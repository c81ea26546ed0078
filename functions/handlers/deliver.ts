// The outbox's second Lambda, on the queue of nudges: delivers what the lead of each has waiting.
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { deliverLead } from '#outbox/deliver-lead.ts';
import type { OutboxMessage } from '#outbox/message.ts';
import type { DeliverDeps } from '#outbox/ports.ts';
import { lazily } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { fromEnvironment } from '#compose/base.ts';
import { officeStores } from '#store/dynamo-stores.ts';
import { destinationOf, outboxQueueOf } from '#compose/outbox.ts';

const nudge = z.object({ leadId: z.string() });

/** `outcome given up` is what an alarm listens for. */
const tell = (log: Log) => ({ id, state, tries, reason }: OutboxMessage): void => {
  const fields = { messageId: id, tries, reason };
  if (state === 'dead') log.error('outcome given up', fields);
  else if (state === 'delivered') log.info('outcome delivered', fields);
  else log.info('outcome not delivered yet', fields);
};

export const deliverHandler = (deps: DeliverDeps & { log: Log }) => async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const deliver = deliverLead({ ...deps, tried: tell(deps.log) });
  for (const [index, record] of event.Records.entries()) {
    try {
      const { leadId } = nudge.parse(JSON.parse(record.body));
      const result = await deliver(leadId);
      deps.log.debug('outbox nudge done', { leadId, result });
    } catch (error) {
      deps.log.error('outbox nudge failed', { messageId: record.messageId, error });
      // What follows in the batch may be of the same lead: it must not run before this one.
      return { batchItemFailures: event.Records.slice(index).map(({ messageId }) => ({ itemIdentifier: messageId })) };
    }
  }
  return { batchItemFailures: [] };
};

export const handler = lazily(async () => {
  const { env, log, clock, tables, stores } = await fromEnvironment('deliver');
  return deliverHandler({
    leads: stores.leads, calls: stores.calls, outbox: officeStores(tables, clock).outbox, outboxQueue: outboxQueueOf(env), destination: destinationOf(), clock, random: Math.random, log,
  });
});
