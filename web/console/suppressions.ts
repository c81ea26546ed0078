// Called by the console's board: the numbers that are not called, with a way to put one on the list and to take one off.
import { element, part, say, settle, type Child } from '../element.ts';
import type { ConsoleApi, ListedSuppression, SuppressionPage } from './api.ts';
import type { Connection } from './connection.ts';
import { field, phoneField, typed } from './field.ts';
import type { Notices } from './notices.ts';
import { pagesOf, type Pages } from './paged.ts';
import { chip, isRevealed, phoneView, shortTime } from './pieces.ts';
import { askRelease } from './suppression-questions.ts';
import { undertakeOn } from './undertake.ts';
import { stamp, thisReader } from '../when.ts';
import { maskPhone } from './words.ts';

const EVERY_MS = 5000;
const MOST_NOTE = 500;

/** Roles are written out: at phone width the row is laid out as a card, and would lose them. */
const cell = (label: string, ...children: Child[]): HTMLElement => element('td', { role: 'cell', 'data-label': label }, ...children);
const keyOf = ({ at, mark }: ListedSuppression): string => `suppression-${mark}-${at}`;

const row = (entry: ListedSuppression, release: (entry: ListedSuppression) => void): HTMLElement => {
  const key = keyOf(entry);
  const shown = entry.phone === null ? `erased number ${entry.mark}` : maskPhone(entry.phone);
  const button = element('button', { class: 'small', type: 'button', 'data-keep': `release-${key}`, 'aria-label': `Take off: ${shown}` }, 'Take off');
  button.addEventListener('click', () => release(entry));
  return element('tr', { role: 'row' },
    cell('Number', entry.phone === null ? element('span', { class: 'soft' }, shown) : phoneView(entry.phone, key, 'row')),
    cell('Why', chip(entry.reason)), cell('Since', shortTime(entry.at)), cell('Note', entry.note ?? element('span', { class: 'soft' }, 'none')), cell('Change', button));
};

export const suppressionList = (api: ConsoleApi, connection: Connection, notices: Notices, seen: () => boolean): Pages => {
  const home = part('suppressions', HTMLElement);
  const told = (text: string): void => {
    notices.news(text);
    pages.now();
  };
  const release = (entry: ListedSuppression): void => askRelease({
    api, home, aside: notices.fault, suppression: entry, phone: entry.phone,
    done: (phone) => told(entry.phone === null ? `${maskPhone(phone)} is not on the list. If the entry is still there, it is another number’s.` : `${maskPhone(phone)} is off the list.`),
  });
  const pages = pagesOf<SuppressionPage>({
    name: 'suppressions', everyMs: EVERY_MS, seen, connection, ask: (cursor, stopped) => api.suppressions(cursor, stopped),
    draw: ({ suppressions }) => {
      const rows = part('suppression-rows', HTMLElement);
      const within = rows.contains(document.activeElement);
      settle(rows, suppressions.map((entry) => ({ key: keyOf(entry), version: JSON.stringify([entry, isRevealed(keyOf(entry))]), make: () => row(entry, release) })));
      if (within && !rows.contains(document.activeElement)) home.focus();
      part('no-suppressions', HTMLElement).hidden = suppressions.length > 0;
    },
  });

  const number = phoneField('suppress-phone', 'Number');
  const note = field('suppress-note', { name: 'note', called: 'The note', label: 'Why', input: element('input', { type: 'text', autocomplete: 'off', maxlength: String(MOST_NOTE), placeholder: 'asked by letter' }) });
  const fault = element('p', { class: 'fault', role: 'alert' });
  const form = element('form', { class: 'card strip' }, number.row, note.row, element('button', { class: 'primary', type: 'submit' }, 'Do not call this number'), fault);
  part('suppress', HTMLElement).replaceChildren(form);
  undertakeOn(form, (text) => say(fault, text), {
    fields: [number, note],
    check: () => (typed(number) ? null : { at: number, says: 'Enter the number.' }),
    act: () => api.suppress(typed(number), typed(note) || null),
    failed: 'The number was not put on the list.', unsure: 'whether the number is on the list. See below.',
    done: ({ phone, reason, at }) => {
      // What was there before stays as it was: it is the evidence of when they asked.
      told(`${phone === null ? 'The number' : maskPhone(phone)} is on the list: ${reason}, since ${stamp(at, thisReader())}.`);
      form.reset();
      number.input.focus();
    },
  });
  return { ...pages, stop: () => { pages.stop(); part('suppression-rows', HTMLElement).replaceChildren(); form.remove(); } };
};
