/** REST routes of client tools at the simulated ElevenLabs: create, read, change, delete, list. */
import { toolIdsOf } from './client-tools.ts';
import { toolInUse, toolNotFound, unprocessable } from './errors.ts';
import { isObject, numberAt, parseJson, textAt, type Json, type JsonObject } from './json.ts';
import { pageOf, type Answer, type Asked, type Route } from './rest.ts';

const ONE = /^\/v1\/convai\/tools\/(?<id>[^/]+)$/u;
/** What a language model can be told apart by. */
const NAME = /^[a-zA-Z0-9_-]{1,64}$/u;

const shown = (id: string, config: JsonObject): JsonObject => ({ id, tool_config: config, access_info: { is_creator: true, role: 'admin' }, usage_stats: { total_calls: 0, avg_latency_secs: 0 } });

/** The body's `tool_config`, or the 422 that says what is wrong with it. */
const readBody = ({ raw }: Asked): { config: JsonObject } | { wrong: Answer } => {
  const body = parseJson(raw.toString('utf8'));
  const config = isObject(body) ? body['tool_config'] : undefined;
  const wrong = (field: string, message: string): { wrong: Answer } => ({ wrong: unprocessable(['body', 'tool_config', ...(field === '' ? [] : [field])], message, 'value_error') });
  if (!isObject(config)) return wrong('', 'Field required');
  if (textAt(config, 'type') !== 'client') return wrong('type', 'Input should be client: the simulation knows no other');
  if (!NAME.test(textAt(config, 'name') ?? '')) return wrong('name', 'String should match pattern ^[a-zA-Z0-9_-]{1,64}$');
  if (textAt(config, 'description') === undefined) return wrong('description', 'Field required');
  const seconds = numberAt(config, 'response_timeout_secs') ?? 20;
  if (!Number.isInteger(seconds) || seconds === 0 || seconds < -1 || seconds > 120) return wrong('response_timeout_secs', 'Input should be from 1 to 120');
  return { config: { expects_response: false, response_timeout_secs: 20, disable_interruptions: false, execution_mode: 'immediate', ...config } };
};

export const toolRoutes: readonly Route[] = [
  {
    method: 'POST', path: /^\/v1\/convai\/tools$/u,
    handle: (asked, { tools }) => {
      const read = readBody(asked);
      if ('wrong' in read) return read.wrong;
      return { status: 200, body: shown(tools.create(read.config), read.config) };
    },
  },
  {
    method: 'GET', path: /^\/v1\/convai\/tools$/u,
    handle: ({ query }, { tools }) => {
      const { items, ...page } = pageOf(query, tools.list().map(({ id, config }): Json => shown(id, config)));
      return { status: 200, body: { tools: items, ...page } };
    },
  },
  {
    method: 'GET', path: ONE,
    handle: ({ params: { id = '' } }, { tools }) => {
      const config = tools.get(id);
      return config ? { status: 200, body: shown(id, config) } : toolNotFound(id);
    },
  },
  {
    method: 'PATCH', path: ONE,
    handle: (asked, { tools }) => {
      const id = asked.params['id'] ?? '';
      const read = readBody(asked);
      if ('wrong' in read) return read.wrong;
      return tools.update(id, read.config) ? { status: 200, body: shown(id, read.config) } : toolNotFound(id);
    },
  },
  {
    method: 'DELETE', path: ONE,
    handle: ({ params: { id = '' }, query }, { tools, agents }) => {
      if (query.get('force') !== 'true' && agents.list().some((agent) => toolIdsOf(agent).includes(id))) return toolInUse(id);
      return tools.remove(id) ? { status: 200, body: {} } : toolNotFound(id);
    },
  },
];
