// Called by the console's views: the small things that they all show (chips, times, numbers, lists of facts).
import { element, type Child } from '../element.ts';
import { shortStamp, stamp, thisReader } from '../when.ts';
import { maskPhone, toneOf } from './words.ts';

export const chip = (word: string): HTMLElement => element('span', { class: `chip ${toneOf(word)}` }, word);

export const time = (iso: string | null): HTMLElement | null =>
  iso === null ? null : element('time', { datetime: iso, title: iso }, stamp(iso, thisReader()));

export const shortTime = (iso: string): HTMLElement =>
  element('time', { datetime: iso, title: iso }, shortStamp(iso, thisReader()));

/** Leads whose number the reader wants to see; kept while the page is open, so that an update does not hide it again. */
const revealed = new Set<string>();

/** A masked number with a button that shows it. `place` tells two buttons for one lead apart. */
export const phoneView = (phone: string, leadId: string, place: string): HTMLElement => {
  const number = element('span', { class: 'number' });
  const button = element('button', { class: 'small', type: 'button', 'data-keep': `reveal-${place}-${leadId}` });
  const show = (): void => {
    const open = revealed.has(leadId);
    number.textContent = open ? phone : maskPhone(phone);
    button.textContent = open ? 'Hide' : 'Reveal';
    button.setAttribute('aria-label', open ? 'Hide the number' : 'Reveal the number');
  };
  button.addEventListener('click', () => {
    if (!revealed.delete(leadId)) revealed.add(leadId);
    show();
  });
  show();
  return element('span', { class: 'phone' }, number, ' ', button);
};

export const isRevealed = (leadId: string): boolean => revealed.has(leadId);
export const hideAll = (): void => revealed.clear();

/** A list of facts; those without a value are left out. */
export const facts = (entries: readonly (readonly [string, Child])[]): HTMLElement =>
  element('dl', { class: 'facts' }, ...entries.filter(([, value]) => value !== null && value !== '')
    .map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, value))));
