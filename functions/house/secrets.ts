// Secrets in AWS: SecureString parameters under one path, read into the environment's names. Locally there is no path, and nothing to read.
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';

/** Secrets are read again after this long, so that a changed one arrives without a deploy. */
const FRESH_MS = 5 * 60_000;

let kept: { prefix: string; at: number; values: Promise<Record<string, string>> } | undefined;

const read = async (ssm: Pick<SSMClient, 'send'>, prefix: string): Promise<Record<string, string>> => {
  const values: Record<string, string> = {};
  let NextToken: string | undefined;
  do {
    const page = await ssm.send(new GetParametersByPathCommand({ Path: prefix, WithDecryption: true, ...(NextToken ? { NextToken } : {}) }));
    for (const { Name, Value } of page.Parameters ?? []) if (Name && Value !== undefined) values[Name.slice(prefix.length).replace(/^\//, '')] = Value;
    NextToken = page.NextToken;
  } while (NextToken);
  return values;
};

/** The environment with the secrets under SECRETS_PREFIX laid over it; the environment itself where there is no prefix. */
export const withSecrets = async (source: Record<string, string | undefined>, ssm?: Pick<SSMClient, 'send'>): Promise<Record<string, string | undefined>> => {
  const prefix = source['SECRETS_PREFIX'];
  if (!prefix) return source;
  if (!kept || kept.prefix !== prefix || Date.now() - kept.at > FRESH_MS) {
    const values = read(ssm ?? new SSMClient({}), prefix);
    kept = { prefix, at: Date.now(), values };
    // A failed read is not kept: the next event tries again.
    values.catch(() => { kept = undefined; });
  }
  return { ...source, ...(await kept.values) };
};
