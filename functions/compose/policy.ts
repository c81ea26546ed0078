// The policy of permission to dial: the file that POLICY_FILE names, or the defaults.
import { readFileSync } from 'node:fs';
import { readPolicy, type Policy } from '#calls/policy.ts';
import type { Env } from '#house/env.ts';

/** Indian numbers through India's carrier. A rule that names a carrier without credentials is as good as none. */
const usualRoutes = [{ prefix: '+91', carriers: ['exotel', 'twilio'] }];

/** Whoever names a carrier in TELEPHONY_PROVIDER means all numbers, unless the policy says otherwise; who names none gets the usual routes. */
const withRoutes = (document: unknown, env: Pick<Env, 'TELEPHONY_PROVIDER'>): unknown => {
  if (env.TELEPHONY_PROVIDER !== undefined || typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const { carriers = {} } = document as { carriers?: unknown };
  if (typeof carriers !== 'object' || carriers === null || 'routes' in carriers) return document;
  return { ...document, carriers: { ...carriers, routes: usualRoutes } };
};

/** Throws an Error that names the file, or every field of it that is wrong. */
export const policyOf = (env: Pick<Env, 'POLICY_FILE' | 'TELEPHONY_PROVIDER'>): Policy => {
  if (!env.POLICY_FILE) return readPolicy(withRoutes({}, env));
  let text: string;
  try {
    text = readFileSync(env.POLICY_FILE, 'utf8');
  } catch (cause) {
    throw new Error(`POLICY_FILE names a file that cannot be read: ${env.POLICY_FILE}`, { cause });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new Error(`POLICY_FILE is not JSON: ${env.POLICY_FILE}`, { cause });
  }
  return readPolicy(withRoutes(document, env));
};
