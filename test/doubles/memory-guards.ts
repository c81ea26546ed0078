// What keeps order between processes, in memory: suppressions, counters with a ceiling, turns at the carrier, used tickets.
import { VisibleError } from '#calls/errors.ts';
import { phoneKey, phoneMark } from '#calls/phone-key.ts';
import type { CapStore, CarrierHealth, Clock, HealthStore, Pace, Suppression, SuppressionStore, TicketRegister } from '#calls/ports.ts';

/** `kept` by the number's pseudonym; `gone`: leads that were erased. */
export const memorySuppressionStore = (kept: Map<string, Suppression>, between: () => Promise<void>, gone: ReadonlyMap<string, unknown>): SuppressionStore => ({
  suppression: async (phone) => {
    await between();
    return structuredClone(kept.get(phoneKey(phone)));
  },
  suppress: async (suppression, leadId) => {
    await between();
    const key = phoneKey(suppression.phone);
    const erased = leadId !== undefined && gone.has(leadId);
    if (!kept.has(key)) kept.set(key, structuredClone(erased ? { ...suppression, phone: null, note: null } : suppression));
  },
  unsuppress: async (phone) => {
    await between();
    kept.delete(phoneKey(phone));
  },
  forgetNumber: async (numberKey) => {
    await between();
    const known = kept.get(numberKey);
    if (known) kept.set(numberKey, { ...known, phone: null, note: null });
    return known !== undefined;
  },
  suppressions: async ({ cursor, limit }) => {
    await between();
    if (cursor !== undefined && !/^from-\d+$/.test(cursor)) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'is unknown' }] });
    const from = cursor === undefined ? 0 : Number(cursor.slice('from-'.length));
    const all = [...kept].map(([key, one]) => ({ ...one, mark: phoneMark(key) })).sort((a, b) => (a.at < b.at ? 1 : -1));
    return { suppressions: structuredClone(all.slice(from, from + limit)), cursor: from + limit < all.length ? `from-${from + limit}` : null };
  },
});

export const memoryCapStore = (used: Map<string, number>, between: () => Promise<void>): CapStore => ({
  reserve: async (caps) => {
    await between();
    const full = caps.find((cap) => (used.get(cap.key) ?? 0) + cap.amount > cap.limit);
    if (!full) for (const cap of caps) used.set(cap.key, (used.get(cap.key) ?? 0) + cap.amount);
    return { full };
  },
  giveBack: async (caps) => {
    await between();
    for (const cap of caps) used.set(cap.key, Math.max(0, (used.get(cap.key) ?? 0) - cap.amount));
  },
});

export const memoryPace = (next: Map<string, number>, clock: Clock, intervalMs: (carrier: string) => number, between: () => Promise<void>): Pace => ({
  turn: async (carrier) => {
    await between();
    const now = clock.now().getTime();
    const at = Math.max(now, next.get(carrier) ?? 0);
    next.set(carrier, at + Math.ceil(intervalMs(carrier)));
    return at - now;
  },
});

export const memoryTicketRegister = (used: Set<string>, between: () => Promise<void>): TicketRegister => ({
  use: async (ticketId) => {
    await between();
    if (used.has(ticketId)) return false;
    used.add(ticketId);
    return true;
  },
});

export const memoryHealthStore = (kept: Map<string, string>, between: () => Promise<void>): HealthStore => ({
  health: async (carrier) => {
    await between();
    const text = kept.get(carrier);
    return text === undefined ? undefined : (JSON.parse(text) as CarrierHealth);
  },
  setHealth: async (carrier, seen, next) => {
    await between();
    if (kept.get(carrier) !== (seen && JSON.stringify(seen))) return false;
    if (next) kept.set(carrier, JSON.stringify(next));
    else kept.delete(carrier);
    return true;
  },
});
