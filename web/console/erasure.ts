// Called where a lead or a person can be erased: the question, which says what goes and wants a word typed.
import type { Outcome } from '../api.ts';
import { element } from '../element.ts';
import type { Erased } from './api.ts';
import { field, typed, type Field } from './field.ts';
import { putQuestion } from './question.ts';

const WORD = 'erase';

export interface ErasureQuestion {
  title: string;
  /** One line each. */
  goes: readonly string[];
  stays: string;
  /** What has to be told before the word is typed. */
  fields?: readonly Field[];
  home: HTMLElement;
  aside: (text: string) => void;
  act: () => Promise<Outcome<{ erased: Erased }>>;
  done: (value: { erased: Erased }) => void;
}

export const askErasure = ({ title, goes, stays, fields = [], ...more }: ErasureQuestion): void => {
  const word = field('erase-word', { name: 'word', called: 'The word', label: `Type “${WORD}” to go on`, input: element('input', { type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' }) });
  putQuestion({
    ...more, title, keep: 'Keep it', go: 'Erase', danger: true, fields: [...fields, word],
    body: [
      element('p', {}, 'This cannot be undone. What goes:'), element('ul', {}, ...goes.map((line) => element('li', {}, line))),
      element('p', {}, 'What stays: when consent was given and the checksum of its words, times and lengths of calls without a number or a word of them, and a place on the list of numbers not to call, without the number. The CRM is told to forget the lead where it was told of it.'),
      element('p', {}, stays), ...fields.map(({ row }) => row), word.row,
    ],
    check: () => (typed(word).toLowerCase() === WORD ? null : { at: word, says: `Type “${WORD}”, or keep it.` }),
    failed: (status) => (status < 500 ? 'Nothing was erased.' : 'Not all of it was erased, maybe nothing. Doing it again ends what was begun.'), unsure: 'whether it was erased. Doing it again does no harm.',
  });
};
