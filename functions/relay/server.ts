// The relay as a server: health, readiness and metrics over HTTP, carriers' streams over WebSocket. Started by main.ts, and in-process by tests.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { StreamCodec } from '#carriers/stream.ts';
import { listenTimes } from '#house/acceptors.ts';
import { acceptLending, type Lender } from '#house/lent-reads.ts';
import { tapPosts, type PostTap } from '#house/post-tap.ts';
import { wait } from '#house/clock.ts';
import { admission, type AdmissionDeps } from './admission.ts';
import type { Bridge } from './bridge.ts';
import { directTransport } from './direct-transport.ts';
import { FRAME_HEADERS, FRAME_PATH, gateway, MOST_MESSAGE_BYTES, PEER_PATH, type Gateway } from './gateway.ts';
import type { ConnectionPosts, ConnectionStore } from './gateway-ports.ts';
import type { Bridges } from './join.ts';
import { ringing, type Ringing, type RingingDeps } from './ringing.ts';
import { takeover } from './takeover.ts';

export interface RelayDeps extends AdmissionDeps {
  /** By the path's last part, `/twilio`; `default` answers any that is not listed. */
  codecs: { default: StreamCodec } & Record<string, StreamCodec>;
  /** Where carriers' sockets end at API Gateway. `address`: where other tasks reach this one; absent: here, on one machine. `revision`: what this task runs. */
  gateway?: { connections: ConnectionStore; posts: ConnectionPosts; address?: string | undefined; revision?: string | undefined } | undefined;
  /** Calls whose phones ring, for which the agent is opened so early. Absent: it is opened at the answer. */
  rings?: Pick<RingingDeps, 'store' | 'forget'> | undefined;
  /** What was taken ahead of need is let go: called once no bridge can need it any more. */
  release?: (() => void) | undefined;
}

export interface Relay {
  port: number;
  /** Calls being talked in. */
  active(): number;
  /** Takes no more streams, lets calls end for `drainMs`, hands over what still talks, passes on what still comes for it, closes everything. Asking twice is fine. */
  stop(): Promise<void>;
}

const refuseUpgrade = (socket: Duplex, status: string): void => {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
};

/** `acceptors`: see listenTimes. */
export const startRelay = async (deps: RelayDeps, where: { port: number; host: string; acceptors?: number }): Promise<Relay> => {
  const { options, metrics, log } = deps;
  const bridges = new Map<string, Bridge>();
  const all = new Set<Bridge>();
  let pending = 0;
  let draining = false;
  /** Its calls are handed over: load balancers should leave it, while it still passes on what comes. */
  let leaving = false;
  let through: Gateway | undefined;
  let frames: PostTap | undefined;
  let early: Ringing | undefined;
  const joining: RelayDeps = { ...deps, ringing: { openerFor: (callId, voiceId) => early?.openerFor(callId, voiceId) } };
  const registry: Bridges = {
    closedFor: () => (draining ? 'draining' : all.size >= options.capacity ? 'full' : undefined),
    of: (callId) => bridges.get(callId),
    add: (bridge) => {
      all.add(bridge);
      bridges.set(bridge.callId, bridge);
    },
    remove: (bridge) => {
      all.delete(bridge);
      // The call may have a newer one by now.
      if (bridges.get(bridge.callId) === bridge) bridges.delete(bridge.callId);
    },
    settled: () => {
      pending--;
    },
  };

  const numbers = () => ({ active_calls: all.size, pending_streams: pending, capacity: options.capacity, held_conversations: early?.held ?? 0, draining: draining ? 1 : 0 });
  const answer = (response: ServerResponse, status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).end(body);
  };
  // Node looks for slow senders every 30 s unless told; a connection that says nothing at all is one of them.
  const http = createServer({ headersTimeout: options.ticketMs, requestTimeout: 5000, connectionsCheckingInterval: 500 }, (request: IncomingMessage, response) => {
    const path = (request.url ?? '/').split('?')[0];
    const json = (status: number, body: unknown): void => answer(response, status, 'application/json', JSON.stringify(body));
    if (through && path === FRAME_PATH && request.method === 'POST') return through.receive(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'only GET is answered here' });
    if (path === '/health') return json(leaving ? 503 : 200, leaving ? { ok: false, because: 'stopping' } : { ok: true });
    if (path === '/ready') {
      const why = registry.closedFor() ?? (through?.outdated ? 'old-revision' : undefined);
      return json(why ? 503 : 200, { ready: !why, ...(why ? { because: why } : {}), active: all.size, capacity: options.capacity, draining });
    }
    if (path === '/metrics') return answer(response, 200, 'text/plain; version=0.0.4', metrics.text(numbers()));
    json(404, { error: 'there are /health, /ready and /metrics here, and a WebSocket for carriers' });
  });
  // A client that speaks no HTTP is told so and let go.
  http.on('clientError', (_error, socket) => refuseUpgrade(socket, '400 Bad Request'));

  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: Math.max(...Object.values(deps.codecs).map((codec) => codec.maxFrameBytes)) });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? '/').split('?')[0]!;
    if (through && path === PEER_PATH) return through.upgrade(request, socket, head, (status) => refuseUpgrade(socket, status));
    // By the last part of the path: what stands before it is the business's own way to the relay.
    const last = path.slice(path.lastIndexOf('/'));
    const codec = Object.hasOwn(deps.codecs, last) ? deps.codecs[last]! : deps.codecs.default;
    const why = registry.closedFor() ?? (pending >= options.mostPending ? 'too-many-pending' : undefined);
    if (why) {
      metrics.countBy('streams_refused', why);
      return refuseUpgrade(socket, '503 Service Unavailable');
    }
    const lender: Lender = { to: undefined };
    // node:http hands over what it accepted: a socket, whatever it is declared as.
    const wire = acceptLending(socket, lender) ?? socket as Socket;
    // Until the handshake is through, an error on the socket is nobody's else.
    wire.on('error', () => {});
    const ticket = new URLSearchParams((request.url ?? '').split('?')[1] ?? '').get('ticket') ?? undefined;
    sockets.handleUpgrade(request, wire, head, (stream) => {
      pending++;
      directTransport(stream, { wire, lender: wire === socket ? undefined : lender, mostBytes: codec.maxFrameBytes }, options.pingMs, (transport) => admission(transport, codec, joining, registry, ticket));
    });
  });

  const acceptors = await listenTimes(http, where, where.acceptors ?? 1);
  const own = { address: deps.gateway?.address ?? `127.0.0.1:${acceptors.port}`, task: randomUUID() };
  if (deps.rings) {
    const open = (): boolean => registry.closedFor() === undefined && !through?.outdated;
    early = ringing({ ...deps, ...deps.rings, own, open, room: (held) => open() && held < Math.max(1, Math.floor(options.capacity / 4)) && all.size + held < options.capacity });
  }
  if (deps.gateway) {
    const { connections, posts, revision = 'local' } = deps.gateway;
    // Longer than the 350 s after which a network load balancer gives up an idle connection: whoever closes first must not be us.
    http.keepAliveTimeout = 360_000;
    through = gateway({
      store: connections, posts, own: { ...own, revision, startedAt: deps.clock.now().toISOString() }, secret: deps.ticketSecret, clock: deps.clock,
      codecs: [...new Set(Object.values(deps.codecs))],
      admit: (transport, codec) => {
        pending++;
        return admission(transport, codec, joining, registry);
      },
      resume: (transport, codec, stream, takeovers) => takeover(transport, codec, deps, registry, stream, takeovers),
      closedFor: () => registry.closedFor(), holderOf: (callSid) => early?.holderOf(callSid), active: () => all.size, draining: () => draining, accepted: () => frames?.connections ?? 0, options, metrics, ms: deps.ms, log,
    });
    const { frame } = through;
    frames = tapPosts(http, {
      path: FRAME_PATH, headers: FRAME_HEADERS, mostBytes: MOST_MESSAGE_BYTES, take: frame,
      leaving: () => draining, slowMs: options.ticketMs, idleMs: http.keepAliveTimeout,
    });
  }

  const drain = async (): Promise<void> => {
    draining = true;
    // No stream is taken any more, so nothing that is held will be asked for.
    const letGo = early?.stop();
    through?.drain();
    log.info('the relay takes no more streams', { active: all.size });
    let timer: NodeJS.Timeout | undefined;
    const longEnough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, options.drainMs);
    });
    const letEnd = async (): Promise<void> => {
      while (all.size > 0) await Promise.all([...all].map((bridge) => bridge.done));
    };
    await Promise.race([letEnd(), longEnough]);
    clearTimeout(timer);
    const others = await through?.handOver(options.handOverGraceMs);
    // 1012: service restart. The carrier asks for the next document, which opens a stream at a relay that lives.
    await Promise.all([...all].map((bridge) => bridge.letGo('relay-stopped', 1012)));
    for (const stream of sockets.clients) stream.close(1012, 'relay-stopped');
    leaving = true;
    // What API Gateway still brings here is passed on until it has noticed.
    if (others) await wait(options.lingerMs);
    await letGo;
    deps.release?.();
    await through?.close();
    const cut = setTimeout(() => {
      for (const stream of sockets.clients) stream.terminate();
      frames?.closeAll();
      http.closeAllConnections();
    }, 1000);
    await new Promise<void>((resolve) => {
      acceptors.close();
      http.close(() => resolve());
      frames?.closeIdle();
      http.closeIdleConnections();
    });
    clearTimeout(cut);
  };
  let stopping: Promise<void> | undefined;
  return {
    port: acceptors.port,
    active: () => all.size,
    stop: () => (stopping ??= drain()),
  };
};
