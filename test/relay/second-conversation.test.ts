import { describe, expect, it } from 'vitest';
import { house, sentence, speech } from './house.ts';
import type { FakeConversation } from '#doubles/fake-agent.ts';

const first = (talk: FakeConversation) => talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
const told = async (talk: FakeConversation): Promise<string> => String((await talk.received.next((frame) => frame['type'] === 'contextual_update'))['text']);
const says = (talk: FakeConversation, text: string, eventId = 1): void => talk.send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: eventId } });
const heard = (talk: FakeConversation, text: string, eventId = 2): void => talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: text, event_id: eventId } });
const overrideError = "Override for field 'first_message' is not allowed by config.";

/** A talk that broke off after a turn of each, and the conversation that follows it. */
const broken = async (breakOff: (talk: FakeConversation) => void = (talk) => talk.close(1011), options: Parameters<typeof house>[0] = {}) => {
  const made = await house(options);
  const { stream, talk } = await made.call();
  stream.playAlways();
  says(talk, 'Hello Ada, this is an AI calling for Sunny Roofs.');
  talk.audio(speech(800), 1);
  heard(talk, 'How much is it?');
  await stream.got.until(() => stream.audio().length >= 800);
  breakOff(talk);
  return { ...made, stream, before: talk, next: await made.conversation() };
};

describe('a conversation that breaks off in the middle', () => {
  it('is followed by another, which is told what was said and begins with words of ours', async () => {
    const { next, stream, events, transcript } = await broken();
    expect(await first(next)).toMatchObject({ conversation_config_override: { agent: { first_message: 'Sorry, we were cut off. Please go on.' } }, dynamic_variables: { lead_name: 'Ada' } });
    next.metadata('ulaw_8000');
    const context = await told(next);
    expect(context).toContain('You: Hello Ada, this is an AI calling for Sunny Roofs.\nCaller: How much is it?');
    says(next, 'Sorry, we were cut off. Please go on.');
    next.audio(speech(800, 2), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    expect(stream.audio()).toEqual(Buffer.concat([speech(800), speech(800, 2)]));
    stream.stop();
    await events.next((event) => event.kind === 'ended' && event.endReason === 'caller-hung-up');
    expect(transcript()).toEqual(['agent: Hello Ada, this is an AI calling for Sunny Roofs.', 'caller: How much is it?', 'agent: Sorry, we were cut off. Please go on.']);
  });

  it('leaves both conversations in the record', async () => {
    const { next, events } = await broken();
    next.send({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: 'conv_2', agent_output_audio_format: 'ulaw_8000', user_input_audio_format: 'ulaw_8000' } });
    await events.until((all) => all.some((event) => event.kind === 'agent-connected' && event.conversationId === 'conv_2'));
    expect(events.all.flatMap((event) => (event.kind === 'agent-connected' ? [`${event.epoch} ${event.conversationId}`] : []))).toEqual(['0 conv_1', '0 conv_2']);
  });

  it('keeps the caller\'s words until the next one listens', async () => {
    const { next, stream } = await broken();
    await first(next);
    const words = speech(160 * 10, 9);
    for (let i = 0; i < 10; i++) stream.speak(words.subarray(160 * i, 160 * (i + 1)));
    // Everything has reached the relay once a key pressed after it was noticed.
    next.metadata('ulaw_8000');
    await next.received.until(() => next.heard().length >= words.length);
    expect(next.heard()).toEqual(words);
  });

  it('plays the new one\'s audio though its event ids begin anew below an old interruption', async () => {
    const { next, stream, metrics } = await broken((talk) => {
      talk.interrupt(40);
      talk.close(1011);
    });
    next.metadata('ulaw_8000');
    next.audio(speech(800, 3), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    expect(metrics.value('stale_audio_dropped')).toBe(0);
  });

  it.each<[string, (talk: FakeConversation) => void]>([
    ['it crashes', (talk) => talk.close(1011)], ['its line is cut', (talk) => talk.cut()], ['it fails on the way', (talk) => talk.close(1002, 'llm_timeout')],
    ['it says that it failed and stays silent', (talk) => talk.send({ type: 'error', error_event: { code: 1002, error_type: 'tts_cascade_error', message: '' } })],
  ])('is replaced when %s', async (_why, breakOff) => {
    const { next, metrics } = await broken(breakOff);
    await first(next);
    expect(metrics.value('agent_reopened')).toBe(1);
  });

  it('is replaced when no frame of any kind has come for long', async () => {
    const { next } = await broken(() => {}, { agentSilentMs: 150 });
    expect(await first(next)).toMatchObject({ conversation_config_override: { agent: {} } });
  });

  it('is replaced once: then the caller hears so, and the record says why', async () => {
    const { next, stream, ended, agent } = await broken();
    await first(next);
    next.close(1011);
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-crashed' });
    expect(stream.audio().subarray(800)).toEqual(sentence('agent-unavailable'));
    expect(agent.conversations.all.length).toBe(2);
  });

  it.each<[string, (talk: FakeConversation) => void, string]>([
    ['the account is empty', (talk) => talk.close(1002, 'This request exceeds your quota limit.'), 'agent-quota-exceeded'],
    ['our side broke the contract', (talk) => talk.close(1008, 'invalid_message'), 'agent-refused'],
  ])('is not replaced when %s', async (_why, breakOff, detail) => {
    const { call, ended, agent } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(800));
    breakOff(talk);
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail });
    expect(agent.conversations.all.length).toBe(1);
  });

  it('lets the agent begin with its own words where it does not allow ours', async () => {
    const { next, conversation, agent, stream } = await broken();
    await first(next);
    next.metadata('ulaw_8000');
    next.send({ type: 'error', error_event: { code: 1008, error_type: 'override_error', message: overrideError, reason: overrideError } });
    next.close(1008, overrideError);
    const third = await conversation();
    expect(await first(third)).not.toHaveProperty('conversation_config_override');
    third.metadata('ulaw_8000');
    expect(await told(third)).toContain('Caller: How much is it?');
    third.audio(speech(800, 4), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    expect(agent.conversations.all.length).toBe(3);
  });

  it('is told again what was said when the agent kept us in its queue', async () => {
    const { next } = await broken();
    next.metadata('ulaw_8000');
    next.send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
    await told(next);
    next.send({ type: 'queue_status', queue_status_event: { status: 'admitted' } });
    expect(await told(next)).toContain('Caller: How much is it?');
  });

  it('does not answer a tool that the old one asked for', async () => {
    const { call, conversation } = await house({}, { tools: { slow: () => new Promise((resolve) => { finish = () => resolve({ result: 'done', isError: false }); }) } });
    let finish = (): void => {};
    const { talk } = await call();
    talk.audio(speech(160));
    talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: 'slow', tool_call_id: 't1', parameters: {}, event_id: 1 } });
    talk.close(1011);
    const next = await conversation();
    await first(next);
    finish();
    next.send({ type: 'client_tool_call', client_tool_call: { tool_name: 'unknown', tool_call_id: 't2', parameters: {}, event_id: 1 } });
    await next.received.next((frame) => frame['type'] === 'client_tool_result' && frame['tool_call_id'] === 't2');
    expect(next.received.all.some((frame) => frame['tool_call_id'] === 't1')).toBe(false);
  });
});

describe('a conversation that cannot be opened', () => {
  it('is asked for once more when the address was refused at once', async () => {
    const { agent, connect, ticket, conversation } = await house();
    let refused = 0;
    agent.refuse = (response) => {
      refused++;
      agent.refuse = undefined;
      response.writeHead(503).end();
    };
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await first(await conversation())).not.toHaveProperty('conversation_config_override');
    expect(refused).toBe(1);
  });
});

describe('a stream that follows a lost one', () => {
  it('goes on with the talk: its agent is told what was said on the stream before', async () => {
    const { connect, ticket, conversation, turns, call, transcript } = await house();
    turns.set(0, { index: 0, role: 'agent', text: 'Hello Ada.', at: '2026-11-21T12:00:00.000Z' });
    turns.set(1, { index: 1, role: 'caller', text: 'Yes please.', at: '2026-11-21T12:00:02.000Z' });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket({ epoch: 1 }) } });
    const talk = await conversation();
    expect(await first(talk)).toMatchObject({ conversation_config_override: { agent: { first_message: 'Sorry, we were cut off. Please go on.' } } });
    talk.metadata('ulaw_8000');
    expect(await told(talk)).toContain('You: Hello Ada.\nCaller: Yes please.');
    says(talk, 'Where were we?');
    await stream.got.until(() => transcript().length === 3);
    expect(transcript()).toEqual(['agent: Hello Ada.', 'caller: Yes please.', 'agent: Where were we?']);
    void call;
  });
});
