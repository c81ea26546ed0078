// The simulator's one HTTP port: reads requests, sends each to the REST API or to the /network pages, and writes the answers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { wait } from '#local/people/clock.ts';
import { type Carrier, runs } from './call.ts';
import { serveDesk } from './desk.ts';
import { readForm } from './form.ts';
import { createRestApi } from './rest.ts';
import { RestError } from './rest-values.ts';
import type { Switch } from './switch.ts';
import { toXml } from './xml-out.ts';

const BODY_MAX_BYTES = 1_000_000;

type Written = { status: number; type: string; body: string | Buffer; headers?: Record<string, string> };

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES) throw new RestError(413, 'The request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const write = (response: ServerResponse, { status, type, body, headers }: Written): void => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
};

/** XML unless the path ended in .json; what is v2_beta is JSON only. */
const inForm = (status: number, body: object, json: boolean): Written =>
  (json ? { status, type: 'application/json', body: JSON.stringify(body) } : { status, type: 'application/xml', body: toXml(body) });

const parseObject = (bytes: Buffer): Record<string, unknown> | null => {
  if (bytes.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed as Record<string, unknown> : null;
  } catch {
    return null;
  }
};

/** The server, not yet listening. */
export const createFront = (carrier: Carrier, theSwitch: Switch): Server => {
  const rest = createRestApi(carrier, theSwitch.place);
  const { clock, lostAnswerMs, retryAfter } = carrier.settings;
  const refusal = (error: RestError, json: boolean): Written => ({
    ...inForm(error.status, { RestException: { Status: error.status, Message: error.message, ...(error.code === null ? {} : { Code: error.code }) } }, json),
    headers: { ...(error.status === 401 ? { 'www-authenticate': 'Basic realm="Exotel API"' } : {}), ...(error.status === 429 && retryAfter ? { 'retry-after': '60' } : {}) },
  });

  const serveNetwork = (method: string, path: string, bytes: Buffer): Written => {
    const body = parseObject(bytes);
    const answer = body ? serveDesk(carrier, theSwitch, method, path, body) : { status: 400, json: { error: 'the body is not a JSON object' } };
    if (answer.wav) return { status: answer.status, type: 'audio/x-wav', body: answer.wav };
    if (answer.bytes) return { status: answer.status, type: 'application/octet-stream', body: answer.bytes };
    return { status: answer.status, type: 'application/json', body: JSON.stringify(answer.json) };
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://simulated');
    const method = request.method ?? 'GET';
    const json = url.pathname.endsWith('.json') || url.pathname.startsWith('/v2_beta/');
    try {
      const bytes = await readBody(request);
      if (url.pathname === '/network' || url.pathname.startsWith('/network/')) {
        write(response, serveNetwork(method, url.pathname, bytes));
        return;
      }
      const answer = rest({ method, path: url.pathname.replace(/\.json$/, ''), query: [...url.searchParams],
        form: await readForm(request.headers['content-type'], bytes), authorization: request.headers.authorization ?? null });
      if (answer.lost) {
        await wait(clock, lostAnswerMs, carrier.stopping.signal);
        response.destroy();
        return;
      }
      if (answer.delayMs !== undefined) await wait(clock, answer.delayMs, carrier.stopping.signal);
      write(response, answer.wav ? { status: 200, type: 'audio/x-wav', body: answer.wav } : inForm(answer.status, answer.body ?? {}, json));
    } catch (error) {
      if (response.destroyed || carrier.stopping.signal.aborted) return;
      write(response, refusal(error instanceof RestError ? error : new RestError(500, 'Internal Server Error'), json));
      if (!(error instanceof RestError)) throw error;
    }
  };
  return createServer((request, response) => runs(carrier, serve(request, response)));
};
