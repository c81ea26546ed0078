// Called by everything that listens on a port of its own: says a taken port in words that tell what to do about it.

/**
 * The error to show when listening failed. `variable` is the environment variable that chose the port (PORT, RELAY_PORT).
 * A failure of another kind comes back as it was.
 */
export const portTaken = (error: unknown, variable: string): Error => {
  const failure = error instanceof Error ? error : new Error(String(error));
  const { code, port } = failure as NodeJS.ErrnoException & { port?: number };
  if (code !== 'EADDRINUSE') return failure;
  return new Error(`Port ${port ?? '?'} is taken (${variable}). Stop what listens there, or set ${variable} to another.`, { cause: error });
};
