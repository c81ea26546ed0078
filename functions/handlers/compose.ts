// What every handler's composition root starts from: the environment with its secrets, a log, the clock, the stores.
import type { Clock } from '#calls/ports.ts';
import { systemClock } from '#house/clock.ts';
import { readEnv, type Env } from '#house/env.ts';
import { stdoutLog, type Log } from '#house/log.ts';
import { withSecrets } from '#house/secrets.ts';
import { dynamoStores, type Stores } from '#store/dynamo-stores.ts';

export interface Base {
  env: Env;
  log: Log;
  clock: Clock;
  stores: Stores;
}

/** Calls per second that a carrier takes from one account without queueing: Twilio 1, Exotel 200 a minute. */
const defaultRate: Record<string, number> = { twilio: 1, exotel: 200 / 60 };
export const callInterval = (env: Pick<Env, 'CALLS_PER_SECOND'>) => (carrier: string): number => 1000 / (env.CALLS_PER_SECOND ?? defaultRate[carrier] ?? 1);

export const baseOf = (env: Env, log: Log): Base => ({
  env, log, clock: systemClock,
  stores: dynamoStores({ endpoint: env.DYNAMODB_ENDPOINT, callsTable: env.CALLS_TABLE, sessionsTable: env.SESSIONS_TABLE, clock: systemClock, intervalMs: callInterval(env) }),
});

export const fromEnvironment = async (name: string): Promise<Base> => {
  const env = readEnv(await withSecrets(process.env));
  return baseOf(env, stdoutLog(env.LOG_LEVEL, { function: name, stage: env.STAGE }));
};

/** A variable without which this function cannot work. Throws an Error that names it. */
export const need = <K extends keyof Env>(env: Env, name: K): NonNullable<Env[K]> => {
  const value = env[name];
  if (value === undefined || value === null) throw new Error(`${name} is not set; without it this function cannot work`);
  return value;
};
