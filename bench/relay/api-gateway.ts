// API Gateway as the relay knows it, by hand and cheap: each frame of a carrier is a POST over a connection that is kept, and @connections takes what is
// posted back. Made by gateway-rounds.ts. (The stand-in of local/ checks more and costs more; this one is part of the load.)
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { caller, listener, startFrame, type CarrierLeg } from './carriers.ts';
import type { Form } from './frames.ts';
import type { OpenCarrier } from './load.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('ontent-length: ');
const LENGTH_AS_NODE = Buffer.from('ontent-Length: ');
const connectionIdOf = (call: number): string => `bench${String(call).padStart(8, '0')}=`;

/** As a gateway that has been there for a while: they are there before the calls. */
const CONNECTIONS = 64;
/** More would overflow the backlog of a relay that is just starting: they would wait for a second in the kernel. */
const MOST_CONNECTIONS = 256;

/** Requests to one relay: each connection has one in flight; there are as many as that takes, and what is too much waits its turn. */
const requests = (port: number) => {
  const idle: Socket[] = [];
  const waiting: Buffer[] = [];
  const all = new Set<Socket>();
  const incoming = Buffer.allocUnsafeSlow(64 * 1024);
  const open = (): Socket => {
    const socket = connect({
      port, host: '127.0.0.1', noDelay: true,
      onread: {
        buffer: incoming,
        callback: (count) => {
          // Answers come in one piece, without a body.
          if (!incoming.subarray(count - 4, count).equals(HEAD_END)) return true;
          const next = waiting.shift();
          if (next) socket.write(next);
          else idle.push(socket);
          return true;
        },
      },
    });
    socket.on('error', () => {});
    socket.on('close', () => all.delete(socket));
    all.add(socket);
    return socket;
  };
  return {
    /** Opens so many, each with a first request: one that said nothing would be closed. */
    open: (count: number): void => {
      for (let i = 0; i < count; i++) open().write('POST /apigw/frame HTTP/1.1\r\nhost: relay\r\nx-ws-connection-id: none=\r\nx-ws-event: $disconnect\r\ncontent-length: 0\r\n\r\n');
    },
    /** `bytes` may be changed afterwards. */
    send: (bytes: Buffer): void => {
      const socket = idle.pop() ?? (all.size < MOST_CONNECTIONS ? open() : undefined);
      if (!socket) return void waiting.push(Buffer.from(bytes));
      socket.write(socket.connecting ? Buffer.from(bytes) : bytes);
      if (socket.writableLength > 0 && !socket.connecting) throw new Error('the relay reads too slowly for this load');
    },
    get connections() {
      return all.size;
    },
    stop: (): void => {
      for (const socket of all) socket.destroy();
    },
  };
};

const requestFor = (call: number, event: string, body: string): Buffer => Buffer.from(
  `POST /apigw/frame HTTP/1.1\r\nhost: relay\r\nx-ws-connection-id: ${connectionIdOf(call)}\r\nx-ws-event: ${event}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

export interface ApiGateway {
  /** Where the relay posts to. */
  endpoint: string;
  open(relayPort: number): OpenCarrier;
  readonly connections: number;
  stop(): void;
}

/** `postMs`: how long a post takes to be answered. */
export const startApiGateway = async (postMs: number): Promise<ApiGateway> => {
  const hearing = new Map<string, (bytes: Buffer, start: number, end: number) => void>();
  const answers: { at: number; socket: Socket }[] = [];
  const answer = Buffer.from('HTTP/1.1 200 OK\r\nx-amzn-requestid: bench\r\ncontent-length: 0\r\n\r\n');
  const answering = setInterval(() => {
    const now = performance.now();
    while (answers.length > 0 && answers[0]!.at <= now) {
      const { socket } = answers.shift()!;
      if (!socket.destroyed) socket.write(answer);
    }
  }, 1);

  const server = createServer({ noDelay: true }, (socket) => {
    let rest: Buffer | undefined;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
      const head = bytes.indexOf(HEAD_END);
      const named = head < 0 ? -1 : Math.max(bytes.indexOf(LENGTH), bytes.indexOf(LENGTH_AS_NODE));
      const start = head + 4;
      const end = start + (named < 0 ? 0 : Number.parseInt(bytes.toString('latin1', named + LENGTH.length, named + LENGTH.length + 8), 10));
      if (head < 0 || bytes.length < end) {
        rest = bytes;
        return;
      }
      rest = undefined;
      // `POST /@connections/<id> HTTP/1.1`: one request at a time, which is how the SDK and everybody else uses a connection.
      const id = decodeURIComponent(bytes.toString('latin1', bytes.indexOf('/@connections/') + 14, bytes.indexOf(' HTTP/1.1')));
      if (end > start) hearing.get(id)?.(bytes, start, end);
      answers.push({ at: performance.now() + postMs, socket });
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const pools: ReturnType<typeof requests>[] = [];

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open: (relayPort) => {
      const relay = requests(relayPort);
      pools.push(relay);
      relay.open(CONNECTIONS);
      return async (call, heard): Promise<CarrierLeg> => {
        const words = caller(call, (text): Form => ({ bytes: requestFor(call, 'media', text), maskedFrom: undefined }));
        const ears = listener(heard, (name) => relay.send(requestFor(call, 'mark', words.mark(name))));
        hearing.set(connectionIdOf(call), ears.hear);
        relay.send(requestFor(call, '$connect', ''));
        relay.send(requestFor(call, 'start', startFrame(call)));
        return {
          speak: (number, at) => {
            ears.look(at);
            words.set(number);
            relay.send(words.form.bytes);
          },
          stop: () => {
            hearing.delete(connectionIdOf(call));
            ears.forget();
          },
        };
      };
    },
    get connections() {
      return pools.reduce((sum, pool) => sum + pool.connections, 0);
    },
    stop: () => {
      clearInterval(answering);
      for (const pool of pools) pool.stop();
      server.close();
    },
  };
};
