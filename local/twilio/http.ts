// The simulator's one HTTP port: reads requests, sends each to the REST API or to the /network pages, and writes the answers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Carrier, runs } from './call.ts';
import { wait } from '#local/people/clock.ts';
import { serveDesk } from './desk.ts';
import { createRestApi } from './rest.ts';
import { RestError } from './rest-values.ts';
import type { Switch } from './switch.ts';

const BODY_MAX_BYTES = 1_000_000;

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES) throw new RestError(413, 20_001, 'Request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const write = (response: ServerResponse, answer: { status: number; json?: unknown; wav?: Buffer; bytes?: Buffer }): void => {
  const binary = answer.wav ?? answer.bytes;
  const body = binary ?? (answer.json === undefined ? '' : JSON.stringify(answer.json));
  response.writeHead(answer.status, {
    ...(answer.status === 401 ? { 'www-authenticate': 'Basic realm="Twilio API"' } : {}),
    ...(body === '' ? {} : { 'content-type': answer.wav ? 'audio/x-wav' : binary ? 'audio/basic' : 'application/json' }),
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
};

/** {code, message, more_info, status}, as the API writes its refusals. */
const errorJson = (error: RestError): Record<string, unknown> =>
  ({ code: error.code, message: error.message, more_info: `https://www.twilio.com/docs/errors/${error.code}`, status: error.status });

const parseObject = (text: string): Record<string, unknown> => {
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch { /* said below */ }
  throw new RestError(400, 20_001, 'The body is not a JSON object');
};

/** The server, not yet listening. */
export const createFront = (carrier: Carrier, theSwitch: Switch): Server => {
  const rest = createRestApi(carrier, theSwitch.place);
  const { clock, lostAnswerMs, restConcurrency } = carrier.settings;
  let underWay = 0;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://simulated');
    const method = request.method ?? 'GET';
    const text = await readBody(request);
    if (url.pathname === '/network' || url.pathname.startsWith('/network/')) {
      write(response, serveDesk(carrier, theSwitch, method, url.pathname, parseObject(text)));
      return;
    }
    if (underWay >= restConcurrency) throw new RestError(429, 20_429, 'Too Many Requests');
    underWay += 1;
    try {
      // Only form bodies are read: another content type leaves every parameter missing.
      const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
      const answer = rest({ method, path: url.pathname, query: url.searchParams, form: new URLSearchParams(isForm ? text : ''), authorization: request.headers.authorization ?? null });
      if (answer.lost) {
        await wait(clock, lostAnswerMs, carrier.stopping.signal);
        response.destroy();
        return;
      }
      if (answer.delayMs !== undefined) await wait(clock, answer.delayMs, carrier.stopping.signal);
      write(response, answer);
    } finally {
      underWay -= 1;
    }
  };

  return createServer((request, response) => {
    runs(carrier, serve(request, response).catch((error: unknown) => {
      if (response.destroyed || carrier.stopping.signal.aborted) return;
      if (!(error instanceof RestError)) {
        write(response, { status: 500, json: errorJson(new RestError(500, 20_500, 'Internal Server Error')) });
        throw error;
      }
      write(response, { status: error.status, json: errorJson(error) });
    }));
  });
};
