import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { echo, gateway, raw, route } from './listening.ts';

describe('the site', () => {
  let around: string;
  let directory: string;
  beforeAll(async () => {
    around = await mkdtemp(join(tmpdir(), 'site-'));
    directory = join(around, 'web');
    await mkdir(join(directory, 'help'), { recursive: true });
    await mkdir(join(around, 'web-other'));
    await writeFile(join(around, 'secret.txt'), 'secret');
    await writeFile(join(around, 'web-other', 'secret.txt'), 'secret');
    await writeFile(join(directory, '.env'), 'secret');
    await symlink(join(around, 'secret.txt'), join(directory, 'link.txt'));
    for (const name of ['index.html', 'console.html', 'help/index.html', 'app.js', 'app.css', 'say.wav', '404.html']) await writeFile(join(directory, name), name);
  });
  afterAll(() => rm(around, { recursive: true }));

  it('serves files with their types, and pages by clean names', async () => {
    const { url } = await gateway({ site: { directory } });
    const got = async (path: string) => { const response = await fetch(url + path); return [response.status, response.headers.get('content-type'), await response.text()]; };
    expect(await got('/')).toEqual([200, 'text/html; charset=utf-8', 'index.html']);
    expect(await got('/console')).toEqual([200, 'text/html; charset=utf-8', 'console.html']);
    expect(await got('/help/')).toEqual([200, 'text/html; charset=utf-8', 'help/index.html']);
    expect(await got('/help?x=1')).toEqual([200, 'text/html; charset=utf-8', 'help/index.html']);
    expect(await got('/app.js')).toEqual([200, 'text/javascript; charset=utf-8', 'app.js']);
    expect(await got('/say.wav')).toEqual([200, 'audio/wav', 'say.wav']);
  });

  it('adds the security headers and revalidates by ETag', async () => {
    const { url } = await gateway({ site: { directory } });
    const first = await fetch(`${url}/app.css`);
    expect(first.headers.get('content-security-policy')).toMatch(/default-src 'self'.*connect-src 'self'.*frame-ancestors 'none'/);
    expect(first.headers.get('x-content-type-options')).toBe('nosniff');
    expect(first.headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin');
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const again = await fetch(`${url}/app.css`, { headers: { 'if-none-match': first.headers.get('etag')! } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const head = await fetch(`${url}/app.css`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '7']);
  });

  it('serves nothing outside its directory, nothing hidden, and follows no link out', async () => {
    const { port } = await gateway({ site: { directory } });
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/%2e%2e%2fweb-other/secret.txt', '/help/../../secret.txt', '/..%5csecret.txt', '/.env', '/link.txt', '/a%00b',
      `/${'a/'.repeat(2_000)}`, `/${'x'.repeat(5_000)}`]) {
      const answer = await raw(port, `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      expect([path, answer.slice(0, 12)]).toEqual([path, 'HTTP/1.1 404']);
      expect(answer).not.toContain('\r\n\r\nsecret');
    }
  });

  it('gives way to routes, and takes only GET and HEAD', async () => {
    const { url } = await gateway({ site: { directory }, routes: [route('GET', '/console', echo)] });
    expect((await fetch(`${url}/console`)).headers.get('content-type')).toBe('application/json');
    expect((await fetch(`${url}/app.js`, { method: 'POST' })).status).toBe(404);
  });

  it('answers with its own page where one is named for what is not there', async () => {
    const { url } = await gateway({ site: { directory, notFound: '404.html' } });
    const response = await fetch(`${url}/nowhere`);
    expect([response.status, await response.text()]).toEqual([404, '404.html']);
  });
});
