import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallEvent, CallRecord } from '#calls/call.ts';
import { foldCall, newCallRecord } from '#calls/fold-call.ts';
import { isFinalLead, leadState } from '#calls/lead-status.ts';
import { attemptIdOf, attemptStates, type AttemptRecord, type AttemptState } from '#calls/lead.ts';
import { eventSet } from '#doubles/call-events.ts';
import { NOON } from '#doubles/clock.ts';
import { attemptRecord, leadIdNumber, newCall, sidNumber, statusEvent } from '#doubles/records.ts';

const lead = leadIdNumber(1);
const callIdOf = (n: number): string => attemptIdOf(lead, n).replace('att_', 'call_');
const attempt = (n: number, state: AttemptState): AttemptRecord => attemptRecord({ attemptId: attemptIdOf(lead, n), state });
const call = (n: number, ...events: CallEvent[]): CallRecord => foldCall(newCallRecord({ ...newCall(1), callId: callIdOf(n), attemptId: attemptIdOf(lead, n) }, sidNumber(n)), events);
const asked = (n: number, state: AttemptState): AttemptRecord => ({ ...attempt(n, state), askedAt: NOON, askedOn: callIdOf(1) });
const stream: CallEvent = { kind: 'stream-started', at: NOON, epoch: 0, streamSid: 'MZ1' };
const heard: CallEvent = { kind: 'first-audio', at: NOON, epoch: 0, sinceAnswerMs: 500 };
const over: CallEvent = { kind: 'ended', at: NOON, endReason: 'agent-ended', detail: null, turnMs: [] };
const optOut: CallEvent = { kind: 'opt-out', at: NOON, by: 'voice' };
const outcome: CallEvent = { kind: 'outcome', at: NOON, source: 'agent', disposition: 'interested', summary: 'Wants one.' };
const state = (attempts: AttemptRecord[], calls: CallRecord[] = [], suppressed = false) => leadState(attempts, new Map(calls.map((one) => [one.callId, one])), suppressed);
const talked = call(1, statusEvent('in-progress'), stream, heard, over, statusEvent('completed'), outcome);
const unanswered = call(1, statusEvent('no-answer'));

describe('a lead\'s status', () => {
  it.each<[string, AttemptRecord[], CallRecord[], boolean, string, string | null]>([
    ['new, before anybody dialled', [attempt(1, 'ready')], [], false, 'new', null],
    ['scheduled, when the first dial is planned', [attempt(1, 'scheduled')], [], false, 'scheduled', null],
    ['dialling, from the claim on', [attempt(1, 'dialling')], [], false, 'dialling', null],
    ['dialling, while nobody knows whether a phone rings', [attempt(1, 'unknown')], [], false, 'dialling', null],
    ['dialling, while it rings', [attempt(1, 'placed')], [call(1, statusEvent('ringing'))], false, 'dialling', null],
    ['in-call, when the phone is answered', [attempt(1, 'placed')], [call(1, statusEvent('in-progress'))], false, 'in-call', null],
    ['in-call, when the stream begins before any callback', [attempt(1, 'unknown')], [call(1, stream)], false, 'in-call', null],
    ['in-call, until the relay has said how it ended', [attempt(1, 'placed')], [call(1, stream, heard, statusEvent('completed'))], false, 'in-call', null],
    ['reached, after a talk, with what it came to', [attempt(1, 'placed')], [talked], false, 'reached', 'interested'],
    ['unreachable, when nobody answered and nothing is planned', [attempt(1, 'placed')], [unanswered], false, 'unreachable', 'unreachable'],
    ['scheduled, when another attempt is planned', [attempt(1, 'placed'), attempt(2, 'scheduled')], [unanswered], false, 'scheduled', null],
    ['dialling, when the second attempt is on its way', [attempt(1, 'placed'), attempt(2, 'ready')], [unanswered], false, 'dialling', null],
    ['unreachable, when a machine answered', [attempt(1, 'placed')], [call(1, stream, heard, over, { kind: 'answered-by', at: NOON, answeredBy: 'machine_end_beep' }, statusEvent('completed'))], false, 'unreachable', 'voicemail'],
    ['unreachable, when the carrier refused', [attempt(1, 'failed')], [], false, 'unreachable', 'unreachable'],
    ['refused, without permission', [attempt(1, 'refused')], [], false, 'refused', 'unknown'],
    ['in-call, while they ask for another call', [attempt(1, 'placed'), asked(2, 'scheduled')], [call(1, statusEvent('in-progress'), stream)], false, 'in-call', null],
    ['scheduled, to call back, when they asked for it in the talk', [attempt(1, 'placed'), asked(2, 'scheduled')], [talked], false, 'scheduled', 'callback'],
    ['dialling, when that time has come', [attempt(1, 'placed'), asked(2, 'ready')], [talked], false, 'dialling', null],
    ['reached, when nobody answered then', [attempt(1, 'placed'), asked(2, 'placed')], [talked, call(2, statusEvent('no-answer'))], false, 'reached', 'interested'],
    ['do-not-call, after an opt-out', [attempt(1, 'placed')], [call(1, stream, heard, optOut, over, statusEvent('completed'))], false, 'do-not-call', 'do-not-call'],
    ['in-call still, while they say so', [attempt(1, 'placed')], [call(1, stream, heard, optOut, statusEvent('in-progress'))], false, 'in-call', null],
    ['do-not-call, when the number was suppressed before the dial', [attempt(1, 'refused')], [], true, 'do-not-call', 'do-not-call'],
    ['do-not-call, when it is suppressed while a dial is planned', [attempt(1, 'placed'), attempt(2, 'scheduled')], [unanswered], true, 'do-not-call', 'do-not-call'],
    ['do-not-call, when the planned dial was cancelled for it', [attempt(1, 'placed'), attempt(2, 'cancelled')], [unanswered], true, 'do-not-call', 'do-not-call'],
    ['reached, although the number is suppressed later', [attempt(1, 'placed')], [talked], true, 'reached', 'interested'],
    ['reached, when a planned dial was cancelled after the talk', [attempt(1, 'placed'), attempt(2, 'cancelled')], [talked], false, 'reached', 'interested'],
  ])('is %s', (_title, attempts, calls, suppressed, status, disposition) => {
    expect(state(attempts, calls, suppressed)).toMatchObject({ status, disposition });
  });

  it('carries the summary of the talk', () => {
    expect(state([attempt(1, 'placed')], [talked]).summary).toBe('Wants one.');
  });

  it('does not depend on the order of attempts or of what happened on their calls', () => {
    const history = fc.array(fc.tuple(fc.constantFrom(...attemptStates), fc.option(eventSet(6), { nil: undefined }), fc.boolean()), { minLength: 1, maxLength: 3 });
    fc.assert(fc.property(history.chain((given) => fc.tuple(fc.constant(given), fc.shuffledSubarray(given.map((_, i) => i), { minLength: given.length }))), fc.boolean(), ([given, order], suppressed) => {
      const attempts = given.map(([one, , wished], i) => (wished ? asked : attempt)(i + 1, one));
      const calls = given.flatMap(([, events], i) => (events ? [call(i + 1, ...events)] : []));
      const expected = state(attempts, calls, suppressed);
      expect(state(order.map((i) => attempts[i]!), calls.toReversed(), suppressed)).toEqual(expected);
      // What a talk came to is known while the call that they asked for in it is planned; else only when it is over.
      expect(isFinalLead(expected.status) || (expected.status === 'scheduled' && expected.disposition === 'callback')).toBe(expected.disposition !== null);
    }), { numRuns: 500 });
  });
});
