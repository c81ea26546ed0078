import { describe, expect, it } from 'vitest';
import { parseWav } from '#local/speech/wav.ts';
import { signedUrls } from '#local/elevenlabs/signed-urls.ts';
import { dial, get, AGENT, KEY, LISTENER, started } from './house.ts';
import { webhookReceiver } from './receiver.ts';

const agents = { [AGENT]: LISTENER };

describe('the simulated REST interface', () => {
  it('refuses a missing or wrong key with 401 invalid_api_key', async () => {
    const running = await started();
    for (const headers of [{ 'xi-api-key': 'wrong' }, { 'xi-api-key': '' }]) {
      expect(await get(running, '/v1/user/subscription', { headers })).toEqual({ status: 401, body: { detail: { status: 'invalid_api_key', message: 'Invalid API key' } } });
    }
  });

  it('says which field is missing in the array shape of 422', async () => {
    expect(await get(await started(), '/v1/convai/conversation/get-signed-url')).toEqual({ status: 422, body: { detail: [{ loc: ['query', 'agent_id'], msg: 'Field required', type: 'missing' }] } });
  });

  it('answers 404 for unknown agents, conversations and paths, and 405 for a wrong method', async () => {
    const running = await started();
    expect((await get(running, '/v1/convai/conversation/get-signed-url?agent_id=agent_nobody')).status).toBe(404);
    expect(await get(running, '/v1/convai/conversations/conv_none')).toMatchObject({ status: 404, body: { detail: { status: 'conversation_history_not_found' } } });
    expect(await get(running, '/v1/nothing')).toEqual({ status: 404, body: { detail: 'Not Found' } });
    expect((await get(running, '/v1/user/subscription', { method: 'POST' })).status).toBe(405);
  });

  it('tells the subscription', async () => {
    expect(await get(await started(), '/v1/user/subscription')).toMatchObject({ status: 200, body: { voice_limit: 30, voice_slots_used: 0, max_voice_add_edits: 95, voice_add_edit_counter: 0, can_use_instant_voice_cloning: true } });
  });

  it('creates, changes, shows and deletes agents; a fresh one has the real defaults', async () => {
    const running = await started();
    const made = await get(running, '/v1/convai/agents/create', { method: 'POST', body: JSON.stringify({ name: 'A', conversation_config: { tts: { agent_output_audio_format: 'pcm_8000' } } }) });
    const { agent_id } = made.body as { agent_id: string };
    const path = `/v1/convai/agents/${agent_id}`;
    expect((await get(running, path)).body).toMatchObject({
      agent_id, name: 'A',
      conversation_config: { asr: { user_input_audio_format: 'pcm_16000' }, tts: { agent_output_audio_format: 'pcm_8000' }, agent: { prompt: { built_in_tools: {} } } },
      platform_settings: { auth: { enable_auth: false }, overrides: { conversation_config_override: {} } },
    });
    await get(running, path, { method: 'PATCH', body: JSON.stringify({ platform_settings: { overrides: { conversation_config_override: { tts: { voice_id: true } } } } }) });
    expect((await get(running, path)).body).toMatchObject({ name: 'A', platform_settings: { overrides: { conversation_config_override: { tts: { voice_id: true } } } } });
    const client = await dial(running, { agentId: agent_id });
    client.init({ conversation_config_override: { tts: { voice_id: 'voice_1' } } });
    expect(await client.next('conversation_initiation_metadata')).toMatchObject({ conversation_initiation_metadata_event: { agent_output_audio_format: 'pcm_8000', user_input_audio_format: 'pcm_16000' } });
    expect((await get(running, path, { method: 'DELETE' })).status).toBe(200);
    expect((await get(running, path)).status).toBe(404);
  });

  it('refuses an audio format that does not exist', async () => {
    const answer = await get(await started(), '/v1/convai/agents/create', { method: 'POST', body: JSON.stringify({ conversation_config: { tts: { agent_output_audio_format: 'mp3' } } }) });
    expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'conversation_config', 'tts', 'agent_output_audio_format'] }] } });
  });

  it('keeps client tools as records of their own, which agents name by id', async () => {
    const running = await started();
    const post = (path: string, body: unknown, method = 'POST') => get(running, path, { method, body: JSON.stringify(body) });
    const tool_config = { type: 'client', name: 'look_up', description: 'Looks it up.', expects_response: true, response_timeout_secs: 5 };
    const { id } = (await post('/v1/convai/tools', { tool_config })).body as { id: string };
    expect((await get(running, '/v1/convai/tools?types=client')).body).toMatchObject({ tools: [{ id, tool_config }], has_more: false });
    expect((await post(`/v1/convai/tools/${id}`, { tool_config: { ...tool_config, response_timeout_secs: 7 } }, 'PATCH')).body).toMatchObject({ id, tool_config: { response_timeout_secs: 7 } });
    const agent = (tool_ids: string[]) => ({ conversation_config: { agent: { prompt: { tool_ids } } } });
    expect(await post('/v1/convai/agents/create', agent(['tool_none']))).toMatchObject({ status: 404, body: { detail: { status: 'tool_not_found' } } });
    const { agent_id } = (await post('/v1/convai/agents/create', agent([id]))).body as { agent_id: string };
    expect(await get(running, `/v1/convai/tools/${id}`, { method: 'DELETE' })).toMatchObject({ status: 409 });
    await post(`/v1/convai/agents/${agent_id}`, agent([]), 'PATCH');
    expect((await get(running, `/v1/convai/tools/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await get(running, `/v1/convai/tools/${id}`)).status).toBe(404);
  });

  it.each<[string, string, unknown]>([
    ['an agent with tools written into it', '/v1/convai/agents/create', { conversation_config: { agent: { prompt: { tools: [] } } } }],
    ['a system tool under another name', '/v1/convai/agents/create', { conversation_config: { agent: { prompt: { built_in_tools: { end_call: { type: 'system', name: 'end', params: { system_tool_type: 'end_call' } } } } } } }],
    ['a speed beyond the range', '/v1/convai/agents/create', { conversation_config: { tts: { speed: 3 } } }],
    ['a switch that is no boolean', '/v1/convai/agents/create', { conversation_config: {}, platform_settings: { auth: { enable_auth: 'yes' } } }],
    ['hold audio', '/v1/convai/agents/create', { conversation_config: {}, platform_settings: { queueing_config: { hold_audio: {} } } }],
    ['tags that are no texts', '/v1/convai/agents/create', { conversation_config: {}, tags: [1] }],
    ['a tool without a configuration', '/v1/convai/tools', { name: 'x' }],
    ['a tool that would be waited for too long', '/v1/convai/tools', { tool_config: { type: 'client', name: 'x', description: '', response_timeout_secs: 300 } }],
    ['a tool whose name has blanks', '/v1/convai/tools', { tool_config: { type: 'client', name: 'look up', description: '' } }],
  ])('refuses %s', async (_what, path, body) => {
    expect(await get(await started(), path, { method: 'POST', body: JSON.stringify(body) })).toMatchObject({ status: 422, body: { detail: [{ msg: expect.any(String) as string }] } });
  });

  it('lists agents in pages', async () => {
    const running = await started({ agents: { agent_2: LISTENER } });
    const first = (await get(running, '/v1/convai/agents?page_size=1')).body as { agents: { agent_id: string }[]; next_cursor: string };
    const second = (await get(running, `/v1/convai/agents?page_size=1&cursor=${first.next_cursor}`)).body as { agents: { agent_id: string }[]; has_more: boolean };
    expect([...first.agents, ...second.agents].map(({ agent_id }) => agent_id)).toEqual([AGENT, 'agent_2']);
    expect(second.has_more).toBe(false);
  });

  it('shows a conversation with transcript, analysis and the client data as it was sent', async () => {
    const receiver = await webhookReceiver();
    const running = await started({ agents, webhook: { url: receiver.url, secret: 'wsec_test' } });
    const client = await dial(running);
    client.init({ dynamic_variables: { lead_id: 'lead_1', called_number: '+447700900100' }, user_id: 'someone' });
    await client.next('conversation_initiation_metadata');
    const id = running.conversations()[0]?.id ?? '';
    expect(await get(running, `/v1/convai/conversations/${id}`)).toMatchObject({ body: { status: 'in-progress', analysis: null } });
    client.say('caller-sounds-good');
    await client.next('agent_response');
    client.send({ type: 'user_message', text: 'goodbye' });
    await client.closed;
    await receiver.next();
    expect(await get(running, `/v1/convai/conversations/${id}`)).toMatchObject({
      status: 200,
      body: {
        conversation_id: id, agent_id: AGENT, status: 'done', user_id: 'someone',
        transcript: [
          { role: 'user', message: 'That sounds good, I am interested.' },
          { role: 'agent' },
          { role: 'user', message: 'goodbye' },
          { role: 'agent', message: 'Thank you for your time. Goodbye.', tool_calls: [{ tool_name: 'end_call' }] },
        ],
        metadata: { termination_reason: 'end_call tool was called.', phone_call: null, error: null },
        analysis: { call_successful: 'success', data_collection_results: { disposition: { value: 'interested' } }, transcript_summary: 'The caller is interested in the offer.' },
        conversation_initiation_client_data: { dynamic_variables: { lead_id: 'lead_1', called_number: '+447700900100' } },
      },
    });
    expect(await get(running, `/v1/convai/conversations?agent_id=${AGENT}`)).toMatchObject({ body: { has_more: false, conversations: [{ conversation_id: id, status: 'done', message_count: 4 }] } });
  });

  it('shows a conversation that broke as failed, with the code', async () => {
    const receiver = await webhookReceiver();
    const running = await started({ webhook: { url: receiver.url, secret: 'wsec_test' } });
    const client = await dial(running);
    client.init({ dynamic_variables: { phone: '+447700900116' } });
    await client.closed;
    await receiver.next();
    const id = running.conversations()[0]?.id ?? '';
    expect(await get(running, `/v1/convai/conversations/${id}`)).toMatchObject({ body: { status: 'failed', metadata: { error: { code: 1002, reason: 'This request exceeds your quota limit.' } }, analysis: { call_successful: 'failure' } } });
  });

  it('pages through the list', async () => {
    const running = await started();
    for (let i = 0; i < 3; i++) (await dial(running)).end();
    const first = (await get(running, '/v1/convai/conversations?page_size=2')).body as { conversations: unknown[]; next_cursor: string };
    const second = (await get(running, `/v1/convai/conversations?page_size=2&cursor=${first.next_cursor}`)).body as { conversations: unknown[]; has_more: boolean };
    expect([first.conversations.length, second.conversations.length, second.has_more]).toEqual([2, 1, false]);
  });
});

describe('signed addresses', () => {
  it('stop being good after 15 minutes, and for another agent', () => {
    let nowMs = 0;
    const signed = signedUrls(() => 'ws://here', () => nowMs);
    const signature = new URL(signed.mint('agent_a')).searchParams.get('conversation_signature') ?? '';
    nowMs = 15 * 60_000;
    expect(signed.redeem('agent_b', signature)).toBeUndefined();
    expect(signed.redeem('agent_a', signature)).toEqual({ conversationId: undefined });
    nowMs += 1;
    expect(signed.redeem('agent_a', signature)).toBeUndefined();
  });
});

describe('looking in from outside', () => {
  it('shows each conversation and lets one listen to both sides, without a key', async () => {
    const running = await started({ agents });
    const client = await dial(running);
    client.init();
    await client.next('conversation_initiation_metadata');
    client.say('caller-hello');
    const heard = await client.next('user_transcript');
    expect(heard.type).toBe('user_transcript');
    await client.next('audio');
    client.end();
    await client.closed;
    const list = (await (await fetch(`${running.url}/network/conversations`)).json()) as { id: string; receivedBytes: number }[];
    expect(list).toMatchObject([{ agentId: AGENT, story: { kind: 'ordinary' } }]);
    const wav = async (side: string): Promise<ReturnType<typeof parseWav>> => parseWav(Buffer.from(await (await fetch(`${running.url}/network/conversations/${list[0]?.id}/${side}.wav`)).arrayBuffer()));
    const received = await wav('received');
    expect(received.rateHz).toBe(8000);
    expect(received.pcm.length).toBe(list[0]?.receivedBytes);
    expect((await wav('sent')).pcm.length).toBeGreaterThan(0);
  });

  it('knows no sound of a conversation that it does not know', async () => {
    const response = await fetch(`${(await started()).url}/network/conversations/conv_none/sent.wav`, { headers: { 'xi-api-key': KEY } });
    expect(response.status).toBe(404);
  });
});
