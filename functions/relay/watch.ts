// The watchdogs of one bridge: they see to it that no caller waits in silence and no call lasts for ever. One slow timer serves them all.
import type { AgentFault } from '#agent/failure.ts';
import type { RelayOptions } from './options.ts';

export interface Watch {
  /** A frame of any kind came from the agent. */
  agentFrame(): void;
  /** Agent audio went out to the caller. */
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
  /** Nothing was heard yet, or no answer: say one-moment. Once for each wait. */
  reassure(): void;
  agentLost(fault: AgentFault): void;
  callTooLong(): void;
}

type WatchOptions = Pick<RelayOptions, 'reassureMs' | 'firstAudioMs' | 'queueMs' | 'agentSilentMs' | 'errorGraceMs' | 'callLimitMs'>;

/** How often the watchdogs look: the shortest of their times is ten times longer. */
const lookEveryMs = ({ reassureMs, firstAudioMs, queueMs, agentSilentMs, errorGraceMs, callLimitMs }: WatchOptions): number =>
  Math.max(5, Math.min(250, Math.min(reassureMs, firstAudioMs, queueMs, agentSilentMs, errorGraceMs, callLimitMs) / 10));

/** `startedMs`: `ms` of the start frame. A bridge that was taken over has less than the whole `callLimitMs` left. */
export const watch = (startedMs: number, options: WatchOptions, ms: () => number, on: WatchHandlers): Watch => {
  let lastFrame = ms();
  let waitsSince = startedMs;
  let spoke = false;
  let reassured = false;
  let waiting = false;
  /** Since when the caller waits for an answer; and whether one-moment was said meanwhile. */
  let question: { at: number; reassured: boolean } | undefined;
  let error: { fault: AgentFault; at: number } | undefined;

  const look = (): void => {
    const now = ms();
    const since = now - waitsSince;
    if (now - startedMs >= options.callLimitMs) return on.callTooLong();
    if (error && now - error.at >= options.errorGraceMs) return on.agentLost(error.fault);
    if (!spoke && since >= (waiting ? options.queueMs : options.firstAudioMs)) return on.agentLost(waiting ? 'agent-queue-timeout' : 'agent-silent');
    // Pings say that a conversation lives, not that anybody in it will answer.
    if (now - Math.min(lastFrame, question?.at ?? lastFrame) >= options.agentSilentMs) return on.agentLost('agent-silent');
    if (question && !question.reassured && now - question.at >= options.reassureMs) {
      question.reassured = true;
      on.reassure();
    }
    if (!spoke && !reassured && since >= options.reassureMs) {
      reassured = true;
      on.reassure();
    }
  };
  const timer = setInterval(look, lookEveryMs(options));

  return {
    agentFrame: () => {
      lastFrame = ms();
    },
    agentSpoke: () => {
      spoke = true;
      question = error = undefined;
    },
    asked: () => {
      question ??= { at: ms(), reassured: false };
    },
    excused: () => {
      question = undefined;
    },
    reopened: () => {
      lastFrame = waitsSince = ms();
      spoke = reassured = waiting = false;
      question = error = undefined;
    },
    queued: (now) => {
      waiting = now;
    },
    agentError: (fault) => {
      error = { fault, at: ms() };
    },
    stop: () => clearInterval(timer),
  };
};
