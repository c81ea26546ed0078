// What an answer of the endpoint means for a message: delivered, given up, or when to try again. Pure.
import { TRIES_KEPT, type OutboxMessage } from './message.ts';
import type { Answer } from './ports.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** A message is tried for so long, counted from its first try. */
const GIVE_UP_MS = DAY_MS;
/** Pause after the first failure; doubled after each one, up to the most: about 100 tries in a day. */
const FIRST_PAUSE_MS = 10 * SECOND_MS;
const MOST_PAUSE_MS = 15 * 60 * SECOND_MS;

/** The upper half of the pause is left to chance, so that what failed together does not come back together. `failures` from 1, `random` 0 up to 1. */
export const pauseMs = (failures: number, random: number): number => {
  const whole = Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(whole / 2 + (whole / 2) * random);
};

/** Milliseconds from `now` that a Retry-After asks for (RFC 9110: seconds, or a date); 0 for none, and for one that cannot be read. */
export const retryAfterMs = (header: string | null, now: number): number => {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
};

type Verdict = { means: 'delivered' } | { means: 'gone'; reason: string } | { means: 'again'; reason: string; notBeforeMs: number };

const verdictOf = (answer: Answer, now: number): Verdict => {
  if (answer.kind === 'no-answer') return { means: 'again', reason: answer.reason, notBeforeMs: 0 };
  const { status } = answer;
  if (status >= 200 && status < 300) return { means: 'delivered' };
  if (status === 410) return { means: 'gone', reason: 'The endpoint answered 410: it is gone for good and wants no more messages.' };
  if (status >= 300 && status < 400) {
    return { means: 'again', reason: `The endpoint answered ${status}, a redirect. Redirects are not followed: give OUTBOX_URL the final address.`, notBeforeMs: 0 };
  }
  return { means: 'again', reason: `The endpoint answered ${status}.`, notBeforeMs: status === 429 || status === 503 ? retryAfterMs(answer.retryAfter, now) : 0 };
};

/** The message after one try that began at `began` and whose answer came at `now`. */
export const afterTry = (message: OutboxMessage, answer: Answer, { began, now, random }: { began: Date; now: Date; random: number }): OutboxMessage => {
  const verdict = verdictOf(answer, now.getTime());
  const reason = verdict.means === 'delivered' ? null : verdict.reason;
  const firstTriedAt = message.firstTriedAt ?? began.toISOString();
  const tried: OutboxMessage = {
    ...message, firstTriedAt, tries: message.tries + 1, reason, nextAt: null,
    lastTries: [...message.lastTries, { at: began.toISOString(), status: answer.kind === 'answered' ? answer.status : null, reason, ms: answer.ms }].slice(-TRIES_KEPT),
  };
  if (verdict.means === 'delivered') return { ...tried, state: 'delivered', deliveredAt: now.toISOString() };
  if (verdict.means === 'gone') return { ...tried, state: 'dead' };
  const deadline = Date.parse(firstTriedAt) + GIVE_UP_MS;
  if (now.getTime() >= deadline) return { ...tried, state: 'dead', reason: `Given up after ${tried.tries} tries in 24 hours. ${reason}` };
  // The last try stands at the end of the day, whatever the endpoint asked for.
  const next = Math.min(deadline, now.getTime() + Math.max(pauseMs(tried.tries, random), verdict.notBeforeMs));
  return { ...tried, state: 'pending', nextAt: new Date(next).toISOString() };
};
