// What the composition roots (each handler's last line, relay/main.ts, the local stack) start from: environment, log, clock, stores.
import type { CarrierName } from '#calls/lead.ts';
import type { PlanDeps } from '#calls/plan-next.ts';
import type { Clock } from '#calls/ports.ts';
import { systemClock } from '#house/clock.ts';
import { configuredCarriers, readEnv, type Env } from '#house/env.ts';
import { stdoutLog, type Log } from '#house/log.ts';
import { withSecrets } from '#house/secrets.ts';
import { connect, type Tables } from '#store/client.ts';
import { everydayStores, type EverydayStores } from '#store/dynamo-stores.ts';
import { policyOf } from '#compose/policy.ts';

export interface Base {
  env: Env;
  log: Log;
  clock: Clock;
  tables: Tables;
  stores: EverydayStores;
}

/** Calls per second that a carrier takes from one account without queueing: Twilio 1, Exotel 200 a minute. */
const defaultRate: Record<string, number> = { twilio: 1, exotel: 200 / 60 };
export const callInterval = (env: Pick<Env, 'CALLS_PER_SECOND'>) => (carrier: string): number => 1000 / (env.CALLS_PER_SECOND ?? defaultRate[carrier] ?? 1);

export const baseOf = (env: Env, log: Log): Base => {
  const tables = connect({ endpoint: env.DYNAMODB_ENDPOINT, callsTable: env.CALLS_TABLE, sessionsTable: env.SESSIONS_TABLE });
  return { env, log, clock: systemClock, tables, stores: everydayStores(tables, systemClock, callInterval(env), env.RETENTION_DAYS) };
};

export const fromEnvironment = async (name: string): Promise<Base> => {
  const env = readEnv(await withSecrets(process.env));
  return baseOf(env, stdoutLog(env.LOG_LEVEL, { function: name, stage: env.STAGE }));
};

/**
 * Carriers that the environment has credentials for, TELEPHONY_PROVIDER's first. Never empty: with no credentials at all it is the one that
 * would be asked, and the dialer says what is missing.
 */
export const carrierNames = (env: Env): CarrierName[] => {
  const first = env.TELEPHONY_PROVIDER ?? 'twilio';
  const found = configuredCarriers(env).toSorted((a, b) => Number(b === first) - Number(a === first));
  return found.length > 0 ? found : [first];
};

/** What planning the next attempt needs beside the stores and the schedule. */
export const planOf = (env: Env): Pick<PlanDeps, 'policy' | 'carrierNames' | 'random'> => ({ policy: policyOf(env), carrierNames: carrierNames(env), random: Math.random });

/** A variable without which this function cannot work. Throws an Error that names it. */
export const need = <K extends keyof Env>(env: Env, name: K): NonNullable<Env[K]> => {
  const value = env[name];
  if (value === undefined || value === null) throw new Error(`${name} is not set; without it this function cannot work`);
  return value;
};
