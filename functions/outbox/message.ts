// One outcome on its way to the CRM: what is kept of it, and the id by which the CRM knows it again. Nothing personal is in it:
// the outcome itself is read from the store when it is sent, so that what was erased meanwhile is never delivered.
import { dispositions, leadStatuses, type Disposition, type LeadStatus } from '#calls/lead.ts';

/** pending: to be delivered, or to be tried again · held: there is nowhere to deliver it to · dead: given up; replay sends it again. */
export const messageStates = ['pending', 'held', 'delivered', 'dead'] as const;
export type MessageState = (typeof messageStates)[number];

/** One POST and what came of it. Of the answer's body nothing is kept: it may repeat what was sent. */
export interface Try {
  /** ISO 8601. */
  at: string;
  /** HTTP status; null when no answer came. */
  status: number | null;
  /** Why it did not count as delivered; null when it did. */
  reason: string | null;
  /** Until the answer's head, or until it was given up. */
  ms: number;
}

export interface OutboxMessage {
  id: string;
  leadId: string;
  /** Grows with each message of a lead: it is the lead's version. Numbers may be left out. */
  sequence: number;
  /** When the lead came to this, ISO 8601. */
  occurredAt: string;
  status: LeadStatus;
  disposition: Disposition;
  /** The lead was erased: this message says that, and no more. */
  erased: boolean;
  state: MessageState;
  /** With `pending`: not before this time. Else null. */
  nextAt: string | null;
  /** When the present row of tries began; the day within which it must succeed counts from here. */
  firstTriedAt: string | null;
  /** How many tries the present row has had. */
  tries: number;
  /** The latest tries, oldest first, those before a replay included. */
  lastTries: Try[];
  /** Why it is held or dead, or why it waits for another try. */
  reason: string | null;
  deliveredAt: string | null;
  replays: number;
  /** Counts the writes; a write holds only against the revision that it read. */
  revision: number;
}

/** How long a message is kept, delivered or not. */
export const KEPT_DAYS = 90;
export const TRIES_KEPT = 10;

/** `msg_<the lead's own part>_<sequence>`: the same outcome has the same id whoever writes it down, however often. */
export const messageIdOf = (leadId: string, sequence: number): string => `msg_${leadId.slice('lead_'.length)}_${sequence}`;

const shape = /^msg_([0-9A-HJKMNP-TV-Z]{26})_([1-9]\d{0,8})$/;

/** The parts of a message id, or undefined when the text is not one. */
export const readMessageId = (text: string): { leadId: string; sequence: number } | undefined => {
  const parts = shape.exec(text);
  return parts ? { leadId: `lead_${parts[1]}`, sequence: Number(parts[2]) } : undefined;
};

/** What the CRM needs to be told, as far as it shows in the lead's own record. */
export interface LeadFacts {
  status: LeadStatus;
  disposition: Disposition | null;
  summary: string | null;
  version: number;
}

/** One change of a lead's record, as the table's stream tells it. */
export interface LeadChange {
  leadId: string;
  /** ISO 8601. */
  at: string;
  before: LeadFacts | undefined;
  after: LeadFacts | undefined;
  /** The record went because its time was over, not because somebody erased it. */
  expired: boolean;
}

export const readStatus = (text: unknown): LeadStatus | undefined => leadStatuses.find((status) => status === text);
export const readDisposition = (text: unknown): Disposition | null => dispositions.find((disposition) => disposition === text) ?? null;

export const newMessage = (leadId: string, sequence: number, more: Pick<OutboxMessage, 'occurredAt' | 'status' | 'disposition' | 'erased'>, now: string): OutboxMessage => ({
  id: messageIdOf(leadId, sequence), leadId, sequence, ...more, state: 'pending', nextAt: now, firstTriedAt: null, tries: 0, lastTries: [], reason: null,
  deliveredAt: null, replays: 0, revision: 1,
});
