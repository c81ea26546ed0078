import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encode, FORMATS } from '#local/elevenlabs/formats.ts';
import { clip } from '#local/speech/clips.ts';
import { audioOf, interruptionId, metadataOf, responseOf, toolOf, transcriptOf, type Client } from './client.ts';
import { AGENT, called, dial, LISTENER, started } from './house.ts';

/** Audio frames until so many bytes of one event id are there. */
const audioUntil = async (client: Client, eventId: number, bytes: number): Promise<Buffer> => {
  while (client.audio(eventId).length < bytes) await client.next('audio');
  return client.audio(eventId);
};

describe('the simulated agent in a conversation', () => {
  it('sends metadata first, then speaks its first message with full text and audio', async () => {
    const running = await started();
    const client = await dial(running);
    client.init();
    const metadata = metadataOf(await client.next('conversation_initiation_metadata'));
    expect(metadata).toMatchObject({ agent_output_audio_format: 'ulaw_8000', user_input_audio_format: 'ulaw_8000' });
    const response = responseOf(await client.next('agent_response'));
    expect(response.agent_response).toBe(clip('agent-greeting').text);
    const wanted = encode(clip('agent-greeting').pcm, 'ulaw_8000');
    expect(await audioUntil(client, response.event_id, wanted.length)).toEqual(wanted);
    expect(client.frames[0]?.type).toBe('conversation_initiation_metadata');
    expect(running.conversations()[0]?.sent).toEqual([
      { eventId: response.event_id, pieces: client.frames.filter(({ type }) => type === 'audio').length, bytes: wanted.length, stalePieces: 0, staleBytes: 0, sha256: createHash('sha256').update(wanted).digest('hex') },
    ]);
  });

  for (const format of FORMATS) {
    it(`speaks ${format}`, async () => {
      const running = await started({ agents: { [AGENT]: { inputFormat: format, outputFormat: format } }, chunkMs: [60_000] });
      const client = await dial(running);
      client.init();
      expect(metadataOf(await client.next('conversation_initiation_metadata'))['agent_output_audio_format']).toBe(format);
      const audio = Buffer.from(audioOf(await client.next('audio')).audio_base_64, 'base64');
      expect(audio.equals(encode(clip('agent-greeting').pcm, format))).toBe(true);
    });
  }

  it('sends pieces of very different size', async () => {
    const client = await dial(await started());
    client.init();
    const { event_id } = responseOf(await client.next('agent_response'));
    await audioUntil(client, event_id, clip('agent-greeting').pcm.length);
    const sizes = client.frames.filter(({ type }) => type === 'audio').map((frame) => audioOf(frame).audio_base_64.length);
    expect(Math.max(...sizes)).toBeGreaterThan(50 * Math.min(...sizes));
  });

  const talks: [said: string, answered: string][] = [
    ['caller-hello', 'agent-pitch'],
    ['caller-yes-please', 'agent-pitch'],
    ['caller-price-question', 'agent-price-answer'],
    ['caller-tell-me-more', 'agent-details'],
    ['caller-sounds-good', 'agent-anything-else'],
    ['caller-wait-a-moment', 'agent-go-ahead'],
  ];
  for (const [said, answered] of talks) {
    it(`hears ${said} and answers ${answered}`, async () => {
      const client = await dial(await started({ agents: { [AGENT]: LISTENER } }));
      client.init();
      await client.next('conversation_initiation_metadata');
      client.say(said);
      expect(transcriptOf(await client.next('user_transcript'))).toBe(clip(said).text);
      expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip(answered).text);
    });
  }

  it('answers a typed user_message as it answers speech', async () => {
    const client = await dial(await started({ agents: { [AGENT]: LISTENER } }));
    client.init();
    await client.next('conversation_initiation_metadata');
    client.send({ type: 'user_message', text: 'What is the price?' });
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-price-answer').text);
  });

  it('says goodbye, tells of end_call, sends the rest of the audio and closes with 1000', async () => {
    const running = await started({ agents: { [AGENT]: LISTENER } });
    const client = await dial(running);
    client.init();
    await client.next('conversation_initiation_metadata');
    client.say('caller-goodbye');
    const { event_id } = responseOf(await client.next('agent_response'));
    expect(await client.closed).toMatchObject({ code: 1000 });
    expect(client.audio(event_id)).toEqual(encode(clip('agent-goodbye').pcm, 'ulaw_8000'));
    const types = client.frames.map(({ type }) => type);
    expect(client.frames[types.indexOf('agent_tool_response')]).toMatchObject({ agent_tool_response: { tool_name: 'end_call', tool_type: 'system', is_error: false, is_called: true } });
    expect(types.lastIndexOf('audio')).toBeGreaterThan(types.indexOf('agent_tool_response'));
  });

  it('does not end the call when it has no end_call', async () => {
    const client = await dial(await started({ agents: { [AGENT]: { ...LISTENER, systemTools: [] } } }));
    client.init();
    await client.next('conversation_initiation_metadata');
    client.say('caller-goodbye');
    await client.next('agent_response');
    client.send({ type: 'user_message', text: 'Hello?' });
    await client.next('agent_response');
    expect(client.frames.some(({ type }) => type === 'agent_tool_response')).toBe(false);
  });

  it('asks twice into the silence and then says goodbye', async () => {
    const client = await dial(await started({ pace: 100, agents: { [AGENT]: LISTENER }, durations: { inputWaitMs: 1e6, pongWaitMs: 1e6 } }));
    client.init();
    const said = [responseOf(await client.next('agent_response')), responseOf(await client.next('agent_response')), responseOf(await client.next('agent_response'))];
    expect(said.map(({ agent_response }) => agent_response)).toEqual(['agent-still-there', 'agent-still-there', 'agent-goodbye'].map((name) => clip(name).text));
    expect(await client.closed).toMatchObject({ code: 1000 });
  });

  it('asks for a transfer and goes on talking when the client could not do it', async () => {
    const client = await dial(await started({ agents: { [AGENT]: LISTENER } }));
    client.init(called('08'));
    await client.next('conversation_initiation_metadata');
    client.say('caller-human-please');
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-hand-over').text);
    const call = toolOf(await client.next('client_tool_call'));
    expect(call.tool_name).toBe('transfer_to_human');
    client.send({ type: 'client_tool_result', tool_call_id: call.tool_call_id, result: 'nobody there', is_error: true });
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-anything-else').text);
  });

  it('goes on after a tool call that nobody answers', async () => {
    const running = await started({ pace: 200, agents: { [AGENT]: LISTENER }, durations: { turnTimeoutMs: 1e7, inputWaitMs: 1e7, pongWaitMs: 1e7 } });
    const client = await dial(running);
    client.init();
    await client.next('conversation_initiation_metadata');
    client.say('caller-human-please');
    await client.next('agent_response');
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-anything-else').text);
    expect(running.conversations()[0]?.turns.flatMap(({ tool_results }) => tool_results)).toMatchObject([{ tool_name: 'transfer_to_human', is_error: true }]);
  });

  it('confirms an opt-out only when the client has recorded it, then ends', async () => {
    const running = await started({ agents: { [AGENT]: LISTENER } });
    const client = await dial(running);
    client.init();
    await client.next('conversation_initiation_metadata');
    client.say('caller-stop-calling');
    const call = toolOf(await client.next('client_tool_call'));
    expect(call.tool_name).toBe('do_not_call');
    client.send({ type: 'client_tool_result', tool_call_id: call.tool_call_id, result: 'ok', is_error: false });
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(`${clip('agent-opt-out-confirm').text} ${clip('agent-goodbye').text}`);
    expect(await client.closed).toMatchObject({ code: 1000 });
    expect(running.conversations()[0]?.disposition).toBe('do-not-call');
  });

  it('keeps to the client_events of its configuration', async () => {
    const client = await dial(await started({ agents: { [AGENT]: { ...LISTENER, clientEvents: ['agent_response'] } } }));
    client.init();
    client.say('caller-hello');
    client.send({ type: 'user_message', text: 'hello' });
    await client.next('agent_response');
    client.send({ type: 'user_message', text: 'goodbye' });
    await client.closed;
    expect(new Set(client.frames.map(({ type }) => type))).toEqual(new Set(['agent_response']));
  });
});

describe('the simulated agent when the caller talks over it', () => {
  const bargeIn = async (digits: string): Promise<{ client: Client; cutId: number; gate: number }> => {
    const client = await dial(await started({ pace: 4, agents: { [AGENT]: LISTENER } }));
    client.init(called(digits));
    await client.next('conversation_initiation_metadata');
    client.say('caller-tell-me-more');
    const { event_id: cutId } = responseOf(await client.next('agent_response'));
    await client.next('audio');
    client.say('caller-wait-a-moment');
    return { client, cutId, gate: interruptionId(await client.next('interruption')) };
  };

  it('interrupts itself, corrects its text to what was heard, and answers', async () => {
    const { client, cutId, gate } = await bargeIn('00');
    expect(gate).toBeGreaterThan(cutId);
    const correction = (await client.next('agent_response_correction'))['agent_response_correction_event'] as { corrected_agent_response: string; original_agent_response: string; event_id: number };
    expect(correction).toMatchObject({ original_agent_response: clip('agent-details').text, event_id: cutId });
    expect(correction.corrected_agent_response.length).toBeLessThan(clip('agent-details').text.length);
    expect(clip('agent-details').text.startsWith(correction.corrected_agent_response)).toBe(true);
    const response = responseOf(await client.next('agent_response'));
    expect(response.agent_response).toBe(clip('agent-go-ahead').text);
    expect(response.event_id).toBeGreaterThan(gate);
  });

  it('lets exactly one stale piece of the old answer come late', async () => {
    const { client, cutId, gate } = await bargeIn('00');
    const { event_id } = responseOf(await client.next('agent_response'));
    await audioUntil(client, event_id, clip('agent-go-ahead').pcm.length);
    const types = client.frames.map(({ type }) => type);
    const late = client.frames.slice(types.indexOf('interruption')).filter((frame) => frame.type === 'audio' && audioOf(frame).event_id < gate);
    expect(late.map((frame) => audioOf(frame).event_id)).toEqual([cutId]);
  });

  it('gives its next answer the interruption\'s own id in story 07', async () => {
    const { client, gate } = await bargeIn('07');
    expect(responseOf(await client.next('agent_response'))).toEqual({ agent_response: clip('agent-go-ahead').text, event_id: gate });
    expect(await audioUntil(client, gate, clip('agent-go-ahead').pcm.length)).toEqual(encode(clip('agent-go-ahead').pcm, 'ulaw_8000'));
  });

  it('talks at length in story 07 whatever the caller says first', async () => {
    const client = await dial(await started({ agents: { [AGENT]: LISTENER } }));
    client.init(called('07'));
    await client.next('conversation_initiation_metadata');
    client.say('caller-hello');
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-details').text);
  });
});
