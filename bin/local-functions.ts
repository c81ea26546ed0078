// The real handlers, hosted on one machine: behind the gateway's routes, the in-process queue and the timer.
import { consentText } from '#calls/consent-text.ts';
import type { DialQueue, DialSchedule } from '#calls/ports.ts';
import { signatureRule } from '#carriers/twilio/webhook.ts';
import { answerHandler, appletsOf } from '#handlers/answer.ts';
import { apiHandler } from '#handlers/api.ts';
import { callbacksHandler } from '#handlers/callbacks.ts';
import { captchaOf } from '#compose/captcha.ts';
import { carriersOf, exotelRule, twilioAddresses } from '#compose/carriers.ts';
import { forgettersOf } from '#compose/forgetters.ts';
import { baseOf, planOf } from '#compose/base.ts';
import { expectationsOf } from '#compose/ringing.ts';
import { transferNumbers } from '#compose/transfers.ts';
import { officeStores } from '#store/dynamo-stores.ts';
import { dialHandler } from '#handlers/dial.ts';
import { enquireHandler } from '#handlers/enquire.ts';
import { healthHandler } from '#handlers/health.ts';
import { reconcileHandler } from '#handlers/reconcile.ts';
import { routes, type HttpFunction } from '#handlers/routes.ts';
import { wait } from '#house/clock.ts';
import { publicStream, type Env } from '#house/env.ts';
import type { HttpHandler } from '#house/http.ts';
import { newInboundCallId, newLeadId } from '#house/ids.ts';
import type { Log } from '#house/log.ts';
import type { Route } from '#local/gateway/routes.ts';
import { localQueue } from '#local/queue/queue.ts';
import { localTimer } from '#local/queue/timer.ts';
import { outboxReceiver } from '#local/desk/outbox-receiver.ts';
import { hostOutbox } from './local-outbox.ts';

const SQS_MAX_DELAY_SECONDS = 900;
const LONGEST_SWEEP_MS = 15_000;

export interface HostedFunctions {
  routes: Route[];
  /** Starts the sweep that finds due attempts, those of an earlier start included, and the outbox. */
  begin: () => Promise<void>;
  stop: () => Promise<void>;
}

/** `directory`: where local data lives. `outboxSecret`: OUTBOX_SECRET, or one made up for this machine. */
export const hostFunctions = (env: Env, log: Log, { directory, outboxSecret }: { directory: string; outboxSecret: string }): HostedFunctions => {
  const base = baseOf(env, log);
  const { clock } = base;
  const stores = { ...base.stores, ...officeStores(base.tables, clock) };
  const plan = planOf(env);
  const carriers = carriersOf(env);
  const forgetters = forgettersOf(env, carriers);
  const localLog = ({ level, message, ...fields }: { level: 'info' | 'error'; message: string }): void => log[level](message, fields);

  const queue: DialQueue = { send: async (message, delaySeconds = 0) => void dialMessages.send(JSON.stringify(message), Math.min(SQS_MAX_DELAY_SECONDS, delaySeconds)) };
  const timer = localTimer({ fire: async (payload) => void dialMessages.send(payload), log: localLog });
  const schedule: DialSchedule = {
    at: async (attemptId, when) => timer.schedule(attemptId, new Date(when), JSON.stringify({ attemptId })),
    cancel: async (attemptId) => void timer.cancel(attemptId),
  };
  const dialMessages = localQueue({
    name: 'dial', handler: dialHandler({ ...stores, clock, log: log.with({ function: 'dial' }), wait, ...plan, queue, schedule, carriers, expects: expectationsOf(base) }), maxConcurrency: 5, log: localLog,
  });

  const receiver = outboxReceiver({ secret: outboxSecret, adminToken: env.ADMIN_TOKEN! });
  const outbox = hostOutbox(base, {
    env, directory,
    destination: { OUTBOX_URL: env.OUTBOX_URL ?? `http://127.0.0.1:${env.PORT}/outbox-receiver`, OUTBOX_SECRET: outboxSecret },
  });

  const signature = signatureRule(twilioAddresses(env), env.TWILIO_AUTH_TOKEN, env.SKIP_WEBHOOK_SIGNATURE_VALIDATION);
  const of = (name: string) => log.with({ function: name });
  const handlers: Record<HttpFunction, HttpHandler> = {
    enquire: enquireHandler({
      ...stores, clock, log: of('enquire'), newLeadId, consentText, ...plan, captcha: captchaOf(env), queue, schedule, defaultCallingCode: env.DEFAULT_COUNTRY_CODE,
      onQueueFailure: (error, attemptId) => log.error('attempt could not be queued; the sweep will find it', { attemptId, error }),
    }),
    answer: answerHandler({
      calls: stores.calls, suppressions: stores.suppressions, clock, log: of('answer'), ticketSecret: env.STREAM_TICKET_SECRET!, ticketTtlSeconds: env.STREAM_TICKET_TTL_SECONDS,
      document: { ...twilioAddresses(env), streamUrl: publicStream(env) }, signature, newCallId: newInboundCallId, exotel: appletsOf(env), transferNumbers: transferNumbers(env),
    }),
    callbacks: callbacksHandler({ ...stores, clock, log: of('callbacks'), ...plan, schedule, signature, exotel: exotelRule(env), elevenLabsSecret: env.ELEVENLABS_WEBHOOK_SECRET }),
    api: apiHandler({ ...stores, clock, log: of('api'), ...plan, queue, schedule, carriers, forgetters, outboxQueue: outbox.outboxQueue, adminToken: env.ADMIN_TOKEN }),
    health: healthHandler({
      log: of('health'),
      parts: { database: stores.ping, relay: async () => { if (!(await fetch(`http://127.0.0.1:${env.RELAY_PORT}/ready`)).ok) throw new Error('not ready'); } },
    }),
  };
  const sweep = reconcileHandler({
    ...stores, clock, log: of('reconcile'), ...plan, queue, schedule, carriers, forgetters, afterSeconds: env.RECONCILE_AFTER_SECONDS,
    onFailure: (error, id) => log.error('could not be reconciled this time', { id, error }),
  });

  return {
    routes: [...routes.map(({ method, path, to }) => ({ method, path, name: to, handler: handlers[to] })), ...receiver.routes],
    begin: async () => {
      await outbox.begin();
      timer.every(Math.min(LONGEST_SWEEP_MS, Math.max(500, (env.RECONCILE_AFTER_SECONDS * 1000) / 3)), sweep);
      sweep().catch((error: unknown) => log.error('the first sweep failed', { error }));
    },
    stop: async () => {
      await timer.stop();
      await dialMessages.stop();
      await outbox.stop();
    },
  };
};
