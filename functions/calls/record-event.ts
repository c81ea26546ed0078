// One happening on a call: kept, folded, and carried to the lead. The relay and the callbacks tell everything through this.
import type { CallEvent, CallRecord } from './call.ts';
import type { CallStore } from './ports.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export interface RecordDeps extends SettleDeps {
  calls: CallStore;
}

/** Safe to repeat with the same event, in any order with others. Throws when the call does not exist or the store fails. */
export const recordEvent = (deps: RecordDeps) => async (callId: string, event: CallEvent): Promise<CallRecord> => {
  const call = await deps.calls.append(callId, event);
  if (call.leadId) await settleLead(deps)(call.leadId);
  return call;
};
