// One call as the carrier keeps it, and the carrier itself: the records that REST, switch, documents and callbacks share.
import { createHash, randomBytes } from 'node:crypto';
import type { Caller } from '#local/people/caller.ts';
import type { Debugger } from './debugger.ts';
import type { Line } from '#local/people/line.ts';
import type { Settings } from './settings.ts';
import type { Story } from '#local/people/stories.ts';
import type { StreamReport } from './stream.ts';

export type Status = 'queued' | 'initiated' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled';
export const ENDED: readonly Status[] = ['completed', 'busy', 'failed', 'no-answer', 'canceled'];

export type Source = { url: string; method: string } | { twiml: string };

/** What a call was asked to be; absent means Twilio's default. */
export type CallRequest = {
  source: Source;
  fallback: { url: string; method: string } | null;
  statusCallback: { url: string; method: string; events: readonly string[] } | null;
  timeoutSeconds: number;
  timeLimitSeconds: number;
  sendDigits: string;
  record: { channels: 'mono' | 'dual'; callback: { url: string; method: string; events: readonly string[] } | null } | null;
  machineDetection: { mode: 'Enable' | 'DetectMessageEnd'; timeoutSeconds: number; asyncCallback: { url: string; method: string } | 'none' | null } | null;
};

export type Call = {
  sid: string;
  parentSid: string | null;
  to: string;
  from: string;
  direction: 'outbound-api' | 'inbound' | 'outbound-dial';
  status: Status;
  request: CallRequest;
  story: Story;
  createdAt: Date;
  startedAt: Date | null;
  answeredAt: Date | null;
  endedAt: Date | null;
  updatedAt: Date;
  queueMs: number;
  answeredBy: string | null;
  sipCode: number | null;
  sequence: number;
  line: Line | null;
  caller: Caller | null;
  streams: StreamReport[];
  /** The one bidirectional stream that a call may have. */
  streaming: boolean;
  socketDropped: boolean;
  /** Unidirectional streams by name, stopped by <Stop><Stream name>. */
  forks: Map<string, () => void>;
  journal: { at: string; event: string; detail: unknown }[];
  /** Status callbacks held back by story 10. */
  held: (() => Promise<void>)[];
  /** What still runs for this call: its documents, its person, its callbacks. */
  running: Set<Promise<void>>;
  /** Aborted, with the end status as reason's message, when the call is over. */
  over: AbortController;
  /** Ends the current verb and runs this instead; set while documents run. */
  redirect: ((to: Source) => void) | null;
};

/** `wav` is made when it is asked for: encoding minutes of sound at a call's end would hold up the frames of all others. */
export type Recording = { sid: string; callSid: string; createdAt: Date; seconds: number; channels: 1 | 2; source: string; wav: () => Buffer };

export type Carrier = {
  settings: Settings;
  debugger: Debugger;
  calls: Map<string, Call>;
  recordings: Map<string, Recording>;
  /** Where the REST API is reached, without a slash at the end: recordings are named under it. */
  baseUrl: string;
  /** Aborted when the whole network stops. */
  stopping: AbortController;
  /** What still runs (callbacks, calls), so that stopping can wait for it. */
  running: Set<Promise<void>>;
};

export const newSid = (prefix: string): string => prefix + randomBytes(16).toString('hex');

export const isOver = (call: Call): boolean => ENDED.includes(call.status);

export const tell = (carrier: Carrier, call: Call, event: string, detail: unknown = null): void => {
  call.journal.push({ at: carrier.settings.clock.date().toISOString(), event, detail });
};

/** Starts work that nobody awaits; what goes wrong in it is shown in the debugger, and stop() waits for it. */
export const runs = (carrier: Carrier, work: Promise<void>, call?: Call): void => {
  const guarded = work.catch((error: unknown) => {
    if (carrier.stopping.signal.aborted) return;
    carrier.debugger.note('error', 0, `the simulated network failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`,
      call ? { callSid: call.sid } : {});
  }).finally(() => {
    carrier.running.delete(guarded);
    call?.running.delete(guarded);
  });
  carrier.running.add(guarded);
  call?.running.add(guarded);
};

export const newCall = (carrier: Carrier, of: Pick<Call, 'to' | 'from' | 'direction' | 'request' | 'story'> & { parentSid?: string }): Call => {
  const now = carrier.settings.clock.date();
  const call: Call = {
    sid: newSid('CA'), parentSid: of.parentSid ?? null, to: of.to, from: of.from, direction: of.direction, status: 'queued', request: of.request,
    story: of.story, createdAt: now, startedAt: null, answeredAt: null, endedAt: null, updatedAt: now, queueMs: 0, answeredBy: null,
    sipCode: null, sequence: 0, line: null, caller: null, streams: [], streaming: false, socketDropped: false, forks: new Map(), journal: [],
    held: [], running: new Set(), over: new AbortController(), redirect: null,
  };
  carrier.calls.set(call.sid, call);
  return call;
};

/** Old calls are forgotten, and before that their audio: the network may run for days. */
export const forgetOld = (carrier: Carrier): void => {
  const ended = [...carrier.calls.values()].filter(isOver);
  const { keepCalls, keepAudio } = carrier.settings;
  for (const call of ended.slice(0, Math.max(0, ended.length - keepAudio))) call.line = null;
  for (const call of ended.slice(0, Math.max(0, ended.length - keepCalls))) {
    carrier.calls.delete(call.sid);
    for (const recording of carrier.recordings.values()) if (recording.callSid === call.sid) carrier.recordings.delete(recording.sid);
  }
};

/** The sid of one of the account's numbers: always the same for the same number. */
export const numberSid = (number: string): string => `PN${createHash('md5').update(number).digest('hex')}`;

/** RFC 2822 in UTC, as all dates of the 2010 API are written. */
export const rfc2822 = (date: Date): string => date.toUTCString().replace('GMT', '+0000');

/** Whole seconds from answer to end; 0 for a call that nobody answered. */
export const talkSeconds = (call: Call, now: Date): number =>
  call.answeredAt ? Math.max(0, Math.round(((call.endedAt ?? now).getTime() - call.answeredAt.getTime()) / 1000)) : 0;
