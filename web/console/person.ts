// Called by the console's board: export and erasure by number, for who asks for what is kept of them, or to be forgotten.
import { element, part, say } from '../element.ts';
import type { ConsoleApi } from './api.ts';
import { erasedInWords } from './deed-words.ts';
import { askErasure } from './erasure.ts';
import { phoneField, showFault, typed } from './field.ts';
import type { Notices } from './notices.ts';
import { saveJson } from './save.ts';
import { undertakeOn } from './undertake.ts';
import { maskPhone } from './words.ts';

const goes = ['every lead that gave this number, with its consent, attempts, calls, transcripts and recordings', 'every call that came from it', 'the number itself, wherever it is kept', 'a call that is live: it is ended'];

export const personForm = (api: ConsoleApi, notices: Notices): { stop: () => void } => {
  const number = phoneField('person-phone', 'Number');
  const fault = element('p', { class: 'fault', role: 'alert' });
  const erase = element('button', { class: 'danger', type: 'button', id: 'erase-person' }, 'Erase…');
  const form = element('form', { class: 'card strip' }, number.row, element('button', { class: 'primary', type: 'submit' }, 'Export'), erase, fault);
  part('person-form', HTMLElement).replaceChildren(form);
  undertakeOn(form, (text) => say(fault, text), {
    fields: [number],
    check: () => (typed(number) ? null : { at: number, says: 'Enter the number.' }),
    act: () => api.exportPerson(typed(number)),
    failed: 'Nothing was exported.', unsure: 'whether there is anything to export. Please try again.',
    done: (person) => {
      saveJson('ringback-export.json', person);
      notices.news(`Everything that is kept about ${maskPhone(typed(number))} was saved as a file. The activity says that it was.`);
    },
  });
  erase.addEventListener('click', () => {
    showFault(number, '');
    say(fault, '');
    const gone = phoneField('erase-phone', 'Number');
    gone.input.value = typed(number);
    askErasure({
      home: erase, aside: notices.fault, title: 'Erase everything behind a number?', goes, stays: 'Whoever gives the number in a new enquiry is a new lead.', fields: [gone],
      act: () => api.erasePerson(typed(gone)),
      done: ({ erased }) => {
        form.reset();
        notices.news(`${erasedInWords(erased)} Where the number is on the list of those that are not called, it stays there as a pseudonym.`);
      },
    });
  });
  return { stop: () => form.remove() };
};
