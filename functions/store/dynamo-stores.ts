// All stores of one pair of tables, for composition roots.
import type { Clock } from '#calls/ports.ts';
import { connect, type Tables } from './client.ts';
import { dynamoCallStore } from './dynamo-call-store.ts';
import { dynamoCapStore, dynamoHealthStore, dynamoPace, dynamoSuppressionStore, dynamoTicketRegister } from './dynamo-guards.ts';
import { dynamoErasureStore } from './dynamo-erasure.ts';
import { dynamoLeadStore } from './dynamo-lead-store.ts';
import { dynamoOutboxStore } from './dynamo-outbox-store.ts';
import { dynamoAuditTrail, dynamoForgetList, dynamoStatsStore, dynamoSwitchStore } from './dynamo-operations.ts';

export interface StoreOptions {
  endpoint?: string | undefined;
  callsTable: string;
  sessionsTable: string;
  clock: Clock;
  /** Time between two calls at a carrier. */
  intervalMs: (carrier: string) => number;
  /** How long personal data is kept; two years where nothing is said. */
  retentionDays?: number;
}

export const storesOver = (tables: Tables, clock: Clock, intervalMs: (carrier: string) => number, retentionDays?: number) => ({
  leads: dynamoLeadStore(tables, () => clock.now(), retentionDays),
  calls: dynamoCallStore(tables, () => clock.now(), retentionDays),
  erasures: dynamoErasureStore(tables, () => clock.now()),
  forgets: dynamoForgetList(tables),
  audit: dynamoAuditTrail(tables),
  switches: dynamoSwitchStore(tables),
  stats: dynamoStatsStore(tables, () => clock.now()),
  suppressions: dynamoSuppressionStore(tables),
  outbox: dynamoOutboxStore(tables, clock),
  caps: dynamoCapStore(tables),
  health: dynamoHealthStore(tables),
  pace: dynamoPace(tables, clock, intervalMs),
  tickets: dynamoTicketRegister(tables),
  /** Throws when the table cannot be read; for /health. */
  ping: async (): Promise<void> => {
    await dynamoLeadStore(tables).lead('lead_health');
  },
});
export type Stores = ReturnType<typeof storesOver>;

export const dynamoStores = (options: StoreOptions): Stores => storesOver(connect(options), options.clock, options.intervalMs, options.retentionDays);
