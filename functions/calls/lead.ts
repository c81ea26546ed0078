// The lead, its consent and its attempts: the words that the whole house uses for them. Types only, and the id rule.
import type { Decision } from './permission.ts';

/** Every carrier that there is a folder for under carriers/. */
export const carrierNames = ['twilio', 'exotel'] as const;
export type CarrierName = (typeof carrierNames)[number];

export const leadStatuses = ['new', 'scheduled', 'dialling', 'in-call', 'reached', 'unreachable', 'refused', 'do-not-call'] as const;
export type LeadStatus = (typeof leadStatuses)[number];

export const dispositions = ['interested', 'callback', 'not-interested', 'wrong-number', 'voicemail', 'unreachable', 'do-not-call', 'unknown'] as const;
export type Disposition = (typeof dispositions)[number];

export const attemptStates = ['scheduled', 'ready', 'dialling', 'placed', 'unknown', 'failed', 'refused', 'cancelled'] as const;
export type AttemptState = (typeof attemptStates)[number];

/** What was agreed to, as evidence: the words shown, their SHA-256, when and from where. */
export interface Consent {
  text: string;
  /** SHA-256 of `text`, hex. */
  textHash: string;
  /** ISO 8601, UTC. */
  at: string;
  /** The address that the gateway vouches for. */
  ip: string | null;
  userAgent: string | null;
  formUrl: string | null;
}

/** The person we may call. */
export interface LeadRecord {
  leadId: string;
  name: string | null;
  /** E.164. */
  phone: string;
  interest: string | null;
  /** IANA zone that the form sent, if it is one. */
  timeZone: string | null;
  status: LeadStatus;
  disposition: Disposition | null;
  summary: string | null;
  consent: Consent;
  createdAt: string;
  /** Counts the writes of derived fields; a write holds only against the version that it read. */
  version: number;
}

/** One step in the life of an attempt, for the timeline. */
export interface Step {
  at: string;
  event: string;
  detail: string | null;
}

/** One decision to dial a lead. Exists before the carrier is asked; makes at most one call. */
export interface AttemptRecord {
  attemptId: string;
  leadId: string;
  carrier: CarrierName;
  state: AttemptState;
  /** When it should be dialled, ISO 8601. */
  dueAt: string;
  /** In words for people, why it is in this state (null while nothing needs saying). */
  reason: string | null;
  decision: Decision | null;
  /** Set once the carrier's call is known. */
  callSid: string | null;
  /** When the dialer that holds it claimed it (state dialling and after). */
  claimedAt: string | null;
  /** When a person asked for it. Such an attempt is made although the lead was reached before. */
  askedAt?: string;
  /** The call on which the person asked for it themself (or the one that it makes good for): that talk is no reason to call it off. */
  askedOn?: string;
  history: Step[];
}

/** What the history says of an attempt that the carrier took and, as its own list shows, never placed. */
export const neverPlaced = 'the carrier never placed it';

/**
 * Ids of one lead's attempts and calls follow from the lead's own, so that a callback that names an attempt finds everything
 * by keyed reads, and writing "the second attempt" twice is writing it once: lead_X, att_X_2, call_X_2.
 */
export const attemptIdOf = (leadId: string, number: number): string => `att_${leadId.slice('lead_'.length)}_${number}`;

const attemptShape = /^att_([0-9A-HJKMNP-TV-Z]{26})_([1-9][0-9]?)$/;
const outboundCallShape = /^call_([0-9A-HJKMNP-TV-Z]{26})_([1-9][0-9]?)$/;

/** The parts of an attempt id, or undefined when the text is not one. Number counts from 1. */
export const readAttemptId = (text: string): { leadId: string; number: number; callId: string } | undefined => {
  const parts = attemptShape.exec(text);
  return parts ? { leadId: `lead_${parts[1]}`, number: Number(parts[2]), callId: `call_${parts[1]}_${parts[2]}` } : undefined;
};

/** Attempts of one lead in the order in which they were made. */
export const inOrder = (attempts: AttemptRecord[]): AttemptRecord[] => attempts.toSorted((a, b) => readAttemptId(a.attemptId)!.number - readAttemptId(b.attemptId)!.number);

/** The attempt behind an outbound call's id; undefined for inbound calls and for anything else. */
export const attemptOfCall = (callId: string): string | undefined => {
  const parts = outboundCallShape.exec(callId);
  return parts ? `att_${parts[1]}_${parts[2]}` : undefined;
};
