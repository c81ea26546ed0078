// AWS Signature Version 4, for signed-posts.ts: pure, and the key of the day is made once. As "Create a signed AWS API request" in the IAM user guide has it.
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of a role's credentials, which is what a task has. */
  sessionToken?: string | undefined;
}

export interface SignedRequest {
  method: string;
  /** As on the wire: encoded once, without a query. */
  path: string;
  /** Those that are signed, `host` among them; names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
}

export interface Signer {
  /** The value of the Authorization header. `at`: as `amzDate` writes it, and as the header `x-amz-date` says. */
  authorization(request: SignedRequest, credentials: Credentials, at: string): string;
}

/** `20261128T193000Z` */
export const amzDate = (now: Date): string => `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/** RFC 3986: nothing but letters, digits and `-._~` stays. */
export const uriEncoded = (text: string): string => encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const hmac = (key: KeyObject | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const MOST_PATHS = 1000;

export const signer = (region: string, service: string): Signer => {
  /** Of paths as they are sent. The same few come again and again: one for each connection. */
  const canonicalPaths = new Map<string, string>();
  const canonicalPath = (path: string): string => {
    let canonical = canonicalPaths.get(path);
    if (canonical === undefined) {
      if (canonicalPaths.size >= MOST_PATHS) canonicalPaths.clear();
      // Every service but S3 wants the path encoded once more than it is sent.
      canonical = path.split('/').map(uriEncoded).join('/');
      canonicalPaths.set(path, canonical);
    }
    return canonical;
  };
  let kept: { day: string; secret: string; key: KeyObject } | undefined;
  /** The same for a day: deriving it takes four HMACs, using it one. */
  const keyOf = (secret: string, day: string): KeyObject => {
    if (kept?.day !== day || kept.secret !== secret) {
      const steps = [region, service, 'aws4_request'];
      const key = steps.reduce((last, step) => hmac(createSecretKey(last), step), hmac(`AWS4${secret}`, day));
      kept = { day, secret, key: createSecretKey(key) };
    }
    return kept.key;
  };
  return {
    authorization: ({ method, path, headers, body }, { accessKeyId, secretAccessKey }, at) => {
      const names = Object.keys(headers).toSorted();
      const signedNames = names.join(';');
      const canonical = `${method}\n${canonicalPath(path)}\n\n${names.map((name) => `${name}:${headers[name]!.trim()}\n`).join('')}\n${signedNames}\n${hash('sha256', body)}`;
      const day = at.slice(0, 8);
      const scope = `${day}/${region}/${service}/aws4_request`;
      const signature = hmac(keyOf(secretAccessKey, day), `AWS4-HMAC-SHA256\n${at}\n${scope}\n${hash('sha256', canonical)}`).toString('hex');
      return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
    },
  };
};
