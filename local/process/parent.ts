// Called first thing by a program that another of ours starts (parts of the local stack, and bin/local.ts under with-node.mjs):
// tells the parent when it is ready, and ends when the parent is gone, a kill -9 included.

/**
 * Ends this process when the channel to its parent closes: by `stop`, if given, and at once after it (or after `withinMs`).
 * Does nothing when it was not started by ours. The channel alone does not keep the process alive.
 */
export const dieWithParent = (stop?: () => Promise<void>, withinMs = 5_000): void => {
  if (!process.send) return; // started by hand: no parent to follow
  const end = (): void => {
    if (!stop) process.exit(1);
    setTimeout(() => process.exit(1), withinMs);
    stop().then(() => process.exit(0), () => process.exit(1));
  };
  // The parent may have died before this line ran.
  if (!process.connected) end();
  else process.once('disconnect', end);
  process.channel?.unref();
};

/** Says that this process does its work now, with what the parent wants to know (JSON: ports, addresses). */
export const tellReady = (details: Readonly<Record<string, unknown>> = {}): void => {
  process.send?.({ ready: details });
};
