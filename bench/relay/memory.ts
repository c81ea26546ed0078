// What ours.ts keeps in memory instead of a database: calls and tickets. Answers at once, forgets at the end.
import type { CallEvent, CallRecord, Turn } from '#calls/call.ts';
import { foldCall, newCallRecord } from '#calls/fold-call.ts';

export const memoryCalls = () => {
  const records = new Map<string, { events: CallEvent[]; turns: Map<number, Turn>; record: CallRecord }>();
  const used = new Set<string>();
  const of = (callId: string) => {
    const known = records.get(callId);
    if (known) return known;
    const record = newCallRecord({ callId, attemptId: null, leadId: null, carrier: 'twilio', direction: 'inbound', from: '+12025550100', to: '+12025550123' }, `CA${callId.slice(-26).padStart(32, '0')}`);
    const fresh = { events: [] as CallEvent[], turns: new Map<number, Turn>(), record };
    records.set(callId, fresh);
    return fresh;
  };
  return {
    calls: { call: async (callId: string) => of(callId).record, bind: async () => 'bound' as const, turns: async (callId: string) => [...of(callId).turns.values()] },
    leads: { lead: async () => undefined },
    tickets: { use: async (id: string) => !used.has(id) && used.add(id) !== undefined },
    putTurn: async (callId: string, turn: Turn) => void of(callId).turns.set(turn.index, turn),
    record: async (callId: string, event: CallEvent) => {
      const kept = of(callId);
      kept.events.push(event);
      kept.record = foldCall(kept.record, [event]);
      return kept.record;
    },
  };
};
