// One happening on a call: kept, folded, and carried to the lead. The relay and the callbacks tell everything through this.
import type { CallEvent, CallRecord } from './call.ts';
import type { CallStore, ForgetList } from './ports.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export interface RecordDeps extends SettleDeps {
  calls: CallStore;
  forgets: ForgetList;
}

/** Safe to repeat with the same event, in any order with others. Throws when the call does not exist or the store fails. */
export const recordEvent = (deps: RecordDeps) => async (callId: string, event: CallEvent): Promise<CallRecord> => {
  const call = await deps.calls.append(callId, event);
  // News of something that is kept elsewhere, of a call that was erased: it is deleted there by the next sweep.
  if (call.erasedAt !== undefined && event.kind === 'recording') await deps.forgets.add({ service: call.carrier, kind: 'recording', id: event.recordingSid }, deps.clock.now().toISOString());
  if (call.erasedAt !== undefined && event.kind === 'agent-connected') await deps.forgets.add({ service: 'elevenlabs', kind: 'conversation', id: event.conversationId }, deps.clock.now().toISOString());
  if (call.leadId) await settleLead(deps)(call.leadId);
  return call;
};
