// Says at once, by name, which port is taken: before anything is started that would have to be stopped again.
import { createServer } from 'node:net';
import { portTaken } from '#local/gateway/port.ts';

/** Parts of an earlier start that was killed end by themselves within this. */
const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 200;

const free = (port: number): Promise<void> => new Promise((resolve, reject) => {
  const server = createServer();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
});

/** Rejects with a sentence that names the port and its variable, when the port does not become free soon. */
export const mustBeFree = async (port: number, variable: string): Promise<void> => {
  for (const began = performance.now(); ;) {
    try {
      return await free(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || performance.now() - began > PATIENCE_MS) throw portTaken(error, variable);
      await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
    }
  }
};
