// GET /health: 200 with the parts that work and those that do not; for load balancers and people.
import { httpHandler, json, lazily, type HttpHandler } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { fromEnvironment } from '#compose/base.ts';

export interface HealthDeps {
  /** Each throws, or rejects, when its part does not work. */
  parts: Record<string, () => Promise<void>>;
  log: Log;
}

const PATIENCE_MS = 3_000;

const works = async (check: () => Promise<void>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS); });
  try {
    await Promise.race([check(), late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
};

export const healthHandler = (deps: HealthDeps): HttpHandler => httpHandler(async () => {
  const parts = await Promise.all(Object.entries(deps.parts).map(async ([name, check]) => [name, (await works(check)) ? 'works' : 'fails'] as const));
  return json(200, { ok: parts.every(([, state]) => state === 'works'), parts: Object.fromEntries(parts) });
}, { log: deps.log });

export const handler = lazily(async () => {
  const { log, stores } = await fromEnvironment('health');
  return healthHandler({ parts: { database: stores.ping }, log });
});
