import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallStatus, LeadStatus, Progress } from '../../web/api.ts';
import { isFinal, nextQuestionMs, progressView, steps } from '../../web/enquiry/progress.ts';

const now = new Date('2026-06-03T19:30:00Z');
const berlin = { locale: 'en-GB', timeZone: 'Europe/Berlin' };
const leadStatuses: LeadStatus[] = ['new', 'scheduled', 'dialling', 'in-call', 'reached', 'unreachable', 'refused', 'do-not-call'];
const callStatuses: (CallStatus | null)[] = [null, 'queued', 'initiated', 'ringing', 'in-progress', 'completed', 'busy', 'no-answer', 'failed', 'canceled'];
const state = (status: LeadStatus, callStatus: CallStatus | null = null, more: Partial<Progress> = {}): Progress =>
  ({ leadId: 'lead_1', status, callStatus, dueAt: null, reason: null, updatedAt: now.toISOString(), ...more });
const view = (...given: Parameters<typeof state>) => progressView(state(...given), now, berlin);
const stepOf = (...given: Parameters<typeof state>): string => {
  const at = view(...given).steps.findIndex((step) => step === 'current' || step === 'stopped');
  return at < 0 ? 'all done' : `${steps[at]} ${view(...given).steps[at]}`;
};

describe('what the visitor is told', () => {
  it('moves on step by step with the line', () => {
    expect([stepOf('new'), stepOf('dialling'), stepOf('dialling', 'initiated'), stepOf('dialling', 'ringing'), stepOf('in-call', 'in-progress'), stepOf('reached', 'completed')])
      .toEqual(['Received current', 'Calling you current', 'Calling you current', 'Ringing current', 'Talking current', 'all done']);
  });

  it('says that one is talking as soon as the lead or the line says so', () => {
    expect(view('in-call', 'ringing').headline).toBe('You are talking with us.');
    expect(view('dialling', 'in-progress').headline).toBe('You are talking with us.');
  });

  it.each([
    ['busy', 'Your line was busy.', 'Calling you stopped'], ['no-answer', 'It rang, but nobody answered.', 'Ringing stopped'],
    ['failed', 'The phone network could not reach your number.', 'Calling you stopped'], ['canceled', 'The call was cancelled.', 'Calling you stopped'],
    ['completed', 'The call ended before we could talk.', 'Talking stopped'], [null, 'We could not call you.', 'Calling you stopped'],
  ] as const)('tells honestly that a call ended %s, and where it stopped', (callStatus, headline, step) => {
    expect(view('unreachable', callStatus)).toMatchObject({ headline, final: true, tone: 'ended' });
    expect(stepOf('unreachable', callStatus)).toBe(step);
    expect(view('unreachable', callStatus).detail).toContain('We will not try again by ourselves');
  });

  it('tells the reason when a number is refused, as a sentence', () => {
    expect(view('refused', null, { reason: 'premium-rate numbers are not called' }).detail).toBe('Premium-rate numbers are not called.');
    expect(view('refused').detail).toBe('Our rules for calling do not allow it.');
  });

  it('tells when a scheduled call comes, in the visitor’s own time, and why', () => {
    const later = view('scheduled', null, { dueAt: '2026-06-04T07:00:00Z', reason: 'It is after 21:00 where you are' });
    expect(later).toMatchObject({ headline: 'We will call you tomorrow at 09:00.', detail: 'It is after 21:00 where you are.', tone: 'waiting', final: false });
  });

  it('says before the next call what became of the last one', () => {
    expect(view('scheduled', 'busy', { dueAt: '2026-06-03T19:35:00Z' })).toMatchObject({ headline: 'We will call you again today at 21:35.', detail: 'Your line was busy.' });
    expect(stepOf('scheduled', 'no-answer', { dueAt: '2026-06-03T20:00:00Z' })).toBe('Ringing stopped');
    expect(view('dialling', 'busy')).toMatchObject({ headline: 'We are calling you again.', detail: 'Your line was busy.' });
  });

  it('promises no time that has passed', () => {
    expect(view('scheduled', null, { dueAt: '2026-06-03T19:29:00Z' }).headline).toBe('We will call you any moment now.');
  });

  it('has words and exactly five steps for every pair of statuses, and never an empty sentence', () => {
    for (const status of leadStatuses) {
      for (const callStatus of callStatuses) {
        const told = view(status, callStatus);
        expect(told.headline.trim()).not.toBe('');
        expect(told.steps).toHaveLength(5);
        expect(told.steps.filter((step) => step === 'current' || step === 'stopped').length).toBe(status === 'reached' ? 0 : 1);
        expect(told.final).toBe(isFinal(status));
      }
    }
  });

  it('shows a status that it does not know as an enquiry under way', () => {
    expect(view('on-hold' as LeadStatus)).toMatchObject({ headline: 'Your enquiry is under way.', final: false });
  });
});

describe('how often the page asks', () => {
  it('asks every second while something happens', () => {
    expect(nextQuestionMs(state('dialling', 'ringing'), 5000, now)).toBe(1000);
  });

  it('slows down when nothing changes', () => {
    expect(nextQuestionMs(state('in-call', 'in-progress'), 61_000, now)).toBe(3000);
    expect(nextQuestionMs(state('in-call', 'in-progress'), 11 * 60_000, now)).toBe(15_000);
  });

  it('stops at an end, whichever', () => {
    for (const status of ['reached', 'unreachable', 'refused', 'do-not-call'] as const) expect(nextQuestionMs(state(status), 0, now)).toBeNull();
  });

  it('asks rarely until a scheduled call is due, and then every second', () => {
    expect(nextQuestionMs(state('scheduled', null, { dueAt: '2026-06-04T07:00:00Z' }), 0, now)).toBe(10_000);
    expect(nextQuestionMs(state('scheduled', null, { dueAt: '2026-06-04T07:00:00Z' }), 11 * 60_000, now)).toBe(30_000);
    expect(nextQuestionMs(state('scheduled', null, { dueAt: '2026-06-03T19:30:07Z' }), 0, now)).toBe(7000);
    expect(nextQuestionMs(state('scheduled', null, { dueAt: '2026-06-03T19:29:00Z' }), 0, now)).toBe(1000);
  });

  it('never asks more often than once a second', () => {
    fc.assert(fc.property(fc.constantFrom(...leadStatuses), fc.constantFrom(...callStatuses), fc.nat(), fc.option(fc.date({ noInvalidDate: true })), (status, callStatus, unchangedMs, due) => {
      const wait = nextQuestionMs(state(status, callStatus, { dueAt: due?.toISOString() ?? null }), unchangedMs, now);
      expect(wait === null ? isFinal(status) : wait >= 1000 && wait <= 30_000).toBe(true);
    }));
  });
});
