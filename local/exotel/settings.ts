// What a simulated Exotel can be told at its start, and what it assumes otherwise.
import type { Script, Utterance } from '#local/people/caller.ts';
import { type Clock, systemClock } from '#local/people/clock.ts';
import { type Story, tellStories } from '#local/people/stories.ts';
import { recordedVoice } from '#local/people/voice.ts';
import type { Flow } from './applets.ts';
import { readNumber } from './numbers.ts';
import { type Dialect, usualDialect } from './stream-messages.ts';

/** One of the account's numbers and what people who ring it reach: a flow by its id, or a legacy XML document's URL. */
export type Exophone = { number: string; flow?: string; exoml?: string };

export type ExotelOptions = {
  accountSid: string;
  apiKey: string;
  apiToken: string;
  /** `+91…` or `0XXXXXXXXXX`; plain text is a number that nobody can ring. */
  exophones: readonly (string | Exophone)[];
  /** The flows of the dashboard, by id. */
  flows?: Record<string, Flow>;
  /** 0, the default, takes any free port. */
  port?: number;
  host?: string;
  /** Connect requests in any minute; more get 429. */
  callsPerMinute?: number;
  /** Whether 429 carries Retry-After: only one page of uncertain standing says so. */
  retryAfter?: boolean;
  /** False: the account may not dial (403), has no money (402), or has no AgentStream (403). */
  kyc?: boolean;
  funded?: boolean;
  agentStream?: boolean;
  /** Streams at once; one more fails. */
  streamLimit?: number;
  /** Numbers on the do-not-disturb register: refused with 403 unless whitelisted, or unless they rang an ExoPhone before. */
  dnd?: readonly string[];
  whitelist?: readonly string[];
  /** The status in the answer to connect. */
  firstStatus?: 'in-progress' | 'queued';
  /** A new call is missing in lists for so long. */
  listLagMs?: number;
  /** EndTime, Duration and Price of a call that is over appear after so long. */
  settleMs?: number;
  /** From the connect request to ringing; from ringing to the answer; how long a phone rings that nobody answers. */
  dialMs?: number;
  ringMs?: number;
  noAnswerMs?: number;
  /** How long story 12 keeps the client waiting before the socket is destroyed. */
  lostAnswerMs?: number;
  /** What story 19 adds to each answer, callback and connection. */
  slowMs?: number;
  /** How long an ordinary person stays on a silent line. */
  patienceMs?: number;
  /** How a StatusCallback is written whatever the request asked for (default: as asked, multipart otherwise). */
  callbackBody?: 'as-asked' | 'multipart' | 'urlencoded' | 'json';
  /** Four fields whatever was asked for, or all when StatusCallbackEvents asked for events. */
  callbackFields?: 'by-events' | 'four';
  /** When a callback that failed is sent again. */
  callbackRetriesMs?: readonly number[];
  /** How the media socket's messages are written (see stream-messages.ts). */
  dialect?: Partial<Dialect>;
  /** Milliseconds of the caller's voice in one media message: 20, 100 or 200. */
  chunkMs?: number;
  /** Chunks under 3,200 bytes: played with a warning (as is seen in the wild), or dropped (as is documented). */
  shortChunks?: 'play' | 'drop';
  /** What becomes of marks that a clear overtakes: nobody has documented it. */
  marksAfterClear?: 'dropped' | 'echoed';
  /** Whether `sample-rate` is one of a stream URL's three parameters, and whether it comes back in custom_parameters. */
  sampleRateCounts?: boolean;
  sampleRateEchoed?: boolean;
  /** `To` in Passthru's parameters, when it is not the ExoPhone (as seen since 2025); `CallTo` always is. */
  landingNumber?: string;
  /** Whether recordings want the API's credentials. */
  recordingAuth?: boolean;
  /** The account's zone, minutes east of Greenwich (default: India). */
  utcOffsetMinutes?: number;
  /** Chooses the story by number (default: its last two digits). */
  story?: (number: string) => Story | undefined;
  /** Chooses the script of a person who is on the line, before the story's own. */
  caller?: (who: { callSid: string; number: string; leg: number }) => Script | undefined;
  /** Clips by name (default: local/speech). */
  voice?: (name: string) => Utterance;
  /** How many ended calls are remembered, and how many of them with their audio. */
  keepCalls?: number;
  keepAudio?: number;
  clock?: Clock;
  log?: (line: string) => void;
};

export type Settings = Required<Omit<ExotelOptions, 'exophones' | 'dialect' | 'landingNumber' | 'story' | 'dnd' | 'whitelist'>> & {
  exophones: ReadonlyMap<string, Exophone>;
  dialect: Dialect;
  landingNumber: string | null;
  dnd: ReadonlySet<string>;
  whitelist: ReadonlySet<string>;
  story: (number: string) => Story;
};

const wanted = (text: string): string => {
  const number = readNumber(text);
  if (number === null) throw new RangeError(`not a number that Exotel knows: ${text} (0 and ten digits, or E.164)`);
  return number;
};

/** Throws RangeError for a number of no known form, and for an ExoPhone whose flow does not exist. */
export const settle = (options: ExotelOptions): Settings => {
  const defaults = {
    flows: {}, port: 0, host: '127.0.0.1', callsPerMinute: 200, retryAfter: false, kyc: true, funded: true, agentStream: true, streamLimit: 100,
    firstStatus: 'in-progress' as const, listLagMs: 0, settleMs: 120_000, dialMs: 150, ringMs: 1500, noAnswerMs: 20_000, lostAnswerMs: 20_000, slowMs: 2000,
    patienceMs: 20_000, callbackBody: 'as-asked' as const, callbackFields: 'by-events' as const,
    // 5 minutes, then 15 more.
    callbackRetriesMs: [300_000, 900_000],
    chunkMs: 100, shortChunks: 'play' as const, marksAfterClear: 'dropped' as const, sampleRateCounts: true, sampleRateEchoed: false, recordingAuth: true,
    utcOffsetMinutes: 330, caller: () => undefined, keepCalls: 1000, keepAudio: 100, clock: systemClock, log: () => {},
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ExotelOptions;
  const tell = tellStories(given.patienceMs ?? defaults.patienceMs);
  const exophones = given.exophones.map((one) => (typeof one === 'string' ? { number: one } : one)).map((one) => ({ ...one, number: wanted(one.number) }));
  const astray = exophones.find((one) => one.flow !== undefined && !given.flows?.[one.flow]);
  if (astray) throw new RangeError(`no flow has the id ${astray.flow}`);
  return {
    ...defaults,
    ...given,
    voice: given.voice ?? recordedVoice(),
    exophones: new Map(exophones.map((one) => [one.number, one])),
    dialect: { ...usualDialect, ...given.dialect },
    landingNumber: given.landingNumber ?? null,
    dnd: new Set((given.dnd ?? []).map(wanted)),
    whitelist: new Set((given.whitelist ?? []).map(wanted)),
    story: (number) => given.story?.(number) ?? tell(number),
  };
};
