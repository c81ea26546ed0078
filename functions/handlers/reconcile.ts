// The reconciler's Lambda, run every minute: looks at attempts and calls of which nothing was heard.
import { reconcile, type ReconcileDeps } from '#calls/reconcile.ts';
import { forgetDue, type ForgetDeps } from '#calls/forget.ts';
import { lazily } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { carriersOf } from '#compose/carriers.ts';
import { forgettersOf } from '#compose/forgetters.ts';
import { queueOf, scheduleOf } from '#compose/queue.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';

export const reconcileHandler = (deps: ReconcileDeps & Pick<ForgetDeps, 'forgetters'> & { log: Log }) => async (): Promise<void> => {
  const counts = await reconcile(deps)();
  // What is kept elsewhere of people who were erased, and could not be deleted at once.
  const onForgetFailure: ForgetDeps['onForgetFailure'] = (error, { service, kind, id }) => deps.log.warn('could not be deleted this time; tried again later', { service, kind, id, error });
  const forgotten = await forgetDue({ ...deps, onForgetFailure })();
  if (forgotten > 0) counts['forgotten'] = forgotten;
  if (Object.keys(counts).length > 0) deps.log.info('reconciled', counts);
};

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('reconcile');
  const carriers = carriersOf(env);
  return reconcileHandler({
    ...stores, clock, log, ...planOf(env), queue: queueOf(env), schedule: scheduleOf(env), carriers, forgetters: forgettersOf(env, carriers), afterSeconds: env.RECONCILE_AFTER_SECONDS,
    onFailure: (error, id) => log.error('could not be reconciled this time', { id, error }),
  });
});
