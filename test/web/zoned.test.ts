import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayAndTime, instantAt, isZone, wallTime } from '../../web/console/zoned.ts';

const zones = ['UTC', 'Europe/London', 'Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia', 'Pacific/Kiritimati', 'America/Sao_Paulo'];
const minutes = fc.integer({ min: Date.UTC(2024, 0, 1) / 60_000, max: Date.UTC(2032, 0, 1) / 60_000 }).map((minute) => new Date(minute * 60_000));

describe('a time on the wall of some zone', () => {
  it('is the time of its instant, and the instant is found again, except for the second of two', () => {
    fc.assert(fc.property(minutes, fc.constantFrom(...zones), (instant, zone) => {
      const wall = wallTime(instant, zone);
      const found = instantAt(wall, zone);
      expect(found).toBeInstanceOf(Date);
      expect(wallTime(found as Date, zone)).toBe(wall);
      expect([0, 30 * 60_000, 3_600_000]).toContain(instant.getTime() - (found as Date).getTime());
    }), { numRuns: 500 });
  });

  it('is the first of two where clocks are put back', () => {
    expect((instantAt('2026-10-25T02:30', 'Europe/Berlin') as Date).toISOString()).toBe('2026-10-25T00:30:00.000Z');
    expect((instantAt('2026-11-01T01:30', 'America/New_York') as Date).toISOString()).toBe('2026-11-01T05:30:00.000Z');
  });

  it('is none where clocks are put forward over it', () => {
    expect(instantAt('2026-03-29T02:30', 'Europe/Berlin')).toBe('skipped');
    expect(instantAt('2026-03-08T02:00', 'America/New_York')).toBe('skipped');
    expect((instantAt('2026-03-08T03:00', 'America/New_York') as Date).toISOString()).toBe('2026-03-08T07:00:00.000Z');
  });

  it.each(['', '2026-03-29', '2026-02-30T10:00', '2026-13-01T10:00', '2026-03-29T24:30', 'tomorrow'])('is not %j', (text) => {
    expect(instantAt(text, 'Europe/Berlin')).toBe('unreadable');
  });

  it('is said with its day, and with its year when that is another', () => {
    const now = new Date('2026-06-03T09:30:00Z');
    expect(dayAndTime(new Date('2026-06-04T07:00:00Z'), 'en-GB', 'Europe/Berlin', now)).toMatch(/^Thursday,? 4 June at 09:00$/);
    expect(dayAndTime(new Date('2026-12-31T23:30:00Z'), 'en-GB', 'Europe/Berlin', now)).toMatch(/^Friday,? 1 January 2027 at 00:30$/);
  });
});

it('a zone is one that this browser knows', () => {
  expect([isZone('Asia/Kolkata'), isZone('2 zones'), isZone('Europe/Nowhere')]).toEqual([true, false, false]);
});
