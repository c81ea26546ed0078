// /api/*: what the console and scripts read and do. Bearer ADMIN_TOKEN on one machine; in AWS the gateway has checked Cognito's token.
import { createHash, timingSafeEqual } from 'node:crypto';
import { VisibleError } from '#calls/errors.ts';
import { callView, readLead } from '#calls/lead-view.ts';
import { leadStatuses, type LeadStatus } from '#calls/lead.ts';
import { readPhone } from '#calls/phone.ts';
import type { Carrier } from '#calls/ports.ts';
import { recordEvent, type RecordDeps } from '#calls/record-event.ts';
import { settleLead } from '#calls/settle-lead.ts';
import { isTerminal } from '#calls/call.ts';
import { httpHandler, json, lazily, readBody, type HttpAnswer, type HttpHandler, type HttpRequest } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { carriersOf } from '#compose/carriers.ts';
import { scheduleOf } from '#compose/queue.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';
import { outboxQueueOf } from '#compose/outbox.ts';
import { outboxRoutes, type OutboxApiDeps } from './api-outbox.ts';
import { openApi } from './openapi.ts';

export interface ApiDeps extends RecordDeps, OutboxApiDeps {
  carriers: Partial<Record<string, Carrier>>;
  /** Undefined in AWS, where the gateway's authorizer stands in front. */
  adminToken: string | undefined;
  log: Log;
}

const PAGE = 50;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const authorise = (request: HttpRequest, adminToken: string | undefined): void => {
  const shown = /^Bearer (\S+)$/.exec(request.header('authorization') ?? '')?.[1];
  if (adminToken !== undefined && shown !== undefined && timingSafeEqual(digest(shown), digest(adminToken))) return;
  if (request.verifiedClaims !== undefined) return;
  throw new VisibleError('unauthenticated', shown === undefined ? 'token-missing' : 'token-wrong', 'Send the admin token as "Authorization: Bearer …".', { fields: [{ field: 'Authorization', message: shown === undefined ? 'is missing' : 'is not the admin token' }] });
};

const notFound = (what: string, field: string): VisibleError => new VisibleError('not-found', `no-such-${what}`, `There is no such ${what}.`, { fields: [{ field, message: `names no ${what}` }] });

const limitOf = (request: HttpRequest): number => {
  const text = request.query.get('limit');
  if (text === null) return PAGE;
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 200) throw new VisibleError('invalid', 'limit-invalid', 'limit must be a whole number from 1 to 200.', { fields: [{ field: 'limit', message: 'must be a whole number from 1 to 200' }] });
  return Number(text);
};
const page = (request: HttpRequest) => ({ limit: limitOf(request), ...(request.query.get('cursor') ? { cursor: request.query.get('cursor')! } : {}) });

const phoneOf = (text: unknown): string => {
  const read = typeof text === 'string' ? readPhone(text) : { fault: 'missing', message: 'is needed: a number in international form, such as +12025550123' };
  if ('fault' in read) throw new VisibleError('invalid', 'phone-invalid', `phone ${read.message}`, { fields: [{ field: 'phone', message: read.message }] });
  return read.phone;
};

type Story = (deps: ApiDeps, request: HttpRequest, id: string) => Promise<HttpAnswer>;

const listLeads: Story = async (deps, request) => {
  const status = request.query.get('status') || undefined;
  if (status !== undefined && !(leadStatuses as readonly string[]).includes(status)) {
    throw new VisibleError('invalid', 'status-invalid', `status must be one of ${leadStatuses.join(', ')}.`, { fields: [{ field: 'status', message: `must be one of ${leadStatuses.join(', ')}` }] });
  }
  const { leads, cursor } = await deps.leads.list({ ...page(request), ...(status ? { status: status as LeadStatus } : {}) });
  return json(200, { leads: leads.map(({ leadId, name, phone, status, disposition, summary, interest, createdAt }) => ({ leadId, name, phone, status, disposition, summary, interest, createdAt })), cursor });
};

const getLead: Story = async (deps, _request, leadId) => {
  const lead = await readLead(deps)(leadId);
  if (!lead) throw notFound('lead', 'leadId');
  return json(200, lead);
};

const suppressLead: Story = async (deps, _request, leadId) => {
  const lead = await deps.leads.lead(leadId);
  if (!lead) throw notFound('lead', 'leadId');
  await deps.suppressions.suppress({ phone: lead.phone, reason: 'console', at: deps.clock.now().toISOString(), note: null });
  await settleLead(deps)(leadId);
  return json(200, await readLead(deps)(leadId));
};

const getCall: Story = async (deps, _request, callId) => {
  const call = await deps.calls.call(callId);
  if (!call?.callSid) throw notFound('call', 'callId');
  return json(200, callView(call, await deps.calls.turns(callId), null));
};

const endCall: Story = async (deps, _request, callId) => {
  const call = await deps.calls.call(callId);
  if (!call?.callSid) throw notFound('call', 'callId');
  if (!isTerminal(call.status)) {
    // The reason first: when the line goes down, whoever looks at the record knows that a person meant it.
    await recordEvent(deps)(callId, { kind: 'ended', at: deps.clock.now().toISOString(), endReason: 'operator', detail: null, turnMs: [] });
    const carrier = deps.carriers[call.carrier];
    if (!carrier) throw new VisibleError('unavailable', 'carrier-not-configured', `There are no credentials for ${call.carrier}, so the call cannot be ended from here.`);
    await carrier.hangUp(call.callSid);
  }
  return json(202, { ok: true, callId });
};

const suppressions: Record<string, Story> = {
  GET: async (deps, request) => json(200, await deps.suppressions.suppressions(page(request))),
  POST: async (deps, request) => {
    const { body } = readBody(request);
    const given = body !== null && typeof body === 'object' ? (body as { phone?: unknown; note?: unknown }) : {};
    const phone = phoneOf(given.phone);
    await deps.suppressions.suppress({ phone, reason: 'api', at: deps.clock.now().toISOString(), note: typeof given.note === 'string' ? given.note.slice(0, 500) : null });
    return json(201, await deps.suppressions.suppression(phone));
  },
  DELETE: async (deps, request) => {
    await deps.suppressions.unsuppress(phoneOf(request.query.get('phone') ?? undefined));
    return { status: 204 };
  },
};

const table: { method: string; path: RegExp; story: Story }[] = [
  { method: 'GET', path: /^\/api\/leads$/, story: listLeads },
  { method: 'GET', path: /^\/api\/leads\/([^/]{1,64})$/, story: getLead },
  { method: 'POST', path: /^\/api\/leads\/([^/]{1,64})\/suppress$/, story: suppressLead },
  { method: 'GET', path: /^\/api\/calls\/([^/]{1,64})$/, story: getCall },
  { method: 'POST', path: /^\/api\/calls\/([^/]{1,64})\/end$/, story: endCall },
  ...Object.entries(suppressions).map(([method, story]) => ({ method, path: /^\/api\/suppressions$/, story })),
  ...outboxRoutes(page),
  { method: 'GET', path: /^\/api\/openapi\.json$/, story: async () => json(200, openApi) },
];

export const apiHandler = (deps: ApiDeps): HttpHandler => httpHandler(async (request) => {
  authorise(request, deps.adminToken);
  const fitting = table.filter(({ path }) => path.test(request.rawPath));
  const route = fitting.find(({ method }) => method === request.method);
  if (!route) {
    throw fitting.length > 0
      ? new VisibleError('not-found', 'no-such-method', `This address takes ${fitting.map(({ method }) => method).join(', ')} only.`)
      : new VisibleError('not-found', 'no-such-address', 'There is nothing at this address. GET /api/openapi.json lists what there is.');
  }
  const id = route.path.exec(request.rawPath)?.[1] ?? '';
  return route.story(deps, request, id);
}, { log: deps.log });

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('api');
  return apiHandler({ ...stores, clock, log, ...planOf(env), schedule: scheduleOf(env), carriers: carriersOf(env), outboxQueue: outboxQueueOf(env), adminToken: env.ADMIN_TOKEN });
});
