// The call: what the carrier made of an attempt (or an inbound call), as a fold of what happened to it.
import type { CarrierName, Disposition } from './lead.ts';

/** The carrier's words for the line, in the order in which a call may go through them (DESIGN: status moves only forward). */
export const statusRank = {
  queued: 0, initiated: 1, ringing: 2, 'in-progress': 3, completed: 4, busy: 4, 'no-answer': 4, failed: 4, canceled: 4,
} as const;
export type CallStatus = keyof typeof statusRank;
export const callStatuses = Object.keys(statusRank) as CallStatus[];
export const TERMINAL_RANK = 4;
export const isTerminal = (status: CallStatus): boolean => statusRank[status] === TERMINAL_RANK;

export const endReasons = ['caller-hung-up', 'agent-ended', 'carrier-failed', 'agent-failed', 'timed-out', 'operator'] as const;
export type EndReason = (typeof endReasons)[number];

/** What somebody whose agent could not be had chose by key. */
export type KeyChoice = 'call-me-back' | 'do-not-call' | 'nothing';

/** How far the handing over to a person has come: the agent asked for it, somebody took the call, or nobody did. */
export const transferStates = ['asked', 'connected', 'failed'] as const;
export type TransferState = (typeof transferStates)[number];

/**
 * Something that happened to a call. Events are kept one by one under a key made from their content (eventKey), so that a
 * repeat changes nothing; the call's record is always the fold of all of them, whatever the order they came in.
 * `at` is ISO 8601: the carrier's own time where it gave one, else ours.
 */
export type CallEvent =
  /** The carrier said how the line is doing: by callback, in its answer to our request, or when it was looked up. */
  | { kind: 'status'; at: string; status: CallStatus; sequence: number | null; source: 'callback' | 'request' | 'lookup';
      durationSeconds: number | null; sipCode: number | null; answeredBy: string | null; cost: string | null;
      /** With our own request: from the enquiry, or from when the attempt was due, to the request. */
      enquiryToDialMs?: number }
  /** The answer document was handed out, with the ticket of this stream epoch (0 the first, 1 and up after a takeover). */
  | { kind: 'document'; at: string; epoch: number }
  /** `epoch`, here and below: grows with each stream and each relay that goes on with the talk (functions/relay/takeover.ts). */
  | { kind: 'stream-started'; at: string; epoch: number; streamSid: string }
  | { kind: 'stream-failed'; at: string; detail: string }
  | { kind: 'agent-connected'; at: string; epoch: number; conversationId: string; voiceId: string | null }
  /** The first agent audio went out to the caller. `sinceAnswerMs` counts from the stream's start frame. */
  | { kind: 'first-audio'; at: string; epoch: number; sinceAnswerMs: number }
  /** The talk is over; the first one written wins. `turnMs`: caller's end of speech to the agent's first audio, per turn. */
  | { kind: 'ended'; at: string; endReason: EndReason; detail: string | null; turnMs: number[] }
  /**
   * The call goes from the stream of this document to a person: `asked` is the agent's word, the others say how it came out, and the first of
   * those counts. `detail`: the agent's reason, or the carrier's word for phones that did not answer.
   */
  | { kind: 'transfer'; at: string; epoch: number; state: TransferState; detail: string | null }
  | { kind: 'opt-out'; at: string; by: 'key-9' | 'voice' | 'console' | 'api' }
  | { kind: 'answered-by'; at: string; answeredBy: string }
  | { kind: 'recording'; at: string; recordingSid: string; url: string; durationSeconds: number | null }
  | { kind: 'outcome'; at: string; source: 'agent' | 'analysis'; disposition: Disposition; summary: string | null }
  /** The person wants to be called again, at `dueAt` if that is permitted then. `note`: what for, in the agent's words. The latest counts. */
  | { kind: 'callback-asked'; at: string; by: 'agent' | 'key-1'; dueAt: string; note: string | null }
  /** The answer to the question by keys (choose-key.ts); the first one written wins. */
  | { kind: 'key-chosen'; at: string; choice: KeyChoice };

/** A line of the transcript. `index` counts from 0 in the order in which the turns began; a correction replaces its text. */
export interface Turn {
  index: number;
  role: 'agent' | 'caller';
  text: string;
  at: string;
}

/** What is known of a call before anything happened to it. */
export interface NewCall {
  callId: string;
  attemptId: string | null;
  leadId: string | null;
  carrier: CarrierName;
  direction: 'outbound' | 'inbound';
  from: string;
  to: string;
}

export interface Latency {
  enquiryToDialMs: number | null;
  answerToFirstAudioMs: number | null;
  turnMs: number[];
}

/** A call as stored: its facts, and the fold of its events. */
export interface CallRecord extends NewCall {
  /** Null until the carrier's call is bound to it. */
  callSid: string | null;
  status: CallStatus;
  /** The carrier's sequence number behind `status`; null when it gave none. */
  statusSequence: number | null;
  endReason: EndReason | null;
  endDetail: string | null;
  startedAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  durationSeconds: number | null;
  conversationId: string | null;
  voiceId: string | null;
  recordingUrl: string | null;
  answeredBy: string | null;
  cost: string | null;
  disposition: Disposition | null;
  summary: string | null;
  optedOut: boolean;
  /** The latest wish to be called again that was told on this call. */
  callbackAsked: { at: string; dueAt: string } | null;
  keyChosen: KeyChoice | null;
  /** True once the caller heard the agent. */
  talked: boolean;
  /** Highest stream epoch whose document was handed out; -1 before the first. */
  epoch: number;
  streamStarted: boolean;
  /** The latest handing over to a person, and the document of the stream that it was asked for on. */
  transfer: { state: TransferState; epoch: number } | null;
  latency: Latency;
  /** When all that is personal was taken out of it; from and to are empty then. */
  erasedAt?: string;
  /** How many events the fold has seen. */
  eventCount: number;
}

/** A stream's epoch: those of a later document follow all of an earlier one's, of which there are more than one where tasks took its connection over. */
export const STREAMS_PER_DOCUMENT = 100;
/** The document that a stream was opened by; 0 for the first. */
export const documentOf = (streamEpoch: number): number => Math.floor(streamEpoch / STREAMS_PER_DOCUMENT);

/** On its way to a person: asked for, not come out yet, and no newer document has the call. */
export const isBeingTransferred = (call: CallRecord): boolean => call.transfer?.state === 'asked' && call.transfer.epoch >= call.epoch;
