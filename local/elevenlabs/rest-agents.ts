/** REST routes of agents at the simulated ElevenLabs: create, read, change, delete, list. */
import { agentNotFound, detail, toolNotFound, unprocessable } from './errors.ts';
import { FORMATS, isFormat } from './formats.ts';
import type { Account } from './account.ts';
import { toolIdsOf } from './client-tools.ts';
import { at, isObject, leaves, merge, objectAt, parseJson, textAt, type Json, type JsonObject } from './json.ts';
import { pageOf, type Answer, type Asked, type Route } from './rest.ts';

const FORMAT_PATHS = ['conversation_config.asr.user_input_audio_format', 'conversation_config.tts.agent_output_audio_format'];

const PROMPT = 'conversation_config.agent.prompt';
const RANGES: [path: string, least: number, most: number][] = [
  ['conversation_config.turn.turn_timeout', 1, 30], ['conversation_config.tts.speed', 0.7, 1.2], ['conversation_config.tts.stability', 0, 1], ['conversation_config.tts.similarity_boost', 0, 1],
  [`${PROMPT}.temperature`, 0, 1], ['conversation_config.conversation.max_duration_seconds', 1, 36_000],
];
const FLAGS = ['platform_settings.auth.enable_auth', 'platform_settings.queueing_config.enabled'];

/** The first field that could not be stored. */
const wrongIn = (body: JsonObject): Answer | undefined => {
  const wrong = (path: string, message: string): Answer => unprocessable(['body', ...path.split('.')], message, 'value_error');
  for (const path of FORMAT_PATHS) {
    const format = at(body, path);
    if (format !== undefined && !isFormat(format)) return unprocessable(['body', ...path.split('.')], `Input should be one of ${FORMATS.join(', ')}`, 'enum');
  }
  for (const [path, least, most] of RANGES) {
    const value = at(body, path);
    if (value !== undefined && (typeof value !== 'number' || value < least || value > most)) return wrong(path, `Input should be a number from ${least} to ${most}`);
  }
  for (const path of FLAGS) if (at(body, path) !== undefined && typeof at(body, path) !== 'boolean') return wrong(path, 'Input should be a valid boolean');
  // Since July 2025 tools are records of their own.
  if (at(body, `${PROMPT}.tools`) !== undefined) return wrong(`${PROMPT}.tools`, 'Extra inputs are not permitted: use tool_ids');
  if (at(body, 'platform_settings.queueing_config.hold_audio') !== undefined) return wrong('platform_settings.queueing_config.hold_audio', 'Not writable here: use the hold-audio upload route');
  for (const [name, tool] of Object.entries(objectAt(body, `${PROMPT}.built_in_tools`))) {
    if (tool !== null && (textAt(tool, 'type') !== 'system' || textAt(tool, 'name') !== name || textAt(tool, 'params.system_tool_type') !== name)) return wrong(`${PROMPT}.built_in_tools.${name}`, 'Input should be a system tool of that name');
  }
  const tags = body['tags'];
  return tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) ? undefined : wrong('tags', 'Input should be a list of strings');
};

/** The body as an object, or the 422 that says what is wrong with it. */
const readBody = ({ raw }: Asked): { config: JsonObject } | { wrong: Answer } => {
  const body = parseJson(raw.toString('utf8'));
  if (!isObject(body)) return { wrong: unprocessable(['body'], 'Input should be a valid dictionary', 'dict_type') };
  const wrong = wrongIn(body);
  return wrong ? { wrong } : { config: body };
};

/** What the agent would be after the request, where single fields do not tell whether it may be so. */
const wrongTogether = (body: JsonObject, whole: JsonObject, { tools }: Account): Answer | undefined => {
  const missing = toolIdsOf(body).find((id) => !tools.get(id));
  if (missing !== undefined) return toolNotFound(missing);
  const english = textAt(whole, 'conversation_config.agent.language') === 'en' && leaves(objectAt(whole, 'conversation_config.language_presets')).length === 0;
  const model = textAt(body, 'conversation_config.tts.model_id');
  return english && model !== undefined && model.endsWith('_v2_5') ? detail(400, 'bad_request', 'English Agents must use turbo or flash v2.') : undefined;
};

const ONE = /^\/v1\/convai\/agents\/(?<id>[^/]+)$/u;

const change: Route['handle'] = (asked, account) => {
  const id = asked.params['id'] ?? '';
  const read = readBody(asked);
  if ('wrong' in read) return read.wrong;
  const before = account.agents.get(id);
  if (!before) return agentNotFound(id);
  return wrongTogether(read.config, merge(before, read.config), account) ?? { status: 200, body: account.agents.update(id, read.config) ?? null };
};

export const agentRoutes: readonly Route[] = [
  {
    method: 'POST', path: /^\/v1\/convai\/agents\/create$/u,
    handle: (asked, account) => {
      const read = readBody(asked);
      if ('wrong' in read) return read.wrong;
      if (!isObject(read.config['conversation_config'])) return unprocessable(['body', 'conversation_config'], 'Field required', 'missing');
      return wrongTogether(read.config, merge({ conversation_config: { agent: { language: 'en' } } }, read.config), account)
        ?? { status: 200, body: { agent_id: account.agents.create(read.config)['agent_id'] ?? null } };
    },
  },
  {
    method: 'GET', path: /^\/v1\/convai\/agents$/u,
    handle: ({ query }, { agents }) => {
      const { items, ...page } = pageOf(query, agents.list().map((agent): Json => ({ agent_id: agent['agent_id'] ?? null, name: agent['name'] ?? null, tags: agent['tags'] ?? [] })));
      return { status: 200, body: { agents: items, ...page } };
    },
  },
  {
    method: 'GET', path: ONE,
    handle: ({ params: { id = '' } }, { agents }) => {
      const agent = agents.get(id);
      return agent ? { status: 200, body: agent } : agentNotFound(id);
    },
  },
  { method: 'PATCH', path: ONE, handle: change },
  { method: 'DELETE', path: ONE, handle: ({ params: { id = '' } }, { agents }) => (agents.remove(id) ? { status: 200, body: {} } : agentNotFound(id)) },
];
