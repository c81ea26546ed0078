// Keys that a caller presses during a prompt and after it: asked by the Gather applet and by the legacy XML's verb of that name.
import type { Run } from './run.ts';

export type KeyPlan = {
  maxDigits: number;
  /** Any of these keys ends the input and is not part of it; '' for none. */
  finishKeys: string;
  /** Waited for the first key and for each that follows. */
  timeoutMs: number;
};

/** Plays `prompt`, which the first key cuts short. What was pressed; null when nothing was. */
export const collectKeys = async (run: Run, plan: KeyPlan, prompt: (prompting: Run) => Promise<void>): Promise<string | null> => {
  const { line, signal } = run;
  const input = { keys: '', finished: false };
  const stop = line.listen({ digit: (digit) => {
    if (input.finished) return;
    if (plan.finishKeys.includes(digit)) input.finished = true;
    else input.keys += digit;
    input.finished ||= input.keys.length >= plan.maxDigits;
  } });
  const speaking = new AbortController();
  const prompting: Run = { ...run, signal: AbortSignal.any([signal, speaking.signal]) };
  const watching = line.until(() => input.finished || input.keys !== '', Infinity, prompting.signal).then(() => speaking.abort(), () => {});
  try {
    await prompt(prompting).catch((error: unknown) => {
      if (!speaking.signal.aborted || signal.aborted) throw error;
    });
    for (let before = -1; !input.finished && input.keys.length > before;) {
      before = input.keys.length;
      await line.until(() => input.finished || input.keys.length > before, plan.timeoutMs, signal);
    }
    return input.finished || input.keys !== '' ? input.keys : null;
  } finally {
    stop();
    speaking.abort();
    await watching;
  }
};
