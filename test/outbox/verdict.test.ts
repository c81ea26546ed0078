import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOON } from '#doubles/clock.ts';
import { leadIdNumber } from '#doubles/records.ts';
import { newMessage, TRIES_KEPT, type OutboxMessage } from '#outbox/message.ts';
import type { Answer } from '#outbox/ports.ts';
import { afterTry, pauseMs, retryAfterMs } from '#outbox/verdict.ts';

const noon = Date.parse(NOON);
const HOUR = 3_600_000;
const message = (more: Partial<OutboxMessage> = {}): OutboxMessage => ({ ...newMessage(leadIdNumber(1), 3, { occurredAt: NOON, status: 'reached', disposition: 'interested', erased: false }, NOON), ...more });
const answered = (status: number, retryAfter: string | null = null): Answer => ({ kind: 'answered', status, retryAfter, ms: 5 });
/** After a try that is over at `at`, in ms after noon. */
const tried = (answer: Answer, at = 0, more: Partial<OutboxMessage> = {}): OutboxMessage => afterTry(message(more), answer, { began: new Date(noon + at), now: new Date(noon + at), random: 0 });
const waitOf = (after: OutboxMessage, at = 0): number => Date.parse(after.nextAt!) - noon - at;

describe('what an answer means', () => {
  it.each([200, 201, 202, 204, 299])('%i is delivered', (status) => {
    expect(tried(answered(status))).toMatchObject({ state: 'delivered', deliveredAt: NOON, nextAt: null, reason: null, tries: 1, lastTries: [{ at: NOON, status, reason: null, ms: 5 }] });
  });

  it('410 ends it at once, with the reason', () => {
    expect(tried(answered(410))).toMatchObject({ state: 'dead', nextAt: null, reason: 'The endpoint answered 410: it is gone for good and wants no more messages.' });
  });

  it.each([301, 302, 303, 307, 308])('%i is a failure that says why redirects are none', (status) => {
    const after = tried(answered(status));
    expect(after).toMatchObject({ state: 'pending', reason: `The endpoint answered ${status}, a redirect. Redirects are not followed: give OUTBOX_URL the final address.` });
  });

  it.each([400, 401, 404, 408, 422, 429, 500, 502, 503])('%i is tried again', (status) => {
    expect(tried(answered(status))).toMatchObject({ state: 'pending', reason: `The endpoint answered ${status}.`, firstTriedAt: NOON });
  });

  it('silence is tried again, and says so', () => {
    expect(tried({ kind: 'no-answer', reason: 'The endpoint did not answer within 10 s.', ms: 10_000 })).toMatchObject({
      state: 'pending', reason: 'The endpoint did not answer within 10 s.', lastTries: [{ status: null, ms: 10_000 }],
    });
  });

  it('keeps the latest tries only', () => {
    const many = Array.from({ length: 30 }, () => answered(500)).reduce((one, answer, i) => afterTry(one, answer, { began: new Date(noon + i), now: new Date(noon + i), random: 0 }), message());
    expect([many.tries, many.lastTries.length, many.lastTries.at(-1)?.at]).toEqual([30, TRIES_KEPT, new Date(noon + 29).toISOString()]);
  });
});

describe('when it is tried again', () => {
  it('waits longer after each failure, up to a quarter of an hour, the upper half by chance', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) => [pauseMs(failures, 0), pauseMs(failures, 1)])).toEqual([
      [5_000, 10_000], [10_000, 20_000], [20_000, 40_000], [40_000, 80_000], [80_000, 160_000], [160_000, 320_000], [320_000, 640_000], [450_000, 900_000], [450_000, 900_000],
    ]);
  });

  it.each([
    ['seconds', 429, '120', 120_000], ['seconds', 503, ' 120 ', 120_000], ['a date', 503, new Date(noon + HOUR).toUTCString(), HOUR], ['a date that has passed', 503, new Date(noon - HOUR).toUTCString(), 5_000],
    ['less than the pause', 429, '1', 5_000], ['nonsense', 429, 'soon', 5_000], ['a number that is none', 429, '-5', 5_000], ['nothing', 429, null, 5_000],
    ['seconds, after another failure', 500, '120', 5_000],
  ])('keeps to a Retry-After of %s (%i, %s)', (_what, status, header, wait) => {
    expect(waitOf(tried(answered(status, header)))).toBe(wait);
  });

  it('reads any Retry-After without stumbling', () => {
    fc.assert(fc.property(fc.string(), (text) => { expect(retryAfterMs(text, noon)).toBeGreaterThanOrEqual(0); }));
  });

  it('makes the last try a day after the first, whatever the endpoint asks for', () => {
    expect(waitOf(tried(answered(429, '999999')))).toBe(24 * HOUR);
    expect(waitOf(tried(answered(500), 24 * HOUR - 1000, { tries: 90, firstTriedAt: NOON }), 24 * HOUR - 1000)).toBe(1000);
  });

  it('gives up then, with the count and the last reason', () => {
    expect(tried(answered(500), 24 * HOUR, { tries: 99, firstTriedAt: NOON })).toMatchObject({ state: 'dead', nextAt: null, reason: 'Given up after 100 tries in 24 hours. The endpoint answered 500.' });
    expect(tried(answered(200), 24 * HOUR, { tries: 99, firstTriedAt: NOON })).toMatchObject({ state: 'delivered' });
  });
});
