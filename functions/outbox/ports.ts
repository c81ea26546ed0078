// What the outbox needs from the outside: where messages are kept, how a delivery is set going, and the business's endpoint.
import type { ViewDeps } from '#calls/lead-view.ts';
import type { Clock } from '#calls/ports.ts';
import type { MessageState, OutboxMessage } from './message.ts';

export interface OutboxStore {
  /** Keeps a new message; `false` when there is one with this id already, which stays as it is. */
  add(message: OutboxMessage): Promise<boolean>;
  message(id: string): Promise<OutboxMessage | undefined>;
  /** Pending and held messages of a lead, lowest sequence first; the first ones when there are many. */
  undelivered(leadId: string): Promise<OutboxMessage[]>;
  /** The last message of a lead, whatever became of it. */
  last(leadId: string): Promise<OutboxMessage | undefined>;
  /** Writes `next` with the next revision, only if `was` is still what is kept. */
  replace(was: OutboxMessage, next: OutboxMessage): Promise<boolean>;
  /** Newest first. Throws VisibleError for a cursor that is not its own. */
  list(query: { state?: MessageState; cursor?: string; limit: number }): Promise<{ messages: OutboxMessage[]; cursor: string | null }>;
  /** Pending messages whose time has come, the longest overdue first. */
  due(now: string, limit: number): Promise<OutboxMessage[]>;
}

/**
 * Says that a lead has something to deliver. The queue hands out one nudge of a lead at a time. `once`: the same word within five
 * minutes may count as the same nudge.
 */
export interface OutboxQueue {
  nudge(leadId: string, once: string): Promise<void>;
}

export type Answer =
  | { kind: 'answered'; status: number; retryAfter: string | null; ms: number }
  /** `reason`: a sentence for people, without the address. */
  | { kind: 'no-answer'; reason: string; ms: number };

export interface Endpoint {
  /** Posts once and waits 10 s at most. Never throws for anything that the endpoint or the network did. */
  post(id: string, body: string, at: Date): Promise<Answer>;
}

/** Where outcomes go, or why they cannot go anywhere. Asked before each delivery: it may be configured while messages wait. */
export type Destination = () => Promise<Endpoint | { missing: string }>;

export interface DeliverDeps extends ViewDeps {
  outbox: OutboxStore;
  outboxQueue: OutboxQueue;
  destination: Destination;
  clock: Clock;
  /** 0 up to 1; spreads tries that failed together. */
  random: () => number;
  /** Hears what became of a message after each try. */
  tried?: (message: OutboxMessage) => void;
}
