// Tells a request that was never sent from one whose answer was lost: what every carrier's client asks when fetch fails. Only the first kind may
// be asked for again, or asked of another carrier.

/** Failures before the first byte of a request: names that are not found, connections and TLS sessions that never were. */
const beforeTheRequest = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** `error`: what fetch threw. True only when it is certain that the other side has not seen the request. */
export const neverReached = (error: unknown): boolean => {
  const { code, syscall, message } = (error as { cause?: { code?: unknown; syscall?: unknown; message?: unknown } }).cause ?? {};
  // `bad port`: fetch refuses some ports by itself (WHATWG fetch, "port blocking").
  return (typeof code === 'string' && beforeTheRequest.has(code)) || syscall === 'connect' || (code === undefined && message === 'bad port');
};
