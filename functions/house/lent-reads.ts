// Sockets that we open ourselves, read into one buffer that all of them share: Node otherwise makes a buffer for each read, which is a third of what a
// small one costs. Used by agent/conversation.ts; text-tap.ts is who reads.
import { connect, isIP, type TcpNetConnectOpts, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';

/** Whoever is lent a chunk has it until it returns: then it is written over. */
export interface Lender {
  to: ((chunk: Buffer) => void) | undefined;
}

/** As much as Node reads at once otherwise. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * For the option `createConnection` of `ws` (which hands on what http.request knows of the address). While nobody is lent the chunks, the socket is a
 * stream like any other.
 */
export const connectLending = (secure: boolean, lender: Lender): typeof connect => ((options: TcpNetConnectOpts & { servername?: string }): Socket => {
  const onread = {
    buffer: shared,
    callback: (count: number): boolean => {
      const chunk = shared.subarray(0, count);
      if (!lender.to) return socket.push(Buffer.from(chunk));
      lender.to(chunk);
      return true;
    },
  };
  // `path` is the request's here; to a socket it would be a file's name.
  const where = { ...options, path: undefined, onread };
  const socket = secure ? connectSecure({ ...where, servername: options.servername ?? (isIP(options.host ?? '') ? '' : options.host) }) : connect(where);
  return socket;
}) as typeof connect;
