// The watchdogs of one bridge: they see to it that no caller waits in silence and no call lasts for ever. One slow timer serves them all.
import type { AgentFault } from '#agent/failure.ts';
import type { RelayOptions } from './options.ts';

export interface Watch {
  /** A message of any kind came from the agent; audio need not be told. */
  agentFrame(): void;
  /** The agent speaks: to be told of the first audio after anything else that is told here. */
  agentSpoke(): void;
  /** The agent understood the caller, who hears nobody and waits for an answer. */
  asked(): void;
  /** The agent says nothing on purpose. */
  excused(): void;
  /** The agent keeps the caller in its queue, or no longer does. */
  queued(waiting: boolean): void;
  /** Another conversation is being opened: the caller waits for its first audio as for the first of all. */
  reopened(): void;
  /** The agent said that something is wrong; a close should follow. */
  agentError(fault: AgentFault): void;
  stop(): void;
}

export interface WatchHandlers {
  /** When the agent's audio last came, `ms`; 0 when it never did. */
  audioMs(): number;
  /** Nothing was heard yet, or no answer: say one-moment. Once for each wait. */
  reassure(): void;
  agentLost(fault: AgentFault): void;
  callTooLong(): void;
}

type WatchOptions = Pick<RelayOptions, 'reassureMs' | 'firstAudioMs' | 'queueMs' | 'agentSilentMs' | 'errorGraceMs' | 'callLimitMs'>;

/** How often the watchdogs look: the shortest of their times is ten times longer. */
const lookEveryMs = ({ reassureMs, firstAudioMs, queueMs, agentSilentMs, errorGraceMs, callLimitMs }: WatchOptions): number =>
  Math.max(5, Math.min(250, Math.min(reassureMs, firstAudioMs, queueMs, agentSilentMs, errorGraceMs, callLimitMs) / 10));

class Watchdogs implements Watch {
  readonly #startedMs: number;
  readonly #options: WatchOptions;
  readonly #ms: () => number;
  readonly #on: WatchHandlers;
  readonly #timer: NodeJS.Timeout;
  #lastFrame: number;
  #waitsSince: number;
  #spoke = false;
  #reassured = false;
  #waiting = false;
  /** Since when the caller waits for an answer; and whether one-moment was said meanwhile. */
  #question: { at: number; reassured: boolean } | undefined = undefined;
  #error: { fault: AgentFault; at: number } | undefined = undefined;

  constructor(startedMs: number, options: WatchOptions, ms: () => number, on: WatchHandlers) {
    this.#startedMs = startedMs;
    this.#options = options;
    this.#ms = ms;
    this.#on = on;
    this.#lastFrame = ms();
    this.#waitsSince = startedMs;
    this.#timer = setInterval(() => this.#look(), lookEveryMs(options));
  }

  #look(): void {
    const now = this.#ms();
    const on = this.#on;
    const { callLimitMs, errorGraceMs, queueMs, firstAudioMs, agentSilentMs, reassureMs } = this.#options;
    const question = this.#question;
    const error = this.#error;
    const since = now - this.#waitsSince;
    const lastFrame = Math.max(this.#lastFrame, on.audioMs());
    if (now - this.#startedMs >= callLimitMs) return on.callTooLong();
    if (error && now - error.at >= errorGraceMs) return on.agentLost(error.fault);
    if (!this.#spoke && since >= (this.#waiting ? queueMs : firstAudioMs)) return on.agentLost(this.#waiting ? 'agent-queue-timeout' : 'agent-silent');
    // Pings say that a conversation lives, not that anybody in it will answer.
    if (now - Math.min(lastFrame, question?.at ?? lastFrame) >= agentSilentMs) return on.agentLost('agent-silent');
    if (question && !question.reassured && now - question.at >= reassureMs) {
      question.reassured = true;
      on.reassure();
    }
    if (!this.#spoke && !this.#reassured && since >= reassureMs) {
      this.#reassured = true;
      on.reassure();
    }
  }

  agentFrame(): void {
    this.#lastFrame = this.#ms();
  }

  agentSpoke(): void {
    this.#spoke = true;
    this.#question = this.#error = undefined;
  }

  asked(): void {
    this.#question ??= { at: this.#ms(), reassured: false };
  }

  excused(): void {
    this.#question = undefined;
  }

  reopened(): void {
    this.#lastFrame = this.#waitsSince = this.#ms();
    this.#spoke = this.#reassured = this.#waiting = false;
    this.#question = this.#error = undefined;
  }

  queued(waiting: boolean): void {
    this.#waiting = waiting;
  }

  agentError(fault: AgentFault): void {
    this.#error = { fault, at: this.#ms() };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** `startedMs`: `ms` of the start frame; `callLimitMs` counts from there. */
export const watch = (startedMs: number, options: WatchOptions, ms: () => number, on: WatchHandlers): Watch => new Watchdogs(startedMs, options, ms, on);
