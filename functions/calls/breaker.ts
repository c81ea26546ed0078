// A breaker per carrier, shared by all dialers: a carrier that fails again and again rests for a while, and then one dialer at a time tries it.
// It only steers attempts to another carrier; where there is none, nobody waits for it. Used by dial-attempt.ts.
import type { CarrierName } from './lead.ts';
import type { CarrierHealth, Clock, HealthStore } from './ports.ts';

/** So many failures in a row, and the carrier rests. One may be chance; at ten calls a second three are a third of a second. */
export const MOST_FAILURES = 3;
/** Failures further apart than this are not in a row. */
const IN_A_ROW_MS = 5 * 60_000;
/** How long it rests; also how long the one who tries has before the next may. */
export const REST_MS = 30_000;

const after = (now: Date, ms: number): string => new Date(now.getTime() + ms).toISOString();

/** What one more failure makes of a carrier's health. Pure. */
export const afterFailure = (health: CarrierHealth | undefined, now: Date): CarrierHealth => {
  const inARow = health !== undefined && Date.parse(health.lastFailureAt) > now.getTime() - IN_A_ROW_MS;
  const failures = inARow ? health.failures + 1 : 1;
  return { failures, lastFailureAt: now.toISOString(), restsUntil: failures >= MOST_FAILURES ? after(now, REST_MS) : null };
};

export interface Breaker {
  /** May this carrier be asked now? When its rest is over, true for one dialer, and for the others after another rest. */
  admits(carrier: CarrierName): Promise<boolean>;
  worked(carrier: CarrierName): Promise<void>;
  failed(carrier: CarrierName): Promise<void>;
}

export const breaker = ({ health, clock }: { health: HealthStore; clock: Clock }): Breaker => ({
  admits: async (carrier) => {
    const known = await health.health(carrier);
    if (!known?.restsUntil) return true;
    const now = clock.now();
    if (known.restsUntil > now.toISOString()) return false;
    return health.setHealth(carrier, known, { ...known, restsUntil: after(now, REST_MS) });
  },
  worked: async (carrier) => {
    const known = await health.health(carrier);
    // Lost against somebody's failure: then it is not well, and the next success will say so.
    if (known) await health.setHealth(carrier, known, undefined);
  },
  failed: async (carrier) => {
    for (;;) {
      const known = await health.health(carrier);
      if (await health.setHealth(carrier, known, afterFailure(known, clock.now()))) return;
    }
  },
});
