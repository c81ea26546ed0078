import { describe, expect, it } from 'vitest';
import { attemptStates } from '#calls/lead.ts';
import { mayCancel, mayMove, mayRetry } from '../../web/console/allowed.ts';
import { deedInWords, diallingInWords, erasedInWords, erasureInWords, plannedInWords, theirZone, whoInWords } from '../../web/console/deed-words.ts';
import { viewInHash } from '../../web/console/words.ts';
import { problemInWords, readProblem } from '../../web/problem.ts';
import { callOf, leadOf } from '../pages/people.ts';

const reader = { locale: 'en-GB', timeZone: 'Europe/Berlin' };
const [placed] = leadOf(1).attempts;
const planned = { ...placed!, attemptId: 'att_2', state: 'scheduled' as const, callId: null };

describe('what the server would allow', () => {
  it('is a call for a lead whose calls are over, planned attempt or not', () => {
    expect([mayRetry(leadOf(1)), mayRetry(leadOf(1, { attempts: [placed!, planned] })), mayRetry(leadOf(1, { attempts: [], calls: [] }))]).toEqual([true, true, true]);
  });

  it.each(['ready', 'dialling', 'unknown'] as const)('is no call while an attempt is %s', (state) => {
    expect(mayRetry(leadOf(1, { attempts: [{ ...placed!, state }] }))).toBe(false);
  });

  it('is no call while one is live or not wholly over, nor to a number on the list, nor after an opt-out', () => {
    expect(mayRetry(leadOf(1, { calls: [callOf(1, { status: 'ringing', endReason: null })] }))).toBe(false);
    expect(mayRetry(leadOf(1, { calls: [callOf(1, { status: 'completed', endReason: null })] }))).toBe(false);
    expect(mayRetry(leadOf(1, { calls: [callOf(1, { status: 'busy', endReason: null, answeredAt: null })] }))).toBe(true);
    expect(mayRetry(leadOf(1, { attempts: [{ ...placed!, callId: null }], calls: [] }))).toBe(false);
    expect(mayRetry(leadOf(1, { suppression: { phone: '+14155550001', reason: 'crm', at: '2026-06-03T09:30:00Z', note: null } }))).toBe(false);
    expect(mayRetry(leadOf(1, { timeline: [{ at: '2026-06-03T09:30:00Z', event: 'opted-out', detail: 'voice' }] }))).toBe(false);
  });

  it('is to move what is scheduled, and to cancel what nobody has dialled', () => {
    expect([attemptStates.filter(mayMove), attemptStates.filter(mayCancel)]).toEqual([['scheduled'], ['scheduled', 'ready']]);
  });
});

describe('deeds in words', () => {
  it('say when a call is planned on both clocks, and why then', () => {
    const lead = leadOf(1);
    expect(plannedInWords('2099-06-04T16:00:00Z', 'Outside hours.', lead, reader)).toMatch(/^Planned for Thursday,? 4 June 2099 at 09:00 for them, Thursday,? 4 June 2099 at 18:00 for you\. Outside hours\.$/);
    expect(plannedInWords('2099-06-04T16:00:00Z', null, leadOf(1, { timeZone: 'Europe/Berlin' }), reader)).toMatch(/^Planned for Thursday,? 4 June 2099 at 18:00\.$/);
  });

  it('know their clock from the form, else from what was decided about the number, if that is one zone', () => {
    const decided = (zone: string) => leadOf(1, { timeZone: null, attempts: [{ ...placed!, decision: { ...placed!.decision!, facts: { zone } } }] });
    expect([theirZone(leadOf(1)), theirZone(decided('Asia/Kolkata')), theirZone(decided('4 zones')), theirZone(leadOf(1, { timeZone: 'Nowhere/Land' })), theirZone(leadOf(1, { timeZone: null, attempts: [] }))])
      .toEqual(['America/Los_Angeles', 'Asia/Kolkata', null, null, null]);
  });

  it('say what an erasure takes, and nothing that is not there', () => {
    expect(erasureInWords(leadOf(1)).slice(2)).toEqual(['what was said in 1 call: 4 turns of transcript', '1 recording, also at the carrier', 'the agent’s own record of the conversation, at ElevenLabs']);
    const before = leadOf(1, { attempts: [planned], calls: [callOf(1, { status: 'ringing', transcript: [], recordingUrl: null, conversationId: null })] });
    expect(erasureInWords(before).slice(2)).toEqual(['the attempt that is planned', 'the call that is live: it is ended']);
    expect(erasureInWords(leadOf(1, { attempts: [], calls: [] }))).toHaveLength(2);
  });

  it('say what was erased, what is still to be deleted, and what could not be ended', () => {
    const none = { leads: 0, calls: 0, turns: 0, recordings: 0, pending: 0, ended: 0, notEnded: 0 };
    expect(erasedInWords(none)).toBe('No lead and no call of it was kept.');
    expect(erasedInWords({ ...none, leads: 2, calls: 1, turns: 14, recordings: 1, pending: 2, notEnded: 1 })).toBe(
      'Erased: 2 leads, 1 call, 14 turns of transcript, 1 recording. 2 recordings or conversations could not be deleted outside yet; that is tried again until it is. '
      + '1 live call could not be ended: the carrier was not reached. What is said there is kept nowhere.');
  });

  it('say what people did and what the trail kept of it', () => {
    expect(deedInWords({ action: 'erase', facts: { leads: 1, calls: 2, turns: 0, notEnded: 1 } }, reader)).toEqual({ what: 'erased', more: 'leads 1, calls 2, not ended 1' });
    expect(deedInWords({ action: 'switch', facts: { dialling: false, broughtForward: 0 } }, reader)).toEqual({ what: 'turned dialling off', more: '' });
    expect(deedInWords({ action: 'reschedule', facts: { attemptId: 'att_1', dueAt: '2026-06-04T07:00:00.000Z' } }, reader)).toEqual({ what: 'moved an attempt', more: 'due at 4 Jun, 09:00' });
    expect([whoInWords('admin-token'), whoInWords('user:f3b1')]).toEqual(['the admin token', 'user f3b1']);
  });

  it('say how dialling stands', () => {
    const off = { dialling: false, at: '2026-06-03T09:30:00Z', by: 'user:f3b1', policyKillSwitch: false };
    expect(diallingInWords(off, reader)).toEqual({ state: 'Dialling is off', since: 'since 3 Jun, 11:30, by user f3b1' });
    expect(diallingInWords({ ...off, dialling: true, at: null, by: null }, reader)).toEqual({ state: 'Dialling is on', since: '' });
    expect(diallingInWords({ ...off, dialling: true, policyKillSwitch: true }, reader)).toEqual({ state: 'Dialling is off', since: 'by the policy document' });
  });
});

it('a view is what the hash names, and leads for anything else', () => {
  expect(['', '#/', '#/leads/lead_01', '#/suppressions', '#/figures', '#/nothing', '#main'].map(viewInHash)).toEqual(['leads', 'leads', 'leads', 'suppressions', 'figures', 'leads', 'leads']);
});

describe('a problem on a button or a short form', () => {
  const read = (body: unknown, retryAfter: string | null = null) => problemInWords(readProblem(422, body, retryAfter, 0), { phone: 'The number' });
  it('stands beside the field that it names', () => {
    expect(read({ detail: 'phone is too short', errors: [{ field: 'phone', message: 'is too short' }] })).toEqual({ byField: new Map([['phone', 'The number is too short.']]), general: '' });
  });

  it('is its detail where it names none, and its errors only where it has no detail', () => {
    expect(read({ title: 'no such lead', detail: 'There is no such lead.', errors: [{ field: 'leadId', message: 'names no lead' }] }).general).toBe('There is no such lead.');
    expect(read({ title: 'no such lead', errors: [{ field: 'leadId', message: 'names no lead' }] }).general).toBe('leadId names no lead.');
    expect(read({ title: 'Not now' }).general).toBe('Not now');
  });
});
