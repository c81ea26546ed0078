// The relay's side of API Gateway's WebSocket API: each message of a carrier is a POST to /apigw/frame, at any task. Made by server.ts when
// calls come that way.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock } from '#calls/ports.ts';
import type { ConnectionDeps } from './gateway-connection.ts';
import { fleet } from './fleet.ts';
import type { ConnectionStore, Task, TaskLoad } from './gateway-ports.ts';
import { eventOf } from './gateway-sequence.ts';
import { ownership } from './ownership.ts';
import { checkPeer, peers, unpackFrame } from './peers.ts';

export interface Gateway {
  /** Takes a request to /apigw/frame; every other is not its. */
  receive(request: IncomingMessage, response: ServerResponse): void;
  /** Takes one that was read otherwise and is answered: the values of FRAME_HEADERS, and its body. */
  readonly frame: (values: readonly (string | undefined)[], body: Buffer) => void;
  /** Takes an upgrade to /peer. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, refuse: (status: string) => void): void;
  /** Tells the others that this task takes no more. */
  drain(): void;
  /** Gives every call that can be gone on with to another task, at a pause or after `graceMs`. `false`: there is no other task. */
  handOver(graceMs: number): Promise<boolean>;
  /** Another revision takes the calls. */
  readonly outdated: boolean;
  close(): Promise<void>;
}

export interface GatewayDeps extends ConnectionDeps {
  store: ConnectionStore;
  own: Task & Pick<TaskLoad, 'revision' | 'startedAt'>;
  secret: string;
  clock: Clock;
  closedFor: () => string | undefined;
  active: () => number;
  draining: () => boolean;
  holderOf?: ((callSid: string) => Task | undefined) | undefined;
}

export const FRAME_PATH = '/apigw/frame';
/** Which connection it came from, and the route that API Gateway chose for it. */
export const FRAME_HEADERS = ['x-ws-connection-id', 'x-ws-event'] as const;
export const PEER_PATH = '/peer';
/** API Gateway's own limit of a message. */
export const MOST_MESSAGE_BYTES = 128 * 1024;
/** As API Gateway makes them; base64 with `=`. */
const connectionShape = /^[\w+/=.-]{1,128}$/;
const eventShape = /^[$\w.-]{1,64}$/;

export const gateway = (deps: GatewayDeps): Gateway => {
  const { metrics, log, own, options } = deps;
  const links = peers({ secret: deps.secret, now: () => deps.clock.now(), metrics, lost: (task) => owners.lost(task) });
  const tasks = fleet({ ...deps, capacity: options.capacity });
  const owners = ownership({ ...deps, fleet: tasks, send: (to, frame) => links.send(to, frame) });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MOST_MESSAGE_BYTES + 1024 });

  let closed = false;
  // Not awaited here and below: it does not reject.
  const reporting = setInterval(() => void tasks.look(), options.reportMs);
  void tasks.look();

  const take = (connectionId: unknown, named: unknown, body: Buffer): void => {
    if (typeof connectionId !== 'string' || !connectionShape.test(connectionId)) return metrics.count('frames_dropped');
    const event = typeof named === 'string' && eventShape.test(named) ? named : eventOf(body);
    if (event === '$connect') return owners.expect(connectionId);
    owners.arrived({ connectionId, event: eventShape.test(event) ? event : '$default', body });
  };
  const taken = (connectionId: unknown, named: unknown, body: Buffer): void => {
    try {
      take(connectionId, named, body);
    } catch (error) {
      log.error('a frame could not be taken', { error });
    }
  };

  return {
    receive: (request, response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MOST_MESSAGE_BYTES) chunks.push(chunk);
      });
      // A request that breaks off is a frame that never came.
      request.on('error', () => {});
      request.on('end', () => {
        // Whatever becomes of the frame: another status, or a body, would reach the carrier as a message.
        // API Gateway keeps its connections for long: a task that goes asks it to come by others.
        response.writeHead(200, { 'content-length': 0, ...(deps.draining() ? { connection: 'close' } : {}) }).end();
        if (bytes > MOST_MESSAGE_BYTES) return metrics.count('frames_dropped');
        taken(request.headers[FRAME_HEADERS[0]], request.headers[FRAME_HEADERS[1]], chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
      });
    },
    frame: (values, body) => taken(values[0], values[1], body),
    upgrade: (request, socket, head, refuse) => {
      const seal = checkPeer(deps.secret, own.task, request, deps.clock.now());
      if (seal === 'forged') {
        metrics.countBy('streams_refused', 'peer-forged');
        return refuse('403 Forbidden');
      }
      // A peer whose link was just ended opens it again with its next frame: it must learn that nobody is here any more.
      if (seal === 'wrong-task' || closed) return refuse('410 Gone');
      socket.on('error', () => {});
      sockets.handleUpgrade(request, socket, head, (peer) => {
        peer.on('error', () => {});
        peer.on('message', (message: Buffer) => {
          const frame = unpackFrame(message);
          if (frame) owners.forwarded(frame);
          else metrics.count('frames_dropped');
        });
      });
    },
    drain: () => void tasks.look(),
    handOver: async (graceMs) => {
      await owners.handOver(graceMs);
      return (await tasks.successor().catch(() => undefined)) !== undefined;
    },
    get outdated() {
      return tasks.outdated;
    },
    close: async () => {
      closed = true;
      clearInterval(reporting);
      await owners.close();
      links.close();
      for (const peer of sockets.clients) peer.terminate();
      await tasks.leave();
      deps.posts.close();
    },
  };
};
