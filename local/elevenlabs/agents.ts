/** The workspace's agents: stored as the JSON that the REST interface shows, and read through a small view by the conversations. */
import { randomBytes } from 'node:crypto';
import { clip } from '../speech/clips.ts';
import { isFormat, type Format } from './formats.ts';
import { at, isObject, merge, numberAt, objectAt, textAt, type Json, type JsonObject } from './json.ts';
import type { AgentOptions, OverrideName } from './options.ts';

export const DEFAULT_EVENTS = ['audio', 'interruption', 'agent_response', 'user_transcript', 'tentative_user_transcript', 'conversation_initiation_metadata', 'ping'];
const LOCAL_EVENTS = [...DEFAULT_EVENTS, 'agent_response_correction', 'client_tool_call', 'agent_tool_response'];

const OVERRIDE_PATHS: Record<OverrideName, string> = {
  voice_id: 'tts.voice_id', stability: 'tts.stability', speed: 'tts.speed', similarity_boost: 'tts.similarity_boost',
  first_message: 'agent.first_message', language: 'agent.language', prompt: 'agent.prompt.prompt', llm: 'agent.prompt.llm',
  text_only: 'conversation.text_only', client_events: 'conversation.client_events', keywords: 'asr.keywords',
};

/** What an agent is that was created by the interface with an empty body. */
const FRESH: JsonObject = {
  name: 'New agent',
  conversation_config: {
    asr: { quality: 'high', provider: 'scribe_realtime', user_input_audio_format: 'pcm_16000', keywords: [] },
    turn: { turn_timeout: 7, silence_end_call_timeout: -1, turn_eagerness: 'normal' },
    tts: { model_id: 'eleven_flash_v2_5', voice_id: 'cjVigY5qzO86Huf0OWal', agent_output_audio_format: 'pcm_16000', stability: 0.5, speed: 1, similarity_boost: 0.8 },
    conversation: { text_only: false, max_duration_seconds: 600, client_events: DEFAULT_EVENTS },
    agent: { first_message: '', language: 'en', prompt: { prompt: '', llm: 'gemini-2.0-flash', tool_ids: [], built_in_tools: { end_call: null, language_detection: null, voicemail_detection: null } }, dynamic_variables: { dynamic_variable_placeholders: {} } },
  },
  platform_settings: {
    auth: { enable_auth: false, allowlist: [] },
    data_collection: {},
    overrides: { conversation_config_override: {}, custom_llm_extra_body: false, enable_conversation_initiation_client_data_from_webhook: false },
    call_limits: { agent_concurrency_limit: -1, daily_limit: 100_000, bursting_enabled: true },
    queueing_config: { enabled: true, wait_timeout_seconds: 60 },
  },
  tags: [],
};

/** `{a: {b: value}}` for the path "a.b". */
const nested = (path: string, value: Json): JsonObject => path.split('.').reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as JsonObject;

const configOf = (options: AgentOptions): JsonObject => {
  const allowed = Object.entries(options.overrides ?? {}).filter(([, yes]) => yes).map(([name]) => nested(OVERRIDE_PATHS[name as OverrideName], true));
  const tools = (options.clientTools ?? ['transfer_to_human', 'do_not_call']).map((name) => ({ type: 'client', name, description: name, expects_response: true, response_timeout_secs: 20 }));
  const system = (options.systemTools ?? ['end_call', 'voicemail_detection']).map((name): [string, Json] => [name, { type: 'system', name, description: '', params: { system_tool_type: name } }]);
  return merge(FRESH, {
    name: 'Local agent',
    conversation_config: {
      asr: { user_input_audio_format: options.inputFormat },
      tts: { agent_output_audio_format: options.outputFormat },
      conversation: { client_events: options.clientEvents ?? LOCAL_EVENTS, max_duration_seconds: options.maxDurationSeconds ?? 600 },
      agent: { first_message: options.firstMessage ?? clip('agent-greeting').text, prompt: { tools, built_in_tools: Object.fromEntries(system) } },
    },
    platform_settings: {
      auth: { enable_auth: options.enableAuth ?? true },
      overrides: { conversation_config_override: allowed.reduce(merge, {}) },
      queueing_config: { enabled: options.queueing?.enabled ?? true, wait_timeout_seconds: options.queueing?.waitSeconds ?? 60 },
    },
  });
};

/** What one conversation wants to know of its agent. */
export type AgentView = {
  id: string;
  inputFormat: Format;
  outputFormat: Format;
  firstMessage: string;
  clientEvents: ReadonlySet<string>;
  clientTools: ReadonlyMap<string, { waitMs: number | undefined }>;
  systemTools: ReadonlySet<string>;
  enableAuth: boolean;
  /** Answers for a dotted path such as "tts.voice_id". */
  allowsOverride(path: string): boolean;
  allowsExtraBody: boolean;
  placeholders: JsonObject;
  turnTimeoutMs: number;
  maxDurationMs: number;
  queueing: { enabled: boolean; waitMs: number };
};

const names = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []);

const toolsOf = (config: JsonObject): [string, { waitMs: number | undefined }][] => {
  const tools = at(config, 'conversation_config.agent.prompt.tools');
  return (Array.isArray(tools) ? tools : []).flatMap((tool) => {
    const name = textAt(tool, 'name');
    const seconds = numberAt(tool, 'response_timeout_secs');
    return name !== undefined && textAt(tool, 'type') === 'client' ? [[name, { waitMs: seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined }]] : [];
  });
};

const formatAt = (config: JsonObject, path: string): Format => {
  const format = at(config, path);
  return isFormat(format) ? format : 'pcm_16000';
};

/** The agent as a conversation sees it; `override` is the socket's `conversation_config_override`, already found allowed. */
export const viewOf = (id: string, stored: JsonObject, override: JsonObject = {}): AgentView => {
  const config = merge(stored, { conversation_config: merge(objectAt(stored, 'conversation_config'), override) });
  const builtIn = Object.entries(objectAt(config, 'conversation_config.agent.prompt.built_in_tools')).filter(([, tool]) => isObject(tool));
  const seconds = (path: string, otherwise: number): number => 1000 * (numberAt(config, path) ?? otherwise);
  return {
    id,
    inputFormat: formatAt(config, 'conversation_config.asr.user_input_audio_format'),
    outputFormat: formatAt(config, 'conversation_config.tts.agent_output_audio_format'),
    firstMessage: textAt(config, 'conversation_config.agent.first_message') ?? '',
    clientEvents: new Set(names(at(config, 'conversation_config.conversation.client_events'))),
    clientTools: new Map(toolsOf(config)),
    systemTools: new Set(builtIn.map(([name]) => name)),
    enableAuth: at(config, 'platform_settings.auth.enable_auth') === true,
    allowsOverride: (path) => at(stored, `platform_settings.overrides.conversation_config_override.${path}`) === true,
    allowsExtraBody: at(stored, 'platform_settings.overrides.custom_llm_extra_body') === true,
    placeholders: objectAt(config, 'conversation_config.agent.dynamic_variables.dynamic_variable_placeholders'),
    turnTimeoutMs: seconds('conversation_config.turn.turn_timeout', 7),
    maxDurationMs: seconds('conversation_config.conversation.max_duration_seconds', 600),
    queueing: { enabled: at(config, 'platform_settings.queueing_config.enabled') === true, waitMs: seconds('platform_settings.queueing_config.wait_timeout_seconds', 60) },
  };
};

export type Agents = {
  get(id: string): JsonObject | undefined;
  list(): JsonObject[];
  create(body: JsonObject): JsonObject;
  /** Undefined when there is no such agent. */
  update(id: string, patch: JsonObject): JsonObject | undefined;
  remove(id: string): boolean;
};

/** The store, with the agents of the options in it. */
export const agentStore = (defaultId: string, options: Record<string, AgentOptions>): Agents => {
  const local: AgentOptions = { inputFormat: 'ulaw_8000', outputFormat: 'ulaw_8000', overrides: { voice_id: true, first_message: true, language: true, prompt: true } };
  const stored = new Map<string, JsonObject>();
  const put = (id: string, config: JsonObject): JsonObject => {
    const whole = { ...config, agent_id: id };
    stored.set(id, whole);
    return whole;
  };
  for (const [id, agent] of Object.entries({ [defaultId]: local, ...options })) put(id, configOf(agent));
  return {
    get: (id) => stored.get(id),
    list: () => [...stored.values()],
    create: (body) => put(`agent_${randomBytes(13).toString('hex')}`, merge({ ...FRESH, metadata: { created_at_unix_secs: Math.floor(Date.now() / 1000) } }, body)),
    update: (id, patch) => {
      const before = stored.get(id);
      return before && put(id, merge(before, patch));
    },
    remove: (id) => stored.delete(id),
  };
};
