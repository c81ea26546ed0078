// The policy of permission to dial: the file that POLICY_FILE names, or the defaults.
import { readFileSync } from 'node:fs';
import { readPolicy, type Policy } from '#calls/policy.ts';
import type { Env } from '#house/env.ts';

/** Throws an Error that names the file, or every field of it that is wrong. */
export const policyOf = (env: Pick<Env, 'POLICY_FILE'>): Policy => {
  if (!env.POLICY_FILE) return readPolicy({});
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
  return readPolicy(document);
};
