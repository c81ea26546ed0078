// Called by the console where /sign-in.json names a Cognito domain: signs people in by a code with PKCE (RFC 7636), and out again.
import { ask, type Outcome } from '../api.ts';
import type { Memory } from '../memory.ts';

/** What the deployment wrote into /sign-in.json (lib/stacks/site-stack.ts). */
export interface SignInPlace {
  /** Cognito's domain, without a slash at the end. */
  signInUrl: string;
  clientId: string;
  /** Where people come back to: the console's own address, as the client was registered with it. */
  signedIn: string;
}

/** Null where it is another file than that: people then open the console with a token. */
export const readPlace = (value: unknown): SignInPlace | null => {
  const { signInUrl, clientId, signedIn } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof signInUrl !== 'string' || typeof clientId !== 'string' || typeof signedIn !== 'string') return null;
  return URL.canParse(signInUrl) && clientId && URL.canParse(signedIn) ? { signInUrl: signInUrl.replace(/\/$/, ''), clientId, signedIn } : null;
};

interface Tokens { access_token?: unknown; refresh_token?: unknown }

export interface SignIn {
  /** Leaves the page for Cognito's. */
  begin: () => Promise<void>;
  /** The access token for the code that this address came back with; null when it came with none; a sentence when it did not work. */
  finish: (search: string) => Promise<{ token: string } | { fault: string } | null>;
  /** Another access token, once for however many ask; `unreachable` when nobody can tell whether there is one. */
  renew: () => Promise<Outcome<string>>;
  forget: () => void;
  /** Where signing out of Cognito's own session is done. */
  endAddress: string;
}

const base64url = (bytes: Uint8Array): string => btoa(String.fromCodePoint(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

const again = 'Please sign in again.';

export const signInAt = ({ signInUrl, clientId, signedIn }: SignInPlace, memory: Memory): SignIn => {
  const askTokens = (fields: Readonly<Record<string, string>>): Promise<Outcome<Tokens>> =>
    ask(`${signInUrl}/oauth2/token`, { method: 'POST', credentials: 'omit', body: new URLSearchParams({ client_id: clientId, ...fields }) });
  /** Cognito sends a refresh token with the first answer; with later ones only where they rotate. */
  const keep = ({ access_token: access, refresh_token: refresh }: Tokens): string | null => {
    if (typeof refresh === 'string') memory.write('refresh-token', refresh);
    return typeof access === 'string' && access ? access : null;
  };
  let renewing: Promise<Outcome<string>> | undefined;
  const refused: Outcome<string> = { kind: 'problem', problem: { status: 401, code: '', title: again, detail: '', errors: [], retryAfterSeconds: null } };

  const renewOnce = async (): Promise<Outcome<string>> => {
    const refresh = memory.read('refresh-token');
    if (!refresh) return refused;
    const outcome = await askTokens({ grant_type: 'refresh_token', refresh_token: refresh });
    // Who has signed out meanwhile stays out.
    if (memory.read('refresh-token') !== refresh) return refused;
    if (outcome.kind === 'ok') {
      const token = keep(outcome.value ?? {});
      return token === null ? refused : { kind: 'ok', value: token };
    }
    return outcome.kind === 'problem' && outcome.problem.status < 500 && outcome.problem.status !== 429 ? refused : { kind: 'unreachable' };
  };

  return {
    begin: async () => {
      // What this tab remembers belongs to an origin: the site's other name has to come over first.
      if (new URL(signedIn).origin !== window.location.origin) { window.location.assign(signedIn); return; }
      const [verifier, state] = [random(), random()];
      memory.write('sign-in', JSON.stringify({ verifier, state, hash: window.location.hash }));
      const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
      window.location.assign(`${signInUrl}/oauth2/authorize?${new URLSearchParams({
        response_type: 'code', client_id: clientId, redirect_uri: signedIn, scope: 'openid email', state, code_challenge: challenge, code_challenge_method: 'S256',
      }).toString()}`);
    },
    finish: async (search) => {
      const query = new URLSearchParams(search);
      const [code, state] = [query.get('code'), query.get('state')];
      if (state === null || (code === null && !query.has('error'))) return null;
      const begun = JSON.parse(memory.read('sign-in') ?? '{}') as { verifier?: string; state?: string; hash?: string };
      memory.write('sign-in', null);
      // A code is worth something for one exchange only, and none of it may stay in the history; the lead that was open before comes back.
      window.history.replaceState(null, '', window.location.pathname + (begun.state === state ? begun.hash ?? '' : ''));
      if (begun.verifier === undefined || begun.state !== state) return { fault: `This sign-in was not begun in this tab. ${again}` };
      if (code === null) return { fault: `You were not signed in. ${again}` };
      const outcome = await askTokens({ grant_type: 'authorization_code', code, redirect_uri: signedIn, code_verifier: begun.verifier });
      const token = outcome.kind === 'ok' ? keep(outcome.value ?? {}) : null;
      if (token !== null) return { token };
      return { fault: outcome.kind === 'unreachable' ? `We could not reach the sign-in service. ${again}` : `The sign-in was not accepted. ${again}` };
    },
    renew: () => (renewing ??= renewOnce().finally(() => { renewing = undefined; })),
    forget: () => memory.write('refresh-token', null),
    endAddress: `${signInUrl}/logout?${new URLSearchParams({ client_id: clientId, logout_uri: signedIn }).toString()}`,
  };
};

/** Asks for /sign-in.json; null where there is none, and where nobody can tell. */
export const findSignIn = async (memory: Memory): Promise<SignIn | null> => {
  const outcome = await ask<unknown>('/sign-in.json', { headers: { accept: 'application/json' } });
  const place = outcome.kind === 'ok' ? readPlace(outcome.value) : null;
  return place && signInAt(place, memory);
};
