// Whom this process is connected with, by port, as Linux tells it. Used by bench/soak/relay.ts.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Connection {
  localPort: number;
  remotePort: number;
}

export interface Open {
  /** TCP connections that are up, or that the other side has closed and we have not. */
  connections: Connection[];
  /** Everything else that is open: files, pipes, listening sockets. */
  others: number;
}

/** proc(5), `/proc/net/tcp`: ESTABLISHED and CLOSE_WAIT. */
const UP = new Set(['01', '08']);
const port = (address: string): number => parseInt(address.slice(address.indexOf(':') + 1), 16);

export const openNow = (): Open => {
  const byInode = new Map<string, Connection>();
  for (const table of ['tcp', 'tcp6']) {
    for (const row of readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n').slice(1)) {
      const [, local, remote, state, , , , , , inode] = row.trim().split(/\s+/);
      if (inode !== undefined && UP.has(state!)) byInode.set(inode, { localPort: port(local!), remotePort: port(remote!) });
    }
  }
  const targets = readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [readlinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return []; // the one that reads this
    }
  });
  const connections = targets.flatMap((target) => byInode.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '') ?? []);
  return { connections, others: targets.length - connections.length };
};
