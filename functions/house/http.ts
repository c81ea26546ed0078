// The HTTP wrapper of every function behind API Gateway (payload 2.0): bytes in, one story, an answer or an honest problem out.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { UpstreamError, VisibleError, type VisibleKind } from '#calls/errors.ts';
import type { Log } from './log.ts';

export interface HttpRequest {
  method: string;
  /** As sent, percent-encoding untouched: signatures are made over it. */
  rawPath: string;
  /** As sent, without the question mark. */
  rawQuery: string;
  query: URLSearchParams;
  /** Values of the route's `{…}`. */
  params: Record<string, string | undefined>;
  /** Looked up without regard to case; undefined when absent. */
  header(name: string): string | undefined;
  /** The body's bytes, whatever API Gateway wrapped them in. */
  body: Buffer;
  /** The address that the gateway vouches for. */
  sourceIp: string | null;
  requestId: string;
  /** What the gateway's own authorizer verified (Cognito's claims in AWS); undefined where it checks nothing. */
  verifiedClaims: Record<string, unknown> | undefined;
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export type HttpEvent = APIGatewayProxyEventV2;
export type HttpHandler = (event: HttpEvent) => Promise<APIGatewayProxyStructuredResultV2>;

/** Larger than any enquiry or callback; API Gateway itself would take 10 MB. */
const MAX_BODY_BYTES = 256 * 1024;

const statusOf: Record<VisibleKind, number> = {
  invalid: 400, unauthenticated: 401, forbidden: 403, 'not-found': 404, conflict: 422, 'too-large': 413, 'too-many': 429, unavailable: 503,
};

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer => ({
  status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }, body: JSON.stringify(body),
});

/** RFC 9457 problem JSON for anything thrown. Unknown errors say nothing of themselves. */
export const problem = (error: unknown, requestId: string): HttpAnswer => {
  const visible = error instanceof VisibleError ? error
    : error instanceof UpstreamError ? new VisibleError('unavailable', 'upstream-failed', `${error.service} did not answer as it should. Try again.`, { retryAfterSeconds: 5 }) : undefined;
  const status = visible ? statusOf[visible.kind] : 500;
  const body = visible
    ? { type: `urn:ringback:${visible.code}`, title: visible.code.replaceAll('-', ' '), status, detail: visible.message, code: visible.code, ...(visible.fields.length > 0 ? { errors: visible.fields } : {}), requestId }
    : { type: 'about:blank', title: 'Internal Server Error', status, detail: 'Something went wrong on our side; it has been logged.', code: 'internal', requestId };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json', 'cache-control': 'no-store',
      ...(visible?.retryAfterSeconds ? { 'retry-after': String(visible.retryAfterSeconds) } : {}),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: JSON.stringify(body),
  };
};

const same = (a: string, b: string): boolean => timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/**
 * The visitor's address: CloudFront's word for it where the request proves that it came through our CloudFront (it alone knows the
 * origin secret), else the connection's. `CloudFront-Viewer-Address` is `address:port`, also for IPv6.
 */
const addressOf = (event: HttpEvent, headers: ReadonlyMap<string, string | undefined>, originSecret: string | undefined): string | null => {
  const shown = headers.get('x-ringback-origin');
  const viewer = headers.get('cloudfront-viewer-address');
  if (originSecret && shown && viewer && same(shown, originSecret)) return viewer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return event.requestContext.http.sourceIp || null;
};

const read = (event: HttpEvent, originSecret: string | undefined): HttpRequest => {
  const headers = new Map(Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const authorizer = (event.requestContext as { authorizer?: { jwt?: { claims?: Record<string, unknown> } } }).authorizer;
  return {
    method: event.requestContext.http.method, rawPath: event.rawPath, rawQuery: event.rawQueryString ?? '', query: new URLSearchParams(event.rawQueryString ?? ''),
    params: event.pathParameters ?? {}, header: (name) => headers.get(name.toLowerCase()), body,
    sourceIp: addressOf(event, headers, originSecret), requestId: event.requestContext.requestId, verifiedClaims: authorizer?.jwt?.claims,
  };
};

/**
 * Makes a Lambda handler of one story. The only place of a function that catches: what is thrown becomes problem JSON, or what
 * `explain` makes of it (answer documents: something that a caller can hear). Bodies over 256 KB are refused unread.
 */
export const httpHandler = (
  story: (request: HttpRequest) => Promise<HttpAnswer>,
  { log, explain = problem, originSecret }: {
    log: Log; explain?: (error: unknown, requestId: string, request: HttpRequest | undefined) => HttpAnswer;
    /** What CloudFront adds to each request of ours, as X-Ringback-Origin. */
    originSecret?: string | undefined;
  },
): HttpHandler => async (event) => {
  let request: HttpRequest | undefined;
  let answer: HttpAnswer;
  const requestId = event.requestContext.requestId;
  try {
    request = read(event, originSecret);
    if (request.body.length > MAX_BODY_BYTES) throw new VisibleError('too-large', 'body-too-large', `The body is larger than ${MAX_BODY_BYTES / 1024} KB.`);
    answer = await story(request);
  } catch (error) {
    answer = explain(error, requestId, request);
    const fields = { requestId, route: event.routeKey, status: answer.status, error };
    if (error instanceof VisibleError) log.info('request refused', { ...fields, error: error.code });
    else log.error('request failed', fields);
  }
  return { statusCode: answer.status, ...(answer.headers ? { headers: answer.headers } : {}), ...(answer.body === undefined ? {} : { body: answer.body }) };
};

const mediaType = (request: HttpRequest): string => (request.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
const utf8 = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new VisibleError('invalid', 'body-not-utf8', 'The body is not UTF-8.', { fields: [{ field: 'body', message: 'must be UTF-8 text' }] });
  }
};

/** The body as JSON. Throws VisibleError when it is none. */
export const readJson = (request: HttpRequest): unknown => {
  try {
    return JSON.parse(utf8(request.body)) as unknown;
  } catch (error) {
    if (error instanceof VisibleError) throw error;
    throw new VisibleError('invalid', 'body-not-json', 'The body is not JSON.', { fields: [{ field: 'body', message: 'must be a JSON object' }] });
  }
};

/**
 * The body's form fields in the order sent, blanks and repetitions kept. Bytes that are no UTF-8 become U+FFFD, percent-encoded or
 * not: no signature fits them.
 */
export const readForm = (request: HttpRequest): [string, string][] => [...new URLSearchParams(request.body.toString('utf8'))];

/** JSON or an HTML form, told apart by content type; a body without one is read as JSON. */
export const readBody = (request: HttpRequest): { body: unknown; form: boolean } => {
  const type = mediaType(request);
  if (type === 'application/x-www-form-urlencoded') {
    const fields = [...new URLSearchParams(utf8(request.body))];
    const repeated = fields.find(([name], i) => fields.findIndex(([other]) => other === name) !== i);
    if (repeated) throw new VisibleError('invalid', 'field-repeated', 'A field was sent twice.', { fields: [{ field: repeated[0].slice(0, 60), message: 'was sent more than once; send it once' }] });
    return { body: Object.fromEntries(fields), form: true };
  }
  if (type === '' || type === 'application/json' || type.endsWith('+json')) return { body: readJson(request), form: false };
  throw new VisibleError('invalid', 'content-type-unknown', 'Send JSON (application/json) or a form (application/x-www-form-urlencoded).', { fields: [{ field: 'Content-Type', message: 'must be application/json or application/x-www-form-urlencoded' }] });
};

/** Handlers are composed at their first event, not on import; a composition that fails is tried again at the next event. */
export const lazily = <E, R>(compose: () => Promise<(event: E) => Promise<R>>): ((event: E) => Promise<R>) => {
  let made: Promise<(event: E) => Promise<R>> | undefined;
  return async (event) => {
    made ??= compose();
    let handler;
    try {
      handler = await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
    return handler(event);
  };
};
