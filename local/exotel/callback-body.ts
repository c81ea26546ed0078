// The three ways in which a StatusCallback's fields are written. Asked by callbacks.ts; the multipart form follows real traffic to the byte.
import { randomBytes } from 'node:crypto';

export type Field = string | number | null | readonly Record<string, string | number | null>[];
export type Fields = Record<string, Field>;

/** Legs become `Legs[0][Status]`; null becomes an empty text. */
export const flatten = (fields: Fields): [string, string][] =>
  Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== 'object' || value === null) return [[name, String(value ?? '')]];
    return value.flatMap((item, i) => Object.entries(item).map(([key, one]): [string, string] => [`${name}[${i}][${key}]`, String(one ?? '')]));
  });

const multipart = (pairs: readonly (readonly [string, string])[]): { contentType: string; body: string } => {
  const boundary = `form-data-boundary-${randomBytes(8).toString('hex')}`;
  const parts = pairs.map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  // An empty line follows the closing boundary.
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: `${parts.join('')}--${boundary}--\r\n\r\n` };
};

export const writeBody = (fields: Fields, as: 'multipart' | 'urlencoded' | 'json'): { contentType: string; body: string } => {
  if (as === 'json') return { contentType: 'application/json', body: JSON.stringify(fields) };
  if (as === 'urlencoded') return { contentType: 'application/x-www-form-urlencoded', body: new URLSearchParams(flatten(fields)).toString() };
  return multipart(flatten(fields));
};
