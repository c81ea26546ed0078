// The agent as ElevenLabs should store it, made of the definition: pure. Called by push.ts, which compares it with what is there.
import type { FormatName } from '#audio/formats.ts';
import { dispositions, type CarrierName, type Disposition } from '#calls/lead.ts';
import { openingVariables, type OpeningVariable } from '../variables.ts';
import type { Definition } from './document.ts';
import type { JsonObject } from './json.ts';

/** The carrier that an agent talks through: audio passes untouched when both speak one format. */
export interface Seat {
  carrier: CarrierName;
  format: FormatName;
}

/** By these an agent of ours is found again. */
export const OUR_TAG = 'ringback';
export const seatTag = (carrier: CarrierName): string => `ringback-${carrier}`;

/** The relay ends a call at its limit, politely; ElevenLabs' own limit cuts and must come later. */
const DURATION_MARGIN_SECONDS = 60;

/** Setting the list replaces ElevenLabs' own: what the relay acts on (docs/protocol.md), and pings. */
export const clientEvents = [
  'audio', 'interruption', 'agent_response', 'agent_response_correction', 'user_transcript', 'conversation_initiation_metadata', 'ping', 'client_tool_call', 'agent_tool_response',
] as const;

/** What stands for a variable in ElevenLabs' own test window. In a call the relay sends them all. */
const placeholders: Record<OpeningVariable, string> = {
  lead_name: 'Ada', interest: 'a quote', lead_id: 'lead_test', attempt_id: 'att_test', call_id: 'call_test', call_sid: 'test', called_number: '+12025550123', caller_number: '+12025550100',
};

const meanings: Record<Disposition, string> = {
  interested: 'they want the offer, or to go on with it', callback: 'they want to be called again, or by a person', 'not-interested': 'they do not want the offer', 'wrong-number': 'somebody else was reached',
  voicemail: 'a machine answered', unreachable: '', 'do-not-call': 'they do not want to be called again', unknown: 'none of these can be told',
};
/** A conversation is not unreachable. */
const talked = dispositions.filter((disposition) => disposition !== 'unreachable');

const dataCollection: JsonObject = {
  disposition: { type: 'string', enum: talked, description: `What the call came to, exactly one of these words: ${talked.map((word) => `${word} (${meanings[word]})`).join('; ')}.` },
  summary: { type: 'string', description: 'What was said and agreed, in one to three sentences, for a colleague who goes on from here. No greeting, no opinion.' },
};

/** Holds whatever the business's own words are. */
const rules = ({ business }: Definition): string => [
  'Rules that always hold:',
  `- You are an AI and you call for ${business}. Say so whenever you are asked, and never claim to be a person.`,
  '- Speak in short sentences, one question at a time: this is a phone call.',
  '- When they ask not to be called again, use do_not_call at once, confirm it, and say goodbye.',
  '- When a tool answers with an error, say what that means for them in your own words, and go on.',
  '- When all is said, say goodbye and use end_call.',
].join('\n');

const systemTool = (name: string, params: JsonObject = {}): JsonObject => ({ type: 'system', name, params: { system_tool_type: name, ...params } });

/** English alone is spoken best by the English model; ElevenLabs is reported to refuse the other one for it. */
const modelFor = ({ language, otherLanguages }: Definition): string => (language === 'en' && Object.keys(otherLanguages).length === 0 ? 'eleven_flash_v2' : 'eleven_flash_v2_5');

/** Everything but the client tools' ids, which are known once the tools are there. */
export const agentBody = (definition: Definition, seat: Seat, callLimitSeconds: number): JsonObject => {
  const { voice, turn, otherLanguages } = definition;
  const others = Object.entries(otherLanguages);
  return {
    name: definition.name,
    tags: [OUR_TAG, seatTag(seat.carrier)],
    conversation_config: {
      asr: { user_input_audio_format: seat.format },
      tts: {
        voice_id: voice.id, model_id: voice.model ?? modelFor(definition), agent_output_audio_format: seat.format,
        ...(voice.stability === undefined ? {} : { stability: voice.stability }), ...(voice.similarity === undefined ? {} : { similarity_boost: voice.similarity }), ...(voice.speed === undefined ? {} : { speed: voice.speed }),
      },
      turn: { turn_timeout: turn.timeoutSeconds, turn_eagerness: turn.eagerness, silence_end_call_timeout: turn.hangUpAfterSeconds ?? -1 },
      conversation: { max_duration_seconds: callLimitSeconds + DURATION_MARGIN_SECONDS, client_events: [...clientEvents] },
      agent: {
        first_message: definition.greeting, language: definition.language,
        prompt: {
          prompt: `${definition.prompt}\n\n${rules(definition)}`,
          ...(definition.llm === undefined ? {} : { llm: definition.llm }), ...(definition.temperature === undefined ? {} : { temperature: definition.temperature }),
          built_in_tools: {
            end_call: systemTool('end_call'),
            voicemail_detection: systemTool('voicemail_detection', definition.voicemail === null ? {} : { voicemail_message: definition.voicemail }),
            ...(others.length > 0 ? { language_detection: systemTool('language_detection') } : {}),
          },
        },
        dynamic_variables: { dynamic_variable_placeholders: Object.fromEntries(openingVariables.map((name) => [name, placeholders[name]])) },
      },
      ...(others.length > 0 ? { language_presets: Object.fromEntries(others.map(([name, { greeting }]) => [name, { overrides: { agent: { first_message: greeting } } }])) } : {}),
    },
    platform_settings: {
      // Without it, whoever knows the agent's id talks at the business's expense.
      auth: { enable_auth: true },
      // A caller who waits in a queue hears nothing; a refusal is told and tried again.
      queueing_config: { enabled: false },
      // A caller's own voice, and the short first words after a conversation was lost. Both end a conversation where they are not allowed.
      overrides: { conversation_config_override: { tts: { voice_id: true }, agent: { first_message: true } } },
      data_collection: dataCollection,
    },
  };
};
