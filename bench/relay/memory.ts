// What ours.ts keeps in memory instead of a database: calls, tickets, who owns which connection. Answers at once, forgets at the end.
import type { CallEvent, CallRecord, Turn } from '#calls/call.ts';
import { foldCall, newCallRecord } from '#calls/fold-call.ts';
import type { ConnectionStore, Owner, TaskLoad } from '#relay/gateway-ports.ts';

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

/** Of one task: nobody takes anything over here. */
export const memoryConnections = (): ConnectionStore => {
  const owners = new Map<string, Owner>();
  const tasks = new Map<string, TaskLoad>();
  return {
    claim: async (id, { address, task }) => {
      const owner = owners.get(id) ?? { address, task, epoch: 0 };
      owners.set(id, owner);
      return owner;
    },
    owner: async (id) => owners.get(id),
    carry: async (id, by, stream) => {
      owners.set(id, { ...by, stream });
      return true;
    },
    takeOver: async (id) => owners.get(id),
    report: async (load) => void tasks.set(load.task, load),
    tasks: async () => [...tasks.values()],
    leave: async ({ task }) => void tasks.delete(task),
  };
};
