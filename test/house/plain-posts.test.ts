import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeCertificate } from '#doubles/certificate.ts';
import { plainPosts, type PlainPostsOptions } from '#house/plain-posts.ts';

const started = async (server: Server, scheme: string, of: Partial<PlainPostsOptions>) => {
  const sockets = new Set<Socket>();
  server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let now = 0;
  const posts = plainPosts(`${scheme}://127.0.0.1:${port}`, { most: 10, answerMs: 2000, connectMs: 2000, ms: () => now, ...of });
  onTestFinished(() => {
    posts.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { posts, port, sockets, server, pass: (ms: number) => { now += ms; } };
};

interface Seen { method: string; url: string; headers: IncomingMessage['headers']; body: string; from: number }

/** A server that node:http makes, and what it was asked. */
const house = async (answer: (response: ServerResponse, seen: Seen, count: number) => void, of: Partial<PlainPostsOptions> = {}, tls?: ReturnType<typeof makeCertificate>) => {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = { method: request.method!, url: request.url!, headers: request.headers, body: Buffer.concat(chunks).toString(), from: request.socket.remotePort! };
      seen.push(asked);
      answer(response, asked, seen.length);
    });
  };
  return { seen, ...await started(tls ? createHttps(tls, listener) : createHttp(listener), tls ? 'https' : 'http', of) };
};
const ok = (response: ServerResponse): void => void response.writeHead(200, { 'content-length': 0 }).end();
/** A server that says what it is told, whatever it is asked. */
const says = (...answers: (string | undefined)[]) => {
  let count = 0;
  return started(createServer((socket) => {
    socket.on('data', () => {
      const answer = answers[Math.min(count++, answers.length - 1)];
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
  }), 'http', {});
};
const places = (seen: Seen[]): number => new Set(seen.map(({ from }) => from)).size;

describe('plain posts', () => {
  it('have their path, headers, length and body, text as UTF-8', async () => {
    const { posts, seen, port } = await house(ok);
    expect(await posts.post('/a%20b', { 'x-one': '1', authorization: 'a b, c' }, Buffer.from('bytes'))).toBe(200);
    expect(await posts.post('/', {}, 'größer')).toBe(200);
    expect(seen).toMatchObject([
      { method: 'POST', url: '/a%20b', headers: { host: `127.0.0.1:${port}`, 'x-one': '1', authorization: 'a b, c', 'content-length': '5' }, body: 'bytes' },
      { method: 'POST', url: '/', headers: { 'content-length': '8' }, body: 'größer' },
    ]);
  });

  it('go over one connection while they go one after the other, whatever is answered', async () => {
    const { posts, seen } = await house((response, _seen, count) => {
      if (count % 3 === 0) return ok(response);
      response.writeHead(count % 3 === 1 ? 429 : 410);
      // In chunks: nobody said how long it is.
      response.write('words');
      response.end(' of theirs');
    });
    const statuses = [];
    for (let i = 0; i < 9; i++) statuses.push(await posts.post('/', {}, `${i}`));
    expect(statuses).toEqual([429, 410, 200, 429, 410, 200, 429, 410, 200]);
    expect(places(seen)).toBe(1);
  });

  it('go side by side over as many connections as may be, and the rest when one is free, in order', async () => {
    const held: ServerResponse[] = [];
    const { posts, seen } = await house((response) => {
      held.push(response);
      if (held.length === 3) for (const one of held.splice(0)) ok(one);
    }, { most: 3 });
    expect(await Promise.all(Array.from({ length: 9 }, (_, i) => posts.post('/', {}, `${i}`)))).toEqual(Array(9).fill(200));
    expect(places(seen)).toBe(3);
    expect(seen.map(({ body }) => body).slice(0, 3).toSorted()).toEqual(['0', '1', '2']);
  });

  it('take a new connection where the answer closes the old one', async () => {
    const { posts, seen } = await house((response) => void response.writeHead(200, { connection: 'close', 'content-length': 0 }).end());
    for (let i = 0; i < 3; i++) expect(await posts.post('/', {}, '')).toBe(200);
    expect(places(seen)).toBe(3);
  });

  it('take a new connection where the old one was quiet for long', async () => {
    const { posts, seen, pass } = await house(ok);
    await posts.post('/', {}, '');
    pass(15_000);
    await posts.post('/', {}, '');
    expect(places(seen)).toBe(1);
    pass(15_001);
    await posts.post('/', {}, '');
    expect(places(seen)).toBe(2);
  });

  it('take a new connection where the other side closed the old one', async () => {
    const { posts, seen, sockets } = await house(ok);
    await posts.post('/', {}, '');
    const [socket] = sockets;
    socket!.end();
    await once(socket!, 'close');
    expect(await posts.post('/', {}, '')).toBe(200);
    expect(places(seen)).toBe(2);
  });

  it('fail when no answer comes in time, and so do those that wait for a connection meanwhile', async () => {
    const { posts, seen } = await house((response, { body }) => {
      if (body === 'last') ok(response);
    }, { most: 1, answerMs: 60 });
    const [one, two] = [posts.post('/', {}, 'one'), posts.post('/', {}, 'two')];
    await expect(one).rejects.toThrow('no answer within 60 ms');
    await expect(two).rejects.toThrow('no answer within 60 ms');
    expect(await posts.post('/', {}, 'last')).toBe(200);
    expect(seen.map(({ body }) => body)).toContain('last');
  });

  it.each([
    ['nothing', undefined, 'the connection was closed before an answer'],
    ['half an answer', 'HTTP/1.1 200 OK\r\ncont', 'no answer within'],
    ['something else than HTTP', 'SSH-2.0-x\r\n\r\n', 'the answer is not HTTP/1.1'],
  ])('fail when the other side says %s, and the next one is asked all the same', async (_what, answer, error) => {
    const server = await says(answer, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const posts = plainPosts(`http://127.0.0.1:${server.port}`, { most: 1, answerMs: 100, connectMs: 1000, ms: () => 0 });
    await expect(posts.post('/', {}, '')).rejects.toThrow(error);
    expect(await posts.post('/', {}, '')).toBe(200);
    posts.close();
  });

  it('come to an end where an answer comes in pieces', async () => {
    const server = await started(createServer((socket) => {
      const say = (pieces: string[]): void => {
        if (pieces.length === 0) return;
        socket.write(pieces[0]!);
        setImmediate(() => say(pieces.slice(1)));
      };
      socket.on('data', () => say(['HTTP/1.1 2', '00 OK\r\ncontent-le', 'ngth: 4\r\n\r\n', 'do', 'ne']));
    }), 'http', {});
    for (let i = 0; i < 3; i++) expect(await server.posts.post('/', {}, '')).toBe(200);
    expect(server.sockets.size).toBe(1);
  });

  it('fail when nobody listens', async () => {
    const { posts, server } = await house(ok);
    server.close();
    await once(server, 'close');
    await expect(Promise.all([posts.post('/', {}, ''), posts.post('/', {}, '')])).rejects.toThrow('ECONNREFUSED');
  });

  it('fail when they are closed, and then at once', async () => {
    const { posts } = await house(() => {}, { most: 1 });
    const asked = Promise.allSettled([posts.post('/', {}, ''), posts.post('/', {}, '')]);
    posts.close();
    expect((await asked).map((each) => each.status === 'rejected' && String(each.reason))).toEqual(['Error: closed', 'Error: closed']);
    await expect(posts.post('/', {}, '')).rejects.toThrow('closed');
  });

  it.each([['/a b\r\nx: y', {}], ['/', { 'x-a': 'b\r\nc: d' }], ['/', { 'x-a': 'b\u010ac' }], ['/', { 'x\n': 'b' }]])('are refused where their path or a header could be read as more than one line', async (path, headers) => {
    const { posts, seen } = await house(ok);
    await expect(posts.post(path, headers as Record<string, string>, '')).rejects.toThrow('printable ASCII only');
    expect(seen).toEqual([]);
  });

  it('go over TLS, to nobody but whom the name is for', async () => {
    const tls = makeCertificate();
    const { posts, seen, port } = await house(ok, {}, tls);
    await expect(posts.post('/', {}, 'one')).rejects.toThrow(/certificate/);
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, tls.cert]);
    onTestFinished(() => setDefaultCACertificates(before));
    for (const body of ['two', 'three']) expect(await posts.post('/', {}, body)).toBe(200);
    expect(seen.map(({ body }) => body)).toEqual(['two', 'three']);
    expect(places(seen)).toBe(1);
    const elsewhere = plainPosts(`https://localhost:${port}`, { most: 1, answerMs: 2000, connectMs: 2000, ms: () => 0 });
    await expect(elsewhere.post('/', {}, '')).rejects.toThrow(/altnames|does not match/);
    elsewhere.close();
  });
});
