// /api/leads: the list, one lead, another attempt for it, and never again. Called by api.ts, which has checked who asks.
import { VisibleError } from '#calls/errors.ts';
import { readLead } from '#calls/lead-view.ts';
import { leadStatuses, type LeadStatus } from '#calls/lead.ts';
import { retryLead } from '#calls/retry-lead.ts';
import { suppressNumber } from '#calls/suppress-number.ts';
import { json, type HttpAnswer } from '#house/http.ts';
import { noted, notFound, page, type ApiParts, type ApiRoute, type Story } from './api-route.ts';

const list: Story = async (deps, request) => {
  const status = request.query.get('status') || undefined;
  if (status !== undefined && !(leadStatuses as readonly string[]).includes(status)) {
    throw new VisibleError('invalid', 'status-invalid', `status must be one of ${leadStatuses.join(', ')}.`, { fields: [{ field: 'status', message: `must be one of ${leadStatuses.join(', ')}` }] });
  }
  const { leads, cursor } = await deps.leads.list({ ...page(request), ...(status ? { status: status as LeadStatus } : {}) });
  return json(200, { leads: leads.map(({ leadId, name, phone, status: is, disposition, summary, interest, createdAt }) => ({ leadId, name, phone, status: is, disposition, summary, interest, createdAt })), cursor });
};

/** The lead, and whether its number may be called at all. */
const shown = async (deps: ApiParts, leadId: string): Promise<HttpAnswer> => {
  const lead = await readLead(deps)(leadId);
  if (!lead) throw notFound('lead', 'leadId');
  return json(200, { ...lead, suppression: (await deps.suppressions.suppression(lead.phone)) ?? null });
};

const get: Story = (deps, _request, leadId) => shown(deps, leadId);

const retry: Story = async (deps, _request, leadId, by) => {
  const { attemptId, state, dueAt, reason } = await retryLead(deps)(leadId);
  await noted(deps, by, 'retry', leadId, { attemptId, state });
  return json(202, { ok: true, leadId, attemptId, state, dueAt, reason });
};

const suppress: Story = async (deps, _request, leadId, by) => {
  const lead = await deps.leads.lead(leadId);
  if (!lead) throw notFound('lead', 'leadId');
  await suppressNumber(deps)({ phone: lead.phone, reason: 'console', at: deps.clock.now().toISOString(), note: null }, leadId);
  await noted(deps, by, 'suppress', leadId, { reason: 'console' });
  return shown(deps, leadId);
};

export const leadRoutes: ApiRoute[] = [
  { method: 'GET', path: /^\/api\/leads$/, story: list },
  { method: 'GET', path: /^\/api\/leads\/([^/]{1,64})$/, story: get },
  { method: 'POST', path: /^\/api\/leads\/([^/]{1,64})\/retry$/, story: retry },
  { method: 'POST', path: /^\/api\/leads\/([^/]{1,64})\/suppress$/, story: suppress },
];
