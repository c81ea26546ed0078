// What the domain needs from the outside. store/, carriers/ and the composition roots provide it; tests bring memory versions.
import type { CallEvent, CallRecord, CallStatus, NewCall, Turn } from './call.ts';
import type { AttemptRecord, CarrierName, Consent, Disposition, LeadRecord, LeadStatus, Step } from './lead.ts';
import type { Decision } from './permission.ts';

export interface Clock {
  now(): Date;
}

/** A number that we may not dial, and why. */
export interface Suppression {
  /** E.164; null once its person was erased: the entry goes on under the number's pseudonym alone. */
  phone: string | null;
  reason: 'opt-out' | 'carrier-dnd' | 'console' | 'api' | 'crm';
  at: string;
  note: string | null;
}

/** As the list shows it. */
export interface ListedSuppression extends Suppression {
  /** Tells entries apart whose number was erased (phoneMark). */
  mark: string;
}

/** A counter with a ceiling. Amounts are counted in whole units (calls, cents); `expiresAt` is when the window is over. */
export interface Cap {
  key: string;
  amount: number;
  limit: number;
  expiresAt: string;
}

/** Everything that one accepted enquiry writes, in one transaction. */
export interface NewEnquiry {
  lead: LeadRecord;
  attempt: AttemptRecord;
  /** The enquiry is this one: the same key again is answered with the lead that the first one made. */
  idempotencyKey: string;
  /** SHA-256 of what was asked; the same key with another content is a conflict. */
  fingerprint: string;
  expiresAt: string;
}

export interface LeadStore {
  /** What an earlier enquiry with this key made. */
  enquiry(idempotencyKey: string, now: string): Promise<{ leadId: string; fingerprint: string; status: LeadStatus } | undefined>;
  /** Writes all or nothing; `false` when the key is already taken (then read it again). */
  createEnquiry(enquiry: NewEnquiry): Promise<boolean>;
  lead(leadId: string): Promise<LeadRecord | undefined>;
  attempts(leadId: string): Promise<AttemptRecord[]>;
  attempt(attemptId: string): Promise<AttemptRecord | undefined>;
  /** Leads that asked for this number to be called, newest first. `numberKey`: phoneKey of it. */
  leadsOf(numberKey: string, limit: number): Promise<string[]>;
  /** Adds attempt number n+1; `false` when it exists already, or when the lead was erased. */
  createAttempt(attempt: AttemptRecord): Promise<boolean>;
  /** Moves an attempt, only if it is still in one of `from`; appends the step. Undefined when it was not. */
  moveAttempt(attemptId: string, from: AttemptRecord['state'][], change: AttemptChange, step: Step): Promise<AttemptRecord | undefined>;
  /** Takes a ready attempt for dialling, once: state `dialling`, and the dial noted against the number. Undefined when it was not ready. */
  claimAttempt(attemptId: string, phone: string, at: string): Promise<AttemptRecord | undefined>;
  /** Writes what follows from attempts and calls, only against the version read. `false`: somebody was faster, read again. */
  settleLead(leadId: string, version: number, change: { status: LeadStatus; disposition: Disposition | null; summary: string | null }): Promise<boolean>;
  /** Newest first. */
  list(query: { status?: LeadStatus; cursor?: string; limit: number }): Promise<{ leads: LeadRecord[]; cursor: string | null }>;
  /** Attempts that want somebody's attention: due by `before`, in one of the states that can still move. */
  attemptsDue(before: string, limit: number): Promise<AttemptRecord[]>;
  /**
   * When this number was dialled, newest first, for frequency caps. An attempt that is dialled again rang no phone before, so its
   * own earlier dials are left out by naming it.
   */
  dialledAt(phone: string, since: string, except?: string): Promise<string[]>;
}

export type AttemptChange = Partial<Pick<AttemptRecord, 'state' | 'dueAt' | 'reason' | 'decision' | 'callSid' | 'claimedAt' | 'carrier' | 'askedAt' | 'askedOn'>>;

export interface SuppressionStore {
  suppression(phone: string): Promise<Suppression | undefined>;
  /** The first reason stays. Where the lead that it comes from was erased meanwhile, the number itself is not written. */
  suppress(suppression: Suppression & { phone: string }, leadId?: string): Promise<void>;
  unsuppress(phone: string): Promise<void>;
  suppressions(query: { cursor?: string; limit: number }): Promise<{ suppressions: ListedSuppression[]; cursor: string | null }>;
  /** Takes the number and the note out of an entry, which goes on to hold. True when there is one. */
  forgetNumber(numberKey: string): Promise<boolean>;
}

export interface CapStore {
  /** Adds to every counter or, when one would pass its limit, to none; says which one was full. Safe against concurrency. */
  reserve(caps: Cap[]): Promise<{ full: Cap | undefined }>;
  giveBack(caps: Cap[]): Promise<void>;
}

export interface CallStore {
  /**
   * Creates the call's record if it does not exist. Doing it again changes nothing, but for the carrier and its number (`carrier`, `from`)
   * of a call that no carrier's call is bound to: its attempt went over to another carrier before anything was placed. `false`: its lead
   * was erased, and nothing is written.
   */
  open(call: NewCall, at: string): Promise<boolean>;
  call(callId: string): Promise<CallRecord | undefined>;
  /** Our call behind the carrier's id. */
  callIdOf(carrier: CarrierName, callSid: string): Promise<string | undefined>;
  /**
   * Binds the carrier's id to the call and returns the record, in one conditional write: all that an answer document may cost.
   * 'other': the call already has another callSid; 'none': there is no such call.
   */
  adopt(callId: string, callSid: string): Promise<CallRecord | 'other' | 'none'>;
  /** Binds the carrier's id to the call, both ways. 'other': the call already has another, or the id belongs to another call. */
  bind(callId: string, carrier: CarrierName, callSid: string): Promise<'bound' | 'other'>;
  /** Inbound calls of this number, newest first. */
  callsOf(numberKey: string, limit: number): Promise<string[]>;
  /**
   * Keeps the event (a repeat changes nothing) and folds all events into the record, which it returns. Of a call that was erased,
   * only what is not personal is kept.
   */
  append(callId: string, event: CallEvent): Promise<CallRecord>;
  events(callId: string): Promise<CallEvent[]>;
  /** Writes or replaces a turn; writes nothing once the call was erased. */
  putTurn(callId: string, turn: Turn): Promise<void>;
  turns(callId: string): Promise<Turn[]>;
  /** Calls that have not come to an end and whose last news is older than `before`. */
  openCalls(before: string, limit: number): Promise<CallRecord[]>;
}

/** One-time use of stream tickets. */
export interface TicketRegister {
  /** True for the first caller with this id, false for every later one. Forgotten after `expiresAt`. */
  use(ticketId: string, expiresAt: string): Promise<boolean>;
}

/** What the dialer asks the carrier for. The carrier's client adds its own addresses, which carry the attempt id. */
export interface DialOrder {
  attemptId: string;
  callId: string;
  to: string;
  /** How long the phone may ring. */
  ringSeconds: number;
  /** How long the call may last. */
  limitSeconds: number;
}

export type DialOutcome =
  | { outcome: 'placed'; callSid: string; status: CallStatus }
  /**
   * The carrier said no; asking again in the same way would be answered in the same way. `account`: it would say so to every call of
   * this account (credentials, balance, KYC), whatever the number.
   */
  | { outcome: 'refused'; code: string; reason: string; doNotDisturb: boolean; account?: boolean }
  /** Certainly not placed: too many requests, or the carrier could not be reached at all (`unreachable`). */
  | { outcome: 'not-now'; retryAfterMs: number; reason: string; unreachable?: boolean }
  /** Nobody knows whether a phone is ringing. */
  | { outcome: 'unknown'; reason: string };

/** A call as the carrier tells it when asked. */
export interface CarrierCall {
  callSid: string;
  status: CallStatus;
  /** When the carrier took the request for it. */
  createdAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
  durationSeconds: number | null;
  answeredBy: string | null;
  cost: string | null;
}

export interface Carrier {
  readonly name: CarrierName;
  /** Our caller id, E.164. */
  readonly from: string;
  /** Asks once. Never throws for anything that the carrier or the network did. */
  place(order: DialOrder): Promise<DialOutcome>;
  /** Calls to this number since then, for reconciliation. Throws UpstreamError. */
  callsTo(to: string, since: string): Promise<CarrierCall[]>;
  /** Throws UpstreamError; undefined when the carrier does not know it. */
  call(callSid: string): Promise<CarrierCall | undefined>;
  /**
   * Ends a live call; a call that is over already is no error. Throws UpstreamError. Where a carrier has no such request (Exotel), it does
   * nothing: the end reason is in the record, and the relay, which looks there, closes the stream.
   */
  hangUp(callSid: string): Promise<void>;
  /** Deletes a recording for good; one that is gone already is no error. Throws UpstreamError. */
  deleteRecording?(recordingSid: string): Promise<void>;
}

export interface DialQueue {
  /** `turnAt`: ISO time of the turn at the carrier that this message already holds. */
  send(message: DialMessage, delaySeconds?: number): Promise<void>;
}

export interface DialMessage {
  attemptId: string;
  turnAt?: string;
}

/** A call that was just placed: its phone is about to ring. */
export interface ExpectedCall {
  callId: string;
  carrier: CarrierName;
  callSid: string;
  leadId: string;
  placedAt: string;
  /** ISO 8601; the phone does not ring any more after this. */
  until: string;
}

/** Tells whoever readies an agent while the phone rings. Does not reject: the call is talked in without it. */
export interface Expectations {
  expect(call: ExpectedCall): Promise<void>;
}

/** Named one-time schedules: the same attempt scheduled twice is scheduled once. */
export interface DialSchedule {
  at(attemptId: string, when: string): Promise<void>;
  cancel(attemptId: string): Promise<void>;
}

/** How a carrier has been doing of late, as all dialers know it; kept by breaker.ts. */
export interface CarrierHealth {
  /** Failures without a success between them. */
  failures: number;
  /** ISO 8601. */
  lastFailureAt: string;
  /** Not asked before this, but for one dialer at a time that tries; null while failures are few. */
  restsUntil: string | null;
}

export interface HealthStore {
  health(carrier: CarrierName): Promise<CarrierHealth | undefined>;
  /** Writes only over what was read (`undefined`: nothing); `next` undefined forgets. `false`: somebody was faster. */
  setHealth(carrier: CarrierName, seen: CarrierHealth | undefined, next: CarrierHealth | undefined): Promise<boolean>;
}

/** Turns at the carrier's calls-per-second, across all dialers. */
export interface Pace {
  /** Takes the next free turn; returns how long to wait for it, in ms (0: now). */
  turn(carrier: CarrierName): Promise<number>;
}

/** A lead whose erasure has begun: `lead` finds it no more, and nothing personal can be written to it or its calls. */
export interface BegunErasure {
  leadId: string;
  erasedAt: string;
}

/** What was taken out of one call. */
export interface ErasedCall {
  /** The record as it is now, without anything personal. */
  call: CallRecord;
  /** Names of its recordings at the carrier. */
  recordings: string[];
  turns: number;
}

export interface ErasureStore {
  /** Replaces lead and consent by what proves them (hash and time); undefined when there never was such a lead. Repeating it is fine. */
  begin(leadId: string, at: string): Promise<BegunErasure | undefined>;
  /** Takes what is personal out of a call and deletes its transcript; undefined when there is no such call. Repeating it is fine. */
  eraseCall(callId: string, at: string): Promise<ErasedCall | undefined>;
  /**
   * Ends a begun erasure: attempts lose their words, and what led to the lead by number or key is deleted. When no other lead has
   * the number, a suppression of it keeps only its pseudonym. Repeating it is fine.
   */
  finish(begun: BegunErasure): Promise<void>;
}

/** Something at an outside service that has to be deleted there. */
export interface Forgettable {
  service: CarrierName | 'elevenlabs';
  kind: 'recording' | 'conversation';
  id: string;
}

/** What still has to be deleted elsewhere; the sweep tries until it is. */
export interface ForgetList {
  /** `dueAt`: when to try (again). Adding it twice is having it once. */
  add(item: Forgettable, dueAt: string): Promise<void>;
  due(before: string, limit: number): Promise<Forgettable[]>;
  done(item: Forgettable): Promise<void>;
}

/** One thing that a person did. Holds nothing personal, so that it outlives erasure. */
export interface AuditEntry {
  at: string;
  /** Who: `admin-token`, or `user:` and the subject of the gateway's token. */
  by: string;
  action: 'erase' | 'export' | 'suppress' | 'unsuppress' | 'retry' | 'reschedule' | 'cancel' | 'end-call' | 'switch';
  leadId: string | null;
  /** Counts and codes, for example { calls: 2, turns: 14 }. */
  facts: Record<string, string | number | boolean>;
}

export interface AuditTrail {
  note(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  entries(query: { cursor?: string; limit: number }): Promise<{ entries: AuditEntry[]; cursor: string | null }>;
}

/** The operator's switch: while it is off, nobody is dialled. On until somebody turns it off. */
export interface DiallingSwitch {
  dialling: boolean;
  /** Since when, and by whom; null while nobody has touched it. */
  at: string | null;
  by: string | null;
}

export interface SwitchStore {
  dialling(): Promise<DiallingSwitch>;
  setDialling(to: DiallingSwitch): Promise<void>;
}

/** What the numbers of a period are made from: never more than `most` of each, newest first. */
export interface StatsStore {
  /** Leads whose enquiry came in [from, to). */
  leadsBetween(from: string, to: string, most: number): Promise<Pick<LeadRecord, 'status' | 'disposition'>[]>;
  /** Calls that came to their end in [from, to). */
  callsBetween(from: string, to: string, most: number): Promise<Pick<CallRecord, 'direction' | 'status' | 'endReason' | 'latency'>[]>;
}

export type { CallRecord, Decision, LeadRecord, AttemptRecord, Consent };
