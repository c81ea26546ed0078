// Called by the local gateway for each request: makes the event that an API Gateway HTTP API (payload format 2.0) hands to a Lambda.
//
// AWS documents the shape but not every rule. Where the rule below is from observation of the real service, it says so:
// what is wrong here is a bug that shows in AWS only.
import { isIP } from 'node:net';
import { isUtf8 } from 'node:buffer';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Match } from './routes.ts';

export interface HttpRequest {
  method: string;
  /** Request target as sent: path and query, or the absolute form. */
  target: string;
  httpVersion: string;
  /** Names and values alternating, as Node gives them. */
  rawHeaders: readonly string[];
  body: Buffer;
  /** The peer's address. */
  remoteAddress: string;
}

export interface Target {
  /** Percent-decoded once: the real HTTP API decodes `rawPath` before it routes, and cuts it at a decoded `?` (observed). */
  path: string;
  /** Exactly as sent, without the question mark. */
  rawQueryString: string;
}

/** Splits a request target; undefined when the path is not valid percent-encoded UTF-8, or not a path at all. */
export const readTarget = (target: string): Target | undefined => {
  const relative = target.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = relative.indexOf('?');
  const path = mark < 0 ? relative : relative.slice(0, mark);
  if (target.startsWith('/') ? !path.startsWith('/') : relative === target) return undefined;
  try {
    const decoded = decodeURIComponent(path || '/').split('?', 1)[0] ?? '';
    return { path: decoded, rawQueryString: mark < 0 ? '' : relative.slice(mark + 1) };
  } catch {
    return undefined; // URIError: the caller answers 400
  }
};

/** Bodies that arrive as plain text. Forms and multipart do not, nor does a body without a content type (observed). */
const TEXT = /^(text\/.*|application\/(json|javascript|xml|.+\+(json|xml)))$/i;
// Between the client and the gateway only; the real one does not hand them on.
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'proxy-connection']);

/** Lower-cased names, repeated ones joined by a comma; cookies apart, as the event wants them. */
const readHeaders = (raw: readonly string[]): { headers: Record<string, string>; cookies: string[] } => {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  const cookies: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const value = raw[index + 1]!;
    if (name === 'cookie') cookies.push(...value.split(';').map((cookie) => cookie.trim()).filter(Boolean));
    else if (!HOP.has(name)) headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  return { headers: { ...headers }, cookies };
};

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');
const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/**
 * The visitor's address. A loopback peer is our own tunnel or proxy, so the last address that it forwarded counts
 * (the earlier ones are the visitor's own word); from any other peer the socket's address.
 */
export const sourceAddress = (peer: string, forwarded: string | undefined): string => {
  const address = plainAddress(peer);
  const last = plainAddress(forwarded?.split(',').at(-1)?.trim() ?? '');
  return isLoopback(address) && isIP(last) !== 0 ? last : address;
};

const readQuery = (raw: string): Record<string, string> | undefined => {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(raw)) values.set(name, [...(values.get(name) ?? []), value]);
  return values.size === 0 ? undefined : Object.fromEntries([...values].map(([name, all]) => [name, all.join(',')]));
};

/** `21/Nov/2026:08:43:49 +0000` */
const logTime = (at: Date): string => {
  const [, day, month, year, time] = /, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(at.toUTCString())!;
  return `${day}/${month}/${year}:${time} +0000`;
};

/** The event for one matched request. `requestId` is the gateway's; `now` is the time of arrival; `port` is where it arrived. */
export const makeEvent = (request: HttpRequest, target: Target, match: Match, at: { requestId: string; now: Date; port: number }): APIGatewayProxyEventV2 => {
  const { headers, cookies } = readHeaders(request.rawHeaders);
  const sourceIp = sourceAddress(request.remoteAddress, headers['x-forwarded-for']);
  const host = headers['host'] ?? '';
  const domainName = host.replace(/:\d+$/, '');
  const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]!.trim();
  const plain = TEXT.test(mediaType) && isUtf8(request.body);

  // As the real one, the gateway adds the address it saw: the header's last address is the sourceIp, whoever sent it.
  const forwarded = headers['x-forwarded-for'];
  if (forwarded === undefined) headers['x-forwarded-for'] = sourceIp;
  else if (plainAddress(forwarded.split(',').at(-1)!.trim()) !== sourceIp) headers['x-forwarded-for'] = `${forwarded}, ${sourceIp}`;
  headers['x-forwarded-port'] ??= String(at.port);
  headers['x-forwarded-proto'] ??= 'http';
  headers['x-amzn-trace-id'] ??= `Root=1-${Math.floor(at.now.getTime() / 1000).toString(16)}-${at.requestId.replaceAll('-', '').slice(0, 24)}`;
  headers['content-length'] = String(request.body.length);

  const event: APIGatewayProxyEventV2 = {
    version: '2.0',
    routeKey: match.routeKey,
    rawPath: target.path,
    rawQueryString: target.rawQueryString,
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method: request.method,
        path: target.path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: at.requestId,
      routeKey: match.routeKey,
      stage: '$default',
      time: logTime(at.now),
      timeEpoch: at.now.getTime(),
    },
    isBase64Encoded: false,
  };
  const query = readQuery(target.rawQueryString);
  if (query) event.queryStringParameters = query;
  if (match.pathParameters) event.pathParameters = match.pathParameters;
  if (cookies.length > 0) event.cookies = cookies;
  if (request.body.length > 0) {
    event.isBase64Encoded = !plain;
    event.body = request.body.toString(plain ? 'utf8' : 'base64');
  }
  return event;
};
