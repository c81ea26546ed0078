// Arbitrary happenings of one call, for property tests: sets in which no two have one key.
import * as fc from 'fast-check';
import { callStatuses, endReasons, transferStates, type CallEvent } from '#calls/call.ts';
import { eventKey } from '#calls/fold-call.ts';
import { dispositions } from '#calls/lead.ts';

const at = fc.integer({ min: 0, max: 600_000 }).map((ms) => new Date(Date.parse('2026-11-21T12:00:00.000Z') + ms).toISOString());
const nullable = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const epoch = fc.integer({ min: 0, max: 3 });

export const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
  { weight: 6, arbitrary: fc.record({
    kind: fc.constant('status' as const), at, status: fc.constantFrom(...callStatuses), sequence: nullable(fc.nat(5)), source: fc.constantFrom('callback' as const, 'request' as const, 'lookup' as const),
    durationSeconds: nullable(fc.nat(300)), sipCode: nullable(fc.constantFrom(200, 404, 486, 487)), answeredBy: nullable(fc.constantFrom('human', 'machine_start', 'unknown')), cost: nullable(fc.constantFrom('0.014 USD', '0.02 USD')),
  }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('document' as const), at, epoch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stream-started' as const), at, epoch, streamSid: fc.constantFrom('MZ1', 'MZ2') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stream-failed' as const), at, detail: fc.constantFrom('31920', '31921') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('agent-connected' as const), at, epoch, conversationId: fc.constantFrom('conv_1', 'conv_2'), voiceId: nullable(fc.constant('voice_1')) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('first-audio' as const), at, epoch, sinceAnswerMs: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ended' as const), at, endReason: fc.constantFrom(...endReasons), detail: nullable(fc.constant('1011')), turnMs: fc.array(fc.nat(2000), { maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('transfer' as const), at, epoch, state: fc.constantFrom(...transferStates), detail: nullable(fc.constantFrom('busy', 'Wants a person.')) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('opt-out' as const), at, by: fc.constantFrom('key-9' as const, 'voice' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('answered-by' as const), at, answeredBy: fc.constantFrom('human', 'machine_end_beep', 'fax') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recording' as const), at, recordingSid: fc.constantFrom('RE1', 'RE2'), url: fc.constantFrom('https://api.twilio.com/1', 'https://api.twilio.com/2'), durationSeconds: nullable(fc.nat(300)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outcome' as const), at, source: fc.constantFrom('agent' as const, 'analysis' as const), disposition: fc.constantFrom(...dispositions), summary: nullable(fc.constant('They talked.')) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('callback-asked' as const), at, by: fc.constantFrom('agent' as const, 'key-1' as const), dueAt: at, note: nullable(fc.constant('about the price')) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('key-chosen' as const), at, choice: fc.constantFrom('call-me-back' as const, 'do-not-call' as const, 'nothing' as const) }) },
);

/** A set of happenings, as a store keeps them: one for each key. */
export const eventSet = (maxLength = 12): fc.Arbitrary<CallEvent[]> => fc.uniqueArray(anyEvent, { selector: eventKey, minLength: 1, maxLength });
