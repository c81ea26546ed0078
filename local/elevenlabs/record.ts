/** What the simulated ElevenLabs keeps of a conversation, and how REST and the post-call webhook show it. */
import { createHash, randomBytes, type Hash } from 'node:crypto';
import { summaryOf, type Disposition } from './dialogue.ts';
import type { Format } from './formats.ts';
import type { JsonObject } from './json.ts';
import type { Story } from './stories.ts';

export type ToolCall = { type: string; request_id: string; tool_name: string; params_as_json: string; tool_has_been_called: boolean };
export type ToolResult = { type: string; request_id: string; tool_name: string; result_value: string; is_error: boolean; tool_latency_secs: number };

export type Turn = {
  role: 'user' | 'agent';
  message: string | null;
  time_in_call_secs: number;
  interrupted: boolean;
  original_message: string | null;
  tool_calls: ToolCall[];
  tool_results: ToolResult[];
};

/** The audio that went out under one event id. Stale pieces, sent on purpose after an interruption, are counted apart. */
export type SentAudio = { pieces: number; bytes: number; stalePieces: number; staleBytes: number; hash: Hash };

export type Conversation = {
  id: string;
  agentId: string;
  story: Story;
  status: 'initiated' | 'in-progress' | 'processing' | 'done' | 'failed';
  createdMs: number;
  acceptedMs: number | undefined;
  endedMs: number | undefined;
  /** As configured for this conversation. */
  formats: { input: Format; output: Format };
  authorisation: 'public' | 'signed_url' | 'authorization_header';
  clientData: JsonObject;
  turns: Turn[];
  disposition: Disposition;
  sent: Map<number, SentAudio>;
  sentAudio: Buffer[];
  receivedAudio: Buffer[];
  receivedBytes: number;
  interruptions: { eventId: number; cutEventId: number; spoken: string }[];
  close: { by: 'client' | 'server'; code: number; reason: string } | undefined;
  terminationReason: string;
  webhookAnswers: (number | 'no-answer')[];
};

export const newConversation = (id: string, agentId: string, authorisation: Conversation['authorisation']): Conversation => ({
  id, agentId, authorisation,
  story: { digits: undefined, kind: 'ordinary' },
  status: 'initiated',
  createdMs: Date.now(), acceptedMs: undefined, endedMs: undefined,
  formats: { input: 'pcm_16000', output: 'pcm_16000' },
  clientData: {},
  turns: [],
  disposition: 'unknown',
  sent: new Map(), sentAudio: [], receivedAudio: [], receivedBytes: 0,
  interruptions: [],
  close: undefined,
  terminationReason: '',
  webhookAnswers: [],
});

export const newConversationId = (): string => `conv_${randomBytes(13).toString('hex')}`;

/** Books a piece of agent audio. */
export const bookSent = (conversation: Conversation, eventId: number, bytes: Buffer, stale: boolean): void => {
  const sent = conversation.sent.get(eventId) ?? { pieces: 0, bytes: 0, stalePieces: 0, staleBytes: 0, hash: createHash('sha256') };
  conversation.sent.set(eventId, sent);
  if (stale) {
    sent.stalePieces += 1;
    sent.staleBytes += bytes.length;
    return;
  }
  sent.pieces += 1;
  sent.bytes += bytes.length;
  sent.hash.update(bytes);
  conversation.sentAudio.push(bytes);
};

/** Whole seconds since the conversation was accepted. */
export const callSeconds = (conversation: Conversation, nowMs: number = Date.now()): number =>
  conversation.acceptedMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - conversation.acceptedMs) / 1000));

const unix = (ms: number | undefined): number | null => (ms === undefined ? null : Math.floor(ms / 1000));

export const addTurn = (conversation: Conversation, role: Turn['role'], message: string | null): Turn => {
  const turn: Turn = { role, message, time_in_call_secs: callSeconds(conversation), interrupted: false, original_message: null, tool_calls: [], tool_results: [] };
  conversation.turns.push(turn);
  return turn;
};

const successOf = (conversation: Conversation): string => {
  if (conversation.status === 'failed') return 'failure';
  return conversation.disposition === 'unknown' ? 'unknown' : 'success';
};

const analysisOf = (conversation: Conversation): JsonObject | null => {
  if (conversation.status !== 'done' && conversation.status !== 'failed') return null;
  const disposition = {
    data_collection_id: 'disposition',
    value: conversation.disposition,
    json_schema: { type: 'string', description: 'What the call came to.' },
    rationale: summaryOf(conversation.disposition),
  };
  return {
    call_successful: successOf(conversation),
    evaluation_criteria_results: {},
    data_collection_results: { disposition },
    transcript_summary: summaryOf(conversation.disposition),
    call_summary_title: conversation.disposition,
  };
};

/** The body of `GET /v1/convai/conversations/{id}` and the `data` of the webhook. */
export const conversationBody = (conversation: Conversation): JsonObject => {
  const close = conversation.close;
  const seconds = conversation.endedMs === undefined ? callSeconds(conversation) : callSeconds(conversation, conversation.endedMs);
  return {
    agent_id: conversation.agentId,
    conversation_id: conversation.id,
    status: conversation.status,
    user_id: typeof conversation.clientData['user_id'] === 'string' ? conversation.clientData['user_id'] : null,
    transcript: conversation.turns.map((turn) => ({ ...turn, tool_calls: turn.tool_calls.map((call) => ({ ...call })), tool_results: turn.tool_results.map((result) => ({ ...result })) })),
    metadata: {
      start_time_unix_secs: unix(conversation.createdMs),
      accepted_time_unix_secs: unix(conversation.acceptedMs),
      call_duration_secs: seconds,
      // 10 credits a second are our invention; the real price depends on the plan.
      cost: 10 * seconds,
      charging: { is_burst: false, tier: 'creator', llm_price: 0, llm_charge: 0, call_charge: 10 * seconds },
      termination_reason: conversation.terminationReason,
      error: conversation.status === 'failed' && close ? { code: close.code, reason: close.reason } : null,
      authorization_method: conversation.authorisation,
      main_language: 'en',
      // Null over a custom socket: only native telephony knows a phone call.
      phone_call: null,
    },
    analysis: analysisOf(conversation),
    conversation_initiation_client_data: conversation.clientData,
    has_audio: conversation.sentAudio.length > 0 || conversation.receivedBytes > 0,
    has_user_audio: conversation.receivedBytes > 0,
    has_response_audio: conversation.sentAudio.length > 0,
  };
};

/** One row of `GET /v1/convai/conversations`. */
export const conversationRow = (conversation: Conversation): JsonObject => ({
  agent_id: conversation.agentId,
  conversation_id: conversation.id,
  start_time_unix_secs: unix(conversation.createdMs),
  call_duration_secs: callSeconds(conversation, conversation.endedMs ?? Date.now()),
  message_count: conversation.turns.length,
  status: conversation.status,
  call_successful: successOf(conversation),
  direction: null,
  call_summary_title: analysisOf(conversation) === null ? null : conversation.disposition,
});
