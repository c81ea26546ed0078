// One call as the carrier keeps it, and the carrier itself: the records that REST, switch, flows and callbacks share.
import type { Caller } from '#local/people/caller.ts';
import type { Line } from '#local/people/line.ts';
import type { Story } from '#local/people/stories.ts';
import type { Flow } from './applets.ts';
import type { Frame, Heard } from './heard.ts';
import type { Notices } from './notices.ts';
import type { Settings } from './settings.ts';
import { newSid } from './sid.ts';
import type { StreamReport } from './stream-report.ts';

/** How a call is shown by the API. `in-progress` is also what it says while the phone has not even rung. */
export type Status = 'queued' | 'in-progress' | 'completed' | 'failed' | 'busy' | 'no-answer' | 'canceled';

export type CallbackEvent = 'ringing' | 'answered' | 'terminal';

export type CallRequest = {
  flow: Flow;
  flowId: string | null;
  /** Numbers of a two-number call: the second one. */
  to: string | null;
  customField: string | null;
  /** `events` null: nothing was asked for, so the end is told with four fields. */
  statusCallback: { url: string; events: readonly CallbackEvent[] | null; contentType: 'multipart' | 'json' } | null;
  timeoutSeconds: number;
  timeLimitSeconds: number;
  record: boolean;
  channels: 1 | 2;
};

/** One telephone of a call: the first is the person who was rung or who rang, others were dialled by Connect. Null: not attempted. */
export type Leg = { number: string; status: Status | null; answeredAt: Date | null; endedAt: Date | null; machine: boolean };

/** What flows have found out so far; the next Passthru is told. */
export type Findings = { digits: string | null; dial: { status: string; seconds: number; number: string } | null; stream: StreamReport | null; recorded: boolean };

export type Call = {
  sid: string;
  /** The person's number and ours, E.164. */
  number: string;
  exophone: string;
  direction: 'inbound' | 'outbound-api';
  phase: 'dialling' | 'ringing' | 'talking' | 'over';
  status: Status;
  request: CallRequest;
  story: Story;
  createdAt: Date;
  answeredAt: Date | null;
  endedAt: Date | null;
  updatedAt: Date;
  endedBy: 'caller' | 'flow' | 'carrier' | null;
  line: Line | null;
  caller: Caller | null;
  heard: Heard | null;
  /** Gives a stream's next 20 ms to `heard`. */
  offer: (frame: Frame) => void;
  legs: Leg[];
  findings: Findings;
  streams: StreamReport[];
  /** Stops the unidirectional stream that runs beside the flow. */
  stopFork: (() => void) | null;
  socketDropped: boolean;
  recording: Recording | null;
  journal: { at: string; event: string; detail: unknown }[];
  /** Callbacks held back by story 10. */
  held: (() => Promise<void>)[];
  running: Set<Promise<void>>;
  over: AbortController;
};

/** `wav` is made when it is asked for: encoding minutes of sound at a call's end would hold up the frames of all others. */
export type Recording = { callSid: string; wav: () => Buffer };

export type Carrier = {
  settings: Settings;
  notices: Notices;
  calls: Map<string, Call>;
  /** Where the API is reached, without a slash at the end. */
  baseUrl: string;
  /** Numbers that rang in: a register of do-not-disturb does not hold for them. */
  rangIn: Set<string>;
  streamsOpen: number;
  stopping: AbortController;
  running: Set<Promise<void>>;
};

export const isOver = (call: Call): boolean => call.phase === 'over';

export const tell = (carrier: Carrier, call: Call, event: string, detail: unknown = null): void => {
  call.journal.push({ at: carrier.settings.clock.date().toISOString(), event, detail });
};

/** Starts work that nobody awaits; what goes wrong in it is a notice, and stop() waits for it. */
export const runs = (carrier: Carrier, work: Promise<unknown>, call?: Call): void => {
  const guard = async (): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (carrier.stopping.signal.aborted) return;
      carrier.notices.note('error', 'simulator', `the simulated network failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`, call?.sid);
    } finally {
      carrier.running.delete(guarded);
      call?.running.delete(guarded);
    }
  };
  const guarded = guard();
  carrier.running.add(guarded);
  call?.running.add(guarded);
};

export const newCall = (carrier: Carrier, of: Pick<Call, 'number' | 'exophone' | 'direction' | 'request'>): Call => {
  const now = carrier.settings.clock.date();
  const leg: Leg = { number: of.number, status: 'in-progress', answeredAt: null, endedAt: null, machine: false };
  const call: Call = {
    ...of, sid: newSid(), phase: 'dialling', status: carrier.settings.firstStatus, story: carrier.settings.story(of.number), createdAt: now, answeredAt: null,
    endedAt: null, updatedAt: now, endedBy: null, line: null, caller: null, heard: null, offer: () => {}, legs: [leg],
    findings: { digits: null, dial: null, stream: null, recorded: false }, streams: [], stopFork: null, socketDropped: false, recording: null, journal: [],
    held: [], running: new Set(), over: new AbortController(),
  };
  carrier.calls.set(call.sid, call);
  return call;
};

/** Old calls are forgotten, and before that their audio: the network may run for days. */
export const forgetOld = (carrier: Carrier): void => {
  const ended = [...carrier.calls.values()].filter(isOver);
  const { keepCalls, keepAudio } = carrier.settings;
  for (const call of ended.slice(0, Math.max(0, ended.length - keepAudio))) {
    call.line = null;
    call.heard = null;
    call.recording = null;
  }
  for (const call of ended.slice(0, Math.max(0, ended.length - keepCalls))) carrier.calls.delete(call.sid);
};

/** Whole seconds from answer to end; 0 for what nobody answered. */
export const talkSeconds = (of: Pick<Leg, 'answeredAt' | 'endedAt'>, now: Date): number =>
  of.answeredAt ? Math.max(0, Math.round(((of.endedAt ?? now).getTime() - of.answeredAt.getTime()) / 1000)) : 0;

/** Where a call's recording is fetched. The real host is recordings.exotel.com, with the same path. */
export const recordingUrl = (carrier: Carrier, call: Call): string =>
  `${carrier.baseUrl}/exotelrecordings/${carrier.settings.accountSid}/${call.sid}.mp3`;
