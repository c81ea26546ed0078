// The tools that the agent may ask our side to use. Every call is answered, and what a model wrote is checked before anything happens: a call without
// an answer leaves the caller in silence, and an error has to say what would be right, so that the agent can do it.
import * as z from 'zod';
import { dtmfMs } from '#audio/dtmf.ts';
import type { Log } from '#house/log.ts';

/** What a tool may do to the call. */
export interface ToolCall {
  parameters: unknown;
  optOut: () => void;
  endCall: () => void;
  /** Hands the caller over to a person, where that can be done. */
  transfer: (reason: string | null) => ToolAnswer;
  /** Presses keys, as sound: 0-9, A-D, * and #, and pauses (audio/dtmf.ts). */
  sendKeys: (digits: string) => ToolAnswer;
  /** Plans another call. `when`: a time, or a time from now. */
  scheduleCallback: (ask: { when: string; note: string | null }) => Promise<ToolAnswer>;
}

export interface ToolAnswer {
  result: string;
  isError: boolean;
}

export type Tool = (call: ToolCall) => ToolAnswer | Promise<ToolAnswer>;
export type Tools = Readonly<Record<string, Tool>>;

export const done = (result: string): ToolAnswer => ({ result, isError: false });
export const refused = (result: string): ToolAnswer => ({ result, isError: true });

/** A tool with parameters: `use` is reached only by what the schema lets through. */
const tool = <T>(parameters: z.ZodType<T>, use: (call: ToolCall, parameters: T) => ToolAnswer | Promise<ToolAnswer>): Tool => (call) => {
  const read = parameters.safeParse(call.parameters ?? {});
  if (read.success) return use(call, read.data);
  const faults = read.error.issues.map(({ path, message }) => `${path.length > 0 ? path.join('.') : 'parameters'} ${message}`);
  return refused(`Nothing was done: ${faults.join('; ')}. Correct that and use the tool again.`);
};

const MOST_KEYS = 32;
const MOST_KEYS_MS = 20_000;
const MOST_WORDS = 300;
const MOST_MINUTES = 366 * 24 * 60;
const keysMessage = `must be the keys to press, such as 12#: at most ${MOST_KEYS} of 0-9, A-D, * and #, with w for half a second of waiting and , for two`;
const whenMessage = 'must be a time such as 2026-11-28T15:30+05:30, or 2026-11-28T15:30 on the caller\'s own clock';
const minutesMessage = 'must be a whole number of minutes from now';

const words = z.string('must be text').transform((text) => text.trim().slice(0, MOST_WORDS) || null).nullish().transform((text) => text ?? null);
/** Models write a single key as a number, and menus with spaces. */
const keys = z.union([z.string(), z.number().int(keysMessage).min(0, keysMessage)], keysMessage)
  .transform((text) => String(text).replaceAll(/[\s-]/g, '').toUpperCase().replaceAll('W', 'w'))
  .refine((text) => text.length <= MOST_KEYS && /^[0-9A-D*#w,]*[0-9A-D*#][0-9A-D*#w,]*$/.test(text), keysMessage)
  .refine((text) => text.length > MOST_KEYS || dtmfMs(text) <= MOST_KEYS_MS, `may last ${MOST_KEYS_MS / 1000} seconds with all its waiting`);
const minutes = z.coerce.number(minutesMessage).int(minutesMessage).min(1, minutesMessage).max(MOST_MINUTES, minutesMessage);
const callback = z.object({ when: z.string(whenMessage).trim().min(1, whenMessage).max(60, whenMessage).optional(), in_minutes: minutes.optional(), note: words }, 'must be an object')
  .refine(({ when, in_minutes: from }) => when !== undefined || from !== undefined, { path: ['when'], message: whenMessage });

const anything = z.unknown();

export const standardTools: Tools = {
  do_not_call: tool(anything, ({ optOut }) => {
    optOut();
    return done('Noted: this number will not be called again.');
  }),
  // Usually a tool of ElevenLabs' own; agents that define it on our side mean the same.
  end_call: tool(anything, ({ endCall }) => {
    endCall();
    return done('The call ends once your last words were heard.');
  }),
  transfer_to_human: tool(z.object({ reason: words }, 'must be an object'), ({ transfer }, { reason }) => transfer(reason)),
  send_keys: tool(z.object({ digits: keys }, 'must be an object'), ({ sendKeys }, { digits }) => sendKeys(digits)),
  // A time from now as ISO 8601 writes it: the model need not know what time it is.
  schedule_callback: tool(callback, ({ scheduleCallback }, { when, in_minutes: from, note }) => scheduleCallback({ when: when ?? `PT${from}M`, note })),
};

/** Longer than this the agent is not kept waiting, in ms. */
const TOOL_MS = 10_000;

/** Uses a tool; never throws, always says something within ten seconds. What went wrong is logged without the tool's parameters. */
export const useTool = async (tools: Tools, name: string, call: ToolCall, log: Log, signal: AbortSignal): Promise<ToolAnswer> => {
  const known = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (!known) return refused(`There is no such tool. The tools are ${Object.keys(tools).join(', ')}.`);
  let stop = (): void => {};
  const tooLate = new Promise<ToolAnswer>((resolve) => {
    const timer = setTimeout(() => resolve(refused('This took too long, and nobody knows whether it was done.')), TOOL_MS);
    stop = () => {
      clearTimeout(timer);
      resolve(refused('the call is over'));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([tooLate, known(call)]);
  } catch (error) {
    log.warn('a tool failed', { tool: name, error });
    return refused('This cannot be done at the moment. Say so, and go on without it.');
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
};
