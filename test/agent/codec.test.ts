import * as fc from 'fast-check';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { opening, pong, readAgentFrame, readAudioQuickly, readByRule, toolResult, writeCallerAudio } from '#agent/codec.ts';

const read = (value: unknown) => readAgentFrame(Buffer.from(JSON.stringify(value)));

describe('what the agent says on its socket', () => {
  it('reads the metadata, with and without an input format', () => {
    expect(read({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: 'c', agent_output_audio_format: 'ulaw_8000', user_input_audio_format: 'pcm_16000' } }))
      .toEqual({ type: 'metadata', conversationId: 'c', outputFormat: 'ulaw_8000', inputFormat: 'pcm_16000' });
    expect(read({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: 'c', agent_output_audio_format: 'ulaw_8000' } }))
      .toMatchObject({ inputFormat: null });
  });

  it('reads audio, with and without an alignment', () => {
    expect(read({ type: 'audio', audio_event: { audio_base_64: 'AAAA', event_id: 0 } })).toEqual({ type: 'audio', base64: Buffer.from('AAAA'), eventId: 0, alignment: null });
    expect(read({ type: 'audio', audio_event: { audio_base_64: 'AAAA', event_id: 2, alignment: { chars: ['a'], char_start_times_ms: [5], char_durations_ms: [9] } } }))
      .toMatchObject({ alignment: { chars: ['a'], startsMs: [5] } });
    expect(read({ type: 'audio', audio_event: { audio_base_64: 'AAAA', event_id: 2, alignment: 'odd' } })).toMatchObject({ type: 'audio', alignment: null });
  });

  it.each([
    [{ type: 'interruption', interruption_event: { event_id: 4 } }, { type: 'interruption', eventId: 4 }],
    [{ type: 'interruption' }, { type: 'interruption', eventId: null }],
    [{ type: 'ping', ping_event: { event_id: 0, ping_ms: null } }, { type: 'ping', eventId: 0 }],
    [{ type: 'user_transcript', user_transcription_event: { user_transcript: 'hi', event_id: 1 } }, { type: 'caller-said', text: 'hi', eventId: 1 }],
    [{ type: 'agent_response', agent_response_event: { agent_response: 'yo' } }, { type: 'agent-says', text: 'yo', eventId: null }],
    [{ type: 'agent_response_correction', agent_response_correction_event: { original_agent_response: 'a b', corrected_agent_response: 'a', event_id: 1 } }, { type: 'agent-said', text: 'a', instead: 'a b', eventId: 1 }],
    [{ type: 'client_tool_call', client_tool_call: { tool_name: 't', tool_call_id: 'i', parameters: { x: 1 }, event_id: 1 } }, { type: 'tool-call', name: 't', id: 'i', parameters: { x: 1 }, wantsAnswer: true }],
    [{ type: 'client_tool_call', client_tool_call: { tool_name: 't', tool_call_id: 'i', expects_response: false } }, { type: 'tool-call', name: 't', id: 'i', parameters: undefined, wantsAnswer: false }],
    [{ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 'i', tool_type: 'system', is_error: false, is_called: true } }, { type: 'tool-used', name: 'end_call', called: true }],
    [{ type: 'agent_tool_response_full_payload', agent_tool_response_full_payload: { tool_name: 'end_call', is_error: true } }, { type: 'tool-used', name: 'end_call', called: false }],
    [{ type: 'queue_status', queue_status_event: { status: 'waiting' } }, { type: 'queue', status: 'waiting' }],
    [{ type: 'error', message: 'quota' }, { type: 'error', error: { code: null, text: 'quota' } }],
    [{ type: 'error', error_event: { code: 1008, error_type: 'override_error', message: 'm', reason: 'r' } }, { type: 'error', error: { code: 1008, text: 'override_error m r' } }],
    [{ type: 'error', error_event: 7, message: [] }, { type: 'error', error: { code: null, text: '' } }],
    [{ type: 'vad_score' }, { type: 'other', name: 'vad_score' }],
    [{ type: 'ping' }, { type: 'other', name: 'unreadable' }],
    [[], { type: 'other', name: 'untyped' }],
  ])('reads %j', (frame, message) => {
    expect(read(frame)).toEqual(message);
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }).map((b) => Buffer.from(b)), fc.json().map((t) => Buffer.from(t)),
      fc.record({ type: fc.constantFrom('audio', 'ping', 'error', 'queue_status', 'client_tool_call', 'agent_tool_response_full_payload'), audio_event: fc.anything(), error_event: fc.anything() })
        .map((value) => { try { return Buffer.from(JSON.stringify(value)); } catch { return Buffer.from(''); } })), (bytes) => {
      expect(typeof readAgentFrame(bytes).type).toBe('string');
    }));
  });
});

describe('the quick reader of audio', () => {
  const audioFrame = fc.record({ bytes: fc.uint8Array({ maxLength: 300 }), id: fc.option(fc.nat()), swap: fc.boolean(), outer: fc.boolean() }).map(({ bytes, id, swap, outer }) => {
    const fields: [string, unknown][] = [['audio_base_64', Buffer.from(bytes).toString('base64')], ...(id === null ? [] : [['event_id', id] as [string, unknown]])];
    const event = Object.fromEntries(swap ? fields.toReversed() : fields);
    return Buffer.from(JSON.stringify(outer ? { audio_event: event, type: 'audio' } : { type: 'audio', audio_event: event }));
  });
  it('reads every plain audio frame as the rule does', () => {
    fc.assert(fc.property(audioFrame, (frame) => {
      expect(readAudioQuickly(frame)).toEqual(readByRule(frame));
    }));
  });
  it('says what the rule says, or nothing, for frames that were damaged', () => {
    fc.assert(fc.property(audioFrame, fc.nat(1000), fc.nat(255), fc.boolean(), (frame, at, byte, insert) => {
      const where = at % frame.length;
      const damaged = Buffer.concat([frame.subarray(0, where), Buffer.from([byte]), frame.subarray(insert ? where : where + 1)]);
      const rule = readByRule(damaged);
      expect(readAudioQuickly(damaged) ?? rule).toEqual(rule);
    }), { numRuns: 3000 });
  });
});

describe('what the agent is told', () => {
  it('writes audio without a type, pongs with their number, results as strings', () => {
    // A masked frame with a short head: see house/text-frame.ts.
    const wire = new PassThrough();
    writeCallerAudio(wire, false, Buffer.from('f39/'));
    const frame = wire.read() as Buffer;
    const text = frame.subarray(6).map((byte, i) => byte ^ frame[2 + (i % 4)]!);
    expect(JSON.parse(Buffer.from(text).toString())).toEqual({ user_audio_chunk: 'f39/' });
    expect(JSON.parse(pong(0))).toEqual({ type: 'pong', event_id: 0 });
    expect(JSON.parse(toolResult('i', '"', true))).toEqual({ type: 'client_tool_result', tool_call_id: 'i', result: '"', is_error: true });
  });
  it('leaves an override out rather than sending it empty', () => {
    expect(JSON.parse(opening({ variables: { lead_name: '' }, voiceId: null }))).toEqual({ type: 'conversation_initiation_client_data', dynamic_variables: { lead_name: '' } });
    expect(JSON.parse(opening({ variables: {}, voiceId: 'v' }))).toMatchObject({ conversation_config_override: { tts: { voice_id: 'v' } } });
  });
});
