// Sockets that are read into one buffer that all of them share: Node otherwise makes a buffer for each read, which is a third of what a small one costs.
// Used for the media sockets (agent/conversation.ts, relay/server.ts), where text-tap.ts reads, and by plain-posts.ts.
import { connect, isIP, Socket, type OnReadOpts, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecure } from 'node:tls';

/** Has the first `count` bytes of a buffer until it returns: then they are written over. */
export interface Borrower {
  lent(bytes: Buffer, count: number): void;
}
export interface Lender {
  to: Borrower | undefined;
}

/** As much as Node reads at once otherwise. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

const onreadOf = (lender: Lender, socket: () => Socket): OnReadOpts => ({
  buffer: shared,
  callback: (count) => {
    const { to } = lender;
    if (!to) return socket().push(Buffer.from(shared.subarray(0, count)));
    to.lent(shared, count);
    return true;
  },
});

/**
 * For the option `createConnection` of `ws` (which hands on what http.request knows of the address). While nobody is lent the chunks, the socket is a
 * stream like any other.
 */
export const connectLending = (secure: boolean, lender: Lender): typeof connect => ((options: TcpNetConnectOpts & { servername?: string }): Socket => {
  // `path` is the request's here; to a socket it would be a file's name.
  const where = { ...options, path: undefined, onread: onreadOf(lender, () => socket) };
  const socket: Socket = secure ? connectSecure({ ...where, servername: options.servername ?? (isIP(options.host ?? '') ? '' : options.host) }) : connect(where);
  return socket;
}) as typeof connect;

type Handled = Socket & { _handle?: { useUserBuffer?: unknown } | null };

/**
 * A socket that came to a server, of which nobody has read yet, as one that lends; the one it was is closed for all who had to do with it. Node takes
 * `onread` from whoever connects and from no server, so the connection itself is handed to a new Socket, by a name that Node does not document: where
 * it is not there, or the socket is no plain one (TLS), the socket is what it was, and `undefined` comes back.
 */
export const acceptLending = (accepted: Duplex, lender: Lender): Socket | undefined => {
  const handle = accepted instanceof Socket && accepted.constructor === Socket ? (accepted as Handled)._handle : undefined;
  if (typeof handle?.useUserBuffer !== 'function') return undefined;
  const options = { handle, onread: onreadOf(lender, () => socket) } as unknown as SocketConstructorOpts;
  let socket: Socket;
  try {
    socket = new Socket(options);
  } catch {
    return undefined;
  }
  (accepted as Handled)._handle = null;
  accepted.destroy();
  return socket;
};
