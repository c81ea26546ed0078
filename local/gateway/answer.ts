// Called by the local gateway with what a handler returned: makes the HTTP response that an HTTP API (payload format 2.0) makes of it.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HandlerResult } from './routes.ts';

export interface Answer {
  status: number;
  /** Names as the handler spelt them; a list for set-cookie. */
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/** A body of API Gateway's own making: `{"message":"Not Found"}`. */
export const plainAnswer = (status: number, message: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ message })),
});

const isStructured = (result: unknown): result is Record<string, unknown> & { statusCode: unknown } =>
  typeof result === 'object' && result !== null && 'statusCode' in result;

const readStatus = (value: unknown): number => {
  const status = typeof value === 'string' ? Number(value) : value;
  // 1xx are not answers; Node refuses what is above 999, API Gateway what is above 599.
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`statusCode must be a whole number from 200 to 599, not ${JSON.stringify(value)}`);
  }
  return status;
};

const readHeaders = (given: unknown): Record<string, string | string[]> => {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) throw new TypeError('headers must be an object of strings');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given as Record<string, unknown>)) {
    if (!['string', 'number', 'boolean'].includes(typeof value)) throw new TypeError(`header ${name} must be a string`);
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
    headers[name] = String(value);
  }
  return headers;
};

/**
 * Throws a TypeError that names the field when the result is malformed; the gateway answers 500 then, as the real one does.
 * A result without a statusCode is answered 200 as application/json. A structured one without a content type is text/plain:
 * that is what the real service does, though application/json might be expected (observed by the authors of AWS's own test tool).
 */
export const makeAnswer = (result: HandlerResult): Answer => {
  if (!isStructured(result)) {
    const text = typeof result === 'string' ? result : JSON.stringify(result ?? null);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(text) };
  }
  const status = readStatus(result.statusCode);
  const headers = readHeaders(result['headers']);
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')) headers['content-type'] = 'text/plain; charset=utf-8';

  const cookies = result['cookies'];
  if (cookies !== undefined) {
    if (!Array.isArray(cookies) || !cookies.every((cookie) => typeof cookie === 'string')) throw new TypeError('cookies must be a list of strings');
    for (const cookie of cookies) validateHeaderValue('set-cookie', cookie);
    if (cookies.length > 0) headers['set-cookie'] = cookies;
  }
  const { body } = result;
  if (body !== undefined && body !== null && typeof body !== 'string') throw new TypeError('body must be a string');
  return { status, headers, body: Buffer.from(body ?? '', result['isBase64Encoded'] === true ? 'base64' : 'utf8') };
};
