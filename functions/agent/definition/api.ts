// ElevenLabs' REST API for agents and the tools they share. Plain fetch, each request once: creating is not idempotent there.
// Used by push.ts. Failures come as UpstreamError with a message that somebody without ElevenLabs' manual understands.
import * as z from 'zod';
import { UpstreamError } from '#calls/errors.ts';
import { detailText } from '../failure.ts';
import type { ClientTool } from './client-tools.ts';
import type { Json, JsonObject } from './json.ts';

export interface AgentsApi {
  /** Every agent of the workspace. */
  list(): Promise<{ id: string; name: string; tags: string[] }[]>;
  /** Undefined when there is no such agent. */
  get(id: string): Promise<JsonObject | undefined>;
  /** Resolves with its id. */
  create(body: JsonObject): Promise<string>;
  /** Resolves with the agent as it is afterwards. */
  change(id: string, patch: JsonObject): Promise<JsonObject>;
  /** Every client tool of the workspace. */
  tools(): Promise<{ id: string; config: JsonObject }[]>;
  createTool(tool: ClientTool): Promise<string>;
  changeTool(id: string, tool: ClientTool): Promise<void>;
}

const TIMEOUT_MS = 30_000;
/** A list that never ends is no list. */
const MOST_PAGES = 100;

const object = z.record(z.string(), z.json());
const page = { has_more: z.boolean().nullish(), next_cursor: z.string().nullish() };
const agentsPage = z.object({ ...page, agents: z.array(z.object({ agent_id: z.string(), name: z.string().nullish(), tags: z.array(z.string()).nullish() })) });
const toolsPage = z.object({ ...page, tools: z.array(z.object({ id: z.string(), tool_config: object })) });
const madeAgent = z.object({ agent_id: z.string().min(1) });
const madeTool = z.object({ id: z.string().min(1) });

/** What to do about an answer, after what ElevenLabs itself says. */
const advice = (status: number, said: string): string => {
  if (status === 401 && /quota|credit/i.test(said)) return 'The account has no credits left.';
  if (status === 401 && /permission/i.test(said)) return 'Give the key write access to agents (ElevenAgents) in ElevenLabs\' settings.';
  if (status === 401) return 'Check ELEVENLABS_API_KEY, and that it belongs to the region of ELEVENLABS_API_BASE_URL.';
  if (status === 402) return 'The account\'s plan does not include this.';
  if (status === 403) return 'The key may not do this. Look at its permissions in ElevenLabs\' settings, and at the plan\'s limits.';
  if (status === 404) return 'Check the id, and that it belongs to the region of ELEVENLABS_API_BASE_URL.';
  if (status === 400 && /flash|turbo/i.test(said)) return 'Set voice.model in the document to one of those that it names.';
  if (status === 400 || status === 422) return 'Change that in the document, and push again.';
  if (status === 429) return 'Wait a minute, and push again.';
  return 'Push again later: what was made already is found again by its tags and name.';
};

/** Each thing that is wrong with its place, where ElevenLabs gives one. */
const validation = z.object({ detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1) });
const saidBy = (body: unknown): string => {
  const read = validation.safeParse(body);
  return read.success ? read.data.detail.map(({ loc, msg }) => `${loc.filter((part) => part !== 'body').join('.')}: ${msg}`).join('; ') : detailText(body);
};

export const agentsApi = ({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }): AgentsApi => {
  const ask = async (what: string, method: 'GET' | 'POST' | 'PATCH', path: string, body?: JsonObject): Promise<{ status: number; body: unknown }> => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${baseUrl}${path}`, {
        method, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS), headers: { 'xi-api-key': apiKey, accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      text = await response.text();
    } catch (cause) {
      throw new UpstreamError('elevenlabs', 0, true, { message: `${what}: ElevenLabs could not be reached, or did not answer. ${advice(0, '')}`, cause });
    }
    const read = ((): unknown => { try { return JSON.parse(text); } catch { return undefined; } })();
    if (response.ok) return { status: response.status, body: read };
    const said = saidBy(read).slice(0, 1000);
    throw new UpstreamError('elevenlabs', response.status, response.status === 429 || response.status >= 500, {
      message: `${what}: ElevenLabs answered ${response.status}${said ? ` (${said})` : ''}. ${advice(response.status, said)}`,
    });
  };
  const read = <T>(what: string, schema: z.ZodType<T>, { status, body }: { status: number; body: unknown }): T => {
    const found = schema.safeParse(body);
    if (!found.success) throw new UpstreamError('elevenlabs', status, false, { message: `${what}: ElevenLabs answered in a form that is not in its documentation.` });
    return found.data;
  };
  /** Follows the cursor to the end. */
  const pages = async <T extends { has_more?: boolean | null | undefined; next_cursor?: string | null | undefined }>(what: string, path: string, schema: z.ZodType<T>): Promise<T[]> => {
    const all: T[] = [];
    for (let cursor = ''; all.length < MOST_PAGES;) {
      const one = read(what, schema, await ask(what, 'GET', `${path}page_size=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`));
      all.push(one);
      if (!one.has_more || !one.next_cursor) return all;
      cursor = one.next_cursor;
    }
    throw new UpstreamError('elevenlabs', 200, false, { message: `${what}: ElevenLabs' list has no end.` });
  };
  const agent = (id: string): string => `/v1/convai/agents/${encodeURIComponent(id)}`;

  return {
    list: async () => (await pages('Looking for agents', '/v1/convai/agents?', agentsPage)).flatMap(({ agents }) => agents.map(({ agent_id: id, name, tags }) => ({ id, name: name ?? '', tags: tags ?? [] }))),
    get: async (id) => {
      try {
        return read('Reading the agent', object, await ask(`Reading the agent ${id}`, 'GET', agent(id)));
      } catch (error) {
        if (error instanceof UpstreamError && error.status === 404) return undefined;
        throw error;
      }
    },
    create: async (body) => read('Making the agent', madeAgent, await ask('Making the agent', 'POST', '/v1/convai/agents/create', body)).agent_id,
    change: async (id, patch) => read('Changing the agent', object, await ask(`Changing the agent ${id}`, 'PATCH', agent(id), patch)),
    tools: async () => (await pages('Looking for tools', '/v1/convai/tools?types=client&', toolsPage)).flatMap(({ tools }) => tools.map(({ id, tool_config: config }) => ({ id, config: config as Record<string, Json> }))),
    createTool: async ({ name, config }) => read('Making a tool', madeTool, await ask(`Making the tool ${name}`, 'POST', '/v1/convai/tools', { tool_config: config })).id,
    changeTool: async (id, { name, config }) => void await ask(`Changing the tool ${name}`, 'PATCH', `/v1/convai/tools/${encodeURIComponent(id)}`, { tool_config: config }),
  };
};
