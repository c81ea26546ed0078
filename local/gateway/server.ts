// Called by the local composition (bin/local.ts) and by front-door tests: an API Gateway HTTP API on a port of this machine.
// It promises what the real one promises: the same events, limits and error answers, so that a bug which would only show in AWS shows here.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { makeAnswer, plainAnswer, type Answer } from './answer.ts';
import { lambdaContext } from './context.ts';
import { makeEvent, readTarget } from './event.ts';
import { portTaken } from './port.ts';
import { router, type Match, type Route } from './routes.ts';
import { SECURITY_HEADERS, sitePage, type Site } from './site.ts';

/** API Gateway's quotas for HTTP APIs: none can be raised. */
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
const HEAD_LIMIT_BYTES = 10_240;
const INTEGRATION_TIMEOUT_MS = 30_000;
/** A body above the limit is read (and thrown away) up to here, so that its sender gets to read the 413. */
const DISCARD_LIMIT_BYTES = 64 * 1024 * 1024;

export interface LogEntry { level: 'info' | 'error'; message: string; [field: string]: unknown }

export interface GatewayOptions {
  /** 0 takes any free port. */
  port: number;
  host?: string;
  routes: readonly Route[];
  site?: Site;
  log?: (entry: LogEntry) => void;
  integrationTimeoutMs?: number;
  /** How long stop() lets requests in flight go on. */
  graceMs?: number;
  /** The variable that chose the port, for the message when it is taken. */
  portVariable?: string;
}

export interface Gateway { url: string; port: number; stop: () => Promise<void> }

/** The body, or undefined when it is over the limit. Rejects when the sender goes away. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (size > DISCARD_LIMIT_BYTES) return undefined;
  }
  return size > BODY_LIMIT_BYTES ? undefined : Buffer.concat(chunks);
};

/** "Total combined size of request line and header values" */
const headSize = (request: IncomingMessage): number =>
  request.rawHeaders.reduce((sum, text, index) => sum + (index % 2 ? Buffer.byteLength(text) : 0),
    `${request.method} ${request.url} HTTP/1.1`.length);

/** Starts listening. Rejects with a clear sentence when the port is taken. */
export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { host = '127.0.0.1', site, log = () => {}, integrationTimeoutMs = INTEGRATION_TIMEOUT_MS, graceMs = 5_000 } = options;
  const find = router(options.routes);
  let stopping = false;
  let port = options.port;

  const invoke = async (match: Match, request: IncomingMessage, body: Buffer, target: { path: string; rawQueryString: string }): Promise<Answer> => {
    const requestId = randomUUID();
    const event = makeEvent({
      method: request.method ?? 'GET', target: request.url ?? '/', httpVersion: request.httpVersion, rawHeaders: request.rawHeaders, body,
      remoteAddress: request.socket.remoteAddress ?? '',
    }, target, match, { requestId, now: new Date(), port });
    const { name, handler } = match.route;
    const late = Symbol('late');
    let timer: NodeJS.Timeout | undefined;
    try {
      const timeout = new Promise<typeof late>((resolve) => { timer = setTimeout(() => resolve(late), integrationTimeoutMs); });
      // `async` so that a handler that throws before its first await is a rejection too.
      const answered = (async () => handler(event, lambdaContext(name, integrationTimeoutMs, requestId)))();
      const result = await Promise.race([answered, timeout]);
      if (result !== late) return makeAnswer(result);
      log({ level: 'error', message: 'function timed out', function: name, route: match.routeKey, requestId });
      // What becomes of it after the answer is nobody's, but it must not end the process.
      answered.catch((error: unknown) => log({ level: 'error', message: 'function failed after its time', function: name, requestId, error }));
      return plainAnswer(503, 'Service Unavailable');
    } catch (error) {
      log({ level: 'error', message: 'function failed', function: name, route: match.routeKey, requestId, error });
      return plainAnswer(500, 'Internal Server Error');
    } finally {
      clearTimeout(timer);
    }
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const method = request.method ?? 'GET';
    const target = readTarget(request.url ?? '/');
    const body = await readBody(request);
    if (headSize(request) > HEAD_LIMIT_BYTES) return plainAnswer(431, 'Request Header Fields Too Large');
    if (!body) return plainAnswer(413, 'Request Entity Too Large');
    if (!target) return plainAnswer(400, 'Bad Request');
    const match = find(method, target.path);
    if (match) return invoke(match, request, body, target);
    const page = site && (method === 'GET' || method === 'HEAD')
      ? await sitePage(site, target.path, request.headers['if-none-match']) : undefined;
    return page ?? { ...plainAnswer(404, 'Not Found'), headers: { ...SECURITY_HEADERS, 'content-type': 'application/json' } };
  };

  const respond = (request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void => {
    if (stopping || !request.complete) response.setHeader('connection', 'close');
    const bodiless = status === 204 || status === 304;
    // A length of a handler's own making could leave the client waiting for bytes that never come.
    const sent = Object.entries(headers).filter(([name]) => !['content-length', 'transfer-encoding', 'connection'].includes(name.toLowerCase()));
    for (const [name, value] of sent) response.setHeader(name, value);
    if (!bodiless) response.setHeader('content-length', body.length);
    response.writeHead(status);
    response.end(bodiless || request.method === 'HEAD' ? undefined : body);
  };

  const server = createServer({ maxHeaderSize: 2 * HEAD_LIMIT_BYTES, requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    void (async () => {
      const began = performance.now();
      try {
        respond(request, response, await answer(request));
        // No path: it may hold a number or an id.
        log({ level: 'info', message: 'request', method: request.method, status: response.statusCode, ms: Math.round(performance.now() - began) });
      } catch (error) {
        if (request.destroyed && !request.complete) return; // the sender went away in mid-body: nobody to answer
        log({ level: 'error', message: 'gateway failed', error });
        if (response.headersSent) response.destroy();
        else respond(request, response, plainAnswer(500, 'Internal Server Error'));
      }
    })();
  });
  // What is not HTTP, or breaks off: answered if it can be, and never the end of the process.
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) { socket.destroy(); return; }
    const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
    const { body } = tooLong ? plainAnswer(431, 'Request Header Fields Too Large') : plainAnswer(400, 'Bad Request');
    socket.end(`HTTP/1.1 ${tooLong ? '431 Request Header Fields Too Large' : '400 Bad Request'}\r\nconnection: close\r\n`
      + `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.toString()}`);
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portTaken(error, options.portVariable ?? 'PORT')));
    server.listen(options.port, host, resolve);
  });
  server.on('error', (error) => log({ level: 'error', message: 'gateway socket failed', error }));
  port = (server.address() as AddressInfo).port;

  const close = async (): Promise<void> => {
    stopping = true;
    await new Promise<void>((resolve) => {
      const bound = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => { clearTimeout(bound); resolve(); });
      server.closeIdleConnections();
    });
  };
  let closed: Promise<void> | undefined;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, stop: () => (closed ??= close()) };
};
