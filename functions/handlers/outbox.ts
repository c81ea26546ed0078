// The outbox's first Lambda, on the stream of the table: writes down each outcome. Fails at the first change that it could not, to be given it again.
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { noteOutcome, type NoteDeps } from '#outbox/note-outcome.ts';
import { readLeadChange } from '#store/lead-change.ts';
import { lazily } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { fromEnvironment } from '#compose/base.ts';
import { officeStores } from '#store/dynamo-stores.ts';
import { outboxQueueOf } from '#compose/outbox.ts';

export const outboxHandler = (deps: NoteDeps & { log: Log }) => async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
  for (const record of event.Records) {
    const change = readLeadChange(record, deps.clock.now());
    if (!change) continue;
    try {
      const messageId = await noteOutcome(deps)(change);
      if (messageId) deps.log.info('outcome noted', { messageId, leadId: change.leadId });
    } catch (error) {
      deps.log.error('outcome could not be noted; it is tried again', { leadId: change.leadId, error });
      return { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }] };
    }
  }
  return { batchItemFailures: [] };
};

export const handler = lazily(async () => {
  const { env, log, clock, tables } = await fromEnvironment('outbox');
  return outboxHandler({ outbox: officeStores(tables, clock).outbox, outboxQueue: outboxQueueOf(env), clock, log });
});
