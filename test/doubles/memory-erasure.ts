// Erasure in memory, behind ErasureStore: in the same steps as in DynamoDB, so that tests can put others' writes between them.
import { callWithout, eventWithout } from '#calls/erased.ts';
import { attemptOfCall } from '#calls/lead.ts';
import { phoneKey } from '#calls/phone-key.ts';
import type { ErasureStore, Suppression } from '#calls/ports.ts';
import type { CallMemory } from './memory-calls.ts';
import type { LeadMemory } from './memory-leads.ts';

export const memoryErasureStore = (leadMemory: LeadMemory, callMemory: CallMemory, suppressions: Map<string, Suppression>, between: () => Promise<void>): ErasureStore => {
  const { leads, attempts, enquiries, gone } = leadMemory;
  const numbers = new Map<string, string>();
  return {
    begin: async (leadId, at) => {
      await between();
      const before = gone.get(leadId);
      if (before) return { leadId, erasedAt: before.at };
      const lead = leads.get(leadId);
      if (!lead) return undefined;
      gone.set(leadId, { at });
      numbers.set(leadId, phoneKey(lead.phone));
      leads.delete(leadId);
      return { leadId, erasedAt: at };
    },
    eraseCall: async (callId, at) => {
      await between();
      const call = callMemory.calls.get(callId);
      if (!call) return undefined;
      if (attemptOfCall(callId) === undefined) gone.set(callId, { at });
      callMemory.calls.set(callId, { ...callWithout(call), erasedAt: call.erasedAt ?? at });
      await between();
      const events = callMemory.events.get(callId) ?? new Map<string, never>();
      for (const [key, event] of events) events.set(key, eventWithout(event));
      const turns = callMemory.turns.get(callId)?.size ?? 0;
      callMemory.turns.delete(callId);
      return {
        call: structuredClone(callMemory.calls.get(callId)!), turns,
        recordings: [...events.values()].flatMap((event) => (event.kind === 'recording' ? [event.recordingSid] : [])),
      };
    },
    finish: async ({ leadId }) => {
      await between();
      for (const attempt of attempts.values()) {
        if (attempt.leadId === leadId) attempts.set(attempt.attemptId, { ...attempt, decision: null, reason: null, history: attempt.history.map((step) => ({ ...step, detail: null })) });
      }
      for (const [key, { leadId: owner }] of enquiries) if (owner === leadId) enquiries.delete(key);
      const own = `att_${leadId.slice('lead_'.length)}_`;
      leadMemory.dials.splice(0, Infinity, ...leadMemory.dials.filter((dial) => !dial.attemptId.startsWith(own)));
      const numberKey = numbers.get(leadId);
      if (numberKey === undefined) return;
      numbers.delete(leadId);
      const known = suppressions.get(numberKey);
      if (known && ![...leads.values()].some((lead) => phoneKey(lead.phone) === numberKey)) suppressions.set(numberKey, { ...known, phone: null, note: null });
    },
  };
};
