// One request from the carrier to a customer's URL: applets and callbacks leave through here. Nothing is signed, because Exotel signs nothing.

export type Answer = { status: number; contentType: string | null; headers: Headers; body: Buffer };
export type Outgoing = { url: string; method: string; headers?: Record<string, string>; body?: string };

/** There was no answer, or none that ended in time. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
}

const BODY_MAX_BYTES = 40 * 1024 * 1024;

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : error.message;
};

/** Redirects are not followed. Credentials in the URL become an Authorization header. Throws NoAnswer, or the signal's reason. */
export const ask = async (outgoing: Outgoing, timeoutMs: number, signal: AbortSignal): Promise<Answer> => {
  if (!/^https?:\/\//i.test(outgoing.url) || !URL.canParse(outgoing.url)) throw new NoAnswer('the URL is not an absolute http or https URL');
  const [, scheme = '', userinfo, rest = ''] = /^(https?:\/\/)(?:([^@/?#]*)@)?(.*)$/is.exec(outgoing.url) ?? [];
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await fetch(scheme + rest, {
      method: outgoing.method, redirect: 'manual', signal: inTime, ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
      headers: { ...outgoing.headers, ...(userinfo === undefined ? {} : { authorization: `Basic ${Buffer.from(decodeURIComponent(userinfo)).toString('base64')}` }) },
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > BODY_MAX_BYTES) throw new NoAnswer(`the answer is larger than ${BODY_MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { status: response.status, contentType: response.headers.get('content-type'), headers: response.headers, body: Buffer.concat(chunks) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof NoAnswer) throw error;
    throw new NoAnswer(inTime.aborted ? `no answer within ${timeoutMs} ms` : `no answer (${reasonOf(error)})`);
  }
};

/** Adds parameters to a URL that may have some already. */
export const withQuery = (url: string, params: Record<string, string>): string => {
  const query = new URLSearchParams(params).toString();
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
};
