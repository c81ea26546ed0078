// A call's record as the fold of its events: the one place that says what callbacks in any order, twice or missing, come to.
import { createHash } from 'node:crypto';
import { documentOf, isTerminal, statusRank, type CallEvent, type CallRecord, type EndReason, type NewCall } from './call.ts';

/** The call before anything happened to it. */
export const newCallRecord = (call: NewCall, callSid: string | null = null): CallRecord => ({
  ...call, callSid, status: 'queued', statusSequence: null, endReason: null, endDetail: null, startedAt: null, answeredAt: null, endedAt: null,
  durationSeconds: null, conversationId: null, voiceId: null, recordingUrl: null, answeredBy: null, cost: null, disposition: null, summary: null,
  optedOut: false, callbackAsked: null, keyChosen: null, talked: false, epoch: -1, streamStarted: false, transfer: null,
  latency: { enquiryToDialMs: null, answerToFirstAudioMs: null, turnMs: [] }, eventCount: 0,
});

/**
 * The key under which an event is kept; two deliveries of one happening have one key. The carrier's sequence number names a
 * callback; without one, what it says does. `ended` has a constant key, so the first end reason written is the one kept; so has the outcome
 * of a transfer.
 */
export const eventKey = (event: CallEvent): string => {
  switch (event.kind) {
    case 'status': return event.sequence === null ? `status#${event.source}#${event.status}` : `status#${event.source}#${event.sequence}#${event.status}`;
    case 'document': case 'stream-started': case 'first-audio': return `${event.kind}#${event.epoch}`;
    // One stream may have a second conversation, where the first broke off.
    case 'agent-connected': return `${event.kind}#${event.epoch}#${event.conversationId}`;
    case 'transfer': return `transfer#${event.epoch}#${event.state === 'asked' ? 'asked' : 'outcome'}`;
    case 'stream-failed': return `stream-failed#${createHash('sha256').update(`${event.at}${event.detail}`).digest('hex').slice(0, 16)}`;
    case 'recording': return `recording#${event.recordingSid}`;
    case 'outcome': return `outcome#${event.source}`;
    case 'callback-asked': return event.by === 'agent' ? `callback-asked#agent#${event.at}` : 'callback-asked#key-1';
    case 'answered-by': case 'opt-out': case 'ended': case 'key-chosen': return event.kind;
  }
};

type Status = Extract<CallEvent, { kind: 'status' }>;

/** Order in which statuses count: rank, then the carrier's sequence (none counts least), then the earlier time, then the word, then who said it. */
const furtherStatus = (a: Status, b: Status): number =>
  statusRank[a.status] - statusRank[b.status]
  || (a.sequence ?? -1) - (b.sequence ?? -1)
  || b.at.localeCompare(a.at)
  || b.status.localeCompare(a.status)
  || a.source.localeCompare(b.source);

const earliest = (times: string[]): string | null => times.reduce<string | null>((least, t) => (least === null || t < least ? t : least), null);

type Transfer = Extract<CallEvent, { kind: 'transfer' }>;

/** The latest transfer, as far as it has come. */
const latestTransfer = (events: Transfer[]): CallRecord['transfer'] => {
  const epoch = Math.max(-1, ...events.map((event) => event.epoch));
  const of = events.filter((event) => event.epoch === epoch);
  const latest = of.find((event) => event.state !== 'asked') ?? of[0];
  return latest ? { state: latest.state, epoch } : null;
};

/** Why a call stopped, as far as the carrier's word alone tells; null where nothing stopped because nothing began. */
const reasonByCarrier = (status: CallRecord['status'], answered: boolean): EndReason | null => {
  if (status === 'failed') return 'carrier-failed';
  if (status === 'canceled') return 'operator';
  return status === 'completed' && answered ? 'caller-hung-up' : null;
};

/**
 * The record that these events make. Depends on the set of events only: order and repetition make no difference (repeats are
 * told apart by eventKey before they come here). Times are ISO 8601; durations seconds.
 */
export const foldCall = (base: CallRecord, events: CallEvent[]): CallRecord => {
  const of = <K extends CallEvent['kind']>(kind: K) => events.filter((e): e is Extract<CallEvent, { kind: K }> => e.kind === kind);
  const statuses = of('status').toSorted(furtherStatus);
  const last = statuses.at(-1);
  const status = last?.status ?? 'queued';
  const rankOf = (rank: number) => statuses.filter((s) => statusRank[s.status] === rank);
  const terminal = last && isTerminal(last.status) ? last : undefined;
  const started = of('stream-started');
  const connected = of('agent-connected').toSorted((a, b) => a.epoch - b.epoch || a.at.localeCompare(b.at) || a.conversationId.localeCompare(b.conversationId)).at(-1);
  const heard = of('first-audio').toSorted((a, b) => a.epoch - b.epoch)[0];
  const ended = of('ended')[0];
  const outcome = of('outcome').toSorted((a, b) => a.source.localeCompare(b.source)).at(-1) ?? null;
  const asked = of('callback-asked').toSorted((a, b) => a.at.localeCompare(b.at) || a.by.localeCompare(b.by)).at(-1);
  // What the whole talk was judged to be counts for more than one wish in it, if it could be judged; the wish for more than what was noted before it.
  const judged = outcome?.source === 'analysis' && outcome.disposition !== 'unknown';
  const told = asked && !judged ? ('callback' as const) : outcome?.disposition;
  const optOut = of('opt-out')[0];
  const recording = of('recording').toSorted((a, b) => a.recordingSid.localeCompare(b.recordingSid)).at(-1);
  const durationSeconds = statuses.findLast((s) => s.durationSeconds !== null && isTerminal(s.status))?.durationSeconds ?? null;
  // A lost `answered` callback: the call was answered all the same when it has a duration or its stream began.
  const answeredAt = earliest(rankOf(3).map((s) => s.at)) ?? earliest(started.map((s) => s.at))
    ?? (terminal?.status === 'completed' && durationSeconds !== null && durationSeconds > 0 ? new Date(Date.parse(terminal.at) - durationSeconds * 1000).toISOString() : null);
  const answeredBy = of('answered-by')[0]?.answeredBy ?? statuses.findLast((s) => s.answeredBy !== null)?.answeredBy ?? null;
  const voicemail = answeredBy !== null && /^(machine|fax)/.test(answeredBy) ? ('voicemail' as const) : null;
  const transfer = latestTransfer(of('transfer'));
  // Its stream ended on purpose, and no relay will say any more about the end of the call, unless the agent has it back.
  const handedOver = transfer !== null && !started.some(({ epoch }) => documentOf(epoch) > transfer.epoch);
  // Somebody who asked for a person and found none wants to be called by one.
  const unheard = terminal ? (transfer?.state === 'failed' ? ('callback' as const) : ('unknown' as const)) : null;
  const neverTalked = terminal && answeredAt === null ? ('unreachable' as const) : null;
  return {
    ...base,
    status,
    statusSequence: last?.sequence ?? null,
    endReason: ended?.endReason ?? (terminal && (started.length === 0 || handedOver || terminal.status !== 'completed') ? reasonByCarrier(terminal.status, answeredAt !== null) : null),
    endDetail: ended?.detail ?? null,
    startedAt: earliest(statuses.map((s) => s.at)),
    answeredAt,
    endedAt: terminal?.at ?? null,
    durationSeconds,
    conversationId: connected?.conversationId ?? null,
    voiceId: connected?.voiceId ?? null,
    recordingUrl: recording?.url ?? null,
    answeredBy,
    cost: statuses.findLast((s) => s.cost !== null)?.cost ?? null,
    disposition: optOut ? 'do-not-call' : (told ?? voicemail ?? neverTalked ?? unheard),
    summary: outcome?.summary ?? null,
    optedOut: optOut !== undefined,
    callbackAsked: asked ? { at: asked.at, dueAt: asked.dueAt } : null,
    keyChosen: of('key-chosen')[0]?.choice ?? null,
    talked: heard !== undefined,
    epoch: Math.max(-1, ...of('document').map((d) => d.epoch)),
    streamStarted: started.length > 0,
    transfer,
    latency: { enquiryToDialMs: statuses.find((s) => s.enquiryToDialMs !== undefined)?.enquiryToDialMs ?? null, answerToFirstAudioMs: heard?.sinceAnswerMs ?? null, turnMs: ended?.turnMs ?? [] },
    eventCount: events.length,
  };
};

/**
 * Nothing more is to be waited for: the line is down, and where a stream had begun, the relay has said how it ended. (When it
 * never says so, because its process died, the reconciler says it.)
 */
export const isConcluded = (call: CallRecord): boolean => isTerminal(call.status) && (!call.streamStarted || call.endReason !== null);
