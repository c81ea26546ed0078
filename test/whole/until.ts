// Used by the whole-stack tests: waits for something to become true, and says what never did.

/** Asks `look` again and again until it returns something else than undefined or false. Rejects after `withinMs` in words. */
export const until = async <T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 15_000): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await new Promise((resolve) => { setTimeout(resolve, 60); });
  }
};
