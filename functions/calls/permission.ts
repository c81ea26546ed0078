// Permission to dial: the one pure function that every dial goes through. Its answer is stored with the attempt.
// The checks, in their order, each with its codes:
//   1. kill switch        kill-switch, clock-unreadable
//   2. consent            no-consent, consent-altered, consent-from-the-future, consent-too-old
//   3. suppression        do-not-call
//   4. number             number-unreadable, country-refused, country-not-allowed, prefix-refused, type-refused
//   5. frequency          history-unreadable, too-many-attempts, too-often (later, until there is room; refused if the policy allows none)
//   6. hours              outside-hours (later, until all places are open), no-time-zone, never-open
// What refuses for good comes before what only delays, so that nobody waits for a call that will never be placed.
import { consentFault } from './consent.ts';
import { frequencyCounts, frequencyFreeAt } from './frequency.ts';
import { nextOpen } from './hours.ts';
import { readInstant } from './instants.ts';
import type { Consent } from './lead.ts';
import { numberFault } from './numbers.ts';
import { type Phone, readPhone } from './phone.ts';
import { placesOf } from './places.ts';
import { type Policy, versionOf } from './policy.ts';

/** What was decided about one dial, kept with its attempt. `facts` hold nothing personal beyond zone, country and counts. */
export interface Decision {
  /** When it was decided, ISO 8601. */
  at: string;
  outcome: 'allowed' | 'later' | 'refused';
  /** Stable kebab-case: `allowed`, or one of the codes above. */
  code: string;
  /** A sentence for people. */
  reason: string;
  /** With `later`: when the same question is allowed as far as hours and frequency are known now; else null. */
  until: string | null;
  policyVersion: string;
  facts: Record<string, string | number | boolean | null>;
}

export interface Question {
  /** ISO 8601. */
  now: string;
  /** E.164. */
  phone: string;
  /** What the form sent; anything that is no IANA zone counts as nothing. */
  leadTimeZone: string | null;
  consent: Consent | null;
  suppression: { reason: string } | null;
  /** When this number was dialled before, ISO 8601, in any order; the last 30 days are enough. */
  dialledAt: string[];
  /** The operator's switch; the policy's own counts as well. */
  killSwitch: boolean;
  /** Which attempt of the lead this is, from 1. */
  attemptNumber: number;
}

/** May this number be dialled now? Pure and total: every question has exactly one answer, and none throws. */
export const permissionToDial = (question: Question, policy: Policy): Decision => {
  const { phone } = question;
  const now = readInstant(question.now);
  const facts: Decision['facts'] = { attemptNumber: question.attemptNumber };
  const decide = (outcome: Decision['outcome'], code: string, reason: string, until: string | null = null): Decision =>
    ({ at: now === undefined ? question.now : new Date(now).toISOString(), outcome, code, reason, until, policyVersion: versionOf(policy), facts });
  const refuse = (fault: { code: string; reason: string }): Decision => decide('refused', fault.code, fault.reason);

  if (question.killSwitch || policy.killSwitch) return refuse({ code: 'kill-switch', reason: 'Calling is switched off by the operator.' });
  if (now === undefined) return refuse({ code: 'clock-unreadable', reason: 'The time of the decision could not be read.' });

  const consent = consentFault(question.consent, now, policy);
  if (consent) return refuse(consent);
  if (question.suppression) return refuse({ code: 'do-not-call', reason: doNotCall(question.suppression.reason) });

  const number = readPhone(phone);
  if ('fault' in number || number.phone !== phone) return refuse({ code: 'number-unreadable', reason: 'The number is not a complete international number.' });
  facts['country'] = number.country ?? null;
  facts['numberType'] = number.type;
  const fault = numberFault(number, policy);
  if (fault) return refuse(fault);

  const counts = frequencyCounts(question.dialledAt, now);
  if (!counts) return refuse({ code: 'history-unreadable', reason: 'It could not be read when this number was called before.' });
  Object.assign(facts, counts);
  if (!(question.attemptNumber <= policy.frequency.attemptsPerLead))
    return refuse({ code: 'too-many-attempts', reason: `At most ${policy.frequency.attemptsPerLead} attempts are made for one enquiry.` });
  const free = frequencyFreeAt(question.dialledAt, now, number.country, policy);
  if (free === undefined) return refuse({ code: 'too-often', reason: 'The policy allows no calls to this number.' });

  const where = placesOf(number, question.leadTimeZone, free, policy);
  facts['zone'] = where.places.length > 3 ? `${where.places.length} zones` : where.places.map((place) => place.zone).join(' ') || null;
  facts['zoneFrom'] = where.zoneFrom;
  if (where.places.length === 0) return refuse({ code: 'no-time-zone', reason: 'Nothing tells in which time zone this number is, so nobody knows when it may be called.' });
  const until = firstOpen(number, question.leadTimeZone, free, policy);
  if (!until) return refuse({ code: 'never-open', reason: `There is no hour in the next ${policy.hours.searchDays} days at which this number may be called.` });
  if (until.getTime() === now) return decide('allowed', 'allowed', 'Consent is on record, and it is within calling hours.');

  const tooOld = consentFault(question.consent, until.getTime(), policy);
  if (tooOld) return refuse({ code: tooOld.code, reason: 'The next moment at which calling is allowed comes after the consent has lapsed.' });
  return free > now
    ? decide('later', 'too-often', 'This number was called as often as the policy allows for now; it is called when there is room again.', until.toISOString())
    : decide('later', 'outside-hours', 'It is outside calling hours where the phone is; the call is placed when they begin.', until.toISOString());
};

/** The first instant from `from` (ms) on at which the places that count at that very instant are all open. */
const firstOpen = (number: Phone, zone: string | null, from: number, policy: Policy): Date | undefined => {
  let at = new Date(from);
  // Which places count can change with the seasons (placesOf), so the answer is asked again at the instant found.
  for (let round = 0; round < 8; round += 1) {
    const open = nextOpen(at, placesOf(number, zone, at.getTime(), policy).places, policy.hours.searchDays);
    if (!open || open.getTime() === at.getTime()) return open;
    at = open;
  }
  return undefined;
};

/** A Map: a reason is somebody's text, and an object knows more words than were written into it. */
const whyNot = new Map([
  ['opt-out', 'They asked not to be called.'], ['carrier-dnd', 'The carrier has this number on its do-not-disturb list.'], ['crm', 'The CRM says not to call this number.'],
]);
const doNotCall = (reason: string): string => whyNot.get(reason) ?? 'This number is on the list of numbers not to call.';
