// Addresses for conversations, asked for ahead of need: a call that comes takes one, and its socket opens without a request before it.
// Made by relay/compose.ts, one for each agent; conversation.ts takes from it and asks by itself when there is none.
import type { Log } from '#house/log.ts';
import { conversationAddress, type AgentConfig } from './address.ts';
import { AgentUnavailable } from './failure.ts';

export interface ReadyAddresses {
  /** An address that nobody else gets; undefined when none is kept. Either way one more is asked for. */
  take(): string | undefined;
  /** One that was taken was not good after all: what else is kept was asked for under the same key, and goes too. */
  refused(): void;
  /** Asks for nothing any more and leaves no timer behind; asking twice is fine. */
  stop(): void;
}

export interface ReadyOptions {
  /** Never more than this are kept, however many calls come. */
  most: number;
  /** As many are kept as calls came within this, and one at least. */
  burstMs: number;
  /** ElevenLabs lets an address begin a conversation within 15 minutes; after `renewMs` another is asked for, after `goodMs` it is not used. */
  renewMs: number;
  goodMs: number;
  /** So long after the last call nothing is renewed any more. */
  idleMs: number;
  askMs: number;
  /** After a failure nothing is asked for so long; twice as long after each further one, up to `longestPauseMs`. */
  pauseMs: number;
  longestPauseMs: number;
}

export const readyDefaults: ReadyOptions = {
  most: 4, burstMs: 10_000, renewMs: 600_000, goodMs: 840_000, idleMs: 1_800_000, askMs: 4000, pauseMs: 5000, longestPauseMs: 300_000,
};

/** `ms`: a clock that never goes back. A public agent (no key) has one address for ever: nothing is kept for it. */
export const readyAddresses = (config: AgentConfig, { log, ms }: { log: Log; ms: () => number }, options = readyDefaults): ReadyAddresses => {
  const stopped = new AbortController();
  /** The oldest first. Their age counts from before the request. */
  let kept: { address: string; sinceMs: number }[] = [];
  /** When the latest calls came. */
  let calls: number[] = [];
  let asking = false;
  let failures = 0;
  let pausedUntilMs = -Infinity;
  let timer: NodeJS.Timeout | undefined;

  const wanted = (nowMs: number): number => {
    const last = calls.at(-1);
    if (last === undefined || nowMs - last >= options.idleMs) return 0;
    return Math.max(1, calls.filter((at) => nowMs - at < options.burstMs).length);
  };
  const young = (nowMs: number): number => kept.filter(({ sinceMs }) => nowMs - sinceMs < options.renewMs).length;

  const ask = async (): Promise<void> => {
    const sinceMs = ms();
    try {
      const address = await conversationAddress(config, options.askMs, stopped.signal);
      if (stopped.signal.aborted) return;
      failures = 0;
      kept = [...kept.filter((one) => sinceMs - one.sinceMs < options.renewMs), { address, sinceMs }];
    } catch (error) {
      if (stopped.signal.aborted) return;
      pausedUntilMs = ms() + Math.min(options.longestPauseMs, options.pauseMs * 2 ** failures++);
      log.warn('no address could be asked for ahead of need; calls ask for their own', { fault: error instanceof AgentUnavailable ? error.fault : 'agent-unreachable' });
    }
    asking = false;
    tend();
  };

  /** Drops what is too old, asks for what is missing, one at a time, and wakes up when either is due again. */
  const tend = (): void => {
    clearTimeout(timer);
    if (stopped.signal.aborted) return;
    const nowMs = ms();
    kept = kept.filter(({ sinceMs }) => nowMs - sinceMs < options.goodMs);
    const missing = young(nowMs) < wanted(nowMs);
    if (missing && !asking && nowMs >= pausedUntilMs) {
      asking = true;
      // Not awaited: nobody waits for it, and it never rejects.
      void ask();
    }
    const due = kept.map(({ sinceMs }) => sinceMs + (nowMs - sinceMs < options.renewMs ? options.renewMs : options.goodMs));
    if (missing && !asking) due.push(pausedUntilMs);
    if (due.length > 0) timer = setTimeout(tend, Math.max(1, Math.min(...due) - nowMs)).unref();
  };

  return {
    take: () => {
      if (!config.apiKey || stopped.signal.aborted) return undefined;
      const nowMs = ms();
      calls = [...calls, nowMs].slice(-options.most);
      const found = kept.find(({ sinceMs }) => nowMs - sinceMs < options.goodMs);
      kept = kept.filter((one) => one !== found);
      tend();
      return found?.address;
    },
    refused: () => {
      kept = [];
      tend();
    },
    stop: () => {
      stopped.abort();
      clearTimeout(timer);
      kept = [];
    },
  };
};
