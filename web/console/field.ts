// Called by the console's dialogs and forms: a labelled input, and what is wrong with it beside it.
import { element, say, type Child } from '../element.ts';

export interface Field {
  /** As the API calls it in its errors. */
  name: string;
  /** As a sentence about it begins: `The number`. */
  called: string;
  input: HTMLInputElement | HTMLSelectElement;
  row: HTMLElement;
  fault: HTMLElement;
}

/** `id` is unique in the page. */
export const field = (id: string, { name, called, label, input, hint = null }: {
  name: string; called: string; label: string; input: HTMLInputElement | HTMLSelectElement; hint?: Child;
}): Field => {
  input.id = id;
  const fault = element('p', { class: 'fault', id: `${id}-fault` });
  input.setAttribute('aria-describedby', `${hint === null ? '' : `${id}-hint `}${id}-fault`);
  const row = element('div', { class: 'field' }, element('label', { for: id }, label), hint === null ? null : element('div', { class: 'hint', id: `${id}-hint` }, hint), input, fault);
  const made = { name, called, input, row, fault };
  // What is being corrected is not wrong any more until it is sent again.
  input.addEventListener('input', () => showFault(made, ''));
  return made;
};

/** An empty text takes the fault away. */
export const showFault = ({ input, fault }: Field, text: string): void => {
  say(fault, text);
  if (text) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
};

/** The number of a person, as they type it; what it comes to is the server's to say. */
export const phoneField = (id: string, label: string, hint: Child = null): Field => field(id, {
  name: 'phone', called: 'The number', label, hint, input: element('input', { type: 'tel', autocomplete: 'off', required: true, maxlength: '40', placeholder: '+44 20 7946 0018' }),
});
export const typed = ({ input }: Field): string => input.value.trim();
