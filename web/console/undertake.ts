// Called by the console's dialogs and forms: does what was asked once, and shows beside it what the server says to it.
import type { Outcome } from '../api.ts';
import { problemInWords } from '../problem.ts';
import { showFault, type Field } from './field.ts';

export interface Undertaking<T> {
  fields?: readonly Field[];
  /** What can be said before anybody is asked: what is wrong, and with which field. */
  check?: () => { at: Field; says: string } | null;
  act: () => Promise<Outcome<T>>;
  done: (value: T) => void;
  /** `The call was not ended.` Of a fault of the server's own, what is known then. */
  failed: string | ((status: number) => string);
  /** Ends `… and do not know`: `whether the call was ended. See its status.` */
  unsure: string;
}

/** What an answer that is no success says, beside fields and in general; null for a success. */
export const refusalInWords = (outcome: Outcome<unknown>, { failed, unsure, fields = [] }: Pick<Undertaking<unknown>, 'failed' | 'unsure' | 'fields'>): { byField: Map<string, string>; general: string } | null => {
  if (outcome.kind === 'ok') return null;
  if (outcome.kind === 'unreachable') return { byField: new Map(), general: `We could not reach the server, and do not know ${unsure}` };
  const { byField, general } = problemInWords(outcome.problem, Object.fromEntries(fields.map(({ name, called }) => [name, called])));
  return { byField, general: general && `${typeof failed === 'string' ? failed : failed(outcome.problem.status)} ${general}` };
};

/** `busy` is true from the submission to its answer: nothing is sent twice, and nothing is shut meanwhile. */
export const undertakeOn = <T>(form: HTMLFormElement, general: (text: string) => void, undertaking: Undertaking<T>): { busy: () => boolean } => {
  const { fields = [], check, act, done } = undertaking;
  const button = form.querySelector<HTMLButtonElement>('button[type="submit"]');
  let busy = false;
  form.noValidate = true;

  const submit = async (): Promise<void> => {
    for (const one of fields) showFault(one, '');
    general('');
    const wrong = check?.();
    if (wrong) {
      showFault(wrong.at, wrong.says);
      wrong.at.input.focus();
      return;
    }
    busy = true;
    button?.setAttribute('aria-disabled', 'true');
    const outcome = await act();
    busy = false;
    button?.removeAttribute('aria-disabled');
    if (outcome.kind === 'ok') { done(outcome.value); return; }
    const refusal = refusalInWords(outcome, undertaking);
    for (const one of fields) showFault(one, refusal?.byField.get(one.name) ?? '');
    fields.find(({ name }) => refusal?.byField.has(name))?.input.focus();
    general(refusal?.general ?? '');
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!busy) void submit();
  });
  return { busy: () => busy };
};
