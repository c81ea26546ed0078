// `npm run secrets -- --stage prod [--dry-run] [--env-file .env]`: puts the values of `.env` where the functions of that stage read them, as
// SecureStrings of Systems Manager. Prints names, never values. Run it again after a change: functions notice within five minutes.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { GetParametersByPathCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { EnvError, readEnv } from '#house/env.ts';
import { MADE, notUploaded, required, secretsPrefix, uploadedNames } from '#lib/secret-names.ts';

export interface SecretPlan {
  /** New or changed, in the order of their names. */
  put: { name: string; value: string; was: 'new' | 'changed' }[];
  same: string[];
  /** In `.env`, and not for AWS: the stacks decide them, or they mean one machine. */
  leftOut: string[];
  /** In AWS, and no longer in `.env`; they stay until somebody deletes them. */
  onlyThere: string[];
  problems: string[];
}

/** What people leave in a copied `.env.example`. */
const placeholder = (value: string): boolean =>
  /^(<.*>|\[.*\]|\.{3,}|x{3,}|\*{3,}|(AC|SK)?x{8,}|todo|tbd|changeme|change-me|replace[-_ ]?me|placeholder|example|secret|password|none|null|undefined)$/i.test(value)
  || /^(your|my|insert|enter|put)[-_ ].*/i.test(value) || /(your[-_](auth|api|account|twilio|exotel|elevenlabs|secret|key|token|sid)|_here$|-here$)/i.test(value);

/** What is to be written, given `.env` and what AWS has. Pure but for `make`, which is asked for a secret that nobody chose. */
export const planSecrets = (given: Record<string, string | undefined>, there: Readonly<Record<string, string>>, make: () => string): SecretPlan => {
  const values = Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : []))) as Record<string, string>;
  const wanted = Object.fromEntries(Object.entries(values).filter(([name]) => uploadedNames.includes(name)));
  const problems = Object.entries(wanted).filter(([, value]) => placeholder(value)).map(([name]) => `${name}: is a placeholder, not a value`);
  const provider = (wanted['TELEPHONY_PROVIDER'] ?? there['TELEPHONY_PROVIDER']) === 'exotel' ? 'exotel' : 'twilio';
  for (const name of required[provider]) if (!wanted[name] && !there[name]) problems.push(`${name}: is missing; without it no call can be made with ${provider}`);
  try {
    readEnv({ ...wanted, STAGE: 'check' });
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    problems.push(...error.problems.filter((problem) => !problems.some((known) => known.split(':')[0] === problem.split(':')[0])));
  }
  if (!wanted[MADE] && !there[MADE]) wanted[MADE] = make();
  const names = Object.keys(wanted).sort();
  return {
    put: names.filter((name) => there[name] !== wanted[name]).map((name) => ({ name, value: wanted[name]!, was: name in there ? 'changed' : 'new' })),
    same: names.filter((name) => there[name] === wanted[name]),
    leftOut: Object.keys(values).filter((name) => !uploadedNames.includes(name)).sort(),
    onlyThere: Object.keys(there).filter((name) => !(name in wanted)).sort(), problems,
  };
};

export type Ssm = Pick<SSMClient, 'send'>;

/** Everything under the stage's path, by name. */
export const readThere = async (ssm: Ssm, stage: string): Promise<Record<string, string>> => {
  const path = secretsPrefix(stage);
  const found: Record<string, string> = {};
  let NextToken: string | undefined;
  do {
    const page = await ssm.send(new GetParametersByPathCommand({ Path: path, WithDecryption: true, ...(NextToken ? { NextToken } : {}) }));
    for (const { Name, Value } of page.Parameters ?? []) if (Name && Value !== undefined) found[Name.slice(path.length + 1)] = Value;
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
};

export const writePlan = async (ssm: Ssm, stage: string, plan: SecretPlan): Promise<void> => {
  // One after the other: Systems Manager takes three a second, and nobody waits for this.
  for (const { name, value } of plan.put) {
    await ssm.send(new PutParameterCommand({ Name: `${secretsPrefix(stage)}/${name}`, Value: value, Type: 'SecureString', Overwrite: true, Description: 'Ringback; written by npm run secrets' }));
  }
};

/** The plan in words, without a single value. */
export const describe = (stage: string, plan: SecretPlan, dryRun: boolean): string => [
  `${secretsPrefix(stage)}/${dryRun ? ' (dry run: nothing is written)' : ''}`,
  ...plan.put.map(({ name, was }) => `  ${was.padEnd(9)} ${name}`), ...plan.same.map((name) => `  unchanged ${name}`),
  ...plan.onlyThere.map((name) => `  kept      ${name} (not in the file; delete it with: aws ssm delete-parameter --name ${secretsPrefix(stage)}/${name})`),
  ...plan.leftOut.map((name) => `  left out  ${name} (${notUploaded.includes(name) ? 'decided by the deployment' : 'not known'})`),
].join('\n');

/** Resolves with the exit code. */
export const secrets = async (args: string[], connect: () => Ssm, out: (text: string) => void): Promise<number> => {
  const { values: options } = parseArgs({ args, options: { stage: { type: 'string', default: 'dev' }, 'env-file': { type: 'string', default: '.env' }, 'dry-run': { type: 'boolean', default: false } } });
  const { stage, 'env-file': file, 'dry-run': dryRun } = options;
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage) || stage === 'local') {
    out('--stage: must be 1 to 20 lower-case letters, digits and hyphens, a letter first, and not "local"');
    return 2;
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    out(`${file} cannot be read. Copy .env.example to .env, fill it in, and run this again.`);
    return 2;
  }
  // A dry run asks AWS nothing, so that it can be tried without an account.
  const ssm = dryRun ? undefined : connect();
  const plan = planSecrets(parseEnv(text), ssm ? await readThere(ssm, stage) : {}, () => randomBytes(48).toString('base64url'));
  out(describe(stage, plan, dryRun));
  if (plan.problems.length > 0) {
    out(['Nothing was written:', ...plan.problems.map((problem) => `  ${problem}`)].join('\n'));
    return 1;
  }
  if (ssm) await writePlan(ssm, stage, plan);
  return 0;
};

if (import.meta.main) process.exitCode = await secrets(process.argv.slice(2), () => new SSMClient({}), (text) => void process.stdout.write(`${text}\n`));
