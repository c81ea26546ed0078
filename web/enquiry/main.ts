// The enquiry page's module: joins form, key and progress panel, and takes up again what a reload left.
import { readSite } from '../consent.ts';
import { part } from '../element.ts';
import { tabMemory } from '../memory.ts';
import type { Poll } from '../poll.ts';
import { showCaptcha, type Captcha } from './captcha.ts';
import { showSite } from './consent-view.ts';
import { clearFaults, showFaults } from './faults.ts';
import { enquiryForm, focusForm } from './form.ts';
import { enquiryKey } from './key.ts';
import { watchProgress } from './progress-panel.ts';
import type { Accepted } from '../api.ts';

const memory = tabMemory();
const key = enquiryKey(memory);
const formCard = part('enquiry-card', HTMLElement);
const progressCard = part('progress', HTMLElement);
let watching: Poll | undefined;
let captcha: Captcha | undefined;

const showForm = (): void => {
  watching?.stop();
  memory.write('lead', null);
  progressCard.hidden = true;
  formCard.hidden = false;
};

const showProgress = (leadId: string, headline: string): void => {
  watching?.stop();
  formCard.hidden = true;
  watching = watchProgress(leadId, headline, () => {
    showForm();
    showFaults('We no longer find your earlier enquiry', { byField: new Map(), general: ['You can send a new one here.'] });
  });
};

const accepted = ({ leadId }: Accepted): void => {
  memory.write('lead', leadId);
  key.renew();
  showProgress(leadId, 'We have your enquiry.');
  progressCard.scrollIntoView({ block: 'center' });
  part('progress-title', HTMLElement).focus({ preventScroll: true });
};

/** The page as it was built stands until then, and stays when there is no such file. */
const loadSite = async (): Promise<void> => {
  try {
    const response = await fetch('/site.json', { signal: AbortSignal.timeout(5000) });
    if (!response.ok) return;
    const site = readSite(await response.json());
    showSite(site);
    if (site.turnstileSiteKey) captcha = showCaptcha(site.turnstileSiteKey);
  } catch {
    // No site.json, or none that is JSON: the built-in words are true for everybody.
  }
};

enquiryForm(key, () => captcha, accepted);
part('again', HTMLButtonElement).addEventListener('click', () => {
  showForm();
  clearFaults();
  focusForm();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') watching?.now();
});
// A form that was posted before this module had loaded comes back with its lead in the address.
const posted = /^lead_[A-Za-z0-9]+$/.exec(new URLSearchParams(window.location.search).get('enquiry') ?? '')?.[0];
if (posted) {
  memory.write('lead', posted);
  key.renew();
  window.history.replaceState(null, '', window.location.pathname);
}
const kept = memory.read('lead');
if (kept) showProgress(kept, 'Looking up your enquiry…');
void loadSite();
