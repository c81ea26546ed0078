// What a simulated Twilio can be told at its start, and what it assumes otherwise.
import type { Script, Utterance } from '#local/people/caller.ts';
import { type Clock, systemClock } from '#local/people/clock.ts';
import { type Story, tellStories } from '#local/people/stories.ts';
import { recordedVoice } from '#local/people/voice.ts';

export type TwilioOptions = {
  accountSid: string;
  authToken: string;
  /** API keys (SK… to secret) that may use the REST API; they never sign. */
  apiKeys?: Record<string, string>;
  /** 0, the default, takes any free port. */
  port?: number;
  host?: string;
  /** The account's own numbers, E.164; without them every well-formed From is accepted. */
  numbers?: string[];
  /** Calls started in a second; more than that wait in status queued. Twilio's default is 1. */
  callsPerSecond?: number;
  /** REST requests served at once; more get 429 with code 20429. */
  restConcurrency?: number;
  /** A new call is missing in lists for so long: Twilio's lists are eventually consistent. */
  listLagMs?: number;
  /** From initiated to ringing. */
  dialMs?: number;
  /** From ringing to the answer, or to busy. */
  ringMs?: number;
  /** Shortens the ringing of a phone that nobody answers; the call's own Timeout still holds when it is shorter. */
  noAnswerMs?: number;
  /** How long machine detection takes to decide on a person or machine_start. */
  amdMs?: number;
  /** How long story 12 keeps the client waiting before the socket is destroyed. */
  lostAnswerMs?: number;
  /** What story 19 adds to each answer, callback and connection. */
  slowMs?: number;
  /** How long an ordinary person stays on a silent line. */
  patienceMs?: number;
  /** What people who ring in reach: the number's voice URL, its fallback and its status callback, as in the console. */
  voiceUrl?: string;
  voiceFallbackUrl?: string;
  numberStatusCallback?: string;
  /** Chooses the story by number (default: its last two digits). */
  story?: (number: string) => Story | undefined;
  /** Chooses the script of a call's person, before the story's own. */
  caller?: (call: { sid: string; to: string; from: string; direction: string }) => Script | undefined;
  /** Clips by name (default: local/speech). */
  voice?: (name: string) => Utterance;
  /** Sign the stream handshake over the URL with a trailing slash, as is sometimes seen. */
  handshakeSlash?: boolean;
  /** How many ended calls are remembered, and how many of them with their audio. */
  keepCalls?: number;
  keepAudio?: number;
  clock?: Clock;
  log?: (line: string) => void;
};

export type Settings = Required<Omit<TwilioOptions, 'numbers' | 'voiceUrl' | 'voiceFallbackUrl' | 'numberStatusCallback' | 'story'>> & {
  numbers: readonly string[] | null;
  voiceUrl: string | null;
  voiceFallbackUrl: string | null;
  numberStatusCallback: string | null;
  story: (number: string) => Story;
};

export const settle = (options: TwilioOptions): Settings => {
  const defaults = {
    apiKeys: {}, port: 0, host: '127.0.0.1', callsPerSecond: 1, restConcurrency: 100, listLagMs: 0, dialMs: 150, ringMs: 1500,
    noAnswerMs: 20_000, amdMs: 2000, lostAnswerMs: 20_000, slowMs: 2000, patienceMs: 20_000, caller: () => undefined,
    handshakeSlash: false, keepCalls: 1000, keepAudio: 100, clock: systemClock, log: () => {},
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as TwilioOptions;
  const tell = tellStories(given.patienceMs ?? defaults.patienceMs);
  return {
    ...defaults,
    ...given,
    voice: given.voice ?? recordedVoice(),
    numbers: given.numbers ?? null,
    voiceUrl: given.voiceUrl ?? null,
    voiceFallbackUrl: given.voiceFallbackUrl ?? null,
    numberStatusCallback: given.numberStatusCallback ?? null,
    story: (number) => given.story?.(number) ?? tell(number),
  };
};
