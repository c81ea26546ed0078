import { describe, expect, it } from 'vitest';
import { readPeriod, readStats, spread } from '#calls/stats.ts';
import { attemptIdOf } from '#calls/lead.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { leadIdNumber, sidNumber } from '#doubles/records.ts';
import { makeWorld } from '#doubles/world.ts';

const now = handClock().now();

describe('the numbers of a period', () => {
  it.each([
    [null, null, '2026-11-14T12:00:00.000Z', NOON],
    ['2026-11-20', '2026-11-20', '2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z'],
    ['2026-11-20', null, '2026-11-20T00:00:00.000Z', NOON],
    ['2026-11-20T10:00:00+05:30', '2026-11-20T12:00:00Z', '2026-11-20T04:30:00.000Z', '2026-11-20T12:00:00.000Z'],
    [null, '2026-11-20', '2026-11-14T00:00:00.000Z', '2026-11-21T00:00:00.000Z'],
  ])('are asked for from %s to %s', (from, to, start, end) => {
    expect(readPeriod(from, to, now)).toEqual({ from: start, to: end });
  });

  it.each([['yesterday', null, 'from'], [null, '2026-13-01', 'to'], ['2026-11-21', '2026-11-20', 'from'], ['2026-01-01', '2026-11-20', 'from'], ['2026-11-20T10:00:00', null, 'from']])('are refused from %s to %s, naming %s', (from, to, field) => {
    expect(() => readPeriod(from, to, now)).toThrowError(expect.objectContaining({ kind: 'invalid', fields: [expect.objectContaining({ field })] }));
  });

  it.each([[[], null, null], [[7], 7, 7], [[3, 1], 1, 3], [[1, 2, 3], 2, 3], [Array.from({ length: 100 }, (_, i) => 100 - i), 50, 95]])('has a median and a 95th percentile by nearest rank', (values, median, p95) => {
    expect(spread(values)).toEqual({ count: values.length, median, p95 });
  });

  it('counts leads by what became of them, and calls that came to their end', async () => {
    const world = makeWorld();
    await world.enquire();
    world.clock.forward(250);
    await world.dialAll();
    await world.status(attemptIdOf(leadIdNumber(1), 1), sidNumber(1), 'busy', 1);
    await world.enquire({ phone: '+442079460019' });
    await world.stores.suppressions.suppress({ phone: '+442079460020', reason: 'api', at: NOON, note: null });
    await world.enquire({ phone: '+442079460020' });
    world.clock.forward(1000);
    expect(await readStats({ stats: world.stores.stats, clock: world.clock })(null, null)).toMatchObject({
      leads: { total: 3, byStatus: { scheduled: 1, new: 1, 'do-not-call': 1 }, byDisposition: { 'do-not-call': 1 } },
      calls: { total: 1, byDirection: { outbound: 1 }, byStatus: { busy: 1 }, byEndReason: {} },
      latency: { enquiryToDialMs: { count: 1, median: 250, p95: 250 }, answerToFirstAudioMs: { count: 0, median: null, p95: null } }, truncated: false,
    });
  });
});
