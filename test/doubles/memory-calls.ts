// Calls, their events and transcripts in memory, behind CallStore. `append` takes its two steps apart, as a database without
// transactions over many items does, so that tests can put others' writes between them.
import { statusRank, type CallEvent, type CallRecord, type Turn } from '#calls/call.ts';
import { callWithout, eventWithout, isPersonal, ownerOf } from '#calls/erased.ts';
import { eventKey, foldCall, isConcluded, newCallRecord } from '#calls/fold-call.ts';
import { phoneKey } from '#calls/phone-key.ts';
import type { CallStore, Clock } from '#calls/ports.ts';

export interface CallMemory {
  calls: Map<string, CallRecord>;
  events: Map<string, Map<string, CallEvent>>;
  turns: Map<string, Map<number, Turn>>;
  sids: Map<string, string>;
  /** When there was last news of a call that is bound. */
  news: Map<string, string>;
}

/** `gone`: what was erased (memory-leads.ts). */
export const memoryCallStore = (memory: CallMemory, clock: Clock, between: () => Promise<void>, gone: ReadonlyMap<string, unknown>): CallStore => {
  const { calls, events, turns, sids, news } = memory;
  const one = async <T>(operation: () => T): Promise<T> => {
    await between();
    return structuredClone(operation());
  };
  const take = (call: CallRecord, callSid: string): CallRecord => {
    const next = { ...call, callSid };
    calls.set(call.callId, next);
    if (!news.has(call.callId)) news.set(call.callId, clock.now().toISOString());
    return next;
  };
  const eventsOf = (callId: string): CallEvent[] => structuredClone([...(events.get(callId) ?? new Map<string, CallEvent>()).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event));
  return {
    open: (call) => one(() => {
      if (gone.has(ownerOf(call.callId))) return false;
      const known = calls.get(call.callId);
      if (!known) calls.set(call.callId, newCallRecord(structuredClone(call)));
      else if (known.callSid === null) calls.set(call.callId, { ...known, carrier: call.carrier, from: call.from });
      return true;
    }),
    callsOf: (numberKey, limit) => one(() => [...calls.values()].filter((c) => c.direction === 'inbound' && phoneKey(c.from) === numberKey).map((c) => c.callId).sort().toReversed().slice(0, limit)),
    call: (callId) => one(() => calls.get(callId)),
    callIdOf: (carrier, callSid) => one(() => sids.get(`${carrier}#${callSid}`)),
    adopt: (callId, callSid) => one(() => {
      const call = calls.get(callId);
      if (!call) return 'none' as const;
      return call.callSid !== null && call.callSid !== callSid ? ('other' as const) : take(call, callSid);
    }),
    bind: (callId, carrier, callSid) => one(() => {
      const call = calls.get(callId);
      const owner = sids.get(`${carrier}#${callSid}`);
      if (!call || (call.callSid !== null && call.callSid !== callSid) || (owner !== undefined && owner !== callId)) return 'other' as const;
      sids.set(`${carrier}#${callSid}`, callId);
      take(call, callSid);
      return 'bound' as const;
    }),
    append: async (callId, event) => {
      const known = await one(() => {
        const kept = events.get(callId) ?? new Map<string, CallEvent>();
        events.set(callId, kept);
        const whole = !isPersonal(event) || !gone.has(ownerOf(callId));
        if (!kept.has(eventKey(event))) kept.set(eventKey(event), structuredClone(whole ? event : eventWithout(event)));
        return { call: calls.get(callId), events: eventsOf(callId) };
      });
      if (!known.call) throw new Error(`there is no call ${callId} to record on`);
      const folded = foldCall(known.call, known.events);
      return one(() => {
        const call = calls.get(callId)!;
        if (call.eventCount >= folded.eventCount || statusRank[call.status] > statusRank[folded.status]) return call;
        // Erased meanwhile: what was read before is folded without what is gone.
        const next = { ...(call.erasedAt === undefined ? folded : { ...callWithout(folded), erasedAt: call.erasedAt }), callSid: call.callSid };
        calls.set(callId, next);
        news.set(callId, clock.now().toISOString());
        return next;
      });
    },
    events: (callId) => one(() => eventsOf(callId)),
    putTurn: (callId, turn) => one(() => { if (!gone.has(ownerOf(callId))) turns.set(callId, (turns.get(callId) ?? new Map<number, Turn>()).set(turn.index, structuredClone(turn))); }),
    turns: (callId) => one(() => [...(turns.get(callId) ?? new Map<number, Turn>()).values()].sort((a, b) => a.index - b.index)),
    openCalls: (before, limit) => one(() => [...calls.values()].filter((c) => c.callSid !== null && !isConcluded(c) && (news.get(c.callId) ?? '') <= before)
      .sort((a, b) => (news.get(a.callId) ?? '').localeCompare(news.get(b.callId) ?? '')).slice(0, limit)),
  };
};
