// All stores of one pair of tables, for composition roots.
import type { Clock } from '#calls/ports.ts';
import type { Tables } from './client.ts';
import { dynamoCallStore } from './dynamo-call-store.ts';
import { dynamoCapStore, dynamoHealthStore, dynamoPace, dynamoSuppressionStore, dynamoTicketRegister } from './dynamo-guards.ts';
import { dynamoErasureStore } from './dynamo-erasure.ts';
import { dynamoLeadStore } from './dynamo-lead-store.ts';
import { dynamoOutboxStore } from './dynamo-outbox-store.ts';
import { dynamoAuditTrail, dynamoForgetList, dynamoStatsStore, dynamoSwitchStore } from './dynamo-operations.ts';

/** What nearly every function works with. */
export const everydayStores = (tables: Tables, clock: Clock, intervalMs: (carrier: string) => number, retentionDays?: number) => ({
  leads: dynamoLeadStore(tables, () => clock.now(), retentionDays),
  calls: dynamoCallStore(tables, () => clock.now(), retentionDays),
  forgets: dynamoForgetList(tables),
  switches: dynamoSwitchStore(tables),
  suppressions: dynamoSuppressionStore(tables),
  caps: dynamoCapStore(tables),
  health: dynamoHealthStore(tables),
  pace: dynamoPace(tables, clock, intervalMs),
  tickets: dynamoTicketRegister(tables),
  /** Throws when the table cannot be read; for /health. */
  ping: async (): Promise<void> => {
    await dynamoLeadStore(tables).lead('lead_health');
  },
});
export type EverydayStores = ReturnType<typeof everydayStores>;

/** What the API and the outbox need besides. Apart, so that the functions on a caller's path do not carry it. */
export const officeStores = (tables: Tables, clock: Clock) => ({
  erasures: dynamoErasureStore(tables, () => clock.now()),
  audit: dynamoAuditTrail(tables),
  stats: dynamoStatsStore(tables, () => clock.now()),
  outbox: dynamoOutboxStore(tables, clock),
});

/** Everything, `intervalMs` between two calls at a carrier; personal data is kept for `retentionDays`, two years where nothing is said. */
export const storesOver = (tables: Tables, clock: Clock, intervalMs: (carrier: string) => number, retentionDays?: number) =>
  ({ ...everydayStores(tables, clock, intervalMs, retentionDays), ...officeStores(tables, clock) });
export type Stores = ReturnType<typeof storesOver>;
