// Everything that is kept about a person, as one document, for the person who asks for it. Used by the API.
import { callView, readLead, type CallView, type LeadView, type ViewDeps } from './lead-view.ts';
import { phoneKey } from './phone-key.ts';
import type { CallStore, Clock, LeadStore, Suppression, SuppressionStore } from './ports.ts';

export interface ExportDeps extends ViewDeps {
  leads: Pick<LeadStore, 'lead' | 'attempts' | 'leadsOf' | 'dialledAt'>;
  calls: Pick<CallStore, 'call' | 'turns' | 'events' | 'callsOf'>;
  suppressions: SuppressionStore;
  clock: Clock;
}

export interface PersonExport {
  phone: string;
  exportedAt: string;
  /** With consent, attempts, calls, transcripts and timeline. */
  leads: LeadView[];
  /** Calls that came from the number. */
  inboundCalls: CallView[];
  suppression: Suppression | null;
  /** When the number was dialled in the last forty days; what frequency caps count. */
  dialledAt: string[];
}

/** More than anybody has; what a person gets has to be whole. */
const MOST = 1000;
const KEPT_MS = 40 * 86_400_000;

/** `phone`: E.164. A number of which nothing is known gives an export that says so. */
export const exportNumber = (deps: ExportDeps) => async (phone: string): Promise<PersonExport> => {
  const key = phoneKey(phone);
  const now = deps.clock.now();
  const [leadIds, callIds, suppression, dialledAt] = await Promise.all([
    deps.leads.leadsOf(key, MOST), deps.calls.callsOf(key, MOST), deps.suppressions.suppression(phone), deps.leads.dialledAt(phone, new Date(now.getTime() - KEPT_MS).toISOString()),
  ]);
  const leads: LeadView[] = [];
  for (const leadId of leadIds) {
    const lead = await readLead(deps)(leadId);
    if (lead) leads.push(lead);
  }
  const inboundCalls: CallView[] = [];
  for (const callId of callIds) {
    const call = await deps.calls.call(callId);
    if (call && call.erasedAt === undefined) inboundCalls.push(callView(call, await deps.calls.turns(callId), null));
  }
  return { phone, exportedAt: now.toISOString(), leads, inboundCalls, suppression: suppression ?? null, dialledAt };
};
