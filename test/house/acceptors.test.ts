import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenTimes } from '#house/acceptors.ts';

const CALLERS = 64;

const house = async (count: number) => {
  const server = createServer((_request, response) => void response.end('here'));
  const acceptors = await listenTimes(server, { port: 0, host: '127.0.0.1' }, count);
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    acceptors.close();
    server.close();
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(close);
  return { server, port: acceptors.port, close };
};
const answer = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();

/** Turns of the event loop from the first connection to the last of many that are opened together. */
const turns = async (count: number): Promise<number> => {
  const { server, port } = await house(count);
  const seen: number[] = [];
  let turn = 0;
  server.on('connection', (socket) => {
    seen.push(turn);
    socket.destroy();
  });
  for (let i = 0; i < CALLERS; i++) connect({ port, host: '127.0.0.1' }).on('error', () => {});
  for (; seen.length < CALLERS; turn++) await new Promise(setImmediate);
  return seen.at(-1)! - seen[0]!;
};

describe('a port that is listened on', () => {
  it('answers, and is free again when it is closed', async () => {
    const { port, close } = await house(1);
    expect(await answer(port)).toBe('here');
    await close();
    await expect(answer(port)).rejects.toThrow('fetch failed');
  });

  it('is nobody else’s when it is listened on once', async () => {
    const { port } = await house(1);
    await expect(listenTimes(createServer(), { port, host: '127.0.0.1' }, 1)).rejects.toThrow('EADDRINUSE');
  });

  it.runIf(process.platform === 'linux')('answers every time when it is listened on many times, and is free again when it is closed', async () => {
    const { port, close } = await house(8);
    expect(await Promise.all(Array.from({ length: 20 }, () => answer(port)))).toEqual(Array(20).fill('here'));
    await close();
    await expect(answer(port)).rejects.toThrow('fetch failed');
  });

  it.runIf(process.platform === 'linux')('takes many connections in fewer turns of the event loop when it is listened on many times', async () => {
    expect(await turns(16)).toBeLessThan(await turns(1) / 2);
  });

  it.runIf(process.platform === 'linux')('is not listened on at all where one of the many is refused', async () => {
    const { port } = await house(1);
    const server = createServer();
    await expect(listenTimes(server, { port, host: '127.0.0.1' }, 4)).rejects.toThrow('EADDRINUSE');
    expect(server.listening).toBe(false);
  });
});
