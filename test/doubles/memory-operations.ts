// The audit trail, the switch, what is to be deleted elsewhere, and the numbers of a period, in memory.
import { VisibleError } from '#calls/errors.ts';
import { isConcluded } from '#calls/fold-call.ts';
import type { AuditEntry, AuditTrail, DiallingSwitch, ForgetList, Forgettable, StatsStore, SwitchStore } from '#calls/ports.ts';
import type { CallMemory } from './memory-calls.ts';
import type { LeadMemory } from './memory-leads.ts';

export interface OperationsMemory {
  forgets: Map<string, { item: Forgettable; dueAt: string }>;
  audit: AuditEntry[];
  switch: DiallingSwitch;
}

const keyOf = ({ service, kind, id }: Forgettable): string => `${service}#${kind}#${id}`;

export const memoryOperations = (memory: OperationsMemory, { leads }: LeadMemory, { calls }: CallMemory, between: () => Promise<void>): { forgets: ForgetList; audit: AuditTrail; switches: SwitchStore; stats: StatsStore } => {
  const one = async <T>(operation: () => T): Promise<T> => {
    await between();
    return structuredClone(operation());
  };
  return {
    forgets: {
      add: (item, dueAt) => one(() => { memory.forgets.set(keyOf(item), { item: structuredClone(item), dueAt }); }),
      due: (before, limit) => one(() => [...memory.forgets.values()].filter(({ dueAt }) => dueAt <= before).sort((a, b) => a.dueAt.localeCompare(b.dueAt)).slice(0, limit).map(({ item }) => item)),
      done: (item) => one(() => { memory.forgets.delete(keyOf(item)); }),
    },
    audit: {
      note: (entry) => one(() => { memory.audit.push(structuredClone(entry)); }),
      entries: ({ cursor, limit }) => one(() => {
        if (cursor !== undefined && !/^from-\d+$/.test(cursor)) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'is unknown' }] });
        const from = cursor === undefined ? 0 : Number(cursor.slice('from-'.length));
        const all = memory.audit.toReversed();
        return { entries: all.slice(from, from + limit), cursor: from + limit < all.length ? `from-${from + limit}` : null };
      }),
    },
    switches: {
      dialling: () => one(() => memory.switch),
      setDialling: (to) => one(() => { memory.switch = structuredClone(to); }),
    },
    stats: {
      leadsBetween: (from, to, most) => one(() => [...leads.values()].filter((l) => l.createdAt >= from && l.createdAt < to).sort((a, b) => b.createdAt.localeCompare(a.createdAt))
        .slice(0, most).map(({ status, disposition }) => ({ status, disposition }))),
      callsBetween: (from, to, most) => one(() => [...calls.values()].filter((c) => isConcluded(c) && c.endedAt! >= from && c.endedAt! < to).sort((a, b) => b.endedAt!.localeCompare(a.endedAt!)).slice(0, most)
        .map(({ direction, status, endReason, latency }) => ({ direction, status, endReason, latency }))),
    },
  };
};
