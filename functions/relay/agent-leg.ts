// The agent's side of a bridge: one conversation and, where it breaks off through no fault of ours, one more, which is told what was said so far.
import type { AgentMessage, Opening } from '#agent/codec.ts';
import type { AudioTaker, Conversation } from '#agent/conversation.ts';
import { faultOfClose, type AgentClose, type AgentFault } from '#agent/failure.ts';
import type { Turn } from '#calls/call.ts';
import type { CarrierName } from '#calls/lead.ts';
import { goingOn } from './so-far.ts';
import type { BridgeDeps } from './ports.ts';

export interface AgentLeg {
  /** Base64 in the agent's input format. */
  audio(base64: Buffer): void;
  /** Reaches only the conversation that asked. */
  answerTool(id: string, result: string, isError: boolean): void;
  tell(text: string): void;
  /** The conversation is no good any more, as a watchdog found: another one, or the end. */
  failed(fault: AgentFault): void;
  close(): void;
  waitingBytes(): number;
}

export interface AgentLegHandlers {
  /** Is asked for each plain piece of audio; `message` hears of those that it does not take, of the first of each conversation among them. */
  audio: AudioTaker;
  message(message: AgentMessage): void;
  /** It closed in order. */
  ended(detail: string | null): void;
  /** It cannot be had, or not again. */
  lost(fault: AgentFault): void;
  /** It broke off, and another one is being opened: nothing can be said or heard until its metadata. */
  reopening(fault: AgentFault): void;
}

export interface AgentLegParts {
  deps: Pick<BridgeDeps, 'openAgent' | 'ms' | 'metrics' | 'log' | 'options'>;
  carrier: CarrierName;
  /** The first frame; `firstMessage` when the agent is to begin with other words than its own. */
  opening: (firstMessage: string | null) => Promise<Opening>;
  /** True when the caller was talked with before this leg was made. */
  resumes: boolean;
  /** With `resumes`: how the first conversation comes into the talk, when it is not because the line broke. */
  comesBack?: { firstMessage: string; happened: string } | undefined;
  /** The transcript so far; does not reject. */
  said: () => Promise<readonly Turn[]>;
  /** The agent said that it leaves: whatever close follows is a goodbye. */
  leaving: () => boolean;
}

/** An address that is refused at once may be good in a moment; one that did not answer for longer than this has had its time. */
const QUICK_MS = 2500;
const UNREACHABLE_WAIT_MS = 300;

/** The conversation that there is. A class: each frame to the agent passes here. */
class Current {
  conversation!: Conversation;

  audio(base64: Buffer): void {
    this.conversation.audio(base64);
  }

  waitingBytes(): number {
    return this.conversation.waitingBytes();
  }
}

export const agentLeg = ({ deps, carrier, opening, resumes, comesBack, said, leaving }: AgentLegParts, on: AgentLegHandlers): AgentLeg => {
  const { openAgent, ms, metrics, log, options } = deps;
  const current = new Current();
  /** Ids of tool calls that this conversation waits for. */
  const asked = new Set<string>();
  let openedMs = 0;
  /** In this conversation. */
  let spoke = false;
  let everSpoke = resumes;
  /** Our first words were refused: the agent begins with its own. */
  let ownWords = false;
  let why = comesBack;
  let left = options.mostReopens;
  let wait: NodeJS.Timeout | undefined;
  let over = false;

  /** Not awaited: it cannot reject, and a talk that is over is told nothing. */
  const inform = async (): Promise<void> => {
    const to = current.conversation;
    const text = goingOn(await said(), why?.happened);
    if (!over && to === current.conversation) to.tell(text);
  };
  const message = (heard: AgentMessage): void => {
    if (heard.type === 'audio') spoke = everSpoke = true;
    if (heard.type === 'tool-call') asked.add(heard.id);
    on.message(heard);
    // What is told to an agent that keeps us in its queue is thrown away there: it is told again afterwards.
    const listens = heard.type === 'metadata' || (heard.type === 'queue' && heard.status === 'admitted');
    if (listens && goesOn && !over) void inform();
  };
  const closed = (end: { fault: AgentFault } | AgentClose): void => {
    if (over) return;
    if ('fault' in end) return failed(end.fault);
    // 1005: closed without a code. An agent that says goodbye without ever having spoken leaves a caller in silence.
    const normal = (end.code === 1000 || end.code === 1005) && !end.error && !end.queued;
    if (leaving() || (normal && spoke)) return on.ended(/duration/i.test(end.reason) ? 'agent-time-limit' : null);
    failed(normal ? 'agent-silent' : faultOfClose(end));
  };
  /** Whether this conversation comes into a talk that is going on. */
  let goesOn = resumes;
  const open = (): void => {
    asked.clear();
    spoke = false;
    goesOn = everSpoke;
    openedMs = ms();
    current.conversation = openAgent(opening(goesOn && !ownWords ? (why?.firstMessage ?? options.resumeMessage) : null), { audio: on.audio, message, closed }, carrier);
  };
  /** Once, and only where another conversation may fare better: a broken contract or an empty account stays what it is. */
  const mayFareBetter = (fault: AgentFault): boolean =>
    fault === 'agent-crashed' || (fault === 'agent-silent' && spoke) || (fault === 'agent-unreachable' && ms() - openedMs < QUICK_MS);
  const reopen = (fault: AgentFault, waitMs: number): void => {
    log.warn('a conversation broke off; another one is opened', { fault });
    on.reopening(fault);
    if (waitMs === 0) return open();
    wait = setTimeout(open, waitMs);
  };
  const failed = (fault: AgentFault): void => {
    if (over) return;
    current.conversation.close();
    // Whether an agent lets its first message be replaced is its configuration, and no more than a wish of ours.
    if (fault === 'agent-override-refused' && goesOn && !ownWords) {
      ownWords = true;
      return reopen(fault, 0);
    }
    if (left <= 0 || !mayFareBetter(fault)) return on.lost(fault);
    left--;
    why = undefined;
    metrics.count('agent_reopened');
    reopen(fault, fault === 'agent-unreachable' ? UNREACHABLE_WAIT_MS : 0);
  };

  open();
  return Object.assign(current, {
    answerTool: (id: string, result: string, isError: boolean) => {
      if (asked.delete(id)) current.conversation.answerTool(id, result, isError);
    },
    tell: (text: string) => current.conversation.tell(text),
    failed,
    close: () => {
      over = true;
      clearTimeout(wait);
      current.conversation.close();
    },
  });
};
