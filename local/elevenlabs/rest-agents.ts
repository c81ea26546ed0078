/** REST routes of agents at the simulated ElevenLabs: create, read, change, delete, list. */
import { agentNotFound, unprocessable } from './errors.ts';
import { FORMATS, isFormat } from './formats.ts';
import { at, isObject, parseJson, type JsonObject } from './json.ts';
import type { Answer, Asked, Route } from './rest.ts';

const FORMAT_PATHS = ['conversation_config.asr.user_input_audio_format', 'conversation_config.tts.agent_output_audio_format'];

/** The body as an object, or the 422 that says what is wrong with it. */
const readBody = ({ raw }: Asked): { config: JsonObject } | { wrong: Answer } => {
  const body = parseJson(raw.toString('utf8'));
  if (!isObject(body)) return { wrong: unprocessable(['body'], 'Input should be a valid dictionary', 'dict_type') };
  for (const path of FORMAT_PATHS) {
    const format = at(body, path);
    if (format !== undefined && !isFormat(format)) return { wrong: unprocessable(['body', ...path.split('.')], `Input should be one of ${FORMATS.join(', ')}`, 'enum') };
  }
  return { config: body };
};

const ONE = /^\/v1\/convai\/agents\/(?<id>[^/]+)$/u;

const change: Route['handle'] = (asked, { agents }) => {
  const id = asked.params['id'] ?? '';
  const read = readBody(asked);
  if ('wrong' in read) return read.wrong;
  const changed = agents.update(id, read.config);
  return changed ? { status: 200, body: changed } : agentNotFound(id);
};

export const agentRoutes: readonly Route[] = [
  {
    method: 'POST', path: /^\/v1\/convai\/agents\/create$/u,
    handle: (asked, { agents }) => {
      const read = readBody(asked);
      if ('wrong' in read) return read.wrong;
      if (!isObject(read.config['conversation_config'])) return unprocessable(['body', 'conversation_config'], 'Field required', 'missing');
      return { status: 200, body: { agent_id: agents.create(read.config)['agent_id'] ?? null } };
    },
  },
  {
    method: 'GET', path: /^\/v1\/convai\/agents$/u,
    handle: (_, { agents }) => ({
      status: 200,
      body: { agents: agents.list().map((agent) => ({ agent_id: agent['agent_id'] ?? null, name: agent['name'] ?? null, tags: agent['tags'] ?? [] })), has_more: false, next_cursor: null },
    }),
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
