import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AgentMessage } from '#agent/codec.ts';
import { openConversation } from '#agent/conversation.ts';
import type { AgentClose } from '#agent/failure.ts';
import { openingVariables } from '#agent/variables.ts';
import { startServer } from '#doubles/http-server.ts';
import { inbox } from '#doubles/inbox.ts';
import { startElevenLabs, type ElevenLabsOptions } from '#local/elevenlabs/start.ts';
import { clip } from '#local/speech/clips.ts';
import { toMulaw } from '#local/speech/mulaw.ts';
import { agentPush } from '../../bin/agent-push.ts';

const KEY = 'key-for-tests';
const document = {
  name: 'Callbacks', business: 'Example Solar', greeting: 'Hello, this is the AI assistant of Example Solar. Is this a good moment?', prompt: 'Be kind to {{lead_name}}.\nAsk about {{interest}}.', voice: { id: 'voice_1' },
};
const twilio = { TWILIO_ACCOUNT_SID: `AC${'0f'.repeat(16)}`, TWILIO_AUTH_TOKEN: 'token', TWILIO_PHONE_NUMBER: '+12025550123' };
const exotel = { EXOTEL_ACCOUNT_SID: 'desk1', EXOTEL_API_KEY: 'k', EXOTEL_API_TOKEN: 't', EXOTEL_EXOPHONE_NUMBER: '08047112233' };

type Body = Record<string, unknown>;

/** Somebody's desk: a document, an environment, and what was said so far. */
const desk = (baseUrl: string) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-agent-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'agent.json');
  const env: Record<string, string> = { ELEVENLABS_API_BASE_URL: baseUrl, ELEVENLABS_API_KEY: KEY, AGENT_FILE: file, ...twilio };
  const write = (more: Body = {}): void => writeFileSync(file, JSON.stringify({ ...document, ...more }));
  write();
  return {
    env, write,
    push: async (...args: string[]): Promise<{ code: number; said: string }> => {
      const said: string[] = [];
      const code = await agentPush(args, env, (text) => said.push(text));
      return { code, said: said.join('\n') };
    },
  };
};

const workspace = async (options: Partial<ElevenLabsOptions> = {}) => {
  const running = await startElevenLabs({ apiKey: KEY, agentId: 'agent_hand', agents: { agent_hand: { inputFormat: 'pcm_16000', outputFormat: 'pcm_16000' } }, pace: 20, ...options });
  onTestFinished(() => running.stop());
  const ask = async (path: string, method = 'GET', body?: Body): Promise<Body> => {
    const response = await fetch(`${running.url}${path}`, { method, headers: { 'xi-api-key': KEY }, ...(body ? { body: JSON.stringify(body) } : {}) });
    expect(response.status).toBe(200);
    return await response.json() as Body;
  };
  return {
    running, ask, ...desk(running.url),
    agents: async () => (await ask('/v1/convai/agents'))['agents'] as { agent_id: string; name: string; tags: string[] }[],
    agent: (id: string) => ask(`/v1/convai/agents/${id}`),
    tools: async () => (await ask('/v1/convai/tools'))['tools'] as { id: string; tool_config: { name: string; response_timeout_secs: number; expects_response: boolean; parameters: { required: string[] } } }[],
  };
};
const idIn = (said: string, variable: string): string => new RegExp(`^${variable}=(\\S+)$`, 'm').exec(said)?.[1] ?? '';

describe('npm run agent:push', () => {
  it('makes the agent as the document says, with what the relay needs of it, and prints where its id belongs', async () => {
    const { push, agent, tools } = await workspace();
    const { code, said } = await push();
    expect(code).toBe(0);
    expect(said).toContain('Agent "Callbacks" for twilio (ulaw_8000): agent_');
    expect(said).toMatch(/\n {2}new\nPut into \.env:\nELEVENLABS_AGENT_ID=agent_\w+$/);
    const made = await agent(idIn(said, 'ELEVENLABS_AGENT_ID'));
    const all = await tools();
    expect(made).toMatchObject({
      name: 'Callbacks', tags: ['ringback', 'ringback-twilio'],
      conversation_config: {
        asr: { user_input_audio_format: 'ulaw_8000' }, tts: { agent_output_audio_format: 'ulaw_8000', voice_id: 'voice_1', model_id: 'eleven_flash_v2' },
        turn: { turn_timeout: 7, silence_end_call_timeout: 30 }, conversation: { max_duration_seconds: 960 },
        agent: { first_message: document.greeting, language: 'en', prompt: { built_in_tools: { end_call: { name: 'end_call' }, voicemail_detection: { name: 'voicemail_detection' }, language_detection: null }, tool_ids: all.map(({ id }) => id) } },
      },
      platform_settings: {
        auth: { enable_auth: true }, queueing_config: { enabled: false }, overrides: { conversation_config_override: { tts: { voice_id: true }, agent: { first_message: true } } },
        data_collection: { disposition: { type: 'string', enum: ['interested', 'callback', 'not-interested', 'wrong-number', 'voicemail', 'do-not-call', 'unknown'] }, summary: { type: 'string' } },
      },
    });
    const config = made['conversation_config'] as { agent: { prompt: { prompt: string }; dynamic_variables: { dynamic_variable_placeholders: Body } }; conversation: { client_events: string[] } };
    expect(config.agent.prompt.prompt).toMatch(/^Be kind to \{\{lead_name\}\}\.\nAsk about \{\{interest\}\}\.\n\nRules that always hold:\n- You are an AI and you call for Example Solar\. .*never claim to be a person/);
    expect(Object.keys(config.agent.dynamic_variables.dynamic_variable_placeholders)).toEqual([...openingVariables]);
    expect(config.conversation.client_events).toEqual(expect.arrayContaining(['audio', 'interruption', 'agent_response', 'user_transcript', 'conversation_initiation_metadata', 'ping', 'agent_response_correction', 'client_tool_call', 'agent_tool_response']));
    expect(all.map(({ tool_config: { name, parameters } }) => [name, ...parameters.required])).toEqual([['do_not_call'], ['transfer_to_human'], ['send_keys', 'digits'], ['schedule_callback', 'when']]);
    expect(all.every(({ tool_config }) => tool_config.expects_response && tool_config.response_timeout_secs === 10)).toBe(true);
  });

  it('has nothing to do the second time, with the id in the environment or without', async () => {
    const { push, agents, agent, tools, env } = await workspace();
    const id = idIn((await push()).said, 'ELEVENLABS_AGENT_ID');
    const before = [await agents(), await agent(id), await tools()];
    const again = await push();
    expect(again.said).toBe(`Agent "Callbacks" for twilio (ulaw_8000): ${id}\n  nothing to do\nPut into .env:\nELEVENLABS_AGENT_ID=${id}`);
    env['ELEVENLABS_AGENT_ID'] = id;
    expect(await push()).toEqual({ code: 0, said: `Agent "Callbacks" for twilio (ulaw_8000): ${id}\n  nothing to do` });
    expect([await agents(), await agent(id), await tools()]).toEqual(before);
  });

  it('makes one for each carrier whose account is given, and they share their tools', async () => {
    const { push, agents, agent, tools, env } = await workspace();
    Object.assign(env, exotel);
    const { said } = await push();
    const ids = [idIn(said, 'ELEVENLABS_AGENT_ID'), idIn(said, 'ELEVENLABS_AGENT_ID_EXOTEL')] as const;
    expect(await agent(ids[1])).toMatchObject({ tags: ['ringback', 'ringback-exotel'], conversation_config: { asr: { user_input_audio_format: 'pcm_8000' }, tts: { agent_output_audio_format: 'pcm_8000' } } });
    expect(await tools()).toHaveLength(4);
    env['EXOTEL_SAMPLE_RATE'] = '16000';
    expect((await push()).said).toContain('audio format it hears: "pcm_8000" -> "pcm_16000"');
    expect((await agents()).map(({ agent_id: id }) => id)).toEqual(['agent_hand', ...ids]);
  });

  it('shows what would change in a dry run, and writes nothing', async () => {
    const { push, write, agent, agents, tools } = await workspace();
    expect((await push('--dry-run')).said).toBe('Tools (shared by the agents of the workspace)\n  do_not_call: new\n  transfer_to_human: new\n  send_keys: new\n  schedule_callback: new\nAgent "Callbacks" for twilio (ulaw_8000)\n  new: would be made\nDry run: nothing was written.');
    expect([(await agents()).length, await tools()]).toEqual([1, []]);
    const id = idIn((await push()).said, 'ELEVENLABS_AGENT_ID');
    const before = await agent(id);
    write({ prompt: 'Be kind to {{lead_name}}.\nAsk about the roof.', voice: { id: 'voice_2' } });
    expect((await push('--dry-run')).said).toContain(`${id}\n  voice: "voice_1" -> "voice_2"\n  prompt:\n    - Ask about {{interest}}.\n    + Ask about the roof.\nPut`);
    expect(await agent(id)).toEqual(before);
  });

  it('changes what differs, and leaves what the document does not speak of as somebody set it', async () => {
    const { push, write, agent, ask } = await workspace();
    const id = idIn((await push()).said, 'ELEVENLABS_AGENT_ID');
    const { id: theirs } = await ask('/v1/convai/tools', 'POST', { tool_config: { type: 'client', name: 'look_up', description: 'Theirs.' } }) as { id: string };
    const ids = ((await agent(id)) as { conversation_config: { agent: { prompt: { tool_ids: string[] } } } }).conversation_config.agent.prompt.tool_ids;
    await ask(`/v1/convai/agents/${id}`, 'PATCH', {
      tags: ['ringback', 'ringback-twilio', 'sales'],
      conversation_config: { agent: { prompt: { temperature: 0.7, tool_ids: [theirs, ...ids.slice(1)] } }, conversation: { client_events: ['audio', 'vad_score'] } },
      platform_settings: { data_collection: { budget: { type: 'number', description: 'Theirs.' } }, call_limits: { daily_limit: 100 }, auth: { enable_auth: false } },
    });
    write({ voicemail: 'Hello, this is the AI assistant of Example Solar. Goodbye.' });
    const { said } = await push();
    expect(said).toContain('  events sent to the relay: also interruption, ');
    expect(said).toContain('  system tool voicemail_detection: changed');
    expect(said).toContain('  needs a key or a signed address: no -> yes');
    expect(await agent(id)).toMatchObject({
      tags: ['ringback', 'ringback-twilio', 'sales'],
      conversation_config: {
        agent: { prompt: { temperature: 0.7, tool_ids: [theirs, ...ids.slice(1), ids[0]], built_in_tools: { voicemail_detection: { params: { voicemail_message: expect.stringContaining('Goodbye') as string } } } } },
        conversation: { client_events: expect.arrayContaining(['vad_score', 'client_tool_call']) as string[] },
      },
      platform_settings: { data_collection: { budget: { type: 'number' }, disposition: {} }, call_limits: { daily_limit: 100 }, auth: { enable_auth: true } },
    });
    expect((await push()).said).toContain('nothing to do');
  });

  it('repairs a tool that somebody changed, and leaves another agent\'s tool of the same name alone', async () => {
    const { push, ask, tools } = await workspace();
    const foreign = await ask('/v1/convai/tools', 'POST', { tool_config: { type: 'client', name: 'do_not_call', description: 'Another agent\'s.' } }) as { id: string };
    await push();
    const ours = (await tools()).find(({ id, tool_config }) => tool_config.name === 'do_not_call' && id !== foreign.id)!;
    await ask(`/v1/convai/tools/${ours.id}`, 'PATCH', { tool_config: { ...ours.tool_config, response_timeout_secs: 60, disable_interruptions: true } });
    expect((await push()).said).toContain('Tools (shared by the agents of the workspace)\n  do_not_call: changed\n');
    expect((await tools()).filter(({ tool_config }) => tool_config.name === 'do_not_call').map(({ id, tool_config }) => [id, tool_config.response_timeout_secs])).toEqual([[foreign.id, 20], [ours.id, 10]]);
    expect((await tools()).find(({ id }) => id === ours.id)!.tool_config).toMatchObject({ disable_interruptions: true });
  });

  it('does not touch an agent that was made by hand, unless it is told to take it over', async () => {
    const { push, env, agent } = await workspace();
    env['ELEVENLABS_AGENT_ID'] = 'agent_hand';
    const before = await agent('agent_hand');
    const refused = await push();
    expect(refused).toEqual({ code: 1, said: expect.stringMatching(/^The agent agent_hand in ELEVENLABS_AGENT_ID was not made from a document like this one\. With --adopt/) as string });
    expect(await agent('agent_hand')).toEqual(before);
    expect(await push('--adopt')).toMatchObject({ code: 0, said: expect.stringContaining('greeting: ') as string });
    expect(await agent('agent_hand')).toMatchObject({ tags: ['ringback', 'ringback-twilio'], conversation_config: { agent: { first_message: document.greeting } } });
    expect((await push()).said).toContain('nothing to do');
  });

  it('mixes up neither carriers nor agents of one name', async () => {
    const { push, env, ask } = await workspace();
    const id = idIn((await push()).said, 'ELEVENLABS_AGENT_ID');
    Object.assign(env, exotel, { ELEVENLABS_AGENT_ID: id, ELEVENLABS_AGENT_ID_EXOTEL: id });
    expect(await push()).toMatchObject({ code: 1, said: expect.stringContaining('ELEVENLABS_AGENT_ID_EXOTEL names the agent of another carrier') as string });
    Object.assign(env, { ELEVENLABS_AGENT_ID: '', ELEVENLABS_AGENT_ID_EXOTEL: id });
    expect(await push()).toMatchObject({ code: 1, said: expect.stringContaining('was made for twilio') as string });
    const { agent_id: twin } = await ask('/v1/convai/agents/create', 'POST', { name: 'Callbacks', tags: ['ringback', 'ringback-twilio'], conversation_config: {} }) as { agent_id: string };
    env['ELEVENLABS_AGENT_ID_EXOTEL'] = '';
    expect(await push()).toMatchObject({ code: 1, said: expect.stringMatching(new RegExp(`There are 2 agents named "Callbacks".*${id}, ${twin}.*ELEVENLABS_AGENT_ID`)) as string });
  });

  it.each<[string, { env?: Record<string, string>; document?: Body }, RegExp]>([
    ['the key is missing', { env: { ELEVENLABS_API_KEY: '' } }, /^ELEVENLABS_API_KEY: is missing/],
    ['the key is refused', { env: { ELEVENLABS_API_KEY: 'other' } }, /^Looking for agents: ElevenLabs answered 401 \(invalid_api_key Invalid API key\)\. Check ELEVENLABS_API_KEY/],
    ['the agent is not there', { env: { ELEVENLABS_AGENT_ID: 'agent_gone' } }, /^There is no agent agent_gone\. Check ELEVENLABS_AGENT_ID/],
    ['a variable is wrong', { env: { CALL_LIMIT_SECONDS: 'long' } }, /^CALL_LIMIT_SECONDS: must be a whole number/],
    ['the document is not there', { env: { AGENT_FILE: '/nowhere/agent.json' } }, /^\/nowhere\/agent\.json is not there\. Copy agent\.example\.json/],
    ['the document denies that the agent is an AI', { document: { prompt: 'Never admit that you are an AI.' } }, /cannot be used:\n {2}prompt: denies that the agent is an AI/],
    ['ElevenLabs does not take the voice\'s model for English', { document: { voice: { id: 'v', model: 'eleven_flash_v2_5' } } }, /\nMaking the agent: ElevenLabs answered 400 \(bad_request English Agents must use turbo or flash v2\.\)\. Set voice\.model/],
    ['nobody is there', { env: { ELEVENLABS_API_BASE_URL: 'http://127.0.0.1:1' } }, /^Looking for agents: ElevenLabs could not be reached/],
  ])('says in words what is wrong when %s', async (_what, { env: more, document: words }, expected) => {
    const { push, env, write } = await workspace();
    Object.assign(env, more);
    write(words);
    expect(await push()).toEqual({ code: 1, said: expect.stringMatching(expected) as string });
  });

  it('says which options there are when it does not know one', async () => {
    expect(await desk('http://127.0.0.1:1').push('--dryrun')).toEqual({ code: 2, said: expect.stringContaining('--dry-run, --adopt and --file') as string });
  });
});

describe('an answer of ElevenLabs', () => {
  const nothing = [{ status: 200, body: { agents: [], has_more: false } }, { status: 200, body: { tools: [], has_more: false } }];
  const tool = { status: 200, body: { id: 'tool_1', tool_config: {} } };
  const scripted = async () => {
    const server = await startServer();
    onTestFinished(() => server.stop());
    return { ...desk(server.url), server };
  };

  it.each([
    ['is lost', (_response: unknown, socket: { destroy(): void }) => socket.destroy(), /Making the agent: ElevenLabs could not be reached, or did not answer\. Push again later: what was made already is found again/],
    ['is an error of theirs', { status: 503, body: { detail: 'x' } }, /Making the agent: ElevenLabs answered 503 \(x\)\. Push again later/],
    ['asks for patience', { status: 429, body: { detail: { status: 'system_busy', message: 'Busy' } } }, /answered 429 \(system_busy Busy\)\. Wait a minute/],
    ['names what it does not take', { status: 422, body: { detail: [{ loc: ['body', 'conversation_config', 'turn'], msg: 'Field required', type: 'missing' }] } }, /answered 422 \(conversation_config\.turn: Field required\)\. Change that in the document/],
    ['forbids', { status: 403, body: { detail: { status: 'max_agents', message: 'No more' } } }, /answered 403 \(max_agents No more\)\. The key may not do this/],
    ['misses a permission', { status: 401, body: { detail: { status: 'missing_permissions', message: 'convai_write' } } }, /answered 401 \(missing_permissions convai_write\)\. Give the key write access/],
    ['makes no sense', { status: 200, body: '<html>' }, /Making the agent: ElevenLabs answered in a form/],
  ])('to making an agent that %s ends the push, and nothing is asked twice', async (_what, last, expected) => {
    const { server, push } = await scripted();
    server.script.push(...nothing, tool, tool, tool, tool, last);
    expect(await push()).toMatchObject({ code: 1, said: expect.stringMatching(expected) as string });
    expect(server.sent.filter(({ path }) => path === '/v1/convai/agents/create')).toHaveLength(1);
  });

  it('may come in pages: all are looked at before one is made', async () => {
    const { server, push } = await scripted();
    const ours = { agent_id: 'agent_x', name: 'Callbacks', tags: ['ringback', 'ringback-twilio'] };
    server.script.push({ status: 200, body: { agents: [], has_more: true, next_cursor: 'a b' } }, { status: 200, body: { agents: [ours], has_more: false } }, { status: 200, body: { name: 'Callbacks' } }, nothing[1]!);
    expect((await push('--dry-run')).said).toContain('Agent "Callbacks" for twilio (ulaw_8000): agent_x');
    expect(server.sent[1]!.query).toContainEqual(['cursor', 'a b']);
  });

  it('that does not hold what was asked for is told', async () => {
    const { server, push } = await scripted();
    server.script.push(...nothing, tool, tool, tool, tool, { status: 200, body: { agent_id: 'agent_x' } }, { status: 200, body: { name: 'Callbacks', platform_settings: { auth: { enable_auth: false } } } });
    expect((await push()).said).toMatch(/ElevenLabs took the request and these are not as asked:\n(.|\n)*needs a key or a signed address: no -> yes/);
  });
});

describe('a conversation with an agent that was pushed', () => {
  const caller = (name: string): string[] => {
    const sound = new Int16Array(clip(name).pcm.length + 5600);
    sound.set(clip(name).pcm);
    return Array.from({ length: Math.ceil(sound.length / 160) }, (_, i) => Buffer.from(toMulaw(sound.subarray(160 * i, 160 * (i + 1)))).toString('base64'));
  };

  it('has the formats and the tools that were asked for, takes our variables and a caller\'s own voice, and hangs up', async () => {
    const { running, push } = await workspace();
    const agentId = idIn((await push()).said, 'ELEVENLABS_AGENT_ID');
    const heard = inbox<AgentMessage>();
    const { promise: over, resolve } = Promise.withResolvers<unknown>();
    const variables = Object.fromEntries(openingVariables.map((name) => [name, '']));
    const talk = openConversation({ baseUrl: running.url, agentId, apiKey: KEY }, { variables, voiceId: 'voice_of_theirs' }, { message: (message) => heard.put(structuredClone(message)), closed: resolve });
    onTestFinished(() => talk.close());
    expect(await heard.next(({ type }) => type === 'metadata')).toMatchObject({ outputFormat: 'ulaw_8000', inputFormat: 'ulaw_8000' });
    expect(await heard.next(({ type }) => type === 'agent-says')).toMatchObject({ text: document.greeting });
    for (const frame of caller('caller-stop-calling')) talk.audio(Buffer.from(frame));
    const asked = await heard.next(({ type }) => type === 'tool-call') as Extract<AgentMessage, { type: 'tool-call' }>;
    expect(asked).toMatchObject({ name: 'do_not_call', wantsAnswer: true });
    talk.answerTool(asked.id, 'Noted.', false);
    expect(await heard.next(({ type }) => type === 'tool-used')).toMatchObject({ name: 'end_call', called: true });
    expect(await over).toMatchObject({ code: 1000 } satisfies Partial<AgentClose>);
    expect(running.conversations()[0]).toMatchObject({ agentId, authorisation: 'signed_url' });
  });

  it('over Exotel is in its own format', async () => {
    const { running, push, env } = await workspace();
    for (const name of Object.keys(twilio)) env[name] = '';
    Object.assign(env, exotel);
    const agentId = idIn((await push()).said, 'ELEVENLABS_AGENT_ID');
    const heard = inbox<AgentMessage>();
    const talk = openConversation({ baseUrl: running.url, agentId, apiKey: KEY }, { variables: { lead_name: '' }, voiceId: null }, { message: (message) => heard.put(message), closed: () => {} });
    onTestFinished(() => talk.close());
    expect(await heard.next(({ type }) => type === 'metadata')).toMatchObject({ outputFormat: 'pcm_8000', inputFormat: 'pcm_8000' });
  });
});
