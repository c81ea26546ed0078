/** The simulated agent's contract with the first frame: which overrides and variables it takes, and what it says first. */
import { viewOf, type AgentView } from './agents.ts';
import { failure, type Ending } from './errors.ts';
import { at, isObject, leaves, objectAt, type JsonObject } from './json.ts';

export type Accepted = { agent: AgentView; firstMessage: string; firstMessageOverridden: boolean };
export type Refused = { agent: AgentView; refused: Ending };

/** Variables that ElevenLabs fills in itself. */
const systemVariables = (agentId: string, conversationId: string): JsonObject => ({
  system__agent_id: agentId, system__conversation_id: conversationId, system__caller_id: '', system__called_number: '', system__call_sid: '',
  system__call_duration_secs: 0, system__time_utc: new Date().toISOString(), system__timezone: 'UTC',
});

const refusal = (agent: AgentView, init: JsonObject): Ending | undefined => {
  const override = init['conversation_config_override'];
  const notAllowed = (field: string): Ending => failure(1008, 'override_error', `Override for field '${field}' is not allowed by config.`);
  if (override !== undefined && override !== null && !isObject(override)) return failure(1008, 'value_error', 'conversation_config_override must be an object.');
  // Also when the value is null or the configured one: only an absent field is no override.
  for (const [path, value] of leaves(objectAt(init, 'conversation_config_override'))) {
    const field = path.slice(path.lastIndexOf('.') + 1);
    if (!agent.allowsOverride(path)) return notAllowed(field);
    if (field === 'voice_id' && typeof value !== 'string') return failure(1008, 'value_error', 'voice_id must be a string.');
  }
  if (leaves(objectAt(init, 'custom_llm_extra_body')).length > 0 && !agent.allowsExtraBody) return notAllowed('custom_llm_extra_body');
  for (const [name, value] of Object.entries(objectAt(init, 'dynamic_variables'))) {
    if (!['string', 'number', 'boolean'].includes(typeof value)) return failure(1008, 'value_error', `Dynamic variable '${name}' must be a string, a number or a boolean.`);
  }
  return undefined;
};

/** Reads `conversation_initiation_client_data` against the stored agent. */
export const readInit = (agentId: string, stored: JsonObject, init: JsonObject, conversationId: string): Accepted | Refused => {
  const configured = viewOf(agentId, stored);
  const refused = refusal(configured, init);
  if (refused) return { agent: configured, refused };
  const agent = viewOf(agentId, stored, objectAt(init, 'conversation_config_override'));
  const given = { ...agent.placeholders, ...systemVariables(agentId, conversationId), ...objectAt(init, 'dynamic_variables') };
  const missing = new Set<string>();
  const firstMessage = agent.firstMessage.replaceAll(/\{\{\s*([\w.-]+)\s*\}\}/gu, (_, name: string) => {
    const value = given[name];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    missing.add(name);
    return '';
  });
  if (missing.size > 0) {
    const names = [...missing].map((name) => `'${name}'`).join(', ');
    return { agent, refused: failure(1008, 'missing_dynamic_variable', `Missing required dynamic variables in first message: {${names}}`) };
  }
  return { agent, firstMessage, firstMessageOverridden: at(init, 'conversation_config_override.agent.first_message') !== undefined };
};
