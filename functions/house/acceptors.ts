// Listens on one port more than once. A turn of the event loop accepts one connection on each listening socket (libuv, since 1.45), however many wait:
// a process that stood still for a moment, and to which a hundred were opened meanwhile, would answer the last of them a hundred turns later.
import { createServer, type AddressInfo, type Server } from 'node:net';

export interface Acceptors {
  port: number;
  /** Takes no more connections. */
  close(): void;
}

const listening = (server: Server, options: { port: number; host: string; reusePort?: boolean }): Promise<void> => new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(options, () => {
    server.off('error', reject);
    resolve();
  });
});

/**
 * `server` (of node:http) gets every connection. With `count` 1 the port is this server's alone; with more, any process of the same user may listen on
 * it as well, so that is for a container. Rejects as `listen` does.
 */
export const listenTimes = async (server: Server, { port, host }: { port: number; host: string }, count: number): Promise<Acceptors> => {
  const shares = count > 1 ? { reusePort: true } : {};
  await listening(server, { port, host, ...shares });
  const own = (server.address() as AddressInfo).port;
  const more = Array.from({ length: count - 1 }, () => createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket)));
  const close = (): void => {
    for (const one of more) one.close();
  };
  try {
    await Promise.all(more.map((one) => listening(one, { port: own, host, ...shares })));
  } catch (error) {
    close();
    server.close();
    throw error;
  }
  return { port: own, close };
};
