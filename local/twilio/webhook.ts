// One signed request from the carrier to a customer's URL: documents, actions and every kind of callback leave through here.
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Params, sign, signedUrl } from './signature.ts';

export type Answer = { status: number; contentType: string | null; body: Buffer; location: string | null };
export type Outgoing = { url: string; method: string; params: Params; maxBytes?: number };

/** Why there was no answer; `code` is the debugger's number. */
export class WebhookFailure extends Error {
  readonly code: number;
  readonly kind: 'ct' | 'rt';
  constructor(code: number, kind: 'ct' | 'rt', message: string) {
    super(message);
    this.code = code;
    this.kind = kind;
  }
}

export type Overrides = { ct: number; rt: number; tt: number; rc: number; rp: string[] };

/** The part behind # : connect, read and total milliseconds, retries and what they are for. Out of range or unknown: the default stays. */
export const readOverrides = (url: string): Overrides => {
  const fragment = new URLSearchParams(url.split('#').slice(1).join('#'));
  const number = (key: string, least: number, most: number, otherwise: number): number => {
    const text = fragment.get(key) ?? '';
    const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : otherwise;
  };
  const policies = (fragment.get('rp') ?? 'ct').split(',').filter((policy) => ['4xx', '5xx', 'ct', 'rt', 'all'].includes(policy));
  return { ct: number('ct', 100, 10_000, 5000), rt: number('rt', 100, 15_000, 15_000), tt: number('tt', 100, 15_000, 15_000),
    rc: number('rc', 0, 5, 1), rp: policies.length > 0 ? policies : ['ct'] };
};

const formText = (params: Params): string => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) for (const one of [value].flat()) form.append(name, one);
  return form.toString();
};

const requestOnce = (authToken: string, outgoing: Outgoing, token: string, limits: Overrides, leftMs: number, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const get = outgoing.method.toUpperCase() === 'GET';
    const query = get ? formText(outgoing.params) : '';
    const plain = outgoing.url.replace(/#.*$/s, '');
    const url = query === '' ? plain : `${plain}${plain.includes('?') ? '&' : '?'}${query}`;
    const [, scheme = '', userinfo, authority = '', rest = ''] = /^(https?):\/\/(?:([^@/?#]*)@)?([^/?#]*)(.*)$/is.exec(url) ?? [];
    if (scheme === '') {
      reject(new WebhookFailure(11100, 'ct', 'the URL is not an absolute http or https URL'));
      return;
    }
    const { hostname, port } = new URL(`${scheme}://${authority}`);
    const body = get ? null : formText(outgoing.params);
    const path = rest.startsWith('/') ? rest : `/${rest}`;
    const sent = (scheme.toLowerCase() === 'https' ? httpsRequest : httpRequest)({
      hostname: hostname.replace(/^\[|\]$/g, ''), port: port || undefined, path: /[^\x21-\x7e]/.test(path) ? encodeURI(path) : path, agent: false,
      method: outgoing.method.toUpperCase(), signal,
      headers: {
        host: authority, 'user-agent': 'TwilioProxy/1.1', accept: '*/*', 'I-Twilio-Idempotency-Token': token,
        'X-Twilio-Signature': sign(authToken, signedUrl(url), get ? {} : outgoing.params),
        ...(body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8', 'content-length': Buffer.byteLength(body) }),
        ...(userinfo === undefined ? {} : { authorization: `Basic ${Buffer.from(decodeURIComponent(userinfo)).toString('base64')}` }),
      },
    });
    let connected = false;
    const fail = (kind: 'ct' | 'rt', why: string): void => {
      reject(signal.aborted ? (signal.reason as Error) : new WebhookFailure(11205, kind, why));
      sent.destroy();
    };
    const connecting = setTimeout(() => { if (!connected) fail('ct', 'connecting took too long'); }, Math.min(limits.ct, leftMs));
    const total = setTimeout(() => fail('rt', 'the answer took too long'), leftMs);
    let reading: NodeJS.Timeout | undefined;
    sent.on('socket', (socket) => {
      socket.once(scheme.toLowerCase() === 'https' ? 'secureConnect' : 'connect', () => {
        connected = true;
        reading = setTimeout(() => fail('rt', 'the answer took too long'), limits.rt);
      });
    });
    sent.on('close', () => {
      clearTimeout(connecting);
      clearTimeout(total);
      clearTimeout(reading);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => fail(connected ? 'rt' : 'ct', `no answer (${error.code ?? error.message})`));
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= (outgoing.maxBytes ?? 65_536)) chunks.push(chunk);
        else {
          reject(new WebhookFailure(11750, 'rt', `the answer is larger than ${outgoing.maxBytes ?? 65_536} bytes`));
          sent.destroy();
        }
      });
      response.on('error', (error) => fail('rt', `the answer broke off (${error.message})`));
      response.on('end', () => {
        const location = response.headers.location;
        resolve({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? null, body: Buffer.concat(chunks),
          location: location === undefined ? null : new URL(location, url).href });
      });
    });
    sent.end(body ?? undefined);
  });

const wanted = (policies: string[], kind: string): boolean => policies.includes('all') || policies.includes(kind);

/**
 * Sends a request as Twilio does: signed over the exact URL without its fragment, one retry when no connection came about (or as the
 * fragment says), 15 s in all, redirects followed (ten of them). Resolves with any status; throws WebhookFailure, or the signal's reason.
 */
export const sendWebhook = async (authToken: string, outgoing: Outgoing, signal: AbortSignal): Promise<Answer> => {
  const limits = readOverrides(outgoing.url);
  const token = randomUUID();
  const deadline = performance.now() + limits.tt;
  let current = outgoing;
  for (let attempt = 0, hops = 0; ; ) {
    const leftMs = deadline - performance.now();
    let again = false;
    try {
      const answer = await requestOnce(authToken, current, token, limits, Math.max(1, leftMs), signal);
      if ([301, 302, 303, 307, 308].includes(answer.status) && answer.location !== null) {
        hops += 1;
        if (hops > 10) throw new WebhookFailure(11215, 'rt', 'too many redirects');
        current = { ...current, url: answer.location, method: answer.status < 307 ? 'GET' : current.method };
        continue;
      }
      again = answer.status >= 400 && wanted(limits.rp, answer.status >= 500 ? '5xx' : '4xx');
      if (!again || attempt >= limits.rc || performance.now() >= deadline) return answer;
    } catch (error) {
      if (!(error instanceof WebhookFailure) || error.code !== 11205 || !wanted(limits.rp, error.kind)) throw error;
      if (attempt >= limits.rc || performance.now() >= deadline) throw error;
    }
    attempt += 1;
  }
};
