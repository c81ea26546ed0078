// Erasure and export, of a lead or of everybody behind a number, and the trail of who did what. Called by api.ts, which has checked who asks.
import { eraseLead, eraseNumber, type Erased } from '#calls/erase-lead.ts';
import { exportNumber } from '#calls/export-number.ts';
import { json, type HttpAnswer } from '#house/http.ts';
import { noted, notFound, page, phoneOf, type ApiParts, type ApiRoute, type Story } from './api-route.ts';

const facts = (erased: Erased) => ({ ...erased });

const eraseOne: Story = async (deps, _request, leadId, by) => {
  const erased = await eraseLead(deps)(leadId);
  if (!erased) throw notFound('lead', 'leadId');
  await noted(deps, by, 'erase', leadId, facts(erased));
  return json(200, { ok: true, erased });
};

const erasePerson: Story = async (deps, request, _id, by) => {
  const { counts, leadIds } = await eraseNumber(deps)(phoneOf(request.query.get('phone') ?? undefined));
  // One entry a lead, so that the trail of a lead can be read by its id; one without where there was none.
  for (const leadId of leadIds) await noted(deps, by, 'erase', leadId, { byNumber: true });
  await noted(deps, by, 'erase', null, facts(counts));
  return json(200, { ok: true, erased: counts });
};

const exported = async (deps: ApiParts, by: string, phone: string, leadId: string | null): Promise<HttpAnswer> => {
  const person = await exportNumber(deps)(phone);
  await noted(deps, by, 'export', leadId, { leads: person.leads.length, calls: person.inboundCalls.length });
  return json(200, person, { 'content-disposition': 'attachment; filename="ringback-export.json"' });
};

const exportPerson: Story = (deps, request, _id, by) => exported(deps, by, phoneOf(request.query.get('phone') ?? undefined), null);

const exportLead: Story = async (deps, _request, leadId, by) => {
  const lead = await deps.leads.lead(leadId);
  if (!lead) throw notFound('lead', 'leadId');
  return exported(deps, by, lead.phone, leadId);
};

const trail: Story = async (deps, request) => json(200, await deps.audit.entries(page(request)));

export const privacyRoutes: ApiRoute[] = [
  { method: 'DELETE', path: /^\/api\/leads\/([^/]{1,64})$/, story: eraseOne },
  { method: 'GET', path: /^\/api\/leads\/([^/]{1,64})\/export$/, story: exportLead },
  { method: 'DELETE', path: /^\/api\/people$/, story: erasePerson },
  { method: 'GET', path: /^\/api\/people\/export$/, story: exportPerson },
  { method: 'GET', path: /^\/api\/audit$/, story: trail },
];
