// POSTs to one host over connections that are kept, of whose answers nothing counts but the status: for posts to API Gateway, some twenty a second and
// call. A request and an answer of node:http are four streams and many objects (`npm run bench:relay -- gateway` shows what a call costs). Used
// by relay/signed-posts.ts.
import type { Socket } from 'node:net';
import { readAnswer } from './http-answer.ts';
import { connectLending, type Lender } from './lent-reads.ts';

export interface PlainPosts {
  /**
   * The answer's status. `path`: as on the wire; `headers` without `content-length`. Rejects when the connection fails or the answer takes too long: then
   * nobody knows what became of the request.
   */
  post(path: string, headers: Readonly<Record<string, string>>, body: Buffer | string): Promise<number>;
  /** What is under way fails. */
  close(): void;
}

export interface PlainPostsOptions {
  /** Connections at once; each has one request at a time, and what is too much waits for one. */
  most: number;
  /** From the asking to the end of the answer. */
  answerMs: number;
  connectMs: number;
  ms: () => number;
}

/** A connection that was quiet for longer is not used again: the other side may be closing it. */
const IDLE_MS = 15_000;

/** Whatever else stood in a line of the head could be read as another line. */
const oneLine = (text: string): string => {
  if (/[^\x20-\x7e]/.test(text)) throw new TypeError('a path or header may have printable ASCII only');
  return text;
};

interface Asked { request: Buffer; done: (status: number) => void; failed: (error: Error) => void; timer: NodeJS.Timeout; line: Line | undefined }

/** One connection. `free`: it may be asked again; `gone`: never. Of the two, and of an answer or a failure, each is called once for a request. */
class Line {
  readonly #socket: Socket;
  readonly #lender: Lender = { to: { lent: (bytes, count) => this.#read(bytes.subarray(0, count)) } };
  readonly #free: (line: Line) => void;
  readonly #gone: (line: Line) => void;
  #asked: Asked | undefined;
  /** The beginning of an answer. */
  #held: Buffer | undefined;
  #over = false;
  /** When its last answer came. */
  since = 0;

  constructor({ protocol, hostname, port }: URL, connectMs: number, free: (line: Line) => void, gone: (line: Line) => void) {
    this.#free = free;
    this.#gone = gone;
    const secure = protocol === 'https:';
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connectLending(secure, this.#lender)({ host, port: Number(port) || (secure ? 443 : 80), noDelay: true });
    this.#socket = socket;
    const late = setTimeout(() => this.end(new Error(`no connection within ${connectMs} ms`)), connectMs);
    socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(late));
    socket.on('error', (error) => this.end(error));
    socket.on('end', () => this.end());
    socket.on('close', () => {
      clearTimeout(late);
      this.end();
    });
  }

  ask(asked: Asked): void {
    this.#asked = asked;
    asked.line = this;
    this.#socket.write(asked.request);
  }

  /** `why`: what its request fails with. */
  end(why: Error = new Error('the connection was closed before an answer')): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone(this);
    this.#socket.destroy();
    this.#asked?.failed(why);
    this.#asked = undefined;
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    const asked = this.#asked;
    if (!asked) return this.end();
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    let answer;
    try {
      answer = readAnswer(bytes);
    } catch (error) {
      return this.end(error as Error);
    }
    if (!answer) {
      this.#held = this.#held ? bytes : Buffer.from(bytes);
      return;
    }
    this.#held = undefined;
    this.#asked = undefined;
    if (answer.keeps) this.#free(this);
    else this.end();
    asked.done(answer.status);
  }
}

export const plainPosts = (endpoint: string, { most, answerMs, connectMs, ms }: PlainPostsOptions): PlainPosts => {
  const url = new URL(endpoint);
  const lines = new Set<Line>();
  /** Those without a request, the one that had one last at the end. */
  let idle: Line[] = [];
  const waiting: Asked[] = [];
  let closed = false;

  const open = (): Line => {
    const line: Line = new Line(url, connectMs, free, gone);
    lines.add(line);
    return line;
  };
  const free = (line: Line): void => {
    line.since = ms();
    const next = waiting.shift();
    if (next) line.ask(next);
    else idle.push(line);
  };
  const gone = (line: Line): void => {
    lines.delete(line);
    const at = idle.lastIndexOf(line);
    if (at >= 0) idle.splice(at, 1);
    const next = closed ? undefined : waiting.shift();
    if (next) open().ask(next);
  };
  /** One that answered of late. Where the last to answer is too old, all are. */
  const kept = (): Line | undefined => {
    const line = idle.pop();
    if (!line || ms() - line.since <= IDLE_MS) return line;
    const old = [line, ...idle];
    idle = [];
    for (const one of old) one.end();
    return undefined;
  };

  return {
    post: (path, headers, body) => new Promise((resolve, reject) => {
      if (closed) throw new Error('closed');
      let head = `POST ${oneLine(path)} HTTP/1.1\r\nhost: ${url.host}\r\n`;
      for (const [name, value] of Object.entries(headers)) head += `${oneLine(name)}: ${oneLine(value)}\r\n`;
      const bodyBytes = Buffer.byteLength(body);
      head += `content-length: ${bodyBytes}\r\n\r\n`;
      const request = Buffer.allocUnsafe(head.length + bodyBytes);
      request.write(head, 'latin1');
      if (typeof body === 'string') request.write(body, head.length);
      else body.copy(request, head.length);
      const asked: Asked = {
        request, line: undefined,
        done: (status) => {
          clearTimeout(asked.timer);
          resolve(status);
        },
        failed: (error) => {
          clearTimeout(asked.timer);
          reject(error);
        },
        timer: setTimeout(() => {
          const late = new Error(`no answer within ${answerMs} ms`);
          if (asked.line) return asked.line.end(late);
          waiting.splice(waiting.indexOf(asked), 1);
          reject(late);
        }, answerMs),
      };
      const line = kept() ?? (lines.size < most ? open() : undefined);
      if (line) line.ask(asked);
      else waiting.push(asked);
    }),
    close: () => {
      closed = true;
      for (const { failed } of waiting.splice(0)) failed(new Error('closed'));
      for (const line of lines) line.end(new Error('closed'));
    },
  };
};
