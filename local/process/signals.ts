// Called once by a program that a person starts (bin/local.ts): one orderly stop for Ctrl-C, kill and a closed terminal.

/** One Ctrl-C arrives several times: from the terminal, and passed on by npm and with-node.mjs. */
const SAME_PRESS_MS = 1_000;

/**
 * Calls `stop` once and then ends the process: with 0, or with 1 when it rejected. A later signal, more than a second after the first,
 * is somebody who does not want to wait: it ends the process at once. `stopNow` begins the same stop by hand.
 */
export const stopOnSignals = (
  stop: (reason: string) => Promise<void>,
  {
    exit = (code: number): void => process.exit(code),
    now = () => performance.now(),
    on = (signal: NodeJS.Signals, heard: () => void): void => { process.on(signal, heard); },
    say = (text: string): void => { process.stderr.write(`${text}\n`); },
  } = {},
): { stopNow: (reason: string) => void } => {
  let beganAt: number | undefined;
  const begin = (reason: string): void => {
    if (beganAt !== undefined) {
      if (now() - beganAt > SAME_PRESS_MS) exit(1);
      return;
    }
    beganAt = now();
    stop(reason).then(() => exit(0), (error: unknown) => {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return exit(1);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) on(signal, () => begin(signal));
  return { stopNow: begin };
};
