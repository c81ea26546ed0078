// Calls whose phone rings, in memory: what the dialer announces and relays claim.
import type { Clock, ExpectedCall } from '#calls/ports.ts';
import type { RingingCall, RingingStore } from '#relay/ringing.ts';

export const memoryRinging = (clock: Clock) => {
  const calls = new Map<string, RingingCall>();
  const store: RingingStore & { expect(call: ExpectedCall): Promise<void> } = {
    expect: async (call) => void calls.set(call.callId, { ...call, holder: null }),
    ringing: async () => structuredClone([...calls.values()].filter(({ until }) => Date.parse(until) > clock.now().getTime()).toSorted((a, b) => a.placedAt.localeCompare(b.placedAt))),
    claim: async (callId, { address, task }) => {
      const call = calls.get(callId);
      if (!call || call.holder) return false;
      calls.set(callId, { ...call, holder: { address, task } });
      return true;
    },
    over: async (callId) => void calls.delete(callId),
  };
  return { calls, store };
};
