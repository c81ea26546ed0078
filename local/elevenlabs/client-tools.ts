/** The workspace's client tools at the simulated ElevenLabs: records of their own, which agents name by id. */
import { randomBytes } from 'node:crypto';
import { at, merge, objectAt, type Json, type JsonObject } from './json.ts';

export type ClientTools = {
  get(id: string): JsonObject | undefined;
  list(): { id: string; config: JsonObject }[];
  create(config: JsonObject): string;
  /** False when there is no such tool. */
  update(id: string, config: JsonObject): boolean;
  remove(id: string): boolean;
};

export const clientTools = (): ClientTools => {
  const stored = new Map<string, JsonObject>();
  return {
    get: (id) => stored.get(id),
    list: () => [...stored].map(([id, config]) => ({ id, config })),
    create: (config) => {
      const id = `tool_${randomBytes(13).toString('hex')}`;
      stored.set(id, config);
      return id;
    },
    update: (id, config) => stored.has(id) && stored.set(id, config) !== undefined,
    remove: (id) => stored.delete(id),
  };
};

export const TOOL_IDS = 'conversation_config.agent.prompt.tool_ids';

export const toolIdsOf = (agent: JsonObject): string[] => {
  const ids = at(agent, TOOL_IDS);
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
};

/** The agent with the tools that it names written out, as a conversation wants to know them. */
export const withTools = (agent: JsonObject, tools: ClientTools): JsonObject => {
  const inline = at(agent, 'conversation_config.agent.prompt.tools');
  const all: Json[] = [...(Array.isArray(inline) ? inline : []), ...toolIdsOf(agent).flatMap((id) => tools.get(id) ?? [])];
  return merge(agent, { conversation_config: { agent: { prompt: { ...objectAt(agent, 'conversation_config.agent.prompt'), tools: all } } } });
};
