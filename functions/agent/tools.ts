// The tools that the agent may ask our side to use. Every call is answered: a call without an answer leaves the caller in silence.
import type { Log } from '#house/log.ts';

/** What a tool may do to the call. */
export interface ToolCall {
  parameters: unknown;
  optOut: () => void;
  endCall: () => void;
}

export interface ToolAnswer {
  result: string;
  isError: boolean;
}

export type Tool = (call: ToolCall) => ToolAnswer | Promise<ToolAnswer>;
export type Tools = Readonly<Record<string, Tool>>;

const done = (result: string): ToolAnswer => ({ result, isError: false });
const refused = (result: string): ToolAnswer => ({ result, isError: true });
const notAvailable: Tool = () => refused('not available');

export const standardTools: Tools = {
  do_not_call: ({ optOut }) => {
    optOut();
    return done('Noted: this number will not be called again.');
  },
  // Usually a tool of ElevenLabs' own; agents that define it on our side mean the same.
  end_call: ({ endCall }) => {
    endCall();
    return done('The call ends once your last words were heard.');
  },
  transfer_to_human: notAvailable,
  schedule_callback: notAvailable,
  send_keys: notAvailable,
};

/** Longer than this the agent is not kept waiting, in ms. */
const TOOL_MS = 10_000;

/** Uses a tool; never throws, always says something within ten seconds. */
export const useTool = async (tools: Tools, name: string, call: ToolCall, log: Log, signal: AbortSignal): Promise<ToolAnswer> => {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (!tool) return refused('there is no such tool');
  let stop = (): void => {};
  const tooLate = new Promise<ToolAnswer>((resolve) => {
    const timer = setTimeout(() => resolve(refused('took too long')), TOOL_MS);
    stop = () => {
      clearTimeout(timer);
      resolve(refused('the call is over'));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([tooLate, tool(call)]);
  } catch (error) {
    log.warn('a tool failed', { tool: name, error });
    return refused('failed');
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
};
