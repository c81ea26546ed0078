// Says at once, by name, which port is taken: before anything is started that would have to be stopped again.
import { createServer } from 'node:net';
import { portTaken } from '#local/gateway/port.ts';

/** Rejects with a sentence that names the port and its variable. */
export const mustBeFree = (port: number, variable: string): Promise<void> => new Promise((resolve, reject) => {
  const server = createServer();
  server.once('error', (error) => reject(portTaken(error, variable)));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
});
