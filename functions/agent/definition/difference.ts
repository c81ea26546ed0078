// What has to change at ElevenLabs, and how to say so: the agent as it should be against the agent as it is. Pure; called by push.ts.
// Whatever the wanted agent does not speak of is left as it is: nothing is ever deleted.
import { at, contained, isObject, laidOver, nested, same, textList, type Json, type JsonObject } from './json.ts';

export interface Change {
  /** Dotted, as ElevenLabs has it. */
  path: string;
  before: Json | undefined;
  after: Json;
}

export interface Difference {
  changes: Change[];
  /** Only what differs, nested as ElevenLabs wants it. */
  patch: JsonObject;
}

/** Lists to which what is missing is added; what others put there stays. Lists are replaced as a whole, so the patch has all of it. */
const joined = new Set(['tags', 'conversation_config.conversation.client_events', 'conversation_config.agent.prompt.tool_ids']);
/**
 * Maps whose entries are not ours alone. It is written nowhere whether a patch joins such a map or replaces it: the patch has all entries,
 * those of others as they were read.
 */
const shared = new Set([
  'conversation_config.agent.prompt.built_in_tools', 'conversation_config.language_presets', 'platform_settings.data_collection', 'conversation_config.agent.dynamic_variables.dynamic_variable_placeholders',
]);
/** Here any value will do: it is for ElevenLabs' own test window. */
const anyValue = 'conversation_config.agent.dynamic_variables.dynamic_variable_placeholders';

const differing = (wanted: JsonObject, there: JsonObject, path: string): Change[] => Object.entries(wanted).flatMap(([key, after]): Change[] => {
  const here = path === '' ? key : `${path}.${key}`;
  const before = there[key];
  if (joined.has(here)) {
    const missing = textList(after).filter((one) => !textList(before).includes(one));
    return missing.length > 0 ? [{ path: here, before, after: [...textList(before), ...missing] }] : [];
  }
  if (path === anyValue) return before === undefined || before === null ? [{ path: here, before, after }] : [];
  if (shared.has(path)) return contained(after, before) ? [] : [{ path: here, before, after: isObject(before) && isObject(after) ? laidOver(before, after) : after }];
  if (isObject(after)) return differing(after, isObject(before) ? before : {}, here);
  return same(after, before) ? [] : [{ path: here, before, after }];
});

export const difference = (wanted: JsonObject, there: JsonObject): Difference => {
  const changes = differing(wanted, there, '');
  let patch: JsonObject = {};
  for (const { path, after } of changes) {
    const map = [...shared].find((name) => path.startsWith(`${name}.`));
    const others = map === undefined ? undefined : at(there, map);
    // A tool that is off is there as null.
    const kept = isObject(others) ? Object.fromEntries(Object.entries(others).filter(([, value]) => value !== null)) : {};
    // What was changed in the map before stays: what was read goes beneath.
    patch = laidOver(map === undefined ? patch : laidOver(nested(map, kept), patch), nested(path, after));
  }
  return { changes, patch };
};

const names: Record<string, string> = {
  'conversation_config.agent.first_message': 'greeting', 'conversation_config.agent.language': 'language', 'conversation_config.agent.prompt.prompt': 'prompt', 'conversation_config.agent.prompt.llm': 'llm',
  'conversation_config.agent.prompt.temperature': 'temperature', 'conversation_config.agent.prompt.tool_ids': 'tools', 'conversation_config.asr.user_input_audio_format': 'audio format it hears',
  'conversation_config.tts.agent_output_audio_format': 'audio format it speaks', 'conversation_config.tts.voice_id': 'voice', 'conversation_config.tts.model_id': 'voice model', 'conversation_config.tts.stability': 'voice stability',
  'conversation_config.tts.similarity_boost': 'voice similarity', 'conversation_config.tts.speed': 'voice speed', 'conversation_config.turn.turn_timeout': 'silence before it speaks again, seconds',
  'conversation_config.turn.turn_eagerness': 'eagerness', 'conversation_config.turn.silence_end_call_timeout': 'silence before it hangs up, seconds (-1: never)', 'conversation_config.conversation.max_duration_seconds': 'longest conversation, seconds',
  'conversation_config.conversation.client_events': 'events sent to the relay', 'platform_settings.auth.enable_auth': 'needs a key or a signed address', 'platform_settings.queueing_config.enabled': 'callers wait in a queue',
  'platform_settings.overrides.conversation_config_override.tts.voice_id': 'another voice per call allowed', 'platform_settings.overrides.conversation_config_override.agent.first_message': 'another greeting per call allowed',
};
/** For entries of maps: their own name stands behind. */
const families: [path: string, name: string][] = [
  ['conversation_config.agent.prompt.built_in_tools.', 'system tool '], ['conversation_config.language_presets.', 'greeting in '], ['platform_settings.data_collection.', 'collected after the call: '],
  ['conversation_config.agent.dynamic_variables.dynamic_variable_placeholders.', 'variable '],
];

export const nameOf = (path: string): string => {
  const family = families.find(([start]) => path.startsWith(start));
  return names[path] ?? (family ? `${family[1]}${path.slice(family[0].length)}` : path);
};

const MOST_SHOWN = 160;
const shown = (value: Json | undefined): string => {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'string' ? JSON.stringify(value) : typeof value === 'boolean' ? (value ? 'yes' : 'no') : JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
};

/** Lines of a long text that went and came. */
const linesOf = (before: string, after: string): string[] => {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [...old.filter((line) => line !== '' && !now.includes(line)).map((line) => `    - ${line}`), ...now.filter((line) => line !== '' && !old.includes(line)).map((line) => `    + ${line}`)];
};

/** A change in plain words, one or more lines. */
export const inWords = ({ path, before, after }: Change): string => {
  const name = nameOf(path);
  if (joined.has(path)) return `  ${name}: also ${textList(after).filter((one) => !textList(before).includes(one)).join(', ')}`;
  if (typeof after === 'string' && typeof before === 'string' && (after.includes('\n') || before.includes('\n'))) return [`  ${name}:`, ...linesOf(before, after)].join('\n');
  // The whole of a map's entry is long and says little.
  if (isObject(after)) return `  ${name}: ${isObject(before) ? 'changed' : 'new'}`;
  return `  ${name}: ${shown(before)} -> ${shown(after)}`;
};
