import { describe, expect, it } from 'vitest';
import type { LeadStatus } from '#calls/lead.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { memoryOutboxStore } from '#doubles/memory-outbox.ts';
import { leadIdNumber } from '#doubles/records.ts';
import { readMessageId, type LeadChange, type LeadFacts, type OutboxMessage } from '#outbox/message.ts';
import { messageFor, noteOutcome } from '#outbox/note-outcome.ts';

const leadId = leadIdNumber(1);
const facts = (status: LeadStatus, version: number, more: Partial<LeadFacts> = {}): LeadFacts => ({ status, disposition: null, summary: null, version, ...more });
const change = (before: LeadFacts | undefined, after: LeadFacts | undefined, more: Partial<LeadChange> = {}): LeadChange => ({ leadId, at: NOON, before, after, expired: false, ...more });
const idOf = (...given: Parameters<typeof change>): string | undefined => messageFor(change(...given), NOON)?.id;
const id = (sequence: number): string => `msg_${leadId.slice(5)}_${sequence}`;

describe('which changes of a lead are told', () => {
  it.each(['reached', 'unreachable', 'refused', 'do-not-call'] as const)('a lead that becomes %s', (status) => {
    expect(messageFor(change(facts('in-call', 4), facts(status, 5, { disposition: 'callback' })), NOON)).toMatchObject({
      id: id(5), leadId, sequence: 5, status, disposition: 'callback', occurredAt: NOON, erased: false, state: 'pending', nextAt: NOON, tries: 0,
    });
  });

  it('a lead that was refused at the form, and never was anything else', () => {
    expect(messageFor(change(undefined, facts('refused', 1)), NOON)).toMatchObject({ id: id(1), status: 'refused', disposition: 'unknown' });
  });

  it('another terminal state, another disposition and another summary, each once more', () => {
    const reached = facts('reached', 5, { disposition: 'unknown' });
    expect(idOf(reached, facts('do-not-call', 6, { disposition: 'do-not-call' }))).toBe(id(6));
    expect(idOf(reached, facts('reached', 6, { disposition: 'interested' }))).toBe(id(6));
    expect(idOf(reached, facts('reached', 6, { disposition: 'unknown', summary: 'They want a boiler.' }))).toBe(id(6));
  });

  it.each(['new', 'scheduled', 'dialling', 'in-call'] as const)('not a lead that is %s', (status) => {
    expect(idOf(undefined, facts(status, 1))).toBeUndefined();
    expect(idOf(facts('unreachable', 1), facts(status, 2))).toBeUndefined();
  });

  it('not a write that changed nothing of this', () => {
    expect(idOf(facts('reached', 5), facts('reached', 6))).toBeUndefined();
  });

  it('the erasure of a lead whose outcome was told, and of no other', () => {
    expect(messageFor(change(facts('reached', 5, { disposition: 'interested', summary: 'They want a boiler.' }), undefined), NOON)).toEqual(expect.objectContaining({ id: id(6), erased: true, status: 'reached', disposition: 'interested' }));
    expect(idOf(facts('in-call', 5), undefined)).toBeUndefined();
    expect(idOf(facts('reached', 5), undefined, { expired: true })).toBeUndefined();
    expect(idOf(undefined, undefined)).toBeUndefined();
  });
});

describe('noting an outcome', () => {
  it('keeps it once however often the change comes, and nudges each time', async () => {
    const clock = handClock();
    const messages = new Map<string, OutboxMessage>();
    const nudges: string[] = [];
    const note = noteOutcome({ outbox: memoryOutboxStore(messages, clock), outboxQueue: { nudge: async (lead, once) => { nudges.push(`${lead} ${once}`); } }, clock });
    const one = change(facts('in-call', 4), facts('reached', 5));
    expect(await note(one)).toBe(id(5));
    clock.forward(60_000);
    expect(await note(one)).toBe(id(5));
    expect([...messages.values()]).toEqual([expect.objectContaining({ id: id(5), nextAt: NOON, revision: 1 })]);
    expect(nudges).toEqual([`${leadId} ${id(5)}.1`, `${leadId} ${id(5)}.1`]);
    expect(await note(change(undefined, facts('new', 1)))).toBeUndefined();
  });

  it('tells of the erasure of a lead that was on its way again after its outcome was told, and of none before', async () => {
    const clock = handClock();
    const messages = new Map<string, OutboxMessage>();
    const note = noteOutcome({ outbox: memoryOutboxStore(messages, clock), outboxQueue: { nudge: async () => {} }, clock });
    expect(await note(change(facts('in-call', 5), undefined, { leadId: leadIdNumber(2) }))).toBeUndefined();
    await note(change(facts('dialling', 4), facts('unreachable', 5, { disposition: 'voicemail' })));
    expect(await note(change(facts('unreachable', 5), facts('dialling', 6)))).toBeUndefined();
    const gone = change(facts('dialling', 6), undefined);
    expect(await note(gone)).toBe(id(7));
    expect(await note(gone)).toBe(id(7));
    expect([...messages.values()]).toMatchObject([{ id: id(5), erased: false }, { id: id(7), erased: true, status: 'unreachable', disposition: 'voicemail' }]);
    expect(await note(change(facts('dialling', 6), undefined, { expired: true }))).toBeUndefined();
  });

  it('holds nothing personal', () => {
    const message = messageFor(change(facts('in-call', 4), facts('reached', 5, { summary: 'Ada wants a boiler.' })), NOON);
    expect(JSON.stringify(message)).not.toContain('Ada');
  });
});

describe('a message id', () => {
  it('is read back into its parts, and nothing else is', () => {
    expect(readMessageId(id(12))).toEqual({ leadId, sequence: 12 });
    for (const text of ['', 'msg_', `${id(1)}x`, id(0), `x${id(1)}`, 'msg_../../etc_1', leadId]) expect(readMessageId(text)).toBeUndefined();
  });
});
