// Called by the local gateway for what no route matched: serves the pages as S3 behind CloudFront does, with the same security headers.
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { Answer } from './answer.ts';

export interface Site {
  directory: string;
  /** File to answer with (404) when a page is asked for that is not there; without it, the gateway's own 404. */
  notFound?: string;
  /** The pages may show Cloudflare's captcha. */
  captcha?: boolean;
}

/** What CloudFront's response headers policy adds to every page and file. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'strict-origin-when-cross-origin',
};

/** What the captcha needs (developers.cloudflare.com/turnstile, content security policy); nothing of it without one. */
const TURNSTILE = 'https://challenges.cloudflare.com';
const headersOf = ({ captcha = false }: Site): Readonly<Record<string, string>> => (captcha
  ? { ...SECURITY_HEADERS, 'content-security-policy': `${SECURITY_HEADERS['content-security-policy']}; script-src 'self' ${TURNSTILE}; frame-src ${TURNSTILE}` }
  : SECURITY_HEADERS);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8', '.json': 'application/json', '.map': 'application/json',
  '.webmanifest': 'application/manifest+json', '.txt': 'text/plain; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.jpg': 'image/jpeg', '.webp': 'image/webp', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg', '.wasm': 'application/wasm',
};

/** `/` is index.html, `/console` is console.html or console/index.html. */
const candidates = (path: string): string[] =>
  path.endsWith('/') ? [`${path}index.html`] : extname(path) ? [path] : [path, `${path}.html`, `${path}/index.html`];

/** The file's real path, or undefined when it is no file or lies outside: links are followed before that is judged. */
const fileInside = async (directory: string, path: string): Promise<string | undefined> => {
  try {
    const root = await realpath(directory);
    const file = await realpath(join(root, path));
    return file.startsWith(root + sep) && (await stat(file)).isFile() ? file : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(code ?? '')) return undefined;
    throw error;
  }
};

const serve = async (site: Site, file: string, status: number, ifNoneMatch: string | undefined): Promise<Answer> => {
  const body = await readFile(file);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = {
    ...headersOf(site), 'content-type': TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream', etag, 'cache-control': 'no-cache',
  };
  const known = ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
  return known && status === 200 ? { status: 304, headers, body: Buffer.alloc(0) } : { status, headers, body };
};

/** The answer for a decoded path, or undefined when there is no such file. Names that begin with a dot are not served. */
export const sitePage = async (site: Site, path: string, ifNoneMatch?: string): Promise<Answer | undefined> => {
  const hidden = path.includes('\0') || path.includes('\\') || path.split('/').some((segment) => segment.startsWith('.'));
  for (const candidate of hidden ? [] : candidates(path)) {
    const file = await fileInside(site.directory, candidate);
    if (file) return serve(site, file, 200, ifNoneMatch);
  }
  const fallback = site.notFound === undefined ? undefined : await fileInside(site.directory, site.notFound);
  return fallback ? serve(site, fallback, 404, undefined) : undefined;
};
