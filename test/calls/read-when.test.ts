import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wallClock } from '#calls/hours.ts';
import { inWords, instantAt, readWhen } from '#calls/read-when.ts';

const now = new Date('2026-11-21T12:00:00.000Z');
const london = ['Europe/London'];
const read = (text: string, zones: readonly string[] = london): string => {
  const when = readWhen(text, now, zones);
  return 'at' in when ? new Date(when.at).toISOString() : when.fault;
};

describe('a time that a model wrote', () => {
  it.each([
    ['2026-11-28T15:30+05:30', '2026-11-28T10:00:00.000Z'], ['2026-11-28T15:30:00Z', '2026-11-28T15:30:00.000Z'], ['2026-11-28t15:30:00.250z', '2026-11-28T15:30:00.250Z'],
    ['2026-11-28 15:30 -0500', '2026-11-28T20:30:00.000Z'], [' 2026-11-28T15:30 ', '2026-11-28T15:30:00.000Z'], ['2026-07-01 15:30', '2026-07-01T14:30:00.000Z'],
    ['in 20 minutes', '2026-11-21T12:20:00.000Z'], ['20 min', '2026-11-21T12:20:00.000Z'], ['in an hour', '2026-11-21T13:00:00.000Z'], ['2h', '2026-11-21T14:00:00.000Z'],
    ['In 3 days', '2026-11-24T12:00:00.000Z'], ['PT20M', '2026-11-21T12:20:00.000Z'], ['P1DT2H', '2026-11-22T14:00:00.000Z'], ['pt1h30m', '2026-11-21T13:30:00.000Z'],
  ])('%s is read', (text, instant) => {
    expect(read(text)).toBe(instant);
  });

  it.each(['', 'tomorrow', 'at three', '15:30', '2026-11-28', '2026-02-30T10:00', '2026-13-01T10:00', '2026-11-28T24:30', '2026-11-28T15:30+5', '28/11/2026 15:30', 'P', 'PT', 'in minutes', '-5 minutes', '2026-11-28T15:30 Europe/Paris'])('%s is not', (text) => {
    expect(read(text)).toBe('unreadable');
  });

  it('without a zone needs a person whose clock is known', () => {
    expect(read('2026-11-28T15:30', [])).toBe('zone-needed');
    expect(read('2026-11-28T15:30', ['America/New_York', 'America/Chicago'])).toBe('zone-needed');
    // Two zones that agree at that time are as good as one.
    expect(read('2026-11-28T15:30', ['America/New_York', 'America/Toronto'])).toBe('2026-11-28T20:30:00.000Z');
  });

  it('is read whatever it is', () => {
    fc.assert(fc.property(fc.string(), fc.constantFrom(london, []), (text, zones) => {
      const when = readWhen(text, now, zones);
      expect('at' in when ? Number.isFinite(when.at) : true).toBe(true);
    }));
  });
});

describe('a wall clock\'s time', () => {
  it.each([
    ['before the clocks go forward', '2027-03-28T00:59', 'Europe/London', '2027-03-28T00:59:00.000Z'],
    ['in the hour that is skipped', '2027-03-28T01:30', 'Europe/London', '2027-03-28T01:30:00.000Z'],
    ['after it', '2027-03-28T02:00', 'Europe/London', '2027-03-28T01:00:00.000Z'],
    ['the first of two, when they go back', '2026-10-25T01:30', 'Europe/London', '2026-10-25T00:30:00.000Z'],
    ['after both', '2026-10-25T02:00', 'Europe/London', '2026-10-25T02:00:00.000Z'],
    ['skipped in New York', '2027-03-14T02:30', 'America/New_York', '2027-03-14T07:30:00.000Z'],
    ['twice in New York', '2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['half an hour that Lord Howe skips', '2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
    ['where clocks never change', '2026-11-28T15:30', 'Asia/Kolkata', '2026-11-28T10:00:00.000Z'],
  ])('%s', (_title, text, zone, instant) => {
    expect(new Date(instantAt(Date.parse(`${text}:00Z`), zone)).toISOString()).toBe(instant);
  });

  it('is the one that the clock then shows, but for those that no clock shows', () => {
    fc.assert(fc.property(fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2030, 0) }), fc.constantFrom('Europe/London', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo'), (instant, zone) => {
      const wall = wallClock(instant, zone);
      const found = instantAt(wall, zone);
      expect(wallClock(found, zone)).toBe(wall);
      expect(found).toBeLessThanOrEqual(instant);
    }));
  });

  it.each([
    ['2026-11-21T15:30:00.000Z', 'Europe/London', false, 'today at 3:30 pm'],
    ['2026-11-22T09:00:00.000Z', 'Europe/London', false, 'tomorrow, Sunday 22 November, at 9:00 am'],
    ['2026-11-24T12:05:00.000Z', 'Europe/London', false, 'on Tuesday 24 November at 12:05 pm'],
    ['2026-11-21T18:30:00.000Z', 'Asia/Kolkata', false, 'tomorrow, Sunday 22 November, at 12:00 am'],
    ['2026-11-21T20:30:00.000Z', 'America/New_York', true, 'today at 3:30 pm (America/New_York)'],
  ])('%s is said in words', (instant, zone, named, words) => {
    expect(inWords(Date.parse(instant), zone, now, named)).toBe(words);
  });
});
