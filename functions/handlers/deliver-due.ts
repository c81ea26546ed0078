// The outbox's third Lambda, run every minute: nudges the leads whose message is due again, was left behind, or has somewhere to go at last.
import { nudgeDue, type NudgeDeps } from '#outbox/nudge-due.ts';
import { lazily } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { fromEnvironment } from '#compose/base.ts';
import { officeStores } from '#store/dynamo-stores.ts';
import { destinationOf, outboxQueueOf } from '#compose/outbox.ts';

export const deliverDueHandler = (deps: NudgeDeps & { log: Log }) => async (): Promise<void> => {
  const nudged = await nudgeDue(deps)();
  if (nudged > 0) deps.log.info('outbox nudged', { nudged });
};

export const handler = lazily(async () => {
  const { env, log, clock, tables } = await fromEnvironment('deliver-due');
  return deliverDueHandler({ outbox: officeStores(tables, clock).outbox, outboxQueue: outboxQueueOf(env), destination: destinationOf(), clock, log });
});
