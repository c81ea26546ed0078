// Frames that arrived at one relay task and belong to another go over one lasting WebSocket for each pair. Used by gateway.ts.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Task } from './gateway-ports.ts';
import type { Metrics } from './metrics.ts';

export interface ForwardedFrame {
  connectionId: string;
  event: string;
  body: Buffer;
}

/** `<connection id> LF <event> LF <frame>`, as one binary message; neither of the first two can have a line end (see gateway.ts). */
export const packFrame = ({ connectionId, event, body }: ForwardedFrame): Buffer => Buffer.concat([Buffer.from(`${connectionId}\n${event}\n`, 'latin1'), body]);
export const unpackFrame = (message: Buffer): ForwardedFrame | undefined => {
  const first = message.indexOf(0x0a);
  const second = first < 0 ? -1 : message.indexOf(0x0a, first + 1);
  if (first < 1 || second <= first + 1) return undefined;
  return { connectionId: message.toString('latin1', 0, first), event: message.toString('latin1', first + 1, second), body: message.subarray(second + 1) };
};

/** Clocks of tasks differ by less. */
const SKEW_SECONDS = 60;
const proof = (secret: string, task: string, seconds: number): Buffer => {
  const key = createHmac('sha256', secret).update('ringback-relay-peer').digest();
  return createHmac('sha256', key).update(`${task}\n${seconds}`).digest();
};
/** The Authorization header of a task that knows the secret, for the one task that it names. */
export const sealPeer = (secret: string, task: string, now: Date): string => {
  const seconds = Math.floor(now.getTime() / 1000);
  return `Ringback-Peer ${seconds}.${proof(secret, task, seconds).toString('base64url')}`;
};
/** `wrong-task`: the seal is good, and for a task that was here before this one. */
export const checkPeer = (secret: string, own: string, request: Pick<IncomingMessage, 'headers' | 'url'>, now: Date): 'good' | 'forged' | 'wrong-task' => {
  const shown = /^Ringback-Peer (\d{10})\.([A-Za-z0-9_-]{43})$/.exec(request.headers.authorization ?? '');
  const task = new URLSearchParams((request.url ?? '').split('?')[1] ?? '').get('task') ?? '';
  if (!shown || Math.abs(Number(shown[1]) - now.getTime() / 1000) > SKEW_SECONDS) return 'forged';
  if (!timingSafeEqual(Buffer.from(shown[2]!, 'base64url'), proof(secret, task, Number(shown[1])))) return 'forged';
  return task === own ? 'good' : 'wrong-task';
};

export interface Peers {
  send(to: Task, frame: ForwardedFrame): void;
  close(): void;
}

export interface PeerParts {
  secret: string;
  now: () => Date;
  metrics: Metrics;
  /** The task does not answer: it owns nothing any more. */
  lost: (task: Task) => void;
}

/** A peer in the same network answers within a few ms, or not at all. */
const HANDSHAKE_MS = 1000;
/**
 * A process that dies has its links closed by its host, and is asked again at once. Only a host that dies, or a process that stands still, says
 * nothing. Taking over from one that is merely slow makes everybody slower, and then slow ones of others: it has so many pings' time.
 */
const PING_MS = 500;
const MOST_UNANSWERED = 7;
/** A timer of ours that is so late says that we stood still: the answer may be there, unread. */
const LATE_MS = 300;
const MOST_WAITING = 2000;
/** Seconds of frames of a full task: a peer that is so far behind loses them. */
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024;

export const peers = ({ secret, now, metrics, lost }: PeerParts): Peers => {
  const links = new Map<string, { socket: WebSocket; waiting: Buffer[] }>();
  /** Tasks that let time pass without an answer; the next time without one, they are lost. */
  const silent = new Set<string>();
  let closed = false;

  const open = (to: Task, waiting: Buffer[] = []): { socket: WebSocket; waiting: Buffer[] } => {
    const began = performance.now();
    const socket = new WebSocket(`ws://${to.address}/peer?task=${encodeURIComponent(to.task)}`, {
      perMessageDeflate: false, handshakeTimeout: HANDSHAKE_MS, headers: { authorization: sealPeer(secret, to.task, now()) },
    });
    const link = { socket, waiting };
    links.set(to.task, link);
    let opened = false;
    let unanswered = 0;
    let ping: NodeJS.Timeout | undefined;
    socket.on('open', () => {
      opened = true;
      silent.delete(to.task);
      for (const message of link.waiting.splice(0)) socket.send(message);
      let pinged = performance.now();
      ping = setInterval(() => {
        const late = performance.now() - pinged > PING_MS + LATE_MS;
        pinged = performance.now();
        if (!late && unanswered++ >= MOST_UNANSWERED) {
          silent.add(to.task);
          socket.terminate();
        } else socket.ping();
      }, PING_MS);
    });
    socket.on('pong', () => {
      unanswered = 0;
    });
    // Why is of no use: the close follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(ping);
      if (links.get(to.task) === link) links.delete(to.task);
      // A link that was open may be opened again by the next frame; only a task that does not answer at all is lost.
      if (opened || closed) return;
      // A no is a no; silence may be a busy moment, once.
      const took = performance.now() - began;
      const late = took > HANDSHAKE_MS + LATE_MS;
      if (late || (took >= HANDSHAKE_MS && !silent.has(to.task))) {
        if (!late) silent.add(to.task);
        open(to, link.waiting);
        return;
      }
      silent.delete(to.task);
      lost(to);
    });
    return link;
  };

  return {
    send: (to, frame) => {
      if (closed) return;
      const { socket, waiting } = links.get(to.task) ?? open(to);
      const message = packFrame(frame);
      if (socket.readyState === WebSocket.CONNECTING && waiting.length < MOST_WAITING) waiting.push(message);
      else if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_BUFFERED_BYTES) socket.send(message);
      else return metrics.count('frames_dropped');
      metrics.count('frames_forwarded');
    },
    close: () => {
      closed = true;
      for (const { socket } of links.values()) socket.terminate();
    },
  };
};
