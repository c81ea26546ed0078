// What every guard keeps (suppressions, ceilings, turns, tickets): run against memory and against the embedded engine.
import { expect, it } from 'vitest';
import { phoneKey } from '#calls/phone-key.ts';
import type { Cap, Suppression } from '#calls/ports.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { PHONE } from '#doubles/records.ts';
import type { MakeStores } from './engine.ts';

const cap = (key: string, limit: number, amount = 1): Cap => ({ key, amount, limit, expiresAt: '2026-11-22T00:00:00.000Z' });
const suppression = (more: Partial<Suppression & { phone: string }> = {}): Suppression & { phone: string } => ({ phone: PHONE, reason: 'opt-out', at: NOON, note: null, ...more });
const many = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

export const guardContract = (make: MakeStores): void => {
  it('lets 100 of 500 at once under a ceiling of 100, never 101', async () => {
    const { caps } = await make(handClock());
    const answers = await many(500, () => caps.reserve([cap('dial', 100)]));
    expect(answers.filter(({ full }) => full === undefined)).toHaveLength(100);
    expect((await caps.reserve([cap('dial', 100)])).full).toEqual(cap('dial', 100));
    expect((await caps.reserve([cap('dial', 101)])).full).toBeUndefined();
  });

  it('reserves everything or nothing, and names what was full', async () => {
    const { caps } = await make(handClock());
    await caps.reserve([cap('small', 1)]);
    expect((await caps.reserve([cap('large', 10), cap('small', 1), cap('other', 10)])).full).toEqual(cap('small', 1));
    expect((await caps.reserve([cap('large', 10, 10)])).full).toBeUndefined();
    expect((await caps.reserve([cap('other', 10, 10)])).full).toBeUndefined();
  });

  it('counts amounts, and refuses one that is larger than the ceiling', async () => {
    const { caps } = await make(handClock());
    expect((await caps.reserve([cap('cents', 100, 60)])).full).toBeUndefined();
    expect((await caps.reserve([cap('cents', 100, 41)])).full).toBeDefined();
    expect((await caps.reserve([cap('cents', 100, 40)])).full).toBeUndefined();
    expect((await caps.reserve([cap('fresh', 100, 101)])).full).toBeDefined();
    expect((await caps.reserve([cap('never', 0)])).full).toBeDefined();
  });

  it('takes an amount of nothing, as a call that costs nothing', async () => {
    const { caps } = await make(handClock());
    expect((await caps.reserve([cap('free', 100, 0), cap('calls', 1)])).full).toBeUndefined();
    expect((await caps.reserve([cap('free', 100, 0), cap('calls', 1)])).full).toEqual(cap('calls', 1));
    await caps.giveBack([cap('free', 100, 0), cap('calls', 1)]);
    expect((await caps.reserve([cap('free', 100, 0), cap('calls', 1)])).full).toBeUndefined();
  });

  it('gives back what was reserved', async () => {
    const { caps } = await make(handClock());
    await caps.reserve([cap('dial', 2, 2)]);
    await caps.giveBack([cap('dial', 2, 1)]);
    expect((await caps.reserve([cap('dial', 2)])).full).toBeUndefined();
    expect((await caps.reserve([cap('dial', 2)])).full).toBeDefined();
    await caps.giveBack([cap('never-reserved', 2)]);
    expect((await caps.reserve([cap('never-reserved', 1)])).full).toBeUndefined();
    expect((await caps.reserve([])).full).toBeUndefined();
  });

  it('gives turns to sixty dialers at once, each an interval after the one before', async () => {
    const { pace } = await make(handClock(), () => 250);
    const waits = await many(60, () => pace.turn('twilio'));
    expect(waits.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i * 250));
  });

  it('gives the next turn at once when nobody has dialled for a while, and each carrier its own', async () => {
    const clock = handClock();
    const { pace } = await make(clock, (carrier) => (carrier === 'twilio' ? 1000 : 300));
    expect([await pace.turn('twilio'), await pace.turn('twilio'), await pace.turn('exotel'), await pace.turn('exotel')]).toEqual([0, 1000, 0, 300]);
    clock.forward(1500);
    expect(await pace.turn('twilio')).toBe(500);
    clock.forward(60_000);
    expect([await pace.turn('twilio'), await pace.turn('twilio')]).toEqual([0, 1000]);
  });

  it('admits one of twenty with one ticket, and every other ticket on its own', async () => {
    const { tickets } = await make(handClock());
    expect((await many(20, () => tickets.use('call_1#0', '2026-11-21T12:02:00.000Z'))).filter(Boolean)).toHaveLength(1);
    expect([await tickets.use('call_1#1', '2026-11-21T12:02:00.000Z'), await tickets.use('call_2#0', '2026-11-21T12:02:00.000Z'), await tickets.use('call_1#0', '2026-11-21T13:02:00.000Z')]).toEqual([true, true, false]);
  });

  it('keeps the first reason for which a number is not called', async () => {
    const { suppressions } = await make(handClock());
    expect(await suppressions.suppression(PHONE)).toBeUndefined();
    await many(10, () => suppressions.suppress(suppression()));
    await suppressions.suppress(suppression({ reason: 'console', at: '2026-11-21T13:00:00.000Z', note: 'later' }));
    expect(await suppressions.suppression(PHONE)).toEqual(suppression());
    expect(await suppressions.suppression('+442079460019')).toBeUndefined();
    await suppressions.unsuppress(PHONE);
    await suppressions.unsuppress(PHONE);
    expect(await suppressions.suppression(PHONE)).toBeUndefined();
    await suppressions.suppress(suppression({ reason: 'crm' }));
    expect((await suppressions.suppression(PHONE))?.reason).toBe('crm');
  });

  it('lists suppressions newest first, page by page', async () => {
    const { suppressions } = await make(handClock());
    const all = [1, 2, 3].map((n) => suppression({ phone: `+44207946001${n}`, at: `2026-11-2${n}T12:00:00.000Z` }));
    for (const one of all) await suppressions.suppress(one);
    const first = await suppressions.suppressions({ limit: 2 });
    // Four digits of each number's pseudonym stand beside it.
    const listed = all.map((one) => ({ ...one, mark: phoneKey(one.phone).slice(0, 4) }));
    expect(first.suppressions).toEqual([listed[2], listed[1]]);
    const second = await suppressions.suppressions({ limit: 2, cursor: first.cursor! });
    expect([second.suppressions, second.cursor]).toEqual([[listed[0]], null]);
  });

  it('keeps a carrier\'s health as it was last written, against what was read, and forgets it', async () => {
    const { health } = await make(handClock());
    const one = { failures: 1, lastFailureAt: NOON, restsUntil: null };
    const three = { failures: 3, lastFailureAt: NOON, restsUntil: '2026-11-21T12:00:30.000Z' };
    expect([await health.health('exotel'), await health.setHealth('exotel', three, one), await health.setHealth('exotel', undefined, one)]).toEqual([undefined, false, true]);
    expect([await health.setHealth('exotel', undefined, three), await health.setHealth('exotel', one, three), await health.health('exotel'), await health.health('twilio')]).toEqual([false, true, three, undefined]);
    expect([await health.setHealth('exotel', one, undefined), await health.setHealth('exotel', three, undefined), await health.health('exotel')]).toEqual([false, true, undefined]);
  });

  it('lets one of many change a carrier\'s health', async () => {
    const { health } = await make(handClock());
    const changes = await many(20, (i) => health.setHealth('twilio', undefined, { failures: i, lastFailureAt: NOON, restsUntil: null }));
    expect(changes.filter(Boolean)).toHaveLength(1);
  });
};
