// Trying again, by how the attempt ended.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Policy, readPolicy, type RetryOutcome, retryOutcomes } from '#calls/policy.ts';
import { type EndedAttempt, nextAttempt } from '#calls/retry-plan.ts';

const policy = readPolicy({});
const noJitter = (): number => 0;
const ended = (outcome: string, more: Partial<EndedAttempt> = {}): EndedAttempt => ({ outcome, attemptNumber: 1, endedAt: '2026-11-21T10:00:00Z', history: {}, otherCarrier: false, ...more });
const at = (attempt: EndedAttempt): string | undefined => {
  const next = nextAttempt(attempt, policy, noJitter);
  return 'at' in next ? next.at : undefined;
};

it.each([
  ['busy', {}, '2026-11-21T10:05:00.000Z'],
  ['no-answer', {}, '2026-11-21T10:30:00.000Z'],
  ['no-answer', { 'no-answer': 1 }, '2026-11-21T12:00:00.000Z'],
  ['no-answer', { 'no-answer': 2 }, '2026-11-22T10:00:00.000Z'],
  ['voicemail', {}, '2026-11-21T14:00:00.000Z'],
  ['agent-failed', {}, '2026-11-21T10:15:00.000Z'],
])('follows %s after %j at %s', (outcome, history, expected) => {
  expect(at(ended(outcome, { history }))).toBe(expected);
});

it('counts each outcome by itself', () => {
  expect(at(ended('no-answer', { history: { busy: 3 }, attemptNumber: 4 }))).toBe('2026-11-21T10:30:00.000Z');
});

it('tries once after a voicemail, and three times when nobody answers', () => {
  expect(nextAttempt(ended('voicemail', { history: { voicemail: 1 } }), policy, noJitter)).toEqual({ stop: 'A voicemail answered again, and the plan for that is used up.' });
  expect(nextAttempt(ended('no-answer', { history: { 'no-answer': 3 } }), policy, noJitter)).toHaveProperty('stop');
});

it('goes to the other carrier when a call could not be connected, and stops when there is none', () => {
  expect(nextAttempt(ended('failed', { otherCarrier: true }), policy, noJitter)).toEqual({ at: '2026-11-21T10:01:00.000Z', otherCarrier: true, reason: 'The call could not be connected: trying again after a minute through the other carrier.' });
  expect(nextAttempt(ended('failed'), policy, noJitter)).toEqual({ stop: 'The call could not be connected, and there is no other carrier to try.' });
});

it('prefers the other carrier when the carrier broke, and takes the same one if it must', () => {
  expect(nextAttempt(ended('carrier-failed', { otherCarrier: true }), policy, noJitter)).toMatchObject({ otherCarrier: true });
  expect(nextAttempt(ended('carrier-failed'), policy, noJitter)).toMatchObject({ otherCarrier: false, at: '2026-11-21T10:02:00.000Z' });
});

it('keeps the carrier when the line was busy', () => {
  expect(nextAttempt(ended('busy', { otherCarrier: true }), policy, noJitter)).toMatchObject({ otherCarrier: false });
});

it.each(['completed', 'opt-out', 'canceled', 'not-interested', 'caller-hung-up', 'toString', ''])('is over after %j', (outcome) => {
  expect(nextAttempt(ended(outcome), policy, noJitter)).toHaveProperty('stop');
});

it('is over when the enquiry has had all its attempts', () => {
  expect(nextAttempt(ended('busy', { attemptNumber: policy.frequency.attemptsPerLead }), policy, noJitter)).toMatchObject({ stop: expect.stringContaining('12 attempts') as unknown });
});

it('is over at once for outcomes whose plan is empty', () => {
  expect(nextAttempt(ended('busy'), readPolicy({ retry: { outcomes: { busy: { afterMinutes: [] } } } }), noJitter)).toEqual({ stop: 'The line was busy; the policy does not try again after that.' });
});

it('never comes earlier than the plan, and at most the jitter later', () => {
  fc.assert(fc.property(fc.constantFrom(...retryOutcomes), fc.nat(4), fc.boolean(), fc.oneof(fc.double(), fc.constantFrom(0, 0.5, 0.999999, 1)), fc.integer({ min: 0, max: 100 }), (outcome, earlier, otherCarrier, random, jitterPercent) => {
    const plan: Policy = readPolicy({ retry: { jitterPercent } });
    const next = nextAttempt(ended(outcome, { history: { [outcome]: earlier }, otherCarrier }), plan, () => random);
    const minutes = plan.retry.outcomes[outcome].afterMinutes[earlier];
    expect('stop' in next).toBe(minutes === undefined || (plan.retry.outcomes[outcome].carrier === 'other' && !otherCarrier));
    if ('stop' in next) return;
    const delay = Date.parse(next.at) - Date.parse('2026-11-21T10:00:00Z');
    expect(delay).toBeGreaterThanOrEqual((minutes ?? Infinity) * 60_000);
    expect(delay).toBeLessThanOrEqual((minutes ?? 0) * 600 * (100 + jitterPercent));
    expect(next.otherCarrier && !otherCarrier).toBe(false);
  }), { numRuns: 500 });
});

it('comes to an end whatever happens', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...retryOutcomes), { minLength: 60, maxLength: 60 }), fc.boolean(), (outcomes, otherCarrier) => {
    const history: Partial<Record<RetryOutcome, number>> = {};
    let attemptNumber = 1;
    for (const outcome of outcomes) {
      const next = nextAttempt({ outcome, attemptNumber, endedAt: '2026-11-21T10:00:00Z', history, otherCarrier }, policy, Math.random);
      if ('stop' in next) break;
      history[outcome] = (history[outcome] ?? 0) + 1;
      attemptNumber += 1;
    }
    expect(attemptNumber).toBeLessThanOrEqual(policy.frequency.attemptsPerLead);
  }));
});

it('stops rather than throws on a time or a count that cannot be read', () => {
  for (const endedAt of ['', 'yesterday', '2026-11-21', '+275760-09-13T00:00:00Z']) expect(nextAttempt(ended('busy', { endedAt }), policy, noJitter)).toHaveProperty('stop');
  for (const count of [NaN, Infinity, 1e300]) expect(nextAttempt(ended('busy', { history: { busy: count } }), policy, noJitter)).toHaveProperty('stop');
  expect(nextAttempt(ended('busy', { attemptNumber: NaN }), policy, noJitter)).toHaveProperty('stop');
});
