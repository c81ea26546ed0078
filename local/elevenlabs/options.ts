/** What can be asked of the simulated ElevenLabs when it starts, and what it does when nothing is asked. */
import type { Format } from './formats.ts';

/** Fields of the socket's override that an agent may allow; none is allowed unless said. */
export type OverrideName =
  | 'voice_id' | 'stability' | 'speed' | 'similarity_boost'
  | 'first_message' | 'language' | 'prompt' | 'llm'
  | 'text_only' | 'client_events' | 'keywords';

export type AgentOptions = {
  inputFormat: Format;
  outputFormat: Format;
  overrides?: Partial<Record<OverrideName, boolean>>;
  /** May hold `{{names}}` of dynamic variables. Default: the words of the clip agent-greeting. */
  firstMessage?: string;
  /** Default true here (the real default is false: a public agent). */
  enableAuth?: boolean;
  clientEvents?: string[];
  /** Client tools that the agent may call. Default transfer_to_human and do_not_call. */
  clientTools?: string[];
  /** Default end_call and voicemail_detection. */
  systemTools?: string[];
  queueing?: { enabled: boolean; waitSeconds?: number };
  maxDurationSeconds?: number;
};

/** All in milliseconds of call time: `pace` divides them. */
export type Durations = {
  /** Silence after the agent's words until it asks whether anybody is there. */
  turnTimeoutMs: number;
  pingMs: number;
  /** An unanswered ping older than this ends the conversation. */
  pongWaitMs: number;
  /** No user audio for so long: transport_receive_timeout. */
  inputWaitMs: number;
  /** No conversation_initiation_client_data for so long: closed with 1008. */
  initWaitMs: number;
  /** From the end of the caller's words to the agent's first audio. */
  answerDelayMs: number;
  toolWaitMs: number;
  /** From the end of a conversation until its analysis is done. */
  processingMs: number;
  /** What story 19 adds to everything. */
  slowMs: number;
};

export type WebhookOptions = {
  url: string;
  secret: string;
  /** Off by default, like the real one; the list is the wait before each further attempt in milliseconds, not divided by pace. */
  retry?: boolean | readonly number[];
};

export type ElevenLabsOptions = {
  port?: number;
  host?: string;
  apiKey: string;
  /** The agent that exists when `agents` does not speak of it: mu-law 8 kHz both ways. Default "agent_local". */
  agentId?: string;
  agents?: Record<string, AgentOptions>;
  webhook?: WebhookOptions;
  /** Conversations at once in the whole workspace. Default 100. */
  concurrency?: number;
  /** How many seconds of a call pass in one second of the clock. Default 1. */
  pace?: number;
  /** Lengths of audio messages in milliseconds of sound, over and over. `[60_000]` sends every answer in one piece. */
  chunkMs?: readonly number[];
  durations?: Partial<Durations>;
  /** Static lines about what happens; nothing that a person said. */
  log?: (line: string) => void;
};

export const DURATIONS: Durations = {
  turnTimeoutMs: 7000,
  pingMs: 3000,
  pongWaitMs: 20_000,
  inputWaitMs: 60_000,
  initWaitMs: 10_000,
  answerDelayMs: 300,
  toolWaitMs: 20_000,
  processingMs: 500,
  slowMs: 2000,
};

/** Tiny and large, as captured from the real one. */
export const CHUNK_MS: readonly number[] = [40, 250, 20, 900, 1500, 60, 400];
