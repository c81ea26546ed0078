/** The simulated ElevenLabs' REST interface: finds the route, checks the key, answers JSON. Further subjects add their routes to the list. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account } from './account.ts';
import { invalidApiKey, methodNotAllowed, notFound, type RestError } from './errors.ts';
import type { Json } from './json.ts';

export type Asked = {
  /** The named groups of the route's path. */
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  raw: Buffer;
};
export type Answer = RestError | { status: number; body: Json } | { status: number; bytes: Buffer; type: string };
export type Route = { method: string; path: RegExp; open?: boolean; handle: (asked: Asked, account: Account) => Answer | Promise<Answer> };

/** One page of a list, by `page_size` (30 unless asked, 100 at most) and `cursor`. */
export const pageOf = (query: URLSearchParams, all: readonly Json[]): { items: Json[]; has_more: boolean; next_cursor: string | null } => {
  const from = Math.max(0, Number(query.get('cursor') ?? 0) || 0);
  const size = Math.min(100, Math.max(1, Number(query.get('page_size') ?? 30) || 30));
  const more = from + size < all.length;
  return { items: all.slice(from, from + size), has_more: more, next_cursor: more ? String(from + size) : null };
};

/** Larger than any voice sample; more is cut off with 413. */
const MAX_BODY_BYTES = 12 * 1024 * 1024;

const bodyOf = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

const findAnswer = async (request: IncomingMessage, routes: readonly Route[], account: Account): Promise<Answer> => {
  const url = new URL(request.url ?? '/', 'http://local');
  const here = routes.filter(({ path }) => path.test(url.pathname));
  const route = here.find(({ method }) => method === request.method);
  if (!route) return here.length > 0 ? methodNotAllowed : notFound;
  if (route.open !== true && request.headers['xi-api-key'] !== account.apiKey) return invalidApiKey;
  const raw = await bodyOf(request);
  if (!raw) return { status: 413, body: { detail: 'Request Entity Too Large' } };
  return route.handle({ params: { ...route.path.exec(url.pathname)?.groups }, query: url.searchParams, headers: request.headers, raw }, account);
};

export const answerRequest = async (request: IncomingMessage, response: ServerResponse, routes: readonly Route[], account: Account): Promise<void> => {
  const answer = await findAnswer(request, routes, account);
  const [body, type] = 'bytes' in answer ? [answer.bytes, answer.type] : [JSON.stringify(answer.body), 'application/json'];
  response.writeHead(answer.status, { 'content-type': type, 'x-request-id': randomUUID().replaceAll('-', '') });
  response.end(body);
};
