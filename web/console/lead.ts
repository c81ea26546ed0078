// Called by the console with one lead: the whole of it, each part of which changes in place.
import type { AttemptView, Lead } from '../api.ts';
import { element, settle, type Piece } from '../element.ts';
import { mayCancel, mayMove, mayRetry } from './allowed.ts';
import { callPieces, code } from './call.ts';
import { reasonInWords } from './deed-words.ts';
import type { LeadDeeds } from './lead-deeds.ts';
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

/** A button that stands where the deed is allowed, and keeps its focus by its name. */
const deed = (name: string, kind: string, text: string, label: string | null, act: () => void): HTMLElement => {
  const button = element('button', { class: kind, type: 'button', 'data-keep': name, 'aria-label': label }, text);
  button.addEventListener('click', act);
  return button;
};

const attempt = (lead: Lead, made: AttemptView, number: number, deeds: LeadDeeds): HTMLElement => element('li', {},
  element('p', { class: 'chips' }, element('strong', {}, `Attempt ${number}`), chip(made.state), element('span', { class: 'soft' }, `${made.carrier}, due `, time(made.dueAt) ?? 'never')),
  made.reason ? element('p', {}, made.reason) : null,
  mayCancel(made.state) ? element('p', { class: 'deeds' },
    mayMove(made.state) ? deed(`move-${made.attemptId}`, 'small', 'Move to…', `Move to… (attempt ${number})`, () => deeds.move(lead, made)) : null,
    deed(`cancel-${made.attemptId}`, 'small', 'Cancel', `Cancel attempt ${number}`, () => deeds.cancel(made, number))) : null,
  decision(made));

/** What can be done to the lead as a whole. Where its number is on the list, that stands in place of the button that puts it there. */
const leadDeeds = (lead: Lead, deeds: LeadDeeds): Piece => {
  const retry = mayRetry(lead);
  const called = lead.calls.length > 0;
  const { suppression = null } = lead;
  return {
    key: `deeds-${lead.leadId}`, version: JSON.stringify([retry, called, suppression, lead.attempts, lead.calls]),
    make: () => element('div', { class: 'lead-deeds' },
      suppression === null ? null : element('p', {}, element('strong', {}, 'Not called'), ' since ', time(suppression.at), `, because ${reasonInWords(suppression.reason)}${suppression.note ? `: ${suppression.note}` : ''}.`),
      element('p', { class: 'deeds' },
        retry ? deed('retry', 'primary', called ? 'Call again now' : 'Call now', null, () => deeds.retry(lead)) : null,
        suppression === null ? deed('suppress', 'quiet', 'Do not call', null, () => deeds.suppress(lead)) : deed('release', 'quiet', 'Take off the list', null, () => deeds.release(lead)),
        deed('save', 'quiet', 'Export', null, () => deeds.save(lead)),
        deed('erase', 'danger', 'Erase…', null, () => deeds.erase(lead)))),
  };
};

const titled = (title: string, id: string, body: HTMLElement): HTMLElement =>
  element('section', { 'aria-labelledby': id }, element('h3', { id }, title), body);

const consent = ({ consent: shown }: Lead): HTMLElement => titled('Consent', 'consent-title', element('div', { class: 'evidence' },
  element('blockquote', {}, shown.text),
  facts([
    ['Given', time(shown.at)], ['From address', shown.ip], ['On page', shown.formUrl], ['Browser', shown.userAgent], ['SHA-256', code(shown.textHash)],
  ])));

const attempts = (lead: Lead, deeds: LeadDeeds): HTMLElement => titled('Attempts', 'attempts-title',
  element('ol', { class: 'attempts' }, ...(lead.attempts ?? []).map((made, index) => attempt(lead, made, index + 1, deeds))));

const timeline = (lead: Lead): Piece => ({
  key: 'timeline',
  version: '',
  make: () => titled('Timeline', 'timeline-title', element('ol', { class: 'timeline' })),
  update: (kept) => settle(kept.querySelector('ol')!, (lead.timeline ?? []).map((entry, index) => ({
    key: String(index), version: JSON.stringify(entry),
    make: () => element('li', {}, time(entry.at), element('span', {}, element('strong', {}, entry.event), entry.detail ? ` ${entry.detail}` : null)),
  }))),
});

/** Shows the lead in `place`, with a button for each deed that its state allows. */
export const showLead = (place: HTMLElement, lead: Lead, deeds: LeadDeeds): void => {
  const { calls, attempts: made, timeline: _, suppression: _suppression, ...rest } = lead;
  settle(place, [
    { key: `head-${lead.leadId}`, version: JSON.stringify([rest, isRevealed(lead.leadId)]), make: () => head(lead) },
    leadDeeds(lead, deeds),
    ...(calls ?? []).flatMap((call, index) => callPieces(call, index + 1, deeds.end)),
    { key: `attempts-${lead.leadId}`, version: JSON.stringify(made), make: () => attempts(lead, deeds) },
    timeline(lead),
    { key: `consent-${lead.leadId}`, version: JSON.stringify(lead.consent), make: () => consent(lead) },
  ]);
};
