import * as fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { tapPosts, type PostTap, type PostTapOptions } from '#house/post-tap.ts';

const MOST_BYTES = 200;

/** Takes POSTs to /frame, with the tap or without; knows nothing else. */
const serve = async (tapped: boolean, of: Partial<PostTapOptions> = {}) => {
  const taken: unknown[] = [];
  /** What node:http was asked for. */
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const ours = request.method === 'POST' && request.url === '/frame';
      if (ours) taken.push([request.headers['x-id'], Buffer.concat(chunks).toString()]);
      response.writeHead(ours ? 200 : 404, { 'content-length': 0 }).end();
    });
  });
  const tap: PostTap | undefined = tapped ? tapPosts(server, {
    path: '/frame', headers: ['x-id'], mostBytes: MOST_BYTES, take: ([id], body) => taken.push([id, body.toString()]),
    leaving: () => false, slowMs: 3000, idleMs: 60_000, ...of,
  }) : undefined;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    tap?.closeAll();
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(close);
  return { taken, asked, port, tap: tap!, server, close };
};

const dial = async (port: number): Promise<{ socket: Socket; heard: () => string; closed: Promise<unknown> }> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let heard = '';
  socket.on('data', (chunk: Buffer) => { heard += chunk.toString('latin1'); });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => { socket.once('close', resolve); });
  await once(socket, 'connect');
  return { socket, heard: () => heard, closed };
};
const post = (id: string, body: string, ...headers: string[]): string =>
  [`POST /frame HTTP/1.1`, 'host: relay', ...headers, `x-id: ${id}`, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
const statuses = (heard: string): string[] => heard.match(/HTTP\/1\.1 \d{3}/g) ?? [];

/** What a connection with these chunks comes to. The last request asks for its end. */
const outcome = async (chunks: Buffer[], tapped: boolean) => {
  const { port, taken, close } = await serve(tapped);
  const { socket, heard, closed } = await dial(port);
  for (const chunk of chunks) {
    if (socket.writable) socket.write(chunk);
    await new Promise(setImmediate);
  }
  await closed;
  await close();
  return { taken, statuses: statuses(heard()) };
};

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const word = fc.stringMatching(/^[a-z]{1,8}$/);
const ordinary = fc.oneof(
  fc.tuple(word, text).map(([id, body]) => post(id, body)),
  fc.tuple(word, text, word).map(([id, body, other]) => post(id, body, 'Connection: keep-alive', `X-Other:${other}`)),
);
const nodes = fc.oneof(
  word.map((path) => `GET /${path} HTTP/1.1\r\nhost: relay\r\n\r\n`),
  fc.tuple(word, word).map(([id, body]) => `POST /frame HTTP/1.1\r\nhost: relay\r\nx-id: ${id}\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
  word.map((id) => post(id, 'x'.repeat(MOST_BYTES + 1))),
  word.map((id) => post(id, '', 'x-id: twice')),
);
const last = fc.constantFrom('GET /end HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n', post('end', 'end', 'connection: close'));
const fault = fc.constantFrom('no http at all\r\n\r\n', post('end', 'end', 'content-length: 99'), 'POST /frame HTTP/1.1\r\nhost: relay\r\nx-id: \0\r\n\r\n');
const traffic = <T extends string>(requests: fc.Arbitrary<T>, end: fc.Arbitrary<string>) =>
  fc.tuple(fc.array(requests, { maxLength: 8 }), end, fc.array(fc.nat(2000), { maxLength: 12 })).map(([all, at, cuts]) => {
    const bytes = Buffer.from([...all, at].join(''));
    const ends = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
    return { requests: all.length, chunks: ends.slice(1).map((to, i) => bytes.subarray(ends[i], to)).filter((chunk) => chunk.length > 0) };
  });

afterEach(() => { vi.useRealTimers(); });

describe('a server with its posts tapped', () => {
  it('takes the same posts and gives the same answers as without, however they are cut', async () => {
    await fc.assert(fc.asyncProperty(traffic(fc.oneof({ weight: 4, arbitrary: ordinary }, { weight: 1, arbitrary: nodes }), last), async ({ chunks }) => {
      expect(await outcome(chunks, true)).toEqual(await outcome(chunks, false));
    }), { numRuns: 150 });
  });

  it('takes and answers all that comes before a fault, which node:http then refuses', async () => {
    await fc.assert(fc.asyncProperty(traffic(ordinary, fault), async ({ requests, chunks }) => {
      const { taken, statuses: answers } = await outcome(chunks, true);
      expect(taken.length).toBe(requests);
      expect(answers).toEqual([...Array<string>(requests).fill('HTTP/1.1 200'), 'HTTP/1.1 400']);
    }));
  });

  it('takes plain posts before node:http sees them, and leaves it the connection with the first other request', async () => {
    const { port, taken, asked } = await serve(true);
    const { socket, heard, closed } = await dial(port);
    socket.write(`${post('one', 'first')}${post('two', 'second')}GET /other HTTP/1.1\r\nhost: a\r\n\r\n${post('three', 'third', 'connection: close')}`);
    await closed;
    expect(taken).toEqual([['one', 'first'], ['two', 'second'], ['three', 'third']]);
    expect(asked).toEqual(['GET /other', 'POST /frame']);
    expect(statuses(heard())).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    expect(heard()).toMatch(/^HTTP\/1\.1 200 OK\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\ncontent-length: 0\r\n\r\n/);
  });

  it('is a server for WebSockets as before', async () => {
    const { port, server } = await serve(true);
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => ws.on('message', (said: Buffer) => ws.send(said))));
    const ws = new WebSocket(`ws://127.0.0.1:${port}/media`);
    await once(ws, 'open');
    ws.send('hello');
    expect(String((await once(ws, 'message'))[0])).toBe('hello');
    ws.terminate();
  });

  it('counts the connections that came', async () => {
    const { port, tap } = await serve(true);
    const { socket, closed } = await dial(port);
    socket.end(post('one', ''));
    await closed;
    expect(tap.connections).toBe(1);
  });

  it('tells whoever begins and does not go on, and whoever never begins, that it took too long', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { port } = await serve(true);
    const silent = await dial(port);
    const slow = await dial(port);
    slow.socket.write(post('one', 'all of it') + post('two', 'half').slice(0, -2));
    await vi.waitFor(() => expect(statuses(slow.heard())).toEqual(['HTTP/1.1 200']));
    vi.advanceTimersByTime(3000);
    expect([silent.socket.destroyed, slow.socket.destroyed]).toEqual([false, false]);
    vi.advanceTimersByTime(500);
    await Promise.all([silent.closed, slow.closed]);
    expect(statuses(silent.heard())).toEqual(['HTTP/1.1 408']);
    expect(statuses(slow.heard())).toEqual(['HTTP/1.1 200', 'HTTP/1.1 408']);
  });

  it('is not held up by a sender that sends a byte at a time', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { port } = await serve(true);
    const { socket, heard, closed } = await dial(port);
    let sent = 0;
    socket.write('P');
    const drip = setInterval(() => socket.write('OST /frame'[sent++ % 10]!), 500);
    await vi.waitFor(async () => {
      vi.advanceTimersByTime(500);
      await new Promise(setImmediate);
      expect(socket.destroyed).toBe(true);
    });
    clearInterval(drip);
    await closed;
    expect(sent).toBeLessThan(10);
    expect(statuses(heard())[0]).toMatch(/HTTP\/1\.1 40[08]/);
  });

  it('closes what is idle for too long, without a word', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { port } = await serve(true);
    const { socket, heard, closed } = await dial(port);
    socket.write(post('one', ''));
    await vi.waitFor(() => expect(statuses(heard())).toEqual(['HTTP/1.1 200']));
    vi.advanceTimersByTime(60_000);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(500);
    await closed;
    expect(statuses(heard())).toEqual(['HTTP/1.1 200']);
  });

  it('asks everybody to come by another connection while it is leaving', async () => {
    const { port, taken } = await serve(true, { leaving: () => true });
    const { socket, heard, closed } = await dial(port);
    socket.write(post('one', 'heard'));
    await closed;
    expect(taken).toEqual([['one', 'heard']]);
    expect(heard()).toMatch(/^HTTP\/1\.1 200 OK\r\n(.+\r\n)*connection: close\r\n\r\n$/);
  });

  it('closes idle connections when told, and those in the middle of a request only with all', async () => {
    const { port, tap, taken } = await serve(true);
    const [idle, busy] = [await dial(port), await dial(port)];
    idle.socket.write(post('idle', ''));
    busy.socket.write(post('busy', '') + post('next', 'half').slice(0, -2));
    await vi.waitFor(() => expect(statuses(idle.heard() + busy.heard()).length).toBe(2));
    tap.closeIdle();
    await idle.closed;
    busy.socket.write('lf');
    await vi.waitFor(() => expect(taken.length).toBe(3));
    tap.closeAll();
    await busy.closed;
    expect(taken.at(-1)).toEqual(['next', 'half']);
  });

  it('lets go of a sender that reads no answers', async () => {
    const { port } = await serve(true);
    const { socket, closed } = await dial(port);
    socket.pause();
    const flood = post('one', '').repeat(1000);
    const pour = (): void => {
      while (!socket.destroyed && socket.write(flood));
    };
    socket.on('drain', pour);
    pour();
    await closed;
    expect(socket.bytesWritten).toBeGreaterThan(0);
  });
});
