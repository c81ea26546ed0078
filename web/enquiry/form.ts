// Called by the enquiry page: reads the form, sends it once at a time, and says what the server thought of it.
import { sendEnquiry, type Accepted, type Enquiry } from '../api.ts';
import { part } from '../element.ts';
import { formFaults, type FormFaults, type Problem } from '../problem.ts';
import type { Captcha } from './captcha.ts';
import { shownConsent } from './consent-view.ts';
import { clearFaults, clearField, showFaults } from './faults.ts';
import type { EnquiryKey } from './key.ts';

const value = (id: string): string => part(id, HTMLInputElement).value.trim();

/** Only what nobody needs a server for: whether a number can be called, the server judges. */
const missing = (captcha: Captcha | undefined): FormFaults => {
  const byField = new Map<string, string>();
  if (!value('phone')) byField.set('phone', 'Enter the phone number that we may call.');
  if (!part('consent', HTMLInputElement).checked) byField.set('consent', 'Tick the box if we may call you. Without your consent we cannot.');
  return { byField, general: captcha && captcha.token() === null ? [captcha.missing()] : [] };
};

const readForm = (captcha: string | null): Enquiry => ({
  phone: value('phone'), consent: true, consentText: shownConsent(),
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, formUrl: window.location.origin + window.location.pathname,
  ...(value('name') && { name: value('name') }),
  ...(value('interest') && { interest: value('interest') }),
  ...(captcha !== null && { captcha }),
});

const showSending = (sending: boolean): void => {
  const button = part('send', HTMLButtonElement);
  // aria-disabled keeps the focus where it is; `disabled` would throw it to the top of the page.
  if (sending) button.setAttribute('aria-disabled', 'true');
  else button.removeAttribute('aria-disabled');
  button.textContent = sending ? 'Sending…' : 'Call me';
  part('sending', HTMLElement).textContent = sending ? 'Sending your enquiry.' : '';
};

const subjects = { name: 'Your name', phone: 'The phone number', interest: 'What it is about', consent: 'Your consent' };
const titleOf = ({ status }: Problem): string => {
  if (status === 429) return 'That is a little too often';
  if (status === 400 || status === 422) return 'Something needs correcting';
  return status >= 500 ? 'This did not work, and it is not your fault' : 'We could not take this enquiry';
};

/** The captcha's error is about no field that a visitor fills in: its detail is written for them. */
const faultsOf = (problem: Problem): FormFaults =>
  formFaults(problem.errors.some(({ field }) => field === 'captcha') ? { ...problem, errors: problem.errors.filter(({ field }) => field !== 'captcha') } : problem, subjects);

const refuse = (problem: Problem, key: EnquiryKey): void => {
  if (problem.status === 409) {
    // The key is taken by an enquiry with other content: the first one did arrive, though its answer was lost.
    key.renew();
    showFaults('Your earlier enquiry did reach us', {
      byField: new Map(), general: ['What you changed since then was not sent. Press “Call me” again to send it as a new enquiry.'],
    });
    return;
  }
  showFaults(titleOf(problem), faultsOf(problem));
};

/** Wires the form up. `captcha` is asked at each sending, for it may come later than the form; `accepted` is told once for each enquiry that the server has taken. */
export const enquiryForm = (key: EnquiryKey, captcha: () => Captcha | undefined, accepted: (answer: Accepted) => void): void => {
  const form = part('enquiry', HTMLFormElement);
  let sending = false;
  form.noValidate = true; // our messages stand beside the fields and in the page's language; without JavaScript the browser's own do

  const send = async (): Promise<void> => {
    clearFaults();
    const check = captcha();
    const faults = missing(check);
    if (faults.byField.size > 0 || faults.general.length > 0) { showFaults('Something is missing', faults); return; }
    sending = true;
    showSending(true);
    const outcome = await sendEnquiry(readForm(check?.token() ?? null), key.current());
    check?.renew();
    sending = false;
    showSending(false);
    if (outcome.kind === 'ok') {
      form.reset();
      accepted(outcome.value);
    } else if (outcome.kind === 'problem') refuse(outcome.problem, key);
    else {
      showFaults('We could not reach the server', {
        byField: new Map(), general: ['Nothing was lost: what you wrote is still here. Check your connection and press “Call me” again; we will not call you twice.'],
      });
    }
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!sending) void send();
  });
  form.addEventListener('input', (event) => {
    key.current();
    if (event.target instanceof HTMLInputElement) clearField(event.target.id);
  });
};

export const focusForm = (): void => part('phone', HTMLInputElement).focus();
