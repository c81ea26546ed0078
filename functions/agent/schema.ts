// What the agent says on its socket, as zod schemas: tolerant, because ElevenLabs adds fields and types without notice; see codec.ts.
import * as z from 'zod';
import { base64Shape } from '#house/spans.ts';

const text = z.string();
const eventId = z.number().int().nullish();

export const typeSchema = z.object({ type: z.string() });

/** One schema for each type that we act on. Anything else is counted and ignored. */
export const schemas = {
  conversation_initiation_metadata: z.object({
    conversation_initiation_metadata_event: z.object({ conversation_id: text.default(''), agent_output_audio_format: text.nullish(), user_input_audio_format: text.nullish() }),
  }),
  audio: z.object({
    audio_event: z.object({
      audio_base_64: text.regex(base64Shape), event_id: eventId,
      alignment: z.object({ chars: z.array(text), char_start_times_ms: z.array(z.number()) }).nullish().catch(null),
    }),
  }),
  interruption: z.object({ interruption_event: z.object({ event_id: eventId }) }),
  ping: z.object({ ping_event: z.object({ event_id: z.number().int() }) }),
  user_transcript: z.object({ user_transcription_event: z.object({ user_transcript: text, event_id: eventId }) }),
  agent_response: z.object({ agent_response_event: z.object({ agent_response: text, event_id: eventId }) }),
  agent_response_correction: z.object({
    agent_response_correction_event: z.object({ original_agent_response: text.nullish(), corrected_agent_response: text, event_id: eventId }),
  }),
  client_tool_call: z.object({
    client_tool_call: z.object({ tool_name: text, tool_call_id: text, parameters: z.unknown().optional(), expects_response: z.boolean().nullish() }),
  }),
  agent_tool_response: z.object({
    agent_tool_response: z.object({ tool_name: text, tool_type: text.nullish(), is_error: z.boolean().nullish(), is_called: z.boolean().nullish() }),
  }),
  queue_status: z.object({ queue_status_event: z.object({ status: text }) }),
} as const;

/** Nested as documented, or flat as it comes with an exhausted quota. */
export const errorSchema = z.object({
  message: text.nullish().catch(null), code: z.number().nullish().catch(null),
  error_event: z.object({
    code: z.number().nullish().catch(null), error_type: text.nullish().catch(null), message: text.nullish().catch(null), reason: text.nullish().catch(null),
  }).nullish().catch(null),
});
