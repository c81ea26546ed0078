// X-Twilio-Signature, as the carrier computes it: called for every request and every handshake that leaves the simulator.
import { createHmac } from 'node:crypto';

export type Params = Record<string, string | readonly string[]>;

/** What of a URL is signed: not the fragment, not user:pass; and for https not the port, which the real one leaves out for voice. */
export const signedUrl = (url: string): string => {
  const match = /^([a-z]+:\/\/)(?:[^@/?#]*@)?([^/?#]*)([^#]*)/i.exec(url);
  if (!match) return url;
  const [, scheme = '', host = '', rest = ''] = match;
  return scheme + (scheme.toLowerCase() === 'https://' ? host.replace(/:\d+$/, '') : host) + rest;
};

const joined = (name: string, value: string | readonly string[]): string =>
  typeof value === 'string' ? name + value : [...new Set(value)].sort().map((one) => name + one).join('');

/** base64 HMAC-SHA1 with the auth token over the URL, then each parameter's name and value, names in case-sensitive order, no delimiters. */
export const sign = (authToken: string, url: string, params: Params = {}): string =>
  createHmac('sha1', authToken)
    .update(url + Object.keys(params).sort().map((name) => joined(name, params[name] ?? '')).join(''), 'utf8')
    .digest('base64');
