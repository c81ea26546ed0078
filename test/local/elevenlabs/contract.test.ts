import { describe, expect, it } from 'vitest';
import { clip } from '#local/speech/clips.ts';
import { connect, metadataOf, responseOf } from './client.ts';
import { AGENT, dial, get, LISTENER, started } from './house.ts';

const override = (tts: unknown): Record<string, unknown> => ({ conversation_config_override: { tts } });

describe('the way in', () => {
  it('takes a signed address, and an ordinary one more than once', async () => {
    const running = await started();
    const { body } = await get(running, `/v1/convai/conversation/get-signed-url?agent_id=${AGENT}`);
    const { signed_url } = body as { signed_url: string };
    expect(signed_url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/convai\/conversation\?agent_id=agent_test&conversation_signature=/u);
    for (let i = 0; i < 2; i++) {
      const client = await connect(signed_url);
      client.init();
      await client.next('conversation_initiation_metadata');
      client.end();
    }
  });

  it('takes an address that holds a conversation id once, and uses the id', async () => {
    const { body } = await get(await started(), `/v1/convai/conversation/get_signed_url?agent_id=${AGENT}&include_conversation_id=true`);
    const { signed_url } = body as { signed_url: string };
    const client = await connect(signed_url);
    client.init();
    const { conversation_id } = metadataOf(await client.next('conversation_initiation_metadata'));
    expect(new URL(signed_url).searchParams.get('conversation_id')).toBe(conversation_id);
    expect(await (await connect(signed_url)).closed).toEqual({ code: 3000, reason: 'Could not authorize the conversation.' });
  });

  it('refuses a wrong key and a signature that it did not give with 3000', async () => {
    const running = await started();
    expect(await (await dial(running, { key: 'wrong' })).closed).toEqual({ code: 3000, reason: 'Could not authorize the conversation.' });
    const forged = `${running.url.replace('http', 'ws')}/v1/convai/conversation?agent_id=${AGENT}&conversation_signature=forged`;
    expect((await (await connect(forged)).closed).code).toBe(3000);
  });

  it('lets anybody talk with a public agent', async () => {
    const running = await started({ agents: { agent_public: { ...LISTENER, enableAuth: false } } });
    const client = await dial(running, { agentId: 'agent_public', key: '' });
    client.init();
    await client.next('conversation_initiation_metadata');
    expect(running.conversations()[0]?.authorisation).toBe('public');
  });

  it('closes with 3000 for an agent that does not exist', async () => {
    const client = await dial(await started(), { agentId: 'agent_nobody' });
    expect(await client.closed).toEqual({ code: 3000, reason: 'The AI agent you are trying to reach does not exist.' });
  });

  it('knows no other socket', async () => {
    const running = await started();
    await expect(connect(`${running.url.replace('http', 'ws')}/v1/elsewhere`)).rejects.toThrow('404');
  });
});

describe('the first frame', () => {
  it('is waited for, audio before it is thrown away, and its absence ends in 1008', async () => {
    const running = await started({ pace: 50 });
    const client = await dial(running);
    client.say('caller-hello');
    expect(await client.closed).toMatchObject({ code: 1008 });
    expect(client.frames).toMatchObject([{ type: 'error', error_event: { code: 1008, error_type: 'missing_fields' } }]);
    expect(running.conversations()[0]?.receivedBytes).toBe(0);
  });

  it('may override what the agent allows', async () => {
    const client = await dial(await started());
    client.init({ conversation_config_override: { tts: { voice_id: 'voice_1' }, agent: { first_message: 'Hello again {{lead_name}}.' } }, dynamic_variables: { lead_name: 'Ada' } });
    expect(responseOf(await client.next('agent_response')).agent_response).toBe('Hello again Ada.');
  });

  it('is refused after the metadata when it overrides what is not allowed, even with null', async () => {
    for (const value of ['voice_1', null]) {
      const client = await dial(await started({ agents: { [AGENT]: LISTENER } }));
      client.init(override({ voice_id: value }));
      const message = "Override for field 'voice_id' is not allowed by config.";
      expect(await client.closed).toEqual({ code: 1008, reason: message });
      expect(client.frames.filter(({ type }) => type !== 'ping')).toMatchObject([
        { type: 'conversation_initiation_metadata' },
        { type: 'error', error_event: { code: 1008, error_type: 'override_error', message, reason: message } },
      ]);
    }
  });

  it('is refused when the first message wants a variable that is not given', async () => {
    const client = await dial(await started({ agents: { [AGENT]: { ...LISTENER, firstMessage: 'Hello {{lead_name}}, conversation {{system__conversation_id}}.' } } }));
    client.init();
    expect(await client.closed).toEqual({ code: 1008, reason: "Missing required dynamic variables in first message: {'lead_name'}" });
    expect(client.frames.some(({ type }) => type === 'audio')).toBe(false);
  });

  it('is refused when a variable is an object', async () => {
    const client = await dial(await started());
    client.init({ dynamic_variables: { lead: { name: 'Ada' } } });
    expect((await client.closed).code).toBe(1008);
  });
});

describe('frames that break the contract', () => {
  const broken: [what: string, frame: string][] = [
    ['is not JSON', 'hello'],
    ['is not an object', '[1]'],
    ['has an unknown type', '{"type":"sing"}'],
    ['has no type', '{}'],
    ['is a pong without id', '{"type":"pong"}'],
    ['is a tool result that is not text', '{"type":"client_tool_result","tool_call_id":"x","result":{},"is_error":false}'],
    ['is a second first frame', '{"type":"conversation_initiation_client_data"}'],
    ['is audio that is not base64', '{"user_audio_chunk":"***"}'],
  ];
  for (const [what, frame] of broken) {
    it(`close with 1008 when one ${what}`, async () => {
      const client = await dial(await started());
      client.init();
      await client.next('conversation_initiation_metadata');
      client.raw(frame);
      expect((await client.closed).code).toBe(1008);
      expect(client.frames.at(-1)).toMatchObject({ type: 'error', error_event: { code: 1008 } });
    });
  }

  it('are not those that the protocol knows and the simulation has no use for', async () => {
    const client = await dial(await started({ agents: { [AGENT]: LISTENER } }));
    client.init();
    client.send({ type: 'contextual_update', text: 'The caller is on the page.' });
    client.send({ type: 'feedback', event_id: 1, score: 'like' });
    client.send({ type: 'user_activity' });
    client.send({ type: 'user_message', text: 'hello' });
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-pitch').text);
  });

  it('close with 1009 when one is larger than 16 MB', async () => {
    const client = await dial(await started());
    client.init();
    client.raw(Buffer.alloc(16 * 1024 * 1024 + 1));
    expect((await client.closed).code).toBe(1009);
  });
});

describe('keeping alive', () => {
  it('pings with ids from 0', async () => {
    const client = await dial(await started({ pace: 100, durations: { inputWaitMs: 1e6 } }));
    client.init();
    const ids = [await client.next('ping'), await client.next('ping'), await client.next('ping')].map((frame) => (frame['ping_event'] as { event_id: number }).event_id);
    expect(ids).toEqual([0, 1, 2]);
  });

  it('ends when no pong comes', async () => {
    const client = await dial(await started({ pace: 100, durations: { turnTimeoutMs: 1e6, inputWaitMs: 1e6 } }), { pong: false });
    client.init();
    expect((await client.closed).code).toBe(1002);
  });

  it('ends with transport_receive_timeout when no user audio comes for a minute', async () => {
    const client = await dial(await started({ pace: 200, durations: { turnTimeoutMs: 1e6, pongWaitMs: 1e6 } }));
    client.init();
    expect((await client.closed).code).toBe(1002);
    expect(client.frames.at(-1)).toMatchObject({ type: 'error', error_event: { error_type: 'transport_receive_timeout' } });
  });
});
