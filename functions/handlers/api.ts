// /api/*: what the console and scripts read and do. Bearer ADMIN_TOKEN on one machine; in AWS the gateway has checked Cognito's token.
import { createHash, timingSafeEqual } from 'node:crypto';
import { VisibleError } from '#calls/errors.ts';
import { httpHandler, json, lazily, type HttpHandler, type HttpRequest } from '#house/http.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';
import { officeStores } from '#store/dynamo-stores.ts';
import { carriersOf } from '#compose/carriers.ts';
import { forgettersOf } from '#compose/forgetters.ts';
import { outboxQueueOf } from '#compose/outbox.ts';
import { queueOf, scheduleOf } from '#compose/queue.ts';
import { callRoutes } from './api-calls.ts';
import { leadRoutes } from './api-leads.ts';
import { operationRoutes } from './api-operations.ts';
import { outboxRoutes } from './api-outbox.ts';
import { privacyRoutes } from './api-privacy.ts';
import { page, type ApiDeps, type ApiParts, type ApiRoute } from './api-route.ts';
import { suppressionRoutes } from './api-suppressions.ts';
import { openApi } from './openapi.ts';

export type { ApiDeps } from './api-route.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Who asks, for the audit trail. Throws VisibleError when nobody has vouched for them. */
const whoAsks = (request: HttpRequest, adminToken: string | undefined): string => {
  const shown = /^Bearer (\S+)$/.exec(request.header('authorization') ?? '')?.[1];
  if (adminToken !== undefined && shown !== undefined && timingSafeEqual(digest(shown), digest(adminToken))) return 'admin-token';
  const subject = request.verifiedClaims?.['sub'];
  if (request.verifiedClaims !== undefined) return `user:${typeof subject === 'string' ? subject : 'unnamed'}`;
  throw new VisibleError('unauthenticated', shown === undefined ? 'token-missing' : 'token-wrong', 'Send the admin token as "Authorization: Bearer …".', { fields: [{ field: 'Authorization', message: shown === undefined ? 'is missing' : 'is not the admin token' }] });
};

export const apiRoutes: ApiRoute[] = [
  ...leadRoutes, ...callRoutes, ...suppressionRoutes, ...privacyRoutes, ...operationRoutes, ...outboxRoutes(page),
  { method: 'GET', path: /^\/api\/openapi\.json$/, story: async () => json(200, openApi) },
];

export const apiHandler = (deps: ApiDeps): HttpHandler => {
  const parts: ApiParts = {
    ...deps,
    onQueueFailure: (error, attemptId) => deps.log.error('attempt could not be queued; the sweep will find it', { attemptId, error }),
    onHangUpFailure: (error, callId) => deps.log.error('a live call could not be ended', { callId, error }),
    onForgetFailure: (error, { service, kind, id }) => deps.log.warn('could not be deleted this time; the sweep tries again', { service, kind, id, error }),
  };
  return httpHandler(async (request) => {
    const by = whoAsks(request, deps.adminToken);
    const fitting = apiRoutes.filter(({ path }) => path.test(request.rawPath));
    const route = fitting.find(({ method }) => method === request.method);
    if (!route) {
      throw fitting.length > 0
        ? new VisibleError('not-found', 'no-such-method', `This address takes ${fitting.map(({ method }) => method).join(', ')} only.`)
        : new VisibleError('not-found', 'no-such-address', 'There is nothing at this address. GET /api/openapi.json lists what there is.');
    }
    return route.story(parts, request, route.path.exec(request.rawPath)?.[1] ?? '', by);
  }, { log: deps.log });
};

export const handler = lazily(async () => {
  const { env, log, clock, tables, stores } = await fromEnvironment('api');
  const carriers = carriersOf(env);
  return apiHandler({
    ...stores, ...officeStores(tables, clock), clock, log, ...planOf(env), queue: queueOf(env), schedule: scheduleOf(env), carriers, forgetters: forgettersOf(env, carriers), outboxQueue: outboxQueueOf(env), adminToken: env.ADMIN_TOKEN,
  });
});
