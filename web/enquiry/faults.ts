// Called by the enquiry form: shows what is wrong, beside each field and in a summary that takes the focus, and takes it away again.
import { element, part } from '../element.ts';
import type { FormFaults } from '../problem.ts';

/** The form's fields, in the order in which the summary names them. */
export const fieldNames = ['name', 'phone', 'interest', 'consent'] as const;

const control = (field: string): HTMLInputElement => part(field, HTMLInputElement);

const showField = (field: string, message: string | undefined): void => {
  const place = part(`${field}-error`, HTMLElement);
  place.textContent = message ?? '';
  place.hidden = message === undefined;
  if (message === undefined) control(field).removeAttribute('aria-invalid');
  else control(field).setAttribute('aria-invalid', 'true');
};

export const clearField = (field: string): void => {
  if (document.querySelector(`#${field}-error:not([hidden])`)) showField(field, undefined);
};

export const clearFaults = (): void => {
  for (const field of fieldNames) showField(field, undefined);
  part('faults', HTMLElement).hidden = true;
};

export const showFaults = (title: string, { byField, general }: FormFaults): void => {
  for (const field of fieldNames) showField(field, byField.get(field));
  const links = fieldNames.flatMap((field) => {
    const message = byField.get(field);
    if (message === undefined) return [];
    const link = element('a', { href: `#${field}` }, message);
    link.addEventListener('click', (event) => { event.preventDefault(); control(field).focus(); });
    return [element('li', {}, link)];
  });
  part('faults-title', HTMLElement).textContent = title;
  part('faults-list', HTMLElement).replaceChildren(...general.map((text) => element('li', {}, text)), ...links);
  const summary = part('faults', HTMLElement);
  summary.hidden = false;
  summary.focus();
};
