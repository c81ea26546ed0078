// Trying again: what follows when an attempt came to nothing. Called when an attempt ends; the answer then needs permission like any dial.
import { readInstant } from './instants.ts';
import { type Policy, type RetryOutcome, retryOutcomes } from './policy.ts';

export interface EndedAttempt {
  /** How the attempt ended. Outcomes without a plan (answered, canceled, opt-out …) are final. */
  outcome: RetryOutcome | (string & {});
  /** Which attempt of the lead this was, from 1. */
  attemptNumber: number;
  /** When it ended, ISO 8601. */
  endedAt: string;
  /** How many attempts of this lead ended in each outcome before this one. */
  history: Partial<Record<RetryOutcome, number>>;
  /** True if another carrier is configured that this lead's attempt could go through. */
  otherCarrier: boolean;
}

/** `at`: not before this, ISO 8601. `otherCarrier`: dial it through the other carrier. */
export type NextAttempt = { at: string; reason: string; otherCarrier: boolean } | { stop: string };

const inWords: Record<RetryOutcome, string> = {
  busy: 'The line was busy', 'no-answer': 'Nobody answered', voicemail: 'A voicemail answered', failed: 'The call could not be connected',
  'carrier-refused': 'The carrier refused the call', 'carrier-failed': 'The carrier dropped the call', 'agent-failed': 'The voice agent was not available',
  unknown: 'The call was never found at the carrier', callback: 'They asked to be called later',
};

const isRetryOutcome = (text: string): text is RetryOutcome => (retryOutcomes as readonly string[]).includes(text);
const finite = (value: number, otherwise: number): number => Number.isFinite(value) ? value : otherwise;
const inMinutes = (minutes: number): string =>
  minutes % 1440 === 0 && minutes > 0 ? (minutes === 1440 ? 'a day' : `${minutes / 1440} days`)
    : minutes % 60 === 0 && minutes > 0 ? (minutes === 60 ? 'an hour' : `${minutes / 60} hours`)
      : minutes === 1 ? 'a minute' : `${minutes} minutes`;

/**
 * When to try again, or why not. Never earlier than the plan's delay after `endedAt`, and at most `jitterPercent` of the delay
 * later (`random` gives 0 up to 1), so that leads who failed together do not ring together. Bounded: each outcome's plan has an
 * end, and so has the number of attempts of a lead. Total: never throws; an unreadable `endedAt` stops.
 */
export const nextAttempt = (ended: EndedAttempt, policy: Policy, random: () => number): NextAttempt => {
  const { outcome } = ended;
  if (!isRetryOutcome(outcome)) return { stop: 'This ends the plan: trying again would not help.' };
  const from = readInstant(ended.endedAt);
  if (from === undefined) return { stop: 'It is not known when the last attempt ended.' };
  if (!(ended.attemptNumber < policy.frequency.attemptsPerLead)) return { stop: `${inWords[outcome]}, and at most ${policy.frequency.attemptsPerLead} attempts are made for one enquiry.` };

  const plan = policy.retry.outcomes[outcome];
  const earlier = Math.max(0, Math.trunc(finite(ended.history[outcome] ?? 0, Number.MAX_SAFE_INTEGER)));
  const minutes = plan.afterMinutes[earlier];
  if (minutes === undefined) return { stop: plan.afterMinutes.length === 0 ? `${inWords[outcome]}; the policy does not try again after that.` : `${inWords[outcome]} again, and the plan for that is used up.` };
  if (plan.carrier === 'other' && !ended.otherCarrier) return { stop: `${inWords[outcome]}, and there is no other carrier to try.` };

  const jitter = Math.min(1, Math.max(0, finite(random(), 0))) * minutes * 60_000 * policy.retry.jitterPercent / 100;
  const other = plan.carrier !== 'same' && ended.otherCarrier;
  return {
    at: new Date(from + minutes * 60_000 + Math.floor(jitter)).toISOString(),
    reason: `${inWords[outcome]}: trying again ${minutes === 0 ? 'at once' : `after ${inMinutes(minutes)}`}${other ? ' through the other carrier' : ''}.`,
    otherCarrier: other,
  };
};
