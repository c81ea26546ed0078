// Called by the console: numbers with their middle hidden, and the few words that differ from the API's own. Pure.
import type { CallStatus, LeadStatus } from '../api.ts';

export const leadStatuses: readonly LeadStatus[] = ['new', 'scheduled', 'dialling', 'in-call', 'reached', 'unreachable', 'refused', 'do-not-call'];

const overStatuses: readonly CallStatus[] = ['completed', 'busy', 'no-answer', 'failed', 'canceled'];
export const isLive = (status: CallStatus): boolean => !overStatuses.includes(status);

/** `+14155550123` as `+14•••••••23`. What is too short to hide anything in is hidden whole; what arrives masked stays as it is. */
export const maskPhone = (phone: string): string => {
  const hidden = Math.max(0, phone.length - 5);
  return phone.length < 8 ? '•'.repeat(phone.length) : `${phone.slice(0, 3)}${'•'.repeat(hidden)}${phone.slice(-2)}`;
};

export type Tone = 'busy' | 'wait' | 'good' | 'bad' | 'calm';

/** The colour beside a word; the word itself is always there, too. */
export const toneOf = (word: string): Tone => {
  switch (word) {
    case 'reached': case 'completed': case 'interested': case 'allowed': return 'good';
    case 'in-call': case 'in-progress': case 'dialling': case 'ringing': case 'initiated': case 'queued': case 'ready': return 'busy';
    case 'new': case 'scheduled': case 'callback': case 'unknown': case 'later': return 'wait';
    case 'refused': case 'do-not-call': case 'failed': case 'carrier-failed': case 'agent-failed': return 'bad';
    default: return 'calm';
  }
};

/** The middle of the measurements, or null when there is none. */
export const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
};

/** The lead that a location hash names (`#/leads/lead_…`), or null. */
export const leadInHash = (hash: string): string | null => /^#\/leads\/(lead_[A-Za-z0-9]+)$/.exec(hash)?.[1] ?? null;

/** A carrier may name any address: only what a browser can open harmlessly becomes a link. */
export const safeLink = (address: string | null): string | null => {
  if (address === null || !URL.canParse(address)) return null;
  return ['https:', 'http:'].includes(new URL(address).protocol) ? address : null;
};

export const views = ['leads', 'suppressions', 'person', 'activity', 'figures'] as const;
export type View = (typeof views)[number];

/** What a location hash shows (`#/suppressions`); leads for anything else. */
export const viewInHash = (hash: string): View => views.find((view) => hash === `#/${view}`) ?? 'leads';
