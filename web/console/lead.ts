// Called by the console with one lead: the whole of it, each part of which changes in place.
import type { AttemptView, Lead } from '../api.ts';
import { element, settle, type Piece } from '../element.ts';
import { callPieces, code } from './call.ts';
import { chip, facts, isRevealed, phoneView, time } from './pieces.ts';

const head = (lead: Lead): HTMLElement => element('div', { class: 'lead-head' },
  element('h2', { id: 'lead-name' }, lead.name ?? 'No name'),
  element('p', { class: 'chips' }, chip(lead.status), lead.disposition ? chip(lead.disposition) : null),
  lead.summary ? element('p', { class: 'summary' }, lead.summary) : null,
  facts([
    ['Phone', phoneView(lead.phone, lead.leadId, 'lead')], ['Interest', lead.interest ?? null], ['Time zone', lead.timeZone],
    ['Created', time(lead.createdAt)], ['Lead', code(lead.leadId)],
  ]));

const decision = ({ attemptId, decision: record }: AttemptView): HTMLElement | null => {
  if (!record) return null;
  const known = Object.entries(record.facts ?? {}).map(([name, value]) => [name, value === null ? null : String(value)] as const);
  return element('details', { 'data-keep': `decision-${attemptId}` },
    element('summary', { 'data-keep': `decision-${attemptId}-summary` }, `Decision: ${record.outcome}`),
    facts([['Why', record.reason], ['Code', code(record.code)], ['Decided', time(record.at)], ['Until', time(record.until)], ['Policy', record.policyVersion], ...known]));
};

const attempt = (made: AttemptView, number: number): HTMLElement => element('li', {},
  element('p', { class: 'chips' }, element('strong', {}, `Attempt ${number}`), chip(made.state), element('span', { class: 'soft' }, `${made.carrier}, due `, time(made.dueAt) ?? 'never')),
  made.reason ? element('p', {}, made.reason) : null, decision(made));

const titled = (title: string, id: string, body: HTMLElement): HTMLElement =>
  element('section', { 'aria-labelledby': id }, element('h3', { id }, title), body);

const consent = ({ consent: shown }: Lead): HTMLElement => titled('Consent', 'consent-title', element('div', { class: 'evidence' },
  element('blockquote', {}, shown.text),
  facts([
    ['Given', time(shown.at)], ['From address', shown.ip], ['On page', shown.formUrl], ['Browser', shown.userAgent], ['SHA-256', code(shown.textHash)],
  ])));

const attempts = (lead: Lead): HTMLElement => titled('Attempts', 'attempts-title',
  element('ol', { class: 'attempts' }, ...(lead.attempts ?? []).map((made, index) => attempt(made, index + 1))));

const timeline = (lead: Lead): Piece => ({
  key: 'timeline',
  version: '',
  make: () => titled('Timeline', 'timeline-title', element('ol', { class: 'timeline' })),
  update: (kept) => settle(kept.querySelector('ol')!, (lead.timeline ?? []).map((entry, index) => ({
    key: String(index), version: JSON.stringify(entry),
    make: () => element('li', {}, time(entry.at), element('span', {}, element('strong', {}, entry.event), entry.detail ? ` ${entry.detail}` : null)),
  }))),
});

/** Shows the lead in `place`. `end` is called with the id of a live call that the reader wants ended. */
export const showLead = (place: HTMLElement, lead: Lead, end: (callId: string) => void): void => {
  const { calls, attempts: made, timeline: _, ...rest } = lead;
  settle(place, [
    { key: `head-${lead.leadId}`, version: JSON.stringify([rest, isRevealed(lead.leadId)]), make: () => head(lead) },
    ...(calls ?? []).flatMap((call, index) => callPieces(call, index + 1, end)),
    { key: `attempts-${lead.leadId}`, version: JSON.stringify(made), make: () => attempts(lead) },
    timeline(lead),
    { key: `consent-${lead.leadId}`, version: JSON.stringify(lead.consent), make: () => consent(lead) },
  ]);
};
