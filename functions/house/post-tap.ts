// Takes plain POSTs to one path off a server's connections before node:http sees them, for frames that come through API Gateway: each of them is a small
// request of its own, 50 a second and call, and node:http makes two streams of each. Everything else (upgrades, other paths, chunked bodies, faults)
// is node:http's, and so is the rest of a connection on which it came.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { MORE, OTHER, requestHead } from './request-head.ts';

export interface PostTap {
  /** Connections that came so far. */
  readonly connections: number;
  /** Closes connections that are not in the middle of a request. */
  closeIdle(): void;
  closeAll(): void;
}

export interface PostTapOptions {
  /** The whole target of the requests. */
  path: string;
  /** Headers that `take` wants, in lower case. */
  headers: readonly string[];
  /** A longer body is node:http's. */
  mostBytes: number;
  /** The values of `headers` in their order, and a body that is good for as long as one likes. Called after the answer, 200 without a body, is written. */
  take: (values: readonly (string | undefined)[], body: Buffer) => void;
  /** The answer then closes the connection. */
  leaving: () => boolean;
  /** A request, or the first one of a connection, has to be through after so long. */
  slowMs: number;
  /** Between requests a connection may be silent for so long. */
  idleMs: number;
}

const LOOK_MS = 500;
/** Answers that somebody does not read. */
const MOST_UNREAD_BYTES = 64 * 1024;

/** Before the server listens. `clientError` of the server is not for what is taken here: nothing of that is faulty. */
export const tapPosts = (server: Server, { path, headers, mostBytes, take, leaving, slowMs, idleMs }: PostTapOptions): PostTap => {
  const forNode = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const head = requestHead(path, headers);
  const lines = new Set<Line>();
  const values = Array.from<string | undefined>({ length: headers.length });
  let connections = 0;
  let answer = Buffer.alloc(0);
  let lastAnswer = Buffer.alloc(0);
  const date = (): void => {
    const words = `HTTP/1.1 200 OK\r\ndate: ${new Date().toUTCString()}\r\ncontent-length: 0\r\n`;
    answer = Buffer.from(`${words}\r\n`);
    lastAnswer = Buffer.from(`${words}connection: close\r\n\r\n`);
  };
  date();

  class Line {
    readonly socket: Socket;
    /** The beginning of a request whose rest has not come, and how long it is as far as one knows. */
    held: Buffer[] = [];
    heldBytes = 0;
    wanted = 0;
    /** Looks since the last request was through, or this one began. */
    looks = 0;
    /** Somebody is to say something: it has begun, or never has. */
    owes = true;
    readonly read = (chunk: Buffer): void => this.#read(chunk);
    readonly ended = (): void => void this.socket.end();
    readonly closed = (): void => void lines.delete(this);
    // A request that breaks off never came.
    readonly broke = (): void => {};

    constructor(socket: Socket) {
      this.socket = socket;
      lines.add(this);
      socket.on('data', this.read);
      socket.on('end', this.ended);
      socket.on('close', this.closed);
      socket.on('error', this.broke);
    }

    #hold(bytes: Buffer, requestBytes: number): void {
      if (!this.owes) this.looks = 0;
      this.owes = true;
      this.held.push(bytes);
      this.heldBytes += bytes.length;
      this.wanted = requestBytes;
    }

    /** What was taken is answered; from here on node:http reads. */
    #handOn(bytes: Buffer): void {
      const { socket } = this;
      lines.delete(this);
      socket.off('data', this.read);
      socket.off('end', this.ended);
      socket.off('close', this.closed);
      for (const listener of forNode) listener.call(server, socket);
      socket.off('error', this.broke);
      socket.emit('data', bytes);
    }

    #read(chunk: Buffer): void {
      if (this.socket.writableEnded) return;
      let bytes = chunk;
      if (this.heldBytes > 0) {
        if (this.heldBytes + chunk.length < this.wanted) return this.#hold(chunk, this.wanted);
        bytes = Buffer.concat([...this.held, chunk]);
        this.held = [];
        this.heldBytes = 0;
      }
      let at = 0;
      while (at < bytes.length) {
        const body = head.read(bytes, at);
        if (body === MORE) return this.#hold(at === 0 ? bytes : bytes.subarray(at), 0);
        if (body === OTHER || head.bodyBytes > mostBytes) return this.#handOn(bytes.subarray(at));
        const end = body + head.bodyBytes;
        if (end > bytes.length) return this.#hold(at === 0 ? bytes : bytes.subarray(at), end - at);
        for (let i = 0; i < values.length; i++) values[i] = head.value(bytes, i);
        at = end;
        this.owes = false;
        this.looks = 0;
        const last = leaving();
        this.socket.write(last ? lastAnswer : answer);
        take(values, bytes.subarray(body, end));
        if (last) return this.socket.destroySoon();
      }
      if (this.socket.writableLength > MOST_UNREAD_BYTES) this.socket.destroy();
    }
  }

  server.on('connection', (socket) => {
    connections++;
    // It stays in `lines` for as long as it is ours.
    void new Line(socket);
  });
  const looking = setInterval(() => {
    date();
    for (const line of lines) {
      if (++line.looks * LOOK_MS <= (line.owes ? slowMs : idleMs)) continue;
      if (line.owes) line.socket.write('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      line.socket.destroySoon();
    }
  }, LOOK_MS);
  server.on('close', () => clearInterval(looking));

  return {
    get connections() {
      return connections;
    },
    closeIdle: () => {
      for (const { socket, heldBytes } of lines) if (heldBytes === 0) socket.destroySoon();
    },
    closeAll: () => {
      for (const { socket } of lines) socket.destroy();
    },
  };
};
