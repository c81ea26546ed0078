// The agent's frames to values and back: pure and synchronous. Called by conversation.ts for every frame; keeps nothing.
import type { Duplex } from 'node:stream';
import { findSpans, isBase64, quoted, SPAN, wanted } from '#house/spans.ts';
import { writeText } from '#house/text-frame.ts';
import type { AgentError } from './failure.ts';
import { errorSchema, schemas, typeSchema } from './schema.ts';

/** When characters of the agent's text are spoken, in ms from the start of their audio message. */
export interface Alignment {
  chars: string[];
  startsMs: number[];
}

export type AgentMessage =
  | { type: 'metadata'; conversationId: string; outputFormat: string | null; inputFormat: string | null }
  /** `base64` may be a view of the frame. */
  | { type: 'audio'; base64: Buffer; eventId: number | null; alignment: Alignment | null }
  | { type: 'interruption'; eventId: number | null }
  | { type: 'ping'; eventId: number }
  | { type: 'caller-said'; text: string; eventId: number | null }
  | { type: 'agent-says'; text: string; eventId: number | null }
  | { type: 'agent-said'; text: string; instead: string | null; eventId: number | null }
  | { type: 'tool-call'; name: string; id: string; parameters: unknown; wantsAnswer: boolean }
  | { type: 'tool-used'; name: string; called: boolean }
  | { type: 'queue'; status: string }
  | { type: 'error'; error: AgentError }
  /** Not ours to act on, or not readable. */
  | { type: 'other'; name: string };

const errorOf = (value: unknown): AgentError => {
  const read = errorSchema.safeParse(value);
  if (!read.success) return { code: null, text: '' };
  const { error_event: event, message, code } = read.data;
  const parts = event ? [event.error_type, event.message, event.reason] : [message];
  return { code: event?.code ?? code ?? null, text: parts.filter((part) => typeof part === 'string').join(' ').slice(0, 500) };
};

/** Any frame, by JSON.parse and schema. */
export const readByRule = (frame: Buffer): AgentMessage => {
  let value: unknown;
  try {
    value = JSON.parse(frame.toString('utf8'));
  } catch {
    return { type: 'other', name: 'not-json' };
  }
  const typed = typeSchema.safeParse(value);
  if (!typed.success) return { type: 'other', name: 'untyped' };
  const name = typed.data.type;
  const unreadable: AgentMessage = { type: 'other', name: 'unreadable' };
  switch (name) {
    case 'audio': {
      const read = schemas.audio.safeParse(value);
      if (!read.success) return unreadable;
      const { audio_base_64: base64, event_id: eventId, alignment } = read.data.audio_event;
      return { type: 'audio', base64: Buffer.from(base64, 'latin1'), eventId: eventId ?? null, alignment: alignment ? { chars: alignment.chars, startsMs: alignment.char_start_times_ms } : null };
    }
    case 'conversation_initiation_metadata': {
      const read = schemas[name].safeParse(value);
      if (!read.success) return unreadable;
      const event = read.data.conversation_initiation_metadata_event;
      return { type: 'metadata', conversationId: event.conversation_id, outputFormat: event.agent_output_audio_format ?? null, inputFormat: event.user_input_audio_format ?? null };
    }
    case 'interruption': {
      const read = schemas[name].safeParse(value);
      // An interruption without a readable id still clears what the caller hears.
      return { type: 'interruption', eventId: read.success ? (read.data.interruption_event.event_id ?? null) : null };
    }
    case 'ping': {
      const read = schemas[name].safeParse(value);
      return read.success ? { type: 'ping', eventId: read.data.ping_event.event_id } : unreadable;
    }
    case 'user_transcript': {
      const read = schemas[name].safeParse(value);
      if (!read.success) return unreadable;
      return { type: 'caller-said', text: read.data.user_transcription_event.user_transcript, eventId: read.data.user_transcription_event.event_id ?? null };
    }
    case 'agent_response': {
      const read = schemas[name].safeParse(value);
      return read.success ? { type: 'agent-says', text: read.data.agent_response_event.agent_response, eventId: read.data.agent_response_event.event_id ?? null } : unreadable;
    }
    case 'agent_response_correction': {
      const read = schemas[name].safeParse(value);
      if (!read.success) return unreadable;
      const event = read.data.agent_response_correction_event;
      return { type: 'agent-said', text: event.corrected_agent_response, instead: event.original_agent_response ?? null, eventId: event.event_id ?? null };
    }
    case 'client_tool_call': {
      const read = schemas[name].safeParse(value);
      if (!read.success) return unreadable;
      const { tool_name: tool, tool_call_id: id, parameters, expects_response: expects } = read.data.client_tool_call;
      return { type: 'tool-call', name: tool, id, parameters, wantsAnswer: expects !== false };
    }
    // A variant with the tool's result in it; which of the two comes depends on the agent's client_events.
    case 'agent_tool_response_full_payload':
    case 'agent_tool_response': {
      const body = name === 'agent_tool_response' ? value : { agent_tool_response: (value as Record<string, unknown>)[name] };
      const read = schemas.agent_tool_response.safeParse(body);
      if (!read.success) return unreadable;
      const { tool_name: tool, is_error: failed, is_called: called } = read.data.agent_tool_response;
      return { type: 'tool-used', name: tool, called: called !== false && failed !== true };
    }
    case 'queue_status': {
      const read = schemas[name].safeParse(value);
      return read.success ? { type: 'queue', status: read.data.queue_status_event.status } : unreadable;
    }
    case 'error': return { type: 'error', error: errorOf(value) };
    default: return { type: 'other', name: name.slice(0, 60) };
  }
};

const fields = wanted(['type'], { name: 'audio_event', keys: ['audio_base_64', 'event_id'] });
const spans = new Int32Array(3 * SPAN);
const AUDIO = Buffer.from('audio');

/** A plain audio frame (no alignment), read without building it; undefined for everything else. */
export const readAudioQuickly = (frame: Buffer, from = 0, to = frame.length): Extract<AgentMessage, { type: 'audio' }> | undefined => {
  if (!findSpans(frame, fields, spans, from, to)) return undefined;
  // One by one: taken apart as an array they would go through an iterator, which took as long as reading a short frame.
  const typeStart = spans[0]!;
  const typeEnd = spans[1]!;
  const audioStart = spans[3]!;
  const audioEnd = spans[4]!;
  const audioLetters = spans[5]!;
  const idStart = spans[6]!;
  const idEnd = spans[7]!;
  if (typeEnd - typeStart !== AUDIO.length || !quoted(frame, typeStart)) return undefined;
  for (let i = 0; i < AUDIO.length; i++) if (frame[typeStart + i] !== AUDIO[i]) return undefined;
  if (audioStart < 0 || !quoted(frame, audioStart) || !isBase64(frame, audioStart, audioEnd, audioLetters)) return undefined;
  let eventId: number | null = null;
  if (idStart >= 0) {
    if (quoted(frame, idStart) || idEnd - idStart > 15) return undefined;
    eventId = 0;
    for (let i = idStart; i < idEnd; i++) eventId = eventId * 10 + frame[i]! - 0x30;
  }
  return { type: 'audio', base64: frame.subarray(audioStart, audioEnd), eventId, alignment: null };
};

export const readAgentFrame = (frame: Buffer): AgentMessage => readAudioQuickly(frame) ?? readByRule(frame);

const audioHead = Buffer.from('{"user_audio_chunk":"');
const audioTail = Buffer.from('"}');

/** Caller audio, in the agent's input format, as a WebSocket frame of its own. The one message that has no `type`. `atOnce`: see writeText. */
export const writeCallerAudio = (wire: Duplex, atOnce: boolean, base64: Buffer): void => writeText(wire, atOnce, true, audioHead, base64, audioTail);

export const pong = (eventId: number): string => `{"type":"pong","event_id":${eventId}}`;

export const toolResult = (id: string, result: string, isError: boolean): string =>
  JSON.stringify({ type: 'client_tool_result', tool_call_id: id, result, is_error: isError });

/** Somebody is there and says nothing: the agent's wait for the caller begins anew. */
export const USER_ACTIVITY = '{"type":"user_activity"}';

/** Tells the agent something without interrupting it. */
export const contextualUpdate = (text: string): string => JSON.stringify({ type: 'contextual_update', text });

export interface Opening {
  /** Strings, empty where nothing is known: a variable that the agent's prompt names and we do not send ends the conversation with 1008. */
  variables: Record<string, string>;
  /** Sent only when given: an override that the agent does not allow ends the conversation, even when it changes nothing. */
  voiceId: string | null;
  /** Instead of the agent's own first words; an override like the voice. */
  firstMessage?: string | null | undefined;
}

/** Must be the first frame. */
export const opening = ({ variables, voiceId, firstMessage }: Opening): string => {
  const override = { ...(voiceId ? { tts: { voice_id: voiceId } } : {}), ...(firstMessage ? { agent: { first_message: firstMessage } } : {}) };
  return JSON.stringify({
    type: 'conversation_initiation_client_data',
    ...(voiceId || firstMessage ? { conversation_config_override: override } : {}),
    dynamic_variables: variables,
  });
};
