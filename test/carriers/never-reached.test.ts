import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { neverReached } from '#carriers/never-reached.ts';

const thrownBy = (url: string, signal?: AbortSignal): Promise<unknown> => fetch(url, { method: 'POST', body: 'x', ...(signal ? { signal } : {}) }).then(() => 'an answer', (error: unknown) => error);
const listening = async (serve: Parameters<typeof createServer>[1]): Promise<{ url: string; close: () => Promise<void> }> => {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
};

describe('a request that failed', () => {
  it('never reached anybody when nobody listens, nobody has the name, or fetch itself refuses the port', async () => {
    const { url, close } = await listening({} as never);
    await close();
    for (const where of [url, 'http://nobody.invalid/', 'http://127.0.0.1:9/']) expect(neverReached(await thrownBy(where))).toBe(true);
  });

  it('may have reached somebody when the connection was accepted: reset, closed, nonsense or silence', async () => {
    const ends: Parameters<typeof createServer>[1][] = [];
    ends.push((socket) => void socket.once('data', () => socket.resetAndDestroy()), (socket) => void socket.once('data', () => socket.end()), (socket) => void socket.once('data', () => socket.end('nonsense\r\n\r\n')));
    for (const serve of ends) expect(neverReached(await thrownBy((await listening(serve)).url))).toBe(false);
    const open: { destroy: () => void }[] = [];
    const silent = await listening((socket) => void open.push(socket));
    expect(neverReached(await thrownBy(silent.url, AbortSignal.timeout(50)))).toBe(false);
    for (const socket of open) socket.destroy();
  });

  it('is nothing that is certain when the error is of another kind', () => {
    for (const error of [undefined, null, 'x', new Error('x'), { cause: null }]) expect(neverReached(error ?? {})).toBe(false);
  });
});
