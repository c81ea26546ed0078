// Consent as evidence: what makes it good enough to dial. Used by permission, and by whoever writes consent down.
import { createHash } from 'node:crypto';
import { readInstant } from './instants.ts';
import type { Consent } from './lead.ts';
import type { Policy } from './policy.ts';

/** SHA-256 of the words that were shown, hex. */
export const consentHash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const DAY_MS = 86_400_000;
/** How far the clocks of two machines may lie apart. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Why this consent does not permit a dial at `now` (ms), or undefined when it does. */
export const consentFault = (consent: Consent | null, now: number, policy: Policy): { code: string; reason: string } | undefined => {
  if (!consent || typeof consent.text !== 'string' || consent.text.trim() === '') return { code: 'no-consent', reason: 'No consent to be called is on record.' };
  if (consentHash(consent.text) !== consent.textHash) return { code: 'consent-altered', reason: 'The words of the consent on record are not those that were agreed to.' };
  const at = readInstant(consent.at);
  if (at === undefined) return { code: 'no-consent', reason: 'It is not on record when consent was given.' };
  if (at > now + CLOCK_SKEW_MS) return { code: 'consent-from-the-future', reason: 'The consent on record is dated in the future.' };
  const { maxAgeDays } = policy.consent;
  return now - at > maxAgeDays * DAY_MS ? { code: 'consent-too-old', reason: `Consent was given more than ${maxAgeDays} days ago; it has to be asked for again.` } : undefined;
};
