// Called by the console when nobody is signed in: asks for the admin token and tries it before it lets anybody in.
import { consoleApi, type ConsoleApi } from './api.ts';
import { element, part } from '../element.ts';
import type { Problem } from '../problem.ts';

export const isRefusal = ({ status }: Problem): boolean => status === 401 || status === 403;
export const refusedToken = 'This token was not accepted. The right one is printed when the server starts.';

export const showDoor = (message: string): void => {
  part('door', HTMLElement).hidden = false;
  part('board', HTMLElement).hidden = true;
  part('session', HTMLElement).hidden = true;
  part('token-error', HTMLElement).textContent = message;
  const button = document.querySelector<HTMLElement>('#sign-in');
  if (button) { button.focus(); return; }
  const input = part('token', HTMLInputElement);
  if (message) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
  input.focus();
};

/** Where people sign in by name, a button stands in place of the token field. */
export const showSignIn = (begin: () => Promise<void>): void => {
  const button = element('button', { class: 'primary', id: 'sign-in', type: 'button' }, 'Sign in');
  button.addEventListener('click', () => void begin());
  part('door-words', HTMLElement).textContent = 'Leads and their calls, live. It opens for people who were invited, with their password and second factor.';
  part('token-form', HTMLFormElement).replaceWith(part('token-error', HTMLElement), button);
};

/** Wires the door up; `enter` gets a token that the server has accepted. */
export const door = (enter: (token: string, api: ConsoleApi) => void): void => {
  const input = part('token', HTMLInputElement);
  const form = part('token-form', HTMLFormElement);
  let trying = false;
  form.noValidate = true;

  const knock = async (): Promise<void> => {
    const token = input.value.trim();
    if (!token) { showDoor('Enter the admin token.'); return; }
    // A header takes no other characters; the browser would refuse to send it, as if the network were down.
    if (!/^[\x21-\x7e]+$/.test(token)) { showDoor(refusedToken); return; }
    trying = true;
    part('open', HTMLButtonElement).setAttribute('aria-disabled', 'true');
    const api = consoleApi(token);
    const outcome = await api.leads({ status: '', cursor: null });
    trying = false;
    part('open', HTMLButtonElement).removeAttribute('aria-disabled');
    if (outcome.kind === 'ok') {
      input.value = '';
      enter(token, api);
    } else if (outcome.kind === 'unreachable') showDoor('We could not reach the server. Please try again.');
    else showDoor(isRefusal(outcome.problem) ? refusedToken : outcome.problem.detail || outcome.problem.title);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!trying) void knock();
  });
};
