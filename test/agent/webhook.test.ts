import * as fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readConversation, readElevenLabsWebhook, verifyElevenLabs } from '#agent/webhook.ts';
import { dispositions } from '#calls/lead.ts';

const secret = 'wsec_example_only';
const now = new Date(1795239777 * 1000);
const body = Buffer.from('{"type":"post_call_transcription","event_timestamp":1795239772,"data":{"conversation_id":"conv_1"}}');
const right = '3d4049410094339ad91672607a33c77e455c71da45df4a35cc68e4e1ca3de052';
const sign = (text: string | Buffer, at = 1795239772, key = secret): string => `t=${at},v0=${createHmac('sha256', key).update(`${at}.`).update(text).digest('hex')}`;

describe('the signature of an ElevenLabs webhook', () => {
  it.each([
    ['as documented', `t=1795239772,v0=${right}`], ['with a part of a later version', `t=1795239772,v0=${right},v1=future`],
    ['with spaces', `t=1795239772, v0=${right}`], ['with two of them, one of an older secret', `t=1795239772,v0=${'0'.repeat(64)},v0=${right}`],
  ])('is accepted %s', (_title, header) => {
    expect(() => verifyElevenLabs(secret, header, body, now)).not.toThrow();
  });

  it.each([
    ['of another secret', 't=1795239772,v0=3e4133e1141603ff31114e719c17b9b4691423cf3964bb8ef2833aeb70b20297'],
    ['of another body', 't=1795239772,v0=ec6e10e866108cdcc867c9ba856ef20e988561287141ed106eee4e7886f811a2'],
    ['with another time', `t=1795239773,v0=${right}`],
    ['31 minutes old', 't=1795237912,v0=88e5686d3dcfbf4545eda253be5fafa7a03237cfc4cdf1fbfd7c4dddce5b69d8'],
    ['from the future', 't=1795246972,v0=afc1962b2602cc729510bda058cd6ffdd6d31918b741ed476973d3b2397da716'],
    ['without a time', `v0=${right}`], ['without a signature', 't=1795239772'], ['empty', ''], ['missing', undefined], ['cut short', `t=1795239772,v0=${right.slice(0, 62)}`],
    ['not in hex', `t=1795239772,v0=${'z'.repeat(64)}`], ['with a strange time', `t=1e9,v0=${right}`], ['with no number for a time', `t=,v0=${right}`],
  ])('is refused %s', (_title, header) => {
    expect(() => verifyElevenLabs(secret, header, body, now)).toThrowError(expect.objectContaining({ kind: 'forbidden', fields: [expect.objectContaining({ field: 'ElevenLabs-Signature' })] }) as Error);
  });

  it('holds for thirty minutes, and five into the future', () => {
    for (const [age, fine] of [[1800, true], [1801, false], [-300, true], [-301, false]] as const) {
      const at = now.getTime() / 1000 - age;
      let taken = true;
      try {
        verifyElevenLabs(secret, sign(body, at), body, now);
      } catch {
        taken = false;
      }
      expect([age, taken]).toEqual([age, fine]);
    }
  });

  it('is refused for whatever is in the header, and never throws anything else', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.tuple(fc.string(), fc.string()).map(([t, v]) => `t=${t},v0=${v}`)), (header) => {
      expect(() => verifyElevenLabs(secret, header, body, now)).toThrowError(expect.objectContaining({ name: 'VisibleError', kind: 'forbidden' }) as Error);
    }));
  });
});

describe('what a webhook says', () => {
  const data = (more: object = {}) => ({
    conversation_id: 'conv_1', status: 'done', analysis: { transcript_summary: ' Wants a boiler. ', data_collection_results: { disposition: { value: 'Interested', rationale: '' } } },
    conversation_initiation_client_data: { dynamic_variables: { call_id: 'call_X_1' } }, ...more,
  });
  const webhook = (more: object = {}, inData: object = {}): unknown => ({ type: 'post_call_transcription', event_timestamp: 1795239772, data: data(inData), ...more });

  it('is the conversation, our call, what it came to, and a summary', () => {
    expect(readElevenLabsWebhook(webhook(), now)).toEqual({ conversationId: 'conv_1', callId: 'call_X_1', disposition: 'interested', summary: 'Wants a boiler.', at: '2026-11-21T05:42:52.000Z' });
  });

  it.each<[unknown, string]>([...dispositions.map((word): [string, string] => [word, word]), ['DO NOT CALL', 'do-not-call'], ['not_interested', 'not-interested'], ['delighted', 'unknown'], ['', 'unknown'], [7, 'unknown'], [null, 'unknown']])('reads the disposition %j as %s', (given, disposition) => {
    expect(readElevenLabsWebhook(webhook({}, { analysis: { data_collection_results: { disposition: { value: given } } } }), now)).toMatchObject({ disposition, summary: null });
  });

  it('is unknown where there is no analysis, and nobody\'s where no call is named', () => {
    expect(readElevenLabsWebhook(webhook({}, { analysis: null, conversation_initiation_client_data: null }), now)).toMatchObject({ disposition: 'unknown', summary: null, callId: null });
    expect(readElevenLabsWebhook(webhook({}, { conversation_initiation_client_data: { dynamic_variables: { call_id: 12 } } }), now)).toMatchObject({ callId: null });
  });

  it('has the summary that our agents collect, where there is one, before ElevenLabs\' own', () => {
    const summaryOf = (value: unknown) => readElevenLabsWebhook(webhook({}, { analysis: { transcript_summary: 'The user said hello.', data_collection_results: { summary: { value } } } }), now)!.summary;
    expect([' Wants a boiler in May. ', ' ', null, 7].map(summaryOf)).toEqual(['Wants a boiler in May.', 'The user said hello.', 'The user said hello.', 'The user said hello.']);
  });

  it('is nothing for kinds that we do not use', () => {
    expect([readElevenLabsWebhook({ type: 'post_call_audio', data: { full_audio: '' } }, now), readElevenLabsWebhook({ type: 'something_new' }, now)]).toEqual([null, null]);
  });

  it.each([[[], 'type'], [null, 'type'], ['text', 'type'], [{}, 'type'], [{ type: 'post_call_transcription' }, 'data'], [{ type: 'post_call_transcription', data: { conversation_id: '' } }, 'data']])('is refused with the field that is wrong: %j', (given, field) => {
    expect(() => readElevenLabsWebhook(given, now)).toThrowError(expect.objectContaining({ kind: 'invalid', fields: [expect.objectContaining({ field })] }) as Error);
  });

  it.each([-1e300, -1, 0, 1e10, 1e20, 1e300])('has a time whatever its timestamp: %d', (event_timestamp) => {
    expect(Number.isNaN(Date.parse(readElevenLabsWebhook(webhook({ event_timestamp }), now)!.at))).toBe(false);
  });

  it('never throws anything but a sentence, whatever it is given', () => {
    const wild = fc.oneof(fc.jsonValue(), fc.record({ type: fc.constant('post_call_transcription'), event_timestamp: fc.double(), data: fc.oneof(fc.jsonValue(), fc.record({ conversation_id: fc.string(), analysis: fc.jsonValue(), conversation_initiation_client_data: fc.jsonValue() })) }));
    fc.assert(fc.property(wild, (given) => {
      let name = '';
      try {
        readElevenLabsWebhook(given, now);
      } catch (error) {
        name = (error as Error).name;
      }
      expect(['', 'VisibleError']).toContain(name);
      expect(() => readConversation(given, now.toISOString())).not.toThrow();
    }), { numRuns: 500 });
  });

  it('cuts a long summary without breaking a character in two', () => {
    const outcome = readElevenLabsWebhook(webhook({}, { analysis: { transcript_summary: `x${'😀'.repeat(3000)}` } }), now);
    expect(outcome!.summary!.length).toBeLessThanOrEqual(4000);
    expect(outcome!.summary!.isWellFormed()).toBe(true);
  });
});
