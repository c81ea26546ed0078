import { describe, expect, it } from 'vitest';
import type { CallRecord } from '#calls/call.ts';
import type { ExpectedCall } from '#calls/ports.ts';
import { holdsNoMore, mayHold } from '#relay/unused.ts';
import { callId, lead, newCall } from './house.ts';

const call: ExpectedCall = { callId, carrier: 'twilio', callSid: 'CA1', leadId: lead.leadId, placedAt: '2026-11-21T12:00:00.000Z', until: '2026-11-21T12:00:40.000Z' };
const record = (more: Partial<CallRecord> = {}): CallRecord => ({ ...newCall(), ...more });
const seen = (second: number, more: { suppressed?: boolean; tooLongAnswered?: boolean } = {}) =>
  ({ now: new Date(Date.parse('2026-11-21T12:00:00.000Z') + second * 1000), suppressed: false, tooLongAnswered: false, ...more });

describe('an agent may be opened while the phone rings', () => {
  it.each<[boolean, string, Partial<CallRecord>]>([
    [true, 'for the call that was placed', {}],
    [true, 'before its callSid is written down', { callSid: null }],
    [true, 'for one that is being answered', { status: 'in-progress' }],
    [false, 'not for another call of the attempt', { callSid: 'CA2' }],
    [false, 'not for a call that went over to another carrier', { carrier: 'exotel' }],
    [false, 'not for an inbound call', { direction: 'inbound' }],
    [false, 'not for one that is over', { status: 'busy' }],
    [false, 'not for one that somebody ended', { endReason: 'operator' }],
    [false, 'not for one that talks', { streamStarted: true }],
    [false, 'not for one that was erased', { erasedAt: '2026-11-21T12:00:01.000Z' }],
  ])('%s: %s', (may, _which, more) => {
    expect(mayHold(call, record(more))).toBe(may);
  });
});

describe('an agent is held', () => {
  it('while the phone rings, and after the answer for the stream that comes', () => {
    expect(holdsNoMore(call, record({ status: 'ringing' }), seen(39))).toBeUndefined();
    expect(holdsNoMore(call, record({ status: 'in-progress' }), seen(45))).toBeUndefined();
  });

  it.each<[ReturnType<typeof holdsNoMore>, Partial<CallRecord>, ReturnType<typeof seen>]>([
    ['unanswered', { status: 'busy' }, seen(5)], ['unanswered', { status: 'no-answer' }, seen(30)], ['unanswered', { status: 'failed' }, seen(1)], ['unanswered', { status: 'canceled' }, seen(1)],
    ['rang-too-long', { status: 'ringing' }, seen(40)],
    ['elsewhere', { status: 'in-progress', streamStarted: true }, seen(5)],
    ['no-stream', { status: 'in-progress' }, seen(20, { tooLongAnswered: true })],
    ['suppressed', { status: 'ringing' }, seen(5, { suppressed: true })],
    ['call-over', { endReason: 'operator' }, seen(5)],
    ['erased', { erasedAt: '2026-11-21T12:00:01.000Z' }, seen(5)],
  ])('no more: %s %j', (why, more, when) => {
    expect(holdsNoMore(call, record(more), when)).toBe(why);
  });

  it('no more for a call that is not there', () => {
    expect(holdsNoMore(call, undefined, seen(5))).toBe('erased');
  });
});
