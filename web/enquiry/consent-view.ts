// Called by the enquiry page: puts this business's words into the consent, and reads back exactly what stands there.
import { consentLabel, consentPoints, type Site } from '../consent.ts';
import { element, part } from '../element.ts';

const lines = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('#consent-points > li, #consent-label')];

/** The words on the page at this moment, in the order in which they stand. */
export const shownConsent = (): string => lines().map((line) => (line.textContent ?? '').replaceAll(/\s+/g, ' ').trim()).join(' ');

/** Nothing changes under the eyes of somebody who has agreed already: what they read is what is kept. */
export const showSite = (site: Site): void => {
  for (const place of document.querySelectorAll('[data-business]')) place.textContent = site.businessName;
  part('simulated', HTMLElement).hidden = !site.simulated;
  if (part('consent', HTMLInputElement).checked) return;
  part('consent-points', HTMLUListElement).replaceChildren(
    ...consentPoints(site).map(({ term, text }) => element('li', {}, element('strong', {}, `${term}:`), ` ${text}`)));
  part('consent-label', HTMLLabelElement).textContent = consentLabel(site);
};
