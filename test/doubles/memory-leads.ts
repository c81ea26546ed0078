// Leads, consent and attempts in memory, behind LeadStore: what stories and front doors run over. Held to the same contract as DynamoDB's.
import { VisibleError } from '#calls/errors.ts';
import { readAttemptId, type AttemptRecord, type LeadRecord } from '#calls/lead.ts';
import { phoneKey } from '#calls/phone-key.ts';
import type { LeadStore, NewEnquiry } from '#calls/ports.ts';

export interface LeadMemory {
  leads: Map<string, LeadRecord>;
  attempts: Map<string, AttemptRecord>;
  enquiries: Map<string, { leadId: string; fingerprint: string; status: LeadRecord['status']; expiresAt: string }>;
  dials: { phone: string; at: string; attemptId: string }[];
  /** Leads, and calls without one, that were erased: nothing personal is written to them. */
  gone: Map<string, { at: string }>;
}

const movable: AttemptRecord['state'][] = ['scheduled', 'ready', 'dialling', 'unknown'];
/** The time from which somebody should look at an attempt. */
const dueOf = (a: AttemptRecord): string => (a.state === 'dialling' || a.state === 'unknown' ? (a.claimedAt ?? a.dueAt) : a.dueAt);

/** `between` is awaited before each operation; the operation itself happens at once. */
export const memoryLeadStore = (memory: LeadMemory, between: () => Promise<void>): LeadStore => {
  const { leads, attempts, enquiries, dials, gone } = memory;
  const one = async <T>(operation: () => T): Promise<T> => {
    await between();
    return structuredClone(operation());
  };
  const insert = ({ lead, attempt, idempotencyKey, fingerprint, expiresAt }: NewEnquiry): boolean => {
    const known = enquiries.get(idempotencyKey);
    if ((known && known.expiresAt > lead.createdAt) || leads.has(lead.leadId) || attempts.has(attempt.attemptId)) return false;
    enquiries.set(idempotencyKey, { leadId: lead.leadId, fingerprint, status: lead.status, expiresAt });
    leads.set(lead.leadId, structuredClone(lead));
    attempts.set(attempt.attemptId, structuredClone(attempt));
    return true;
  };
  return {
    enquiry: (key, now) => one(() => {
      const found = enquiries.get(key);
      return found && found.expiresAt > now ? { leadId: found.leadId, fingerprint: found.fingerprint, status: found.status } : undefined;
    }),
    createEnquiry: (enquiry) => one(() => insert(enquiry)),
    lead: (leadId) => one(() => leads.get(leadId)),
    attempts: (leadId) => one(() => [...attempts.values()].filter((a) => a.leadId === leadId)),
    attempt: (attemptId) => one(() => attempts.get(attemptId)),
    leadsOf: (numberKey, limit) => one(() => [...leads.values()].filter((lead) => phoneKey(lead.phone) === numberKey).map((lead) => lead.leadId).sort().toReversed().slice(0, limit)),
    createAttempt: (attempt) => one(() => {
      if (attempts.has(attempt.attemptId) || gone.has(attempt.leadId)) return false;
      attempts.set(attempt.attemptId, structuredClone(attempt));
      return true;
    }),
    moveAttempt: (attemptId, from, change, step) => one(() => {
      const current = attempts.get(attemptId);
      if (!current || !from.includes(current.state)) return undefined;
      const next = { ...current, ...structuredClone(change), history: [...current.history, step] };
      attempts.set(attemptId, next);
      return next;
    }),
    claimAttempt: (attemptId, phone, at) => one(() => {
      const current = attempts.get(attemptId);
      if (current?.state !== 'ready') return undefined;
      const next: AttemptRecord = { ...current, state: 'dialling', claimedAt: at, reason: null, history: [...current.history, { at, event: 'dialling', detail: current.carrier }] };
      attempts.set(attemptId, next);
      dials.push({ phone, at, attemptId });
      return next;
    }),
    settleLead: (leadId, version, change) => one(() => {
      const lead = leads.get(leadId);
      if (!lead || lead.version !== version) return false;
      leads.set(leadId, { ...lead, ...change, version: version + 1 });
      return true;
    }),
    list: ({ status, cursor, limit }) => one(() => {
      if (cursor !== undefined && !/^after-lead_\w+$/.test(cursor)) throw new VisibleError('invalid', 'bad-cursor', 'cursor is not one that this list gave out.', { fields: [{ field: 'cursor', message: 'is unknown' }] });
      const order = (lead: LeadRecord): string => `${lead.createdAt}#${lead.leadId}`;
      const all = [...leads.values()].filter((lead) => !status || lead.status === status).sort((a, b) => (order(a) < order(b) ? 1 : -1));
      const from = cursor === undefined ? 0 : all.findIndex((lead) => `after-${lead.leadId}` === cursor) + 1;
      const page = all.slice(from, from + limit);
      return { leads: page, cursor: from + limit < all.length ? `after-${page.at(-1)!.leadId}` : null };
    }),
    attemptsDue: (before, limit) => one(() => [...attempts.values()].filter((a) => movable.includes(a.state) && dueOf(a) <= before)
      .sort((a, b) => dueOf(a).localeCompare(dueOf(b))).slice(0, limit)),
    dialledAt: (phone, since, except) => one(() => dials.filter((d) => d.phone === phone && d.at >= since && d.attemptId !== except).map((d) => d.at).sort().toReversed()),
  };
};

/** Attempts of one lead in the order of their numbers. */
export const attemptsOf = (memory: LeadMemory, leadId: string): AttemptRecord[] =>
  [...memory.attempts.values()].filter((a) => a.leadId === leadId).sort((a, b) => readAttemptId(a.attemptId)!.number - readAttemptId(b.attemptId)!.number);
