// All stores in one memory, for tests: the same shape as store/dynamo-stores.ts, and a dump to compare before and after.
import type { Clock, Suppression } from '#calls/ports.ts';
import { memoryCallStore, type CallMemory } from './memory-calls.ts';
import { memoryCapStore, memoryHealthStore, memoryPace, memorySuppressionStore, memoryTicketRegister } from './memory-guards.ts';
import { memoryErasureStore } from './memory-erasure.ts';
import { memoryLeadStore, type LeadMemory } from './memory-leads.ts';
import { memoryOutboxStore, type OutboxMemory } from './memory-outbox.ts';
import { memoryOperations, type OperationsMemory } from './memory-operations.ts';

export interface MemoryOptions {
  clock: Clock;
  intervalMs?: (carrier: string) => number;
  /** Awaited before every operation. */
  between?: () => Promise<void>;
}

export const memoryStores = ({ clock, intervalMs = () => 1000, between = async () => {} }: MemoryOptions) => {
  const leadMemory: LeadMemory = { leads: new Map(), attempts: new Map(), enquiries: new Map(), dials: [], gone: new Map() };
  const callMemory: CallMemory = { calls: new Map(), events: new Map(), turns: new Map(), sids: new Map(), news: new Map() };
  const guards = { suppressions: new Map<string, Suppression>(), used: new Map<string, number>(), turns: new Map<string, number>(), tickets: new Set<string>(), health: new Map<string, string>() };
  const operations: OperationsMemory = { forgets: new Map(), audit: [], switch: { dialling: true, at: null, by: null } };
  const messages: OutboxMemory = new Map();
  return {
    leads: memoryLeadStore(leadMemory, between),
    calls: memoryCallStore(callMemory, clock, between, leadMemory.gone),
    suppressions: memorySuppressionStore(guards.suppressions, between, leadMemory.gone),
    erasures: memoryErasureStore(leadMemory, callMemory, guards.suppressions, between),
    ...memoryOperations(operations, leadMemory, callMemory, between),
    caps: memoryCapStore(guards.used, between),
    outbox: memoryOutboxStore(messages, clock, between),
    health: memoryHealthStore(guards.health, between),
    pace: memoryPace(guards.turns, clock, intervalMs, between),
    tickets: memoryTicketRegister(guards.tickets, between),
    memory: { ...leadMemory, ...callMemory, ...guards, operations, messages, callTurns: callMemory.turns, paceTurns: guards.turns },
    /** Everything that was ever written, as one text. */
    dump: (): string => JSON.stringify([leadMemory, callMemory, guards, operations, messages], (_key, value: unknown) =>
      value instanceof Map ? [...value.entries()] : value instanceof Set ? [...value] : value),
  };
};
export type MemoryStores = ReturnType<typeof memoryStores>;
