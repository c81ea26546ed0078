// Our side's tools as ElevenLabs stores them: when the agent should use each, and with which parameters. What they do stands in ../tools.ts.
import type { Definition, OptionalTool } from './document.ts';
import type { JsonObject } from './json.ts';

/** Our side answers within ten seconds, whatever happens (../tools.ts): nothing is worth a longer silence. */
const RESPONSE_SECONDS = 10;

type ToolName = OptionalTool | 'do_not_call';
type Parameters = Record<string, { description: string; optional?: true }>;

const tools: Record<ToolName, { description: string; parameters: Parameters }> = {
  do_not_call: {
    description: 'Use this at once when the person asks not to be called again, or to be taken off the list. Afterwards confirm it and say goodbye.',
    parameters: {},
  },
  transfer_to_human: {
    description: 'Use this when the person wants to talk with a human now. First tell them that you are connecting them. If it answers with an error, say that nobody is free and offer a callback.',
    parameters: { reason: { description: 'Why, in a few words, for whoever takes the call.', optional: true } },
  },
  send_keys: {
    description: 'Use this to press keys of the phone, when you reached a menu that asks for them.',
    parameters: { digits: { description: 'The keys in order: digits, * and #; w waits half a second. At most 32.' } },
  },
  schedule_callback: {
    description: 'Use this when the person asks to be called at another time. Agree on the day and the time first, and repeat them. If it answers with an error, say what it says in your own words.',
    parameters: {
      when: { description: 'The agreed time with its offset from UTC, in the form 2026-11-28T15:30+05:30.' },
      note: { description: 'What the callback should be about, in one sentence.', optional: true },
    },
  },
};

const config = (name: ToolName): JsonObject => {
  const { description, parameters } = tools[name];
  return {
    type: 'client', name, description, expects_response: true, response_timeout_secs: RESPONSE_SECONDS,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(parameters).map(([parameter, { description: words }]) => [parameter, { type: 'string', description: words }])),
      required: Object.entries(parameters).filter(([, { optional }]) => !optional).map(([parameter]) => parameter),
    },
  };
};

export interface ClientTool {
  name: string;
  config: JsonObject;
}

/** The tools that this definition wants. */
export const clientTools = (definition: Pick<Definition, 'tools'>): ClientTool[] =>
  (['do_not_call', ...new Set(definition.tools)] as const).map((name) => ({ name, config: config(name) }));
