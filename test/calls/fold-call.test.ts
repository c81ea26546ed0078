import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callStatuses, isTerminal, statusRank, type CallEvent, type CallStatus, type KeyChoice } from '#calls/call.ts';
import { eventKey, foldCall, isConcluded, newCallRecord } from '#calls/fold-call.ts';
import type { Disposition } from '#calls/lead.ts';
import { anyEvent, eventSet } from '#doubles/call-events.ts';
import { newCall, sidNumber, statusEvent } from '#doubles/records.ts';

const base = newCallRecord(newCall(1), sidNumber(1));
const fold = (...events: CallEvent[]) => foldCall(base, events);
const at = (second: number): string => new Date(Date.parse('2026-11-21T12:00:00.000Z') + second * 1000).toISOString();
const status = (word: CallStatus, second: number, more: Parameters<typeof statusEvent>[1] = {}) => statusEvent(word, { at: at(second), ...more });
const stream: CallEvent = { kind: 'stream-started', at: at(5), epoch: 0, streamSid: 'MZ1' };
const heard: CallEvent = { kind: 'first-audio', at: at(6), epoch: 0, sinceAnswerMs: 640 };
const ended = (endReason: 'agent-ended' | 'caller-hung-up' | 'operator' | 'agent-failed', detail: string | null = null): CallEvent => ({ kind: 'ended', at: at(20), endReason, detail, turnMs: [500, 700] });
const outcome = (source: 'agent' | 'analysis', disposition: Disposition, summary: string | null = null): CallEvent => ({ kind: 'outcome', at: at(21), source, disposition, summary });
const wish = (second: number, dueSecond: number): CallEvent => ({ kind: 'callback-asked', at: at(second), by: 'agent', dueAt: at(dueSecond), note: null });

describe('a call as the fold of what happened', () => {
  it('is queued before anything happened', () => {
    expect(fold()).toEqual({ ...base, eventCount: 0 });
    expect(fold()).toMatchObject({ status: 'queued', endReason: null, disposition: null, talked: false, epoch: -1 });
  });

  it.each<[string, CallStatus[], CallStatus]>([
    ['follows the carrier forward', ['queued', 'initiated', 'ringing', 'in-progress', 'completed'], 'completed'],
    ['ignores a ringing that arrives after completed', ['completed', 'ringing'], 'completed'],
    ['ignores an initiated that arrives after ringing', ['ringing', 'initiated'], 'ringing'],
    ['jumps over what never came', ['initiated', 'busy'], 'busy'],
    ['takes a completed that comes first', ['completed'], 'completed'],
  ])('%s', (_title, words, expected) => {
    expect(fold(...words.map((word, i) => status(word, i))).status).toBe(expected);
  });

  it('lets the carrier\'s higher sequence number win between two of one rank, and the earlier time without one', () => {
    expect(fold(status('busy', 9, { sequence: 2 }), status('failed', 8, { sequence: 3 })).status).toBe('failed');
    expect(fold(status('failed', 8, { sequence: 3 }), status('busy', 9, { sequence: 2 })).status).toBe('failed');
    expect(fold(status('no-answer', 9), status('canceled', 8)).status).toBe('canceled');
    expect(fold(status('canceled', 8), status('no-answer', 9, { sequence: 0 })).status).toBe('no-answer');
  });

  it('takes start, answer and end from the carrier\'s own times, the earliest of each', () => {
    expect(fold(status('completed', 30, { durationSeconds: 22 }), status('in-progress', 8), status('ringing', 3), status('initiated', 1)))
      .toMatchObject({ startedAt: at(1), answeredAt: at(8), endedAt: at(30), durationSeconds: 22 });
  });

  it.each<[string, CallEvent[], string | null]>([
    ['from the stream\'s start', [stream, status('completed', 30)], at(5)],
    ['from the end and the duration', [status('completed', 30, { durationSeconds: 22 })], at(8)],
    ['not at all for a call without duration', [status('completed', 30, { durationSeconds: 0 })], null],
    ['not at all for a busy line', [status('busy', 4, { durationSeconds: 0 })], null],
  ])('knows when it was answered although `answered` was lost: %s', (_title, events, answeredAt) => {
    expect(fold(...events).answeredAt).toBe(answeredAt);
  });

  it.each<[string, CallEvent[], string | null]>([
    ['the relay\'s word', [status('in-progress', 4), stream, status('completed', 30), ended('agent-ended')], 'agent-ended'],
    ['the first word, whatever the carrier says', [status('failed', 4), ended('operator')], 'operator'],
    ['nothing while the relay may still tell', [status('in-progress', 4), stream, status('completed', 30)], null],
    ['the caller, where no stream had begun', [status('in-progress', 4), status('completed', 30)], 'caller-hung-up'],
    ['the carrier', [status('failed', 4)], 'carrier-failed'],
    ['the carrier, in the middle of a stream too', [status('in-progress', 4), stream, status('failed', 9)], 'carrier-failed'],
    ['a person at the console', [status('canceled', 4)], 'operator'],
    ['nothing for a line that was busy', [status('busy', 4)], null],
    ['nothing for a phone that nobody answered', [status('no-answer', 4)], null],
    ['nothing while the line is up', [status('in-progress', 4), stream], null],
  ])('gives as end reason: %s', (_title, events, reason) => {
    expect(fold(...events).endReason).toBe(reason);
  });

  it.each<[string, CallEvent[], string | null]>([
    ['nothing while the line is up', [status('in-progress', 4), stream, heard], null],
    ['unreachable when nobody answered', [status('no-answer', 30)], 'unreachable'],
    ['unknown after a talk that nobody judged', [status('in-progress', 4), stream, heard, ended('caller-hung-up'), status('completed', 30)], 'unknown'],
    ['what the agent says', [status('in-progress', 4), outcome('agent', 'interested'), status('completed', 30)], 'interested'],
    ['what the analysis says, over the agent', [outcome('analysis', 'not-interested'), outcome('agent', 'interested'), status('completed', 30)], 'not-interested'],
    ['voicemail for a machine', [status('in-progress', 4), { kind: 'answered-by', at: at(7), answeredBy: 'machine_end_beep' }, status('completed', 30)], 'voicemail'],
    ['voicemail for a fax', [status('completed', 30, { answeredBy: 'fax', durationSeconds: 9 })], 'voicemail'],
    ['callback when they asked for it, over what the agent noted', [outcome('agent', 'voicemail'), wish(20, 90), status('completed', 30)], 'callback'],
    ['callback also where the analysis could not tell', [outcome('analysis', 'unknown'), wish(20, 90), status('completed', 30)], 'callback'],
    ['what the analysis made of the whole talk, over a wish in it', [outcome('analysis', 'interested'), wish(20, 90), status('completed', 30)], 'interested'],
    ['do-not-call after an opt-out, whatever else is said', [outcome('analysis', 'interested'), { kind: 'opt-out', at: at(9), by: 'key-9' }, status('completed', 30)], 'do-not-call'],
  ])('comes to: %s', (_title, events, disposition) => {
    expect(fold(...events).disposition).toBe(disposition);
  });

  it('keeps the latest wish to be called, and the first key that was chosen', () => {
    expect(fold(wish(20, 90), wish(40, 80), wish(30, 70)).callbackAsked).toEqual({ at: at(40), dueAt: at(80) });
    expect(eventKey(wish(20, 90))).not.toBe(eventKey(wish(21, 90)));
    const key = (choice: KeyChoice): CallEvent => ({ kind: 'key-chosen', at: at(9), choice });
    expect([eventKey(key('nothing')), fold(key('call-me-back')).keyChosen, fold().keyChosen]).toEqual([eventKey(key('do-not-call')), 'call-me-back', null]);
    // Pressed again, it is the same wish.
    const byKey = (seconds: number): CallEvent => ({ kind: 'callback-asked', at: at(seconds), by: 'key-1', dueAt: at(300), note: null });
    expect(eventKey(byKey(1))).toBe(eventKey(byKey(2)));
  });

  it('keeps the last conversation, the first audio, the recording, the cost and the turns', () => {
    const record = fold(
      { kind: 'agent-connected', at: at(5), epoch: 0, conversationId: 'conv_a', voiceId: null }, { kind: 'agent-connected', at: at(15), epoch: 1, conversationId: 'conv_b', voiceId: 'voice' },
      { kind: 'first-audio', at: at(16), epoch: 1, sinceAnswerMs: 90 }, heard, { kind: 'document', at: at(14), epoch: 1 }, ended('agent-ended'),
      { kind: 'recording', at: at(40), recordingSid: 'RE1', url: 'https://api.twilio.com/rec', durationSeconds: 12 }, status('completed', 30, { cost: '0.014 USD', source: 'lookup' }), outcome('agent', 'interested', 'Wants one.'),
    );
    expect(record).toMatchObject({ conversationId: 'conv_b', voiceId: 'voice', recordingUrl: 'https://api.twilio.com/rec', cost: '0.014 USD', summary: 'Wants one.', epoch: 1, talked: true,
      latency: { answerToFirstAudioMs: 640, turnMs: [500, 700] } });
  });

  describe('that goes to a person', () => {
    const transfer = (state: 'asked' | 'connected' | 'failed', epoch = 0, detail: string | null = null): CallEvent => ({ kind: 'transfer', at: at(15), epoch, state, detail });
    const back: CallEvent = { kind: 'stream-started', at: at(18), epoch: 100, streamSid: 'MZ2' };
    const takenOver: CallEvent = { kind: 'stream-started', at: at(16), epoch: 1, streamSid: 'MZ1' };

    it('tells how far that has come, the latest one', () => {
      expect(fold(stream).transfer).toBeNull();
      expect(fold(stream, transfer('asked')).transfer).toEqual({ state: 'asked', epoch: 0 });
      expect(fold(transfer('connected'), transfer('asked')).transfer).toEqual({ state: 'connected', epoch: 0 });
      expect(fold(transfer('failed'), transfer('asked'), transfer('asked', 1)).transfer).toEqual({ state: 'asked', epoch: 1 });
    });

    it('is concluded when the line is down, because no relay will say more', () => {
      const over = fold(status('in-progress', 4), stream, transfer('asked'), status('completed', 60));
      expect([over.endReason, isConcluded(over)]).toEqual(['caller-hung-up', true]);
      expect(isConcluded(fold(status('in-progress', 4), stream, takenOver, transfer('asked'), status('completed', 60)))).toBe(true);
      expect(fold(stream, transfer('asked'), status('completed', 60), ended('agent-ended', 'transferred'))).toMatchObject({ endReason: 'agent-ended', endDetail: 'transferred' });
    });

    it('waits for the relay\'s word again once the agent has it back', () => {
      const over = fold(stream, transfer('asked'), transfer('failed'), back, status('completed', 60));
      expect([over.endReason, isConcluded(over)]).toEqual([null, false]);
    });

    it('came to a callback when nobody was free and nobody says more', () => {
      const none = [stream, heard, transfer('asked'), transfer('failed'), back, ended('caller-hung-up'), status('completed', 60)];
      expect(fold(...none).disposition).toBe('callback');
      expect(fold(...none, outcome('analysis', 'not-interested')).disposition).toBe('not-interested');
      expect(fold(stream, heard, transfer('asked'), transfer('connected'), ended('agent-ended', 'transferred'), status('completed', 60)).disposition).toBe('unknown');
    });
  });

  it('depends on the set of events only, in whatever order they lie', () => {
    fc.assert(fc.property(eventSet().chain((set) => fc.tuple(fc.constant(set), fc.shuffledSubarray(set, { minLength: set.length }))), ([set, order]) => {
      expect(foldCall(base, order)).toEqual(foldCall(base, set));
    }), { numRuns: 300 });
  });

  it('takes the same of two that say the same at the same time and differ in the rest', () => {
    const [called, asked] = [status('busy', 5, { source: 'callback', sequence: 3, answeredBy: 'unknown' }), status('busy', 5, { source: 'request', sequence: 3, answeredBy: 'human' })];
    expect(fold(called, asked)).toEqual(fold(asked, called));
  });

  it('never moves its status back, whatever is added', () => {
    fc.assert(fc.property(eventSet(), anyEvent, (set, one) => {
      expect(statusRank[fold(...set, one).status]).toBeGreaterThanOrEqual(statusRank[fold(...set).status]);
    }), { numRuns: 300 });
  });

  it('has an end time just when the line is down, and a disposition by then', () => {
    fc.assert(fc.property(eventSet(), (set) => {
      const record = fold(...set);
      expect(record.endedAt !== null).toBe(isTerminal(record.status));
      expect(isTerminal(record.status) && record.disposition === null).toBe(false);
    }), { numRuns: 300 });
  });

  it('is concluded when the line is down and, where a stream had begun, its end is known', () => {
    expect(isConcluded(fold(status('in-progress', 4)))).toBe(false);
    expect(isConcluded(fold(status('busy', 4)))).toBe(true);
    expect(isConcluded(fold(stream, status('completed', 30)))).toBe(false);
    expect(isConcluded(fold(stream, status('completed', 30), ended('agent-failed')))).toBe(true);
    expect(isConcluded(fold(stream, ended('agent-ended')))).toBe(false);
  });
});

describe('the key of an event', () => {
  it('is the same for one happening told twice', () => {
    const told = status('ringing', 3, { sequence: 1 });
    expect(eventKey({ ...told, at: at(9) })).toBe(eventKey(told));
    expect(eventKey(status('ringing', 9))).toBe(eventKey(status('ringing', 3)));
  });

  it('tells apart what was told by callback, in an answer and by looking up', () => {
    const all = (['callback', 'request', 'lookup'] as const).flatMap((source) => callStatuses.map((word) => eventKey(status(word, 1, { source }))));
    expect(new Set(all).size).toBe(all.length);
    expect(eventKey(status('ringing', 1, { sequence: 1 }))).not.toBe(eventKey(status('ringing', 1, { sequence: 2 })));
  });

  it('is one for all ends of the talk, so that the first counts', () => {
    expect(eventKey(ended('operator'))).toBe(eventKey(ended('agent-ended', 'later')));
  });

  it('is one for all outcomes of a transfer, and another for its being asked for', () => {
    const of = (state: 'asked' | 'connected' | 'failed', epoch = 0): string => eventKey({ kind: 'transfer', at: at(1), epoch, state, detail: null });
    expect(of('connected')).toBe(of('failed'));
    expect(new Set([of('asked'), of('failed'), of('asked', 1), of('failed', 1)]).size).toBe(4);
  });
});
