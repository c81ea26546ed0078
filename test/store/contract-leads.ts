// What every LeadStore keeps: run against memory and against the embedded engine.
import { expect, it } from 'vitest';
import { attemptIdOf, type AttemptState, type Step } from '#calls/lead.ts';
import { handClock } from '#doubles/clock.ts';
import { attemptRecord, leadIdNumber, newEnquiry, PHONE } from '#doubles/records.ts';
import type { MakeStores } from './engine.ts';

const step = (event: string, at = '2026-11-21T12:00:01.000Z'): Step => ({ at, event, detail: null });
const att = (n: number): string => attemptIdOf(leadIdNumber(n), 1);
const many = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

export const leadContract = (make: MakeStores): void => {
  it('keeps lead, consent evidence and attempt of an enquiry as they were given', async () => {
    const { leads } = await make(handClock());
    const made = newEnquiry(1);
    expect(await leads.createEnquiry(made)).toBe(true);
    expect(await leads.lead(made.lead.leadId)).toEqual(made.lead);
    expect(await leads.attempts(made.lead.leadId)).toEqual([made.attempt]);
    expect(await leads.attempt(made.attempt.attemptId)).toEqual(made.attempt);
    expect(await leads.enquiry('key-1', '2026-11-21T12:00:00.000Z')).toEqual({ leadId: made.lead.leadId, fingerprint: 'print-1', status: 'new' });
  });

  it('knows nothing of what was never written', async () => {
    const { leads } = await make(handClock());
    expect([await leads.lead(leadIdNumber(9)), await leads.attempt(att(9)), await leads.attempts(leadIdNumber(9)), await leads.enquiry('key-9', '2026-11-21T12:00:00.000Z')])
      .toEqual([undefined, undefined, [], undefined]);
    expect(await leads.attempt('not an attempt')).toBeUndefined();
    expect(await leads.moveAttempt(att(9), ['ready'], { state: 'placed' }, step('placed'))).toBeUndefined();
    expect(await leads.claimAttempt(att(9), PHONE, '2026-11-21T12:00:01.000Z')).toBeUndefined();
    expect(await leads.settleLead(leadIdNumber(9), 1, { status: 'reached', disposition: null, summary: null })).toBe(false);
    expect(await leads.lead(leadIdNumber(9))).toBeUndefined();
  });

  it('writes nothing at all for a key that is taken', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1, { key: 'one' }));
    expect(await leads.createEnquiry(newEnquiry(2, { key: 'one' }))).toBe(false);
    expect([await leads.lead(leadIdNumber(2)), await leads.attempt(att(2))]).toEqual([undefined, undefined]);
    expect((await leads.enquiry('one', '2026-11-21T12:00:00.000Z'))?.leadId).toBe(leadIdNumber(1));
  });

  it('makes one lead of twenty enquiries with one key at once', async () => {
    const { leads } = await make(handClock());
    const answers = await many(20, (i) => leads.createEnquiry(newEnquiry(i + 1, { key: 'one' })));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await leads.list({ limit: 50 })).leads).toHaveLength(1);
  });

  it('frees a key when its time is over, to the second, and gives it to the next enquiry', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1, { key: 'one', expiresAt: '2026-11-21T12:10:00.000Z' }));
    expect(await leads.enquiry('one', '2026-11-21T12:09:59.000Z')).toBeDefined();
    expect(await leads.enquiry('one', '2026-11-21T12:10:00.000Z')).toBeUndefined();
    expect(await leads.createEnquiry(newEnquiry(2, { key: 'one', lead: { createdAt: '2026-11-21T12:09:59.000Z' } }))).toBe(false);
    expect(await leads.createEnquiry(newEnquiry(3, { key: 'one', lead: { createdAt: '2026-11-21T12:10:00.000Z' }, expiresAt: '2026-11-21T12:20:00.000Z' }))).toBe(true);
    expect((await leads.enquiry('one', '2026-11-21T12:10:00.000Z'))?.leadId).toBe(leadIdNumber(3));
  });

  it('gives an attempt to one of twenty dialers, and notes one dial', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1));
    const claims = await many(20, () => leads.claimAttempt(att(1), PHONE, '2026-11-21T12:00:05.000Z'));
    const won = claims.filter((claim) => claim !== undefined);
    expect(won).toHaveLength(1);
    expect(won[0]).toMatchObject({ state: 'dialling', claimedAt: '2026-11-21T12:00:05.000Z', reason: null });
    expect(won[0]?.history.map((s) => s.event)).toEqual(['ready', 'dialling']);
    expect(await leads.attempt(att(1))).toEqual(won[0]);
    expect(await leads.dialledAt(PHONE, '2026-11-21T00:00:00.000Z')).toEqual(['2026-11-21T12:00:05.000Z']);
  });

  it.each<AttemptState>(['scheduled', 'dialling', 'placed', 'unknown', 'failed', 'refused', 'cancelled'])('gives no %s attempt to a dialer', async (state) => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1, { attempt: { state } }));
    expect(await leads.claimAttempt(att(1), PHONE, '2026-11-21T12:00:05.000Z')).toBeUndefined();
    expect((await leads.attempt(att(1)))?.state).toBe(state);
    expect(await leads.dialledAt(PHONE, '2026-11-21T00:00:00.000Z')).toEqual([]);
  });

  it('moves an attempt from the named states only, and keeps each step', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1));
    expect(await leads.moveAttempt(att(1), ['dialling', 'unknown'], { state: 'placed' }, step('placed'))).toBeUndefined();
    expect(await leads.attempt(att(1))).toEqual(newEnquiry(1).attempt);
    const moved = await leads.moveAttempt(att(1), ['ready', 'scheduled'], { state: 'scheduled', dueAt: '2026-11-22T09:00:00.000Z', reason: 'It is night.' }, step('scheduled'));
    expect(moved).toEqual({ ...newEnquiry(1).attempt, state: 'scheduled', dueAt: '2026-11-22T09:00:00.000Z', reason: 'It is night.', history: [...newEnquiry(1).attempt.history, step('scheduled')] });
    expect(await leads.attempt(att(1))).toEqual(moved);
  });

  it('lets one of twenty move an attempt away from where it was', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1, { attempt: { state: 'unknown' } }));
    const moves = await many(20, (i) => leads.moveAttempt(att(1), ['unknown'], { state: i % 2 ? 'placed' : 'ready' }, step(`${i}`)));
    expect(moves.filter((move) => move !== undefined)).toHaveLength(1);
    expect((await leads.attempt(att(1)))?.history).toHaveLength(2);
  });

  it('loses no step when ten are noted at once on an attempt that stays where it is', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1, { attempt: { state: 'unknown' } }));
    const moves = await many(10, (i) => leads.moveAttempt(att(1), ['unknown'], {}, step(`look-${i}`)));
    expect(moves.filter((move) => move === undefined)).toEqual([]);
    expect((await leads.attempt(att(1)))?.history.map((s) => s.event).sort()).toEqual(['ready', ...Array.from({ length: 10 }, (_, i) => `look-${i}`)].sort());
  });

  it('adds attempt number two once, beside the first', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1));
    const second = attemptRecord({ attemptId: attemptIdOf(leadIdNumber(1), 2), state: 'scheduled' });
    expect(await many(5, () => leads.createAttempt(second)).then((all) => all.filter(Boolean))).toHaveLength(1);
    expect((await leads.attempts(leadIdNumber(1))).map((a) => a.attemptId).sort()).toEqual([att(1), second.attemptId]);
  });

  it('settles a lead against the version that was read, and against no other', async () => {
    const { leads } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1));
    const change = { status: 'reached' as const, disposition: 'interested' as const, summary: 'Wants a boiler.' };
    const settled = await many(10, () => leads.settleLead(leadIdNumber(1), 1, change));
    expect(settled.filter(Boolean)).toHaveLength(1);
    expect(await leads.lead(leadIdNumber(1))).toEqual({ ...newEnquiry(1).lead, ...change, version: 2 });
    expect(await leads.settleLead(leadIdNumber(1), 1, { ...change, status: 'new' })).toBe(false);
    expect(await leads.settleLead(leadIdNumber(1), 2, { ...change, summary: null })).toBe(true);
  });

  it('lists leads newest first, page by page, each once', async () => {
    const { leads } = await make(handClock());
    for (const n of [3, 1, 4, 2, 5]) await leads.createEnquiry(newEnquiry(n, { lead: { createdAt: `2026-11-2${n}T12:00:00.000Z` } }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof leads.list>> = await leads.list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
      expect(page.leads.length).toBeLessThanOrEqual(2);
      seen.push(...page.leads.map((lead) => lead.leadId));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(seen).toEqual([5, 4, 3, 2, 1].map(leadIdNumber));
  });

  it('lists the leads of one status, and a settled lead under its new one', async () => {
    const { leads } = await make(handClock());
    for (const n of [1, 2, 3]) await leads.createEnquiry(newEnquiry(n, { lead: { createdAt: `2026-11-2${n}T12:00:00.000Z` } }));
    await leads.settleLead(leadIdNumber(2), 1, { status: 'reached', disposition: 'interested', summary: null });
    expect((await leads.list({ status: 'new', limit: 10 })).leads.map((l) => l.leadId)).toEqual([leadIdNumber(3), leadIdNumber(1)]);
    expect((await leads.list({ status: 'reached', limit: 10 })).leads.map((l) => [l.leadId, l.status])).toEqual([[leadIdNumber(2), 'reached']]);
    expect((await leads.list({ status: 'refused', limit: 10 })).leads).toEqual([]);
  });

  it('refuses cursors that it never gave out, in words', async () => {
    const { leads, suppressions } = await make(handClock());
    await leads.createEnquiry(newEnquiry(1));
    const forged = ['x', '', 'e30', '{}', ...[{}, { a: 'b' }, { pk: 'LEAD#x', sk: 'LEAD' }, { pk: 'LEAD#x', sk: 'LEAD', listPk: 'OTHERS', listSk: 'z' }, { pk: '', sk: '', listPk: '', listSk: '' }]
      .map((key) => Buffer.from(JSON.stringify(key)).toString('base64url'))];
    const badCursor = { name: 'VisibleError', code: 'bad-cursor' };
    for (const cursor of forged) {
      await expect(leads.list({ limit: 5, cursor })).rejects.toMatchObject(badCursor);
      await expect(leads.list({ limit: 5, cursor, status: 'new' })).rejects.toMatchObject(badCursor);
      await expect(suppressions.suppressions({ limit: 5, cursor })).rejects.toMatchObject(badCursor);
    }
  });

  it('shows attempts that want attention, longest due first, and none that are done or not due', async () => {
    const { leads } = await make(handClock());
    const states: [AttemptState, Partial<ReturnType<typeof attemptRecord>>][] = [
      ['ready', { dueAt: '2026-11-21T11:00:03.000Z' }], ['scheduled', { dueAt: '2026-11-21T11:00:02.000Z' }],
      ['dialling', { dueAt: '2026-11-21T10:00:00.000Z', claimedAt: '2026-11-21T11:00:01.000Z' }], ['unknown', { dueAt: '2026-11-21T10:00:00.000Z', claimedAt: '2026-11-21T11:00:04.000Z' }],
      ['placed', {}], ['failed', {}], ['refused', {}], ['cancelled', {}], ['ready', { dueAt: '2026-11-21T11:30:00.000Z' }],
    ];
    for (const [i, [state, more]] of states.entries()) await leads.createEnquiry(newEnquiry(i + 1, { attempt: { state, dueAt: '2026-11-21T10:00:00.000Z', ...more } }));
    const due = async (limit: number): Promise<string[]> => (await leads.attemptsDue('2026-11-21T11:15:00.000Z', limit)).map((a) => a.attemptId);
    expect(await due(10)).toEqual([3, 2, 1, 4].map(att));
    expect(await due(2)).toEqual([3, 2].map(att));
    await leads.moveAttempt(att(2), ['scheduled'], { state: 'cancelled' }, step('cancelled'));
    await leads.moveAttempt(att(4), ['unknown'], { state: 'ready', dueAt: '2026-11-21T12:00:00.000Z' }, step('ready'));
    await leads.moveAttempt(att(1), ['ready'], { dueAt: '2026-11-21T11:00:00.000Z' }, step('ready'));
    expect(await due(10)).toEqual([1, 3].map(att));
    await leads.claimAttempt(att(1), PHONE, '2026-11-21T11:00:02.000Z');
    expect(await due(10)).toEqual([3, 1].map(att));
  });

  it('tells when a number was dialled, newest first, and tells numbers apart', async () => {
    const { leads } = await make(handClock());
    for (const n of [1, 2, 3]) await leads.createEnquiry(newEnquiry(n));
    await leads.claimAttempt(att(1), PHONE, '2026-11-21T12:00:01.000Z');
    await leads.claimAttempt(att(2), PHONE, '2026-11-21T12:00:02.000Z');
    await leads.claimAttempt(att(3), '+442079460019', '2026-11-21T12:00:03.000Z');
    expect(await leads.dialledAt(PHONE, '2026-11-21T12:00:00.000Z')).toEqual(['2026-11-21T12:00:02.000Z', '2026-11-21T12:00:01.000Z']);
    expect(await leads.dialledAt(PHONE, '2026-11-21T12:00:02.000Z')).toEqual(['2026-11-21T12:00:02.000Z']);
    expect(await leads.dialledAt(PHONE, '2026-11-21T12:00:00.000Z', att(2))).toEqual(['2026-11-21T12:00:01.000Z']);
    expect(await leads.dialledAt('+442079460020', '2026-11-21T12:00:00.000Z')).toEqual([]);
  });
};
