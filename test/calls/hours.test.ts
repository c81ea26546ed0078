// Hours on the wall clock of a place, above all in the nights when clocks change.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextOpen, openAt, type OpenPlace, wallClock } from '#calls/hours.ts';
import type { Weekday, Window } from '#calls/policy.ts';

const week: Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const daily = (start: string, end: string): Window[] => [{ days: week, start, end }];
const place = (zone: string, hours: Window[] = daily('09:00', '21:00'), off: string[] = []): OpenPlace => ({ zone, hours, isHoliday: (day) => off.includes(day) });
const opensAt = (from: string, ...places: OpenPlace[]): string | undefined => nextOpen(new Date(from), places, 14)?.toISOString().replace('.000Z', 'Z');

describe('openAt', () => {
  it.each([
    ['Asia/Kolkata', '2026-11-21T03:29:59.999Z', false, 'a half-hour zone, one millisecond early'],
    ['Asia/Kolkata', '2026-11-21T03:30:00Z', true, 'a half-hour zone, 09:00'],
    ['Asia/Kolkata', '2026-11-21T15:29:59Z', true, 'up to the end'],
    ['Asia/Kolkata', '2026-11-21T15:30:00Z', false, 'but not at the end'],
    ['Asia/Kathmandu', '2026-11-21T03:14:59Z', false, 'three quarters of an hour'],
    ['Asia/Kathmandu', '2026-11-21T03:15:00Z', true, 'three quarters of an hour, 09:00'],
    ['Australia/Adelaide', '2026-11-20T22:30:00Z', true, 'half an hour with daylight saving, 09:00'],
    ['Australia/Adelaide', '2026-06-20T23:29:59Z', false, 'half an hour without daylight saving, 08:59:59'],
    ['Pacific/Kiritimati', '2026-11-20T19:00:00Z', true, 'fourteen hours ahead'],
    ['Pacific/Pago_Pago', '2026-11-21T19:59:59Z', false, 'eleven hours behind, 08:59:59'],
  ])('in %s at %s is %s (%s)', (zone, at, open) => {
    expect(openAt(new Date(at), place(zone))).toBe(open);
  });

  it('keeps to the days of a window by the local date', () => {
    const saturdays = place('Pacific/Auckland', [{ days: ['sat'], start: '00:00', end: '24:00' }]);
    expect(openAt(new Date('2026-11-20T10:59:00Z'), saturdays)).toBe(false);
    expect(openAt(new Date('2026-11-20T11:00:00Z'), saturdays)).toBe(true);
    expect(openAt(new Date('2026-11-21T10:59:59Z'), saturdays)).toBe(true);
    expect(openAt(new Date('2026-11-21T11:00:00Z'), saturdays)).toBe(false);
  });

  it('is closed for the whole local date of a holiday', () => {
    const christmas = place('America/New_York', daily('00:00', '24:00'), ['2026-12-25']);
    expect(openAt(new Date('2026-12-25T04:59:59Z'), christmas)).toBe(true);
    expect(openAt(new Date('2026-12-25T05:00:00Z'), christmas)).toBe(false);
    expect(openAt(new Date('2026-12-26T04:59:59Z'), christmas)).toBe(false);
    expect(openAt(new Date('2026-12-26T05:00:00Z'), christmas)).toBe(true);
  });

  it('is always open from "00:00" to "24:00" on every day', () => {
    const always = place('America/New_York', daily('00:00', '24:00'));
    for (let hour = 0; hour < 48; hour += 1) expect(openAt(new Date(Date.UTC(2026, 10, 1, hour, 59, 59, 999)), always)).toBe(true);
  });
});

describe('nextOpen', () => {
  it.each([
    // Clocks go forward: the same local hour comes an hour sooner.
    ['Europe/Berlin', '2026-03-28T20:00:00Z', '2026-03-29T07:00:00Z'],
    ['Europe/London', '2026-03-28T21:00:00Z', '2026-03-29T08:00:00Z'],
    ['America/New_York', '2026-03-08T02:00:00Z', '2026-03-08T13:00:00Z'],
    ['America/Los_Angeles', '2026-03-08T05:00:00Z', '2026-03-08T16:00:00Z'],
    ['Australia/Adelaide', '2026-10-03T12:00:00Z', '2026-10-03T22:30:00Z'],
    ['Pacific/Auckland', '2026-09-26T10:00:00Z', '2026-09-26T20:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T12:00:00Z', '2026-10-03T22:00:00Z'],
    // Clocks go back: an hour later.
    ['Europe/Berlin', '2026-10-24T19:00:00Z', '2026-10-25T08:00:00Z'],
    ['Europe/London', '2026-10-24T20:00:00Z', '2026-10-25T09:00:00Z'],
    ['America/New_York', '2026-11-01T01:00:00Z', '2026-11-01T14:00:00Z'],
    ['America/St_Johns', '2026-11-01T00:00:00Z', '2026-11-01T12:30:00Z'],
    ['Australia/Adelaide', '2026-04-04T11:00:00Z', '2026-04-04T23:30:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T11:00:00Z', '2026-04-04T22:30:00Z'],
    // A zone that never changes.
    ['America/Phoenix', '2026-03-08T05:00:00Z', '2026-03-08T16:00:00Z'],
    ['Asia/Kolkata', '2026-03-28T16:00:00Z', '2026-03-29T03:30:00Z'],
  ])('in %s from %s is %s', (zone, from, expected) => {
    expect(opensAt(from, place(zone))).toBe(expected);
  });

  it('gives the instant itself when it is open', () => {
    expect(opensAt('2026-11-21T03:30:00Z', place('Asia/Kolkata'))).toBe('2026-11-21T03:30:00Z');
  });

  it('opens when the clocks have jumped if the window begins in the skipped hour', () => {
    // 02:00 to 03:00 does not exist in Berlin on 29 March 2026.
    expect(opensAt('2026-03-28T12:00:00Z', place('Europe/Berlin', daily('02:30', '04:00')))).toBe('2026-03-29T01:00:00Z');
    expect(opensAt('2026-03-29T00:00:00Z', place('Europe/Berlin', daily('02:10', '02:50')))).toBe('2026-03-30T00:10:00Z');
  });

  it('begins the day at 01:00 where midnight is skipped', () => {
    // Clocks in Egypt go from 24:00 to 01:00 on the last Friday of April; in Chile at the end of the first Saturday of September.
    expect(opensAt('2026-04-23T20:30:00Z', place('Africa/Cairo', [{ days: ['fri'], start: '00:00', end: '03:00' }]))).toBe('2026-04-23T22:00:00Z');
    expect(opensAt('2026-09-06T03:30:00Z', place('America/Santiago', [{ days: ['sun'], start: '00:00', end: '24:00' }]))).toBe('2026-09-06T04:00:00Z');
  });

  it('is open twice when the hour comes twice', () => {
    const early = place('America/New_York', daily('01:00', '01:30'));
    expect(opensAt('2026-11-01T04:00:00Z', early)).toBe('2026-11-01T05:00:00Z');
    expect(opensAt('2026-11-01T05:30:00Z', early)).toBe('2026-11-01T06:00:00Z');
  });

  it('waits until all places are open at once', () => {
    expect(opensAt('2026-11-20T02:00:00Z', place('America/New_York'), place('Pacific/Honolulu'))).toBe('2026-11-20T19:00:00Z');
    expect(opensAt('2026-11-21T02:00:00Z', place('Asia/Kolkata'), place('America/New_York'))).toBe('2026-11-21T14:00:00Z');
  });

  it('passes over days off and days without a window', () => {
    const office = place('Europe/Paris', [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], start: '10:00', end: '13:00' }, { days: ['mon', 'tue', 'wed', 'thu', 'fri'], start: '14:00', end: '20:00' }], ['2026-04-06']);
    expect(opensAt('2026-04-03T18:00:00Z', office)).toBe('2026-04-07T08:00:00Z');
    expect(opensAt('2026-04-07T11:00:00Z', office)).toBe('2026-04-07T12:00:00Z');
  });

  it('gives up after the days that it was given', () => {
    expect(opensAt('2026-11-21T00:00:00Z', place('Asia/Kolkata', []))).toBeUndefined();
    expect(opensAt('2026-11-21T00:00:00Z', place('Asia/Kolkata', daily('09:00', '10:00')), place('Asia/Kolkata', daily('10:00', '11:00')))).toBeUndefined();
    const mondays = place('Asia/Kolkata', [{ days: ['mon'], start: '09:00', end: '10:00' }]);
    expect(nextOpen(new Date('2026-11-23T05:00:00Z'), [mondays], 6)).toBeUndefined();
    expect(nextOpen(new Date('2026-11-23T05:00:00Z'), [mondays], 7)?.toISOString()).toBe('2026-11-30T03:30:00.000Z');
  });

  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Santiago', 'Pacific/Chatham',
    'America/St_Johns', 'Africa/Casablanca', 'Asia/Beirut', 'America/Havana', 'Asia/Kathmandu', 'Pacific/Kiritimati');
  const clock = fc.integer({ min: 0, max: 24 * 12 }).map((n) => `${String(Math.floor(n / 12)).padStart(2, '0')}:${String((n % 12) * 5).padStart(2, '0')}`);
  const windows = fc.array(fc.record({ days: fc.subarray(week, { minLength: 1 }), a: clock, b: clock })
    .filter(({ a, b }) => a !== b).map(({ days, a, b }): Window => ({ days, start: a < b ? a : b, end: a < b ? b : a })), { minLength: 1, maxLength: 3 });
  // Multiples of five minutes, so that the search below may step by five minutes from them.
  // Half of them lie in the day and a half before clocks change somewhere.
  const switches = ['2026-03-08T07:00Z', '2026-03-29T01:00Z', '2026-04-04T15:00Z', '2026-04-23T22:00Z', '2026-09-06T04:00Z', '2026-10-03T15:30Z', '2026-10-25T01:00Z',
    '2026-11-01T06:00Z', '2026-02-15T02:00Z', '2026-03-22T02:00Z', '2026-09-26T14:00Z', '2026-03-28T22:00Z', '2026-03-08T05:00Z'].map((t) => Date.parse(t));
  const instants = fc.oneof(
    fc.integer({ min: Date.UTC(2026, 0, 1) / 300_000, max: Date.UTC(2028, 0, 1) / 300_000 }).map((n) => n * 300_000),
    fc.tuple(fc.constantFrom(...switches), fc.integer({ min: -432, max: 24 })).map(([at, steps]) => at + steps * 300_000));
  const places = fc.array(fc.record({ zone: zones, hours: windows }).map(({ zone, hours }) => place(zone, hours)), { minLength: 1, maxLength: 3 });

  it('finds the first open moment: it is open, not before the start, and nothing is open in between', () => {
    fc.assert(fc.property(instants, places, (from, all) => {
      const found = nextOpen(new Date(from), all, 3);
      const end = found?.getTime() ?? from + 3 * 86_400_000;
      expect(end).toBeGreaterThanOrEqual(from);
      expect(found === undefined || all.every((p) => openAt(found, p))).toBe(true);
      // Zones differ by quarters of an hour and windows begin at multiples of five minutes, so nothing opens between two steps.
      for (let at = from; at < end; at += 300_000) if (all.every((p) => openAt(new Date(at), p))) throw new Error(`open already at ${new Date(at).toISOString()}`);
    }), { numRuns: 120 });
  });

  it('never opens earlier for somebody who asks later', () => {
    fc.assert(fc.property(instants, fc.integer({ min: 0, max: 3 * 86_400_000 }), places, (from, more, all) => {
      const early = nextOpen(new Date(from), all, 7);
      const late = nextOpen(new Date(from + more), all, 7);
      expect(early === undefined || late === undefined || late.getTime() >= early.getTime()).toBe(true);
    }), { numRuns: 200 });
  });
});

it('reads the wall clock exactly, milliseconds included', () => {
  expect(new Date(wallClock(Date.parse('2026-11-21T03:30:00.123Z'), 'Asia/Kolkata')).toISOString()).toBe('2026-11-21T09:00:00.123Z');
  expect(new Date(wallClock(Date.parse('2026-12-31T23:59:59.999Z'), 'Pacific/Kiritimati')).toISOString()).toBe('2027-01-01T13:59:59.999Z');
});
