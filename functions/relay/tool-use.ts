// What the agent does with its tools on one call: several at once, each answered, and the last words before the call ends or goes to a person.
// Made by the bridge; audio/dtmf.ts, agent/tools.ts and the story behind each tool do the rest.
import { dtmf, dtmfMs } from '#audio/dtmf.ts';
import type { AgentMessage } from '#agent/codec.ts';
import { done, refused, useTool, type ToolAnswer, type ToolCall } from '#agent/tools.ts';
import { documentOf } from '#calls/call.ts';
import { directionOf } from './bridged-call.ts';
import type { BridgeDeps, BridgedCall, CarrierLeg } from './ports.ts';
import type { Recorder } from './recorder.ts';

/** What follows the agent's last words; undefined while it talks on. */
export type Leaving = 'goodbye' | 'transfer' | undefined;

export interface ToolUse {
  /** The agent asks for a tool of ours. */
  called(message: Extract<AgentMessage, { type: 'tool-call' }>): void;
  /** The agent used a tool of its platform's own. */
  used(name: string): void;
  leaving(): Leaving;
  stop(): void;
}

interface ToolUseParts {
  deps: Pick<BridgeDeps, 'tools' | 'askCallback' | 'canTransfer' | 'peopleThere' | 'clock' | 'ms' | 'log'> & { options: Pick<BridgeDeps['options'], 'endCallMs' | 'transferMs'> };
  call: BridgedCall;
  leg: Pick<CarrierLeg, 'carrier' | 'shape'>;
  recorder: Pick<Recorder, 'event'>;
  /** Aborted when the talk is over. */
  signal: AbortSignal;
  answer: (id: string, result: string, isError: boolean) => void;
  /** Plays something of ours after what is queued. */
  say: (bytes: Uint8Array) => void;
  /** From here on the agent only says its last words: what the caller says is no longer for it. */
  handingOver: () => void;
  /** When the agent's audio last came, by `deps.ms`. */
  audioMs: () => number;
  /** Nothing more came from the agent: its last words were its last. */
  lastWordsSaid: () => void;
}

/** Tools in use at once; an agent that asks for more is told no. */
const MOST_TOOLS = 8;
const nobodyTakesOver = 'Nobody can be put through from this line. Say so, and offer that they are called back.';
const nobodyAtThisHour = (back: string | null): string =>
  `Nobody is there at this hour to be put through to${back === null ? '' : `; people are back ${back}`}. Say so, and offer that they are called back then.`;
const cannotPlan = 'No call can be planned from this line. Say so, and that they can ask again by the form.';

export const toolUse = ({ deps, call, leg, recorder, signal, answer, say, handingOver, audioMs, lastWordsSaid }: ToolUseParts): ToolUse => {
  const at = (): string => deps.clock.now().toISOString();
  let leaving: Leaving;
  let timer: NodeJS.Timeout | undefined;
  let inUse = 0;

  /** Whether more audio follows, and when the close comes, is not said: we go on when neither came for a while. */
  const waitForLastWords = (): void => {
    clearTimeout(timer);
    const asked = deps.ms();
    const quietMs = leaving === 'transfer' ? deps.options.transferMs : deps.options.endCallMs;
    const look = (): void => {
      const left = Math.max(asked, audioMs()) + quietMs - deps.ms();
      if (left <= 0) lastWordsSaid();
      else timer = setTimeout(look, left);
    };
    timer = setTimeout(look, quietMs);
  };
  const endCall = (): void => {
    // An agent that hands over and then says goodbye hands over.
    leaving ??= 'goodbye';
    waitForLastWords();
  };
  const transfer = (reason: string | null): ToolAnswer => {
    if (!deps.canTransfer?.(leg.carrier, directionOf(call))) return refused(nobodyTakesOver);
    const people = deps.peopleThere?.(deps.clock.now());
    if (people?.there === false) return refused(nobodyAtThisHour(people.back));
    if (leaving !== 'transfer') {
      leaving = 'transfer';
      handingOver();
      // Before the last words, not after them: should this relay die now, the next document puts the caller through.
      recorder.event({ kind: 'transfer', at: at(), epoch: documentOf(call.epoch), state: 'asked', detail: reason });
      waitForLastWords();
    }
    return done('The caller is put through as soon as your last words were heard. Say that you are putting them through now, and nothing else.');
  };
  const sendKeys = (digits: string): ToolAnswer => {
    say(dtmf(digits, leg.shape));
    return done(`The keys sound for ${(dtmfMs(digits) / 1000).toFixed(1)} seconds, after what you said before. Wait for what the other side answers.`);
  };
  const may: Omit<ToolCall, 'parameters'> = {
    optOut: () => recorder.event({ kind: 'opt-out', at: at(), by: 'voice' }),
    endCall, transfer, sendKeys,
    scheduleCallback: async (ask) => (deps.askCallback ? deps.askCallback(call.callId, ask) : refused(cannotPlan)),
  };
  const use = async ({ name, id, parameters, wantsAnswer }: Extract<AgentMessage, { type: 'tool-call' }>): Promise<void> => {
    const { result, isError } = await useTool(deps.tools, name, { ...may, parameters }, deps.log, signal);
    inUse--;
    if (wantsAnswer) answer(id, result, isError);
  };

  return {
    called: (message) => {
      if (inUse >= MOST_TOOLS) {
        if (message.wantsAnswer) answer(message.id, 'Too many tools at once. Wait for the answers to the others.', true);
        return;
      }
      inUse++;
      // Not awaited: the talk goes on meanwhile. useTool never rejects.
      void use(message);
    },
    used: (name) => {
      if (name === 'end_call') endCall();
      if (name === 'voicemail_detection') recorder.event({ kind: 'outcome', at: at(), source: 'agent', disposition: 'voicemail', summary: null });
    },
    leaving: () => leaving,
    stop: () => clearTimeout(timer),
  };
};
