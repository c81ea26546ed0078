// Called by the console's views before what rings, silences or deletes: asks in a dialog, does it once, and shows in it why it was refused.
import { element, part, say, type Child } from '../element.ts';
import { undertakeOn, type Undertaking } from './undertake.ts';

export interface Question<T> extends Undertaking<T> {
  title: string;
  /** Paragraphs, and the rows of its fields. */
  body: Child[];
  /** The button that changes nothing, which has the focus where there is no field, and the one that does it. */
  keep: string;
  go: string;
  danger?: boolean;
  /** Where the focus goes when what it came from is there no more. */
  home: HTMLElement;
  /** Told what was refused after the dialog was shut by force. */
  aside: (text: string) => void;
}

let current: HTMLDialogElement | undefined;
export const closeQuestion = (): void => current?.close();

export const putQuestion = <T>(question: Question<T>): void => {
  const { title, body, keep, go, danger = false, home, aside, done } = question;
  const opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const stay = element('button', { class: 'quiet', type: 'button' }, keep);
  const fault = element('p', { class: 'fault', role: 'alert' });
  const form = element('form', {},
    element('h2', { id: 'question-title' }, title), element('div', { class: 'question', id: 'question-text' }, ...body), fault,
    element('div', { class: 'choice' }, stay, element('button', { class: danger ? 'danger' : 'primary', type: 'submit' }, go)));
  const dialog = element('dialog', { 'aria-labelledby': 'question-title', 'aria-describedby': 'question-text' }, form);
  const { busy } = undertakeOn(form, (text) => (dialog.open ? say(fault, text) : aside(text)), {
    ...question,
    done: (value) => {
      dialog.close();
      done(value);
    },
  });
  stay.addEventListener('click', () => { if (!busy()) dialog.close(); });
  dialog.addEventListener('cancel', (event) => { if (busy()) event.preventDefault(); });
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (current === dialog) current = undefined;
    // The browser gives the focus back to what had it; where that was made anew meanwhile, its successor gets it.
    if (opener?.isConnected) return;
    const name = opener?.dataset['keep'];
    (name === undefined ? null : document.querySelector<HTMLElement>(`[data-keep="${CSS.escape(name)}"]`) ?? home)?.focus();
  });
  closeQuestion();
  current = dialog;
  part('main', HTMLElement).append(dialog);
  dialog.showModal();
};
