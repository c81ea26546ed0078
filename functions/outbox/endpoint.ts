// The business's endpoint over HTTP, behind Endpoint: one signed POST, and what came of it. The only file of this room with a socket.
import type { Answer, Endpoint } from './ports.ts';
import { readSigningKeys, signedHeaders } from './signature.ts';

/** How long the endpoint may take until its answer begins. */
const PATIENCE_MS = 10_000;

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** What OUTBOX_URL and OUTBOX_SECRET lack, as a sentence that names them and shows neither; undefined when deliveries can go. `local`: on one machine. */
export const endpointFault = (url: string | undefined, secret: string | undefined, local: boolean): string | undefined => {
  if (url === undefined) return 'OUTBOX_URL is not set: there is nowhere to deliver to.';
  const { protocol, hostname, username, password } = new URL(url);
  if (username || password) return 'OUTBOX_URL must not hold a user name or password: deliveries are signed instead.';
  if (protocol !== 'https:' && !local && !loopback.test(hostname)) return 'OUTBOX_URL must begin with https://.';
  if (secret === undefined) return 'OUTBOX_SECRET is not set: deliveries could not be signed.';
  return readSigningKeys(secret) ? undefined : 'OUTBOX_SECRET must be whsec_ and 24 to 64 bytes in base64, or several of them with spaces between.';
};

/** The system's own word for what went wrong (`ECONNREFUSED`), which fetch wraps once or twice. */
const codeOf = (error: unknown): string => {
  for (let one = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) {
    if ('code' in one && typeof one.code === 'string') return one.code;
  }
  return 'no connection';
};

/** `url` and `secret` are without fault (see above). `send` is fetch. */
export const httpEndpoint = ({ url, secret, patienceMs = PATIENCE_MS, send = fetch }: { url: string; secret: string; patienceMs?: number; send?: typeof fetch }): Endpoint => {
  const keys = readSigningKeys(secret)!;
  return {
    post: async (id, body, at): Promise<Answer> => {
      const began = performance.now();
      const ms = (): number => Math.round(performance.now() - began);
      const patience = AbortSignal.timeout(patienceMs);
      try {
        const response = await send(url, {
          method: 'POST', body, redirect: 'manual', signal: patience,
          headers: { 'content-type': 'application/json', 'user-agent': 'Ringback (outbox)', ...signedHeaders(keys, id, at, body) },
        });
        // The answer's body is not read: it may be endless, and it may repeat what was sent. How its end goes changes nothing any more.
        response.body?.cancel().catch(() => {});
        return { kind: 'answered', status: response.status, retryAfter: response.headers.get('retry-after'), ms: ms() };
      } catch (error) {
        const reason = patience.aborted ? `The endpoint did not answer within ${patienceMs / 1000} s.` : `The endpoint could not be reached (${codeOf(error)}).`;
        return { kind: 'no-answer', reason, ms: ms() };
      }
    },
  };
};
