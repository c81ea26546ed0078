// The reconciler's Lambda, run every minute: looks at attempts and calls of which nothing was heard.
import { reconcile, type ReconcileDeps } from '#calls/reconcile.ts';
import { lazily } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { carriersOf } from '#compose/carriers.ts';
import { queueOf, scheduleOf } from '#compose/queue.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';

export const reconcileHandler = (deps: ReconcileDeps & { log: Log }) => async (): Promise<void> => {
  const counts = await reconcile(deps)();
  if (Object.keys(counts).length > 0) deps.log.info('reconciled', counts);
};

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('reconcile');
  return reconcileHandler({
    ...stores, clock, log, ...planOf(env), queue: queueOf(env), schedule: scheduleOf(env), carriers: carriersOf(env), afterSeconds: env.RECONCILE_AFTER_SECONDS,
    onFailure: (error, id) => log.error('could not be reconciled this time', { id, error }),
  });
});
