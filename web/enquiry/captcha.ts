// Called by the enquiry page where site.json has a Turnstile key: puts the widget before the button and hands out its token.
import { element, part } from '../element.ts';

/** As documented at developers.cloudflare.com/turnstile; it may not be served from anywhere else. */
const SCRIPT = 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit';

interface Turnstile {
  render(place: HTMLElement, options: Readonly<Record<string, unknown>>): string;
  reset(widget: string): void;
}

export interface Captcha {
  /** What the enquiry is sent with; null while the check is not passed. */
  token(): string | null;
  /** Why there is no token, for somebody who pressed the button. */
  missing(): string;
  /** A token is good for one enquiry: whatever the server said to it, the next one needs another. */
  renew(): void;
}

const notYet = 'The check above “Call me” is not done yet. Complete it, or wait a moment, and press “Call me” again.';
const notLoaded = 'The check that you are a person could not be loaded, and without it we cannot take an enquiry. '
  + 'If your browser blocks content, allow challenges.cloudflare.com; then reload the page.';
const failed = 'The check that you are a person did not work. It is tried again by itself; if that does not help, reload the page.';

const given = (): Turnstile | undefined => (window as { turnstile?: Turnstile }).turnstile;

/** Loads the script and shows the widget; a sentence in its place when that cannot be. */
export const showCaptcha = (siteKey: string): Captcha => {
  const place = element('div', { id: 'captcha' });
  const fault = element('p', { class: 'fault', id: 'captcha-error', role: 'alert', hidden: true });
  part('send', HTMLButtonElement).before(element('div', { class: 'field' }, place, fault));
  let token: string | null = null;
  let widget: string | undefined;

  const tell = (sentence: string): void => {
    fault.textContent = sentence;
    fault.hidden = sentence === '';
  };
  const render = (turnstile: Turnstile): string => turnstile.render(place, {
    sitekey: siteKey, size: 'flexible', 'response-field': false,
    callback: (solved: string) => { token = solved; tell(''); },
    // After both of these the widget begins again by itself.
    'expired-callback': () => { token = null; },
    'error-callback': () => { token = null; tell(failed); return true; },
  });

  const script = element('script', { src: SCRIPT, async: true });
  script.addEventListener('error', () => tell(notLoaded));
  script.addEventListener('load', () => {
    const turnstile = given();
    // Some content blockers answer with an empty script.
    if (turnstile) widget = render(turnstile);
    else tell(notLoaded);
  });
  document.head.append(script);

  return {
    token: () => token,
    missing: () => fault.textContent || notYet,
    renew: () => {
      token = null;
      if (widget !== undefined) given()?.reset(widget);
    },
  };
};
