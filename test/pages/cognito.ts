// Called by the sign-in tests: Cognito's authorize, token and logout endpoints as far as a browser sees them, on a free port.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export const CLIENT_ID = 'client-of-the-tests';

export interface Cognito {
  url: string;
  /** The access token that the next answer brings. */
  token: string;
  /** What becomes of people who come to sign in. */
  manner: 'signs in' | 'denies' | 'changes the state';
  /** False: refresh tokens are refused, as after a day. */
  refreshes: boolean;
  /** Queries of /oauth2/authorize and forms of /oauth2/token, in order. */
  authorized: URLSearchParams[];
  exchanged: URLSearchParams[];
  loggedOut: number;
  close: () => Promise<void>;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

/** `signedIn` is the one address that the client is registered with. */
export const startCognito = async (signedIn: () => string): Promise<Cognito> => {
  const codes = new Map<string, URLSearchParams>();
  const known = (query: URLSearchParams, name: string): boolean => query.get('client_id') === CLIENT_ID && query.get(name) === signedIn();

  /** The tokens for this form, or undefined: `invalid_grant`. A code is good once, for who can show the verifier. */
  const grant = (form: URLSearchParams): object | undefined => {
    if (form.get('client_id') !== CLIENT_ID) return undefined;
    if (form.get('grant_type') === 'refresh_token') return cognito.refreshes && form.get('refresh_token') === 'refresh-1' ? { access_token: cognito.token } : undefined;
    const asked = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    if (form.get('grant_type') !== 'authorization_code' || form.get('redirect_uri') !== signedIn() || asked?.get('code_challenge') !== challenge) return undefined;
    return { access_token: cognito.token, refresh_token: 'refresh-1' };
  };

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://cognito');
      const to = (address: string): void => { response.writeHead(302, { location: address }).end(); };
      if (url.pathname === '/oauth2/authorize' && known(url.searchParams, 'redirect_uri') && url.searchParams.get('code_challenge_method') === 'S256') {
        cognito.authorized.push(url.searchParams);
        const code = randomUUID();
        codes.set(code, url.searchParams);
        const state = cognito.manner === 'changes the state' ? 'another' : url.searchParams.get('state') ?? '';
        to(`${signedIn()}?${new URLSearchParams(cognito.manner === 'denies' ? { error: 'access_denied', state } : { code, state }).toString()}`);
      } else if (url.pathname === '/oauth2/token' && request.method === 'POST') {
        const form = new URLSearchParams(await bodyOf(request));
        cognito.exchanged.push(form);
        const tokens = grant(form);
        response.writeHead(tokens ? 200 : 400, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }).end(JSON.stringify(tokens ?? { error: 'invalid_grant' }));
      } else if (url.pathname === '/logout' && known(url.searchParams, 'logout_uri')) {
        cognito.loggedOut += 1;
        to(signedIn());
      } else response.writeHead(400).end('An error was encountered with the requested page.');
    })();
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const cognito: Cognito = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: '', manner: 'signs in', refreshes: true, authorized: [], exchanged: [], loggedOut: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => { server.close(() => resolve()); });
    },
  };
  return cognito;
};
