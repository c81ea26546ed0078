// A port that leads to another one, until it is cut: then whoever is behind it has vanished from the network, without a word.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Wire {
  port: number;
  /** Where it leads. */
  to(port: number): void;
  cut(): void;
}

export const wire = async (): Promise<Wire> => {
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    port: (server.address() as AddressInfo).port,
    to: (port) => { target = port; },
    cut: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
