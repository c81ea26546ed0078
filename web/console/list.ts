// Called by the console with a page of leads: shows them as rows that change in place.
import type { LeadPage, LeadSummary } from '../api.ts';
import { element, part, say, settle, type Child } from '../element.ts';
import { chip, isRevealed, phoneView, shortTime, time } from './pieces.ts';

/** Roles are written out because at phone width the row is laid out as a card, and a table without table layout loses its meaning. */
const cell = (label: string, ...children: Child[]): HTMLElement => element('td', { role: 'cell', 'data-label': label }, ...children);

const outcome = ({ disposition, lastEvent }: LeadSummary): Child[] => [
  disposition ? chip(disposition) : null,
  lastEvent ? element('span', { class: 'soft' }, `${disposition ? ' ' : ''}${lastEvent.event} `, time(lastEvent.at)) : null,
  disposition || lastEvent ? null : element('span', { class: 'soft' }, 'none yet'),
];

const row = (lead: LeadSummary, selected: boolean): HTMLElement => {
  const link = element('a', { href: `#/leads/${lead.leadId}`, 'data-keep': `open-${lead.leadId}`, 'aria-current': selected ? 'true' : null }, lead.name ?? 'No name');
  return element('tr', { role: 'row', class: selected ? 'selected' : null },
    cell('Status', chip(lead.status)), cell('Name', link), cell('Phone', phoneView(lead.phone, lead.leadId, 'row')),
    cell('Interest', lead.interest ?? element('span', { class: 'soft' }, 'not said')), cell('Created', shortTime(lead.createdAt)), cell('Outcome', ...outcome(lead)));
};

/** `filtered`: a status was chosen, so that an empty list says so. */
export const showLeads = ({ leads }: LeadPage, selectedId: string | null, filtered: boolean): void => {
  settle(part('rows', HTMLElement), leads.map((lead) => ({
    key: lead.leadId,
    version: JSON.stringify([lead, lead.leadId === selectedId, isRevealed(lead.leadId)]),
    make: () => row(lead, lead.leadId === selectedId),
  })));
  part('empty', HTMLElement).hidden = leads.length > 0;
  say(part('empty', HTMLElement), filtered ? 'No lead has this status.' : 'No leads yet. The first enquiry will appear here by itself.');
};
