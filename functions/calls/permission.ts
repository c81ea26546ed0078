// Permission to dial: the one pure function that every dial goes through. Its answer is stored with the attempt.
// The checks, in their order, each with its codes:
//   1. kill switch        kill-switch
//   2. consent            no-consent, consent-altered, consent-from-the-future, consent-too-old
//   3. suppression        do-not-call
//   4. number             number-unreadable, country-refused, country-not-allowed, prefix-refused, type-refused
//   5. frequency          too-often (later, until the window has room), too-many-attempts
//   6. hours              outside-hours (later, until all places are open), no-time-zone, never-open
// What refuses for good comes before what only delays, so that nobody waits for a call that will never be placed.
import { consentFault } from './consent.ts';
import { frequencyCounts, frequencyFreeAt } from './frequency.ts';
import { nextOpen } from './hours.ts';
import type { Consent } from './lead.ts';
import { numberFault } from './numbers.ts';
import { readPhone } from './phone.ts';
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
  const now = Date.parse(question.now);
  const facts: Decision['facts'] = { attemptNumber: question.attemptNumber };
  const decide = (outcome: Decision['outcome'], code: string, reason: string, until: string | null = null): Decision =>
    ({ at: Number.isNaN(now) ? question.now : new Date(now).toISOString(), outcome, code, reason, until, policyVersion: versionOf(policy), facts });
  const refuse = (fault: { code: string; reason: string }): Decision => decide('refused', fault.code, fault.reason);

  if (question.killSwitch || policy.killSwitch) return refuse({ code: 'kill-switch', reason: 'Calling is switched off by the operator.' });
  if (Number.isNaN(now)) return refuse({ code: 'clock-unreadable', reason: 'The time of the decision could not be read.' });

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
    return refuse({ code: 'too-many-attempts', reason: `${policy.frequency.attemptsPerLead} attempts are the most for one enquiry.` });
  const free = frequencyFreeAt(question.dialledAt, now, number.country, policy);
  if (free === undefined) return refuse({ code: 'too-often', reason: 'The policy allows no calls to this number.' });

  const { places, zoneFrom } = placesOf(number, question.leadTimeZone, now, policy);
  facts['zone'] = places.length > 3 ? `${places.length} zones` : places.map((place) => place.zone).join(' ');
  facts['zoneFrom'] = zoneFrom;
  if (places.length === 0) return refuse({ code: 'no-time-zone', reason: 'Nothing tells in which time zone this number is, so nobody knows when it may be called.' });
  const until = nextOpen(new Date(free), places, policy.hours.searchDays);
  if (!until) return refuse({ code: 'never-open', reason: `There is no hour in the next ${policy.hours.searchDays} days at which this number may be called.` });
  if (until.getTime() === now) return decide('allowed', 'allowed', 'Consent is on record, and it is within calling hours.');

  const tooOld = consentFault(question.consent, until.getTime(), policy);
  if (tooOld) return refuse({ code: tooOld.code, reason: 'The next moment at which calling is allowed comes after the consent has lapsed.' });
  return free > now
    ? decide('later', 'too-often', 'This number was called as often as the policy allows for now; it is called when there is room again.', until.toISOString())
    : decide('later', 'outside-hours', 'It is outside calling hours where the phone is; the call is placed when they begin.', until.toISOString());
};

const doNotCall = (reason: string): string =>
  ({ 'opt-out': 'They asked not to be called.', 'carrier-dnd': 'The carrier has this number on its do-not-disturb list.', crm: 'The CRM says not to call this number.' })[reason]
    ?? 'This number is on the list of numbers not to call.';
