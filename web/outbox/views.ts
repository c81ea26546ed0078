// Called by the outbox page: messages as rows, and what the receiver got, changing in place.
import { element, part, say, settle, type Child } from '../element.ts';
import { chip, shortTime, time } from '../console/pieces.ts';
import type { Delivery, Message, Receiver } from './api.ts';
import { deliveryInWords, mannerInWords, toneOfState, triesInWords } from './words.ts';

/** Roles are written out: at phone width the row is laid out as a card, and would lose them. */
const cell = (label: string, ...children: Child[]): HTMLElement => element('td', { role: 'cell', 'data-label': label }, ...children);
const soft = (...children: Child[]): HTMLElement => element('span', { class: 'soft' }, ...children);

const row = (message: Message, replay: (id: string) => void): HTMLElement => {
  const button = element('button', { class: 'small', type: 'button', 'data-keep': `replay-${message.id}`, 'aria-label': `Replay ${message.id}` }, message.state === 'pending' ? 'Try now' : 'Replay');
  button.addEventListener('click', () => replay(message.id));
  const next = message.state === 'pending' && message.tries > 0 ? soft(' Next try ', time(message.nextAt)) : null;
  return element('tr', { role: 'row' },
    cell('State', element('span', { class: `chip ${toneOfState(message.state)}` }, message.state)),
    cell('Outcome', message.erased ? soft('erased') : element('span', { class: 'outcome' }, chip(message.status), message.disposition === message.status ? null : soft(message.disposition))),
    cell('Lead', element('span', {}, element('a', { href: `/console#/leads/${message.leadId}`, 'data-keep': `lead-${message.id}` }, `…${message.leadId.slice(-6)}`), soft(` no. ${message.sequence}`))),
    cell('When', shortTime(message.occurredAt)),
    cell('Tries', element('span', {}, triesInWords(message), message.reason ? soft(` ${message.reason}`) : null, next)),
    cell('Again', button));
};

/** `filtered`: a state was chosen, so that an empty list says so. */
export const showMessages = (messages: readonly Message[], filtered: boolean, replay: (id: string) => void): void => {
  settle(part('rows', HTMLElement), messages.map((message) => ({ key: message.id, version: JSON.stringify(message), make: () => row(message, replay) })));
  part('empty', HTMLElement).hidden = messages.length > 0;
  say(part('empty', HTMLElement), filtered ? 'No outcome is in this state.' : 'Nothing yet. The first lead that comes to an end will appear here by itself.');
};

const delivery = (had: Delivery, key: string): HTMLElement => element('li', {},
  element('p', { class: 'chips' }, time(had.at), element('span', { class: `chip ${had.fault === null && had.answered >= 200 && had.answered < 300 ? 'good' : had.answered === 0 ? 'busy' : 'bad'}` }, deliveryInWords(had))),
  element('p', {}, element('code', {}, had.id ?? 'no id')),
  had.outcome === null ? null : element('details', { 'data-keep': key }, element('summary', { 'data-keep': `${key}-summary` }, 'What was sent'), element('blockquote', {}, element('code', {}, JSON.stringify(had.outcome, null, 2)))));

export const showReceiver = ({ manner, manners, deliveries }: Receiver): void => {
  const choice = part('manner', HTMLSelectElement);
  if (choice.options.length !== manners.length) choice.replaceChildren(...manners.map((one) => element('option', { value: one }, mannerInWords(one))));
  if (document.activeElement !== choice) choice.value = manner;
  part('receiver', HTMLElement).hidden = false;
  // Newest first and nothing between: counted from the end, a delivery keeps its key while others come.
  settle(part('deliveries', HTMLElement), deliveries.map((had, index) => {
    const key = `delivery-${had.at}-${had.id ?? deliveries.length - index}`;
    return { key, version: JSON.stringify(had), make: () => delivery(had, key) };
  }));
  part('no-deliveries', HTMLElement).hidden = deliveries.length > 0;
};
