import { describe, expect, it } from 'vitest';
import { peopleThere } from '#calls/people-there.ts';
import { readPolicy, type PolicyDocument } from '#calls/policy.ts';

const at = (time: string, transfer: PolicyDocument['transfer']) => peopleThere(readPolicy({ transfer }), new Date(time));
const office: PolicyDocument['transfer'] = { zone: 'Europe/London', hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], start: '09:00', end: '17:30' }], daysOff: ['12-25', '2026-12-28'] };

describe('people who take calls over', () => {
  it('are there at any hour where the policy says nothing else', () => {
    expect(at('2026-11-29T03:00:00Z', undefined)).toEqual({ there: true });
    expect(at('2026-11-29T03:00:00Z', { seconds: 60 })).toEqual({ there: true });
  });

  it.each([
    ['a minute before they come', '2026-11-30T08:59:00Z', { there: false, back: 'today at 9:00 am (Europe/London)' }],
    ['as they come', '2026-11-30T09:00:00Z', { there: true }],
    ['before they go', '2026-11-30T17:29:59Z', { there: true }],
    ['as they go', '2026-11-30T17:30:00Z', { there: false, back: 'tomorrow, Tuesday 1 December, at 9:00 am (Europe/London)' }],
    ['at the weekend', '2026-11-28T12:00:00Z', { there: false, back: 'on Monday 30 November at 9:00 am (Europe/London)' }],
    ['in summer, by their own clocks', '2026-07-01T08:00:00Z', { there: true }],
    ['on days off, of every year and of one', '2026-12-25T10:00:00Z', { there: false, back: 'on Tuesday 29 December at 9:00 am (Europe/London)' }],
  ])('are told of %s', (_when, time, said) => {
    expect(at(time, office)).toEqual(said);
  });

  it('who are never there are never back', () => {
    expect(at('2026-11-30T10:00:00Z', { zone: 'Asia/Kolkata', hours: [] })).toEqual({ there: false, back: null });
  });

  it('may have days off without hours', () => {
    expect(at('2026-12-25T03:00:00Z', { zone: 'Asia/Kolkata', daysOff: ['12-25'] })).toEqual({ there: false, back: 'tomorrow, Saturday 26 December, at 12:00 am (Asia/Kolkata)' });
  });

  it.each<NonNullable<PolicyDocument['transfer']>>([{ hours: [] }, { daysOff: ['12-25'] }])('need a zone for their hours: %j', (transfer) => {
    expect(() => readPolicy({ transfer })).toThrow(/transfer\.zone: must say whose local time/);
  });
});
