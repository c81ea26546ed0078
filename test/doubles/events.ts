// Events as API Gateway's HTTP API makes them (payload 2.0): raw path and query, lower-cased headers, form bodies as base64.
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { HttpHandler } from '#house/http.ts';

export const BASE = 'https://voice.example.com';
export const TWILIO_TOKEN = 'the-auth-token-of-the-tests';

export interface EventParts {
  method?: string;
  path: string;
  /** Raw query, without the question mark. */
  query?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Values of the route's `{…}`. */
  params?: Record<string, string>;
  sourceIp?: string;
}

const TEXT = /^(text\/.*|application\/(json|javascript|xml|.+\+(json|xml)))$/i;

export const httpEvent = ({ method = 'GET', path, query = '', headers = {}, body, params, sourceIp = '203.0.113.7' }: EventParts): APIGatewayProxyEventV2 => {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const plain = TEXT.test((lower['content-type'] ?? '').split(';')[0]!.trim());
  const routeKey = `${method} ${path}`;
  return {
    version: '2.0', routeKey, rawPath: path, rawQueryString: query, headers: lower, isBase64Encoded: bytes !== undefined && !plain,
    requestContext: {
      accountId: '000000000000', apiId: 'test', domainName: 'voice.example.com', domainPrefix: 'voice', requestId: randomUUID(), routeKey, stage: '$default', time: '21/Nov/2026:12:00:00 +0000', timeEpoch: 1795262400000,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: lower['user-agent'] ?? '' },
    },
    ...(params ? { pathParameters: params } : {}),
    ...(bytes === undefined ? {} : { body: plain ? bytes.toString('utf8') : bytes.toString('base64') }),
  };
};

export const jsonEvent = (path: string, value: unknown, more: Partial<EventParts> = {}): APIGatewayProxyEventV2 =>
  httpEvent({ method: 'POST', path, body: JSON.stringify(value), ...more, headers: { 'content-type': 'application/json', ...more.headers } });

export const formEvent = (path: string, fields: [string, string][], more: Partial<EventParts> = {}): APIGatewayProxyEventV2 =>
  httpEvent({ method: 'POST', path, body: new URLSearchParams(fields).toString(), ...more, headers: { 'content-type': 'application/x-www-form-urlencoded', ...more.headers } });

/** What Twilio puts into X-Twilio-Signature for this address and these parameters. */
export const twilioSignature = (url: string, fields: [string, string][], token = TWILIO_TOKEN): string => {
  const params = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of fields) {
    const known = params[name];
    params[name] = known === undefined ? value : [known, value].flat();
  }
  return getExpectedTwilioSignature(token, url, params);
};

/** A request as Twilio signs it: a form over POST, or a query over GET. */
export const twilioEvent = (path: string, query: string, fields: [string, string][], more: Partial<EventParts> & { token?: string } = {}): APIGatewayProxyEventV2 => {
  const { token, ...parts } = more;
  const url = `${BASE}${path}${query ? `?${query}` : ''}`;
  const headers = { 'x-twilio-signature': twilioSignature(url, parts.method === 'GET' ? [] : fields, token), ...parts.headers };
  return parts.method === 'GET' ? httpEvent({ path, query, ...parts, headers }) : formEvent(path, fields, { query, ...parts, headers });
};

export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

export const ask = async (handler: HttpHandler, event: APIGatewayProxyEventV2): Promise<Answer> => {
  const result: APIGatewayProxyStructuredResultV2 = await handler(event);
  return { status: result.statusCode ?? 0, headers: Object.fromEntries(Object.entries(result.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])), text: result.body ?? '' };
};

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: { field: string; message: string }[];
  requestId: string;
}
export const problemOf = (answer: Answer): Problem => JSON.parse(answer.text) as Problem;
export const jsonOf = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text) as Record<string, unknown>;
