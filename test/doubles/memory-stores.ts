// All stores in one memory, for tests: the same shape as store/dynamo-stores.ts, and a dump to compare before and after.
import type { Clock } from '#calls/ports.ts';
import { memoryCallStore, type CallMemory } from './memory-calls.ts';
import { memoryCapStore, memoryPace, memorySuppressionStore, memoryTicketRegister } from './memory-guards.ts';
import { memoryLeadStore, type LeadMemory } from './memory-leads.ts';

export interface MemoryOptions {
  clock: Clock;
  intervalMs?: (carrier: string) => number;
  /** Awaited before every operation. */
  between?: () => Promise<void>;
}

export const memoryStores = ({ clock, intervalMs = () => 1000, between = async () => {} }: MemoryOptions) => {
  const leadMemory: LeadMemory = { leads: new Map(), attempts: new Map(), enquiries: new Map(), dials: [] };
  const callMemory: CallMemory = { calls: new Map(), events: new Map(), turns: new Map(), sids: new Map(), news: new Map() };
  const guards = { suppressions: new Map(), used: new Map<string, number>(), turns: new Map<string, number>(), tickets: new Set<string>() };
  return {
    leads: memoryLeadStore(leadMemory, between),
    calls: memoryCallStore(callMemory, clock, between),
    suppressions: memorySuppressionStore(guards.suppressions, between),
    caps: memoryCapStore(guards.used, between),
    pace: memoryPace(guards.turns, clock, intervalMs, between),
    tickets: memoryTicketRegister(guards.tickets, between),
    memory: { ...leadMemory, ...callMemory, ...guards, callTurns: callMemory.turns, paceTurns: guards.turns },
    /** Everything that was ever written, as one text. */
    dump: (): string => JSON.stringify([leadMemory, callMemory, guards], (_key, value: unknown) =>
      value instanceof Map ? [...value.entries()] : value instanceof Set ? [...value] : value),
  };
};
export type MemoryStores = ReturnType<typeof memoryStores>;
