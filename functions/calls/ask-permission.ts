// Asks permission to dial with all that is known now: history, suppression, the operator's switch. Used by whoever dials or plans a dial.
import { permissionToDial, type Decision } from './permission.ts';
import type { Policy } from './policy.ts';
import type { Consent } from './lead.ts';
import type { DiallingSwitch, LeadStore, Suppression, SuppressionStore, SwitchStore } from './ports.ts';

export interface PermissionDeps {
  leads: Pick<LeadStore, 'dialledAt'>;
  suppressions: Pick<SuppressionStore, 'suppression'>;
  switches: Pick<SwitchStore, 'dialling'>;
  policy: Policy;
}

export interface Ask {
  lead: { phone: string; timeZone: string | null; consent: Consent };
  attemptNumber: number;
  /** The dial that is asked about, ISO 8601: now, or when it is planned for. */
  at: string;
  /** An attempt that is dialled again: its own earlier dials do not count. */
  attemptId?: string;
}

const MINUTE_MS = 60_000;
const SOONEST_MS = 15 * MINUTE_MS;
const LATEST_MS = 120 * MINUTE_MS;
/** Frequency caps look back a month. */
const HISTORY_MS = 31 * 24 * 60 * MINUTE_MS;

/**
 * While calling is switched off, nobody is forgotten: what would be allowed is put off, and asked again after a quarter of an hour,
 * or, when it has been off for long, after as long as it has been off, two hours at most. Turning it on brings all of it forward (switch.ts).
 */
const putOff = (decision: Decision, off: DiallingSwitch | undefined, at: string): Decision => {
  const since = off?.at ? Date.parse(at) - Date.parse(off.at) : LATEST_MS;
  const again = new Date(Date.parse(at) + Math.min(LATEST_MS, Math.max(SOONEST_MS, since))).toISOString();
  return {
    ...decision, outcome: 'later', code: 'kill-switch', reason: 'Calling is switched off by the operator; the call is placed when it is on again.',
    until: decision.until !== null && decision.until > again ? decision.until : again,
  };
};

/** `suppression`: what stands on the list for this number, whatever was decided. */
export const askPermission = (deps: PermissionDeps) => async ({ lead, attemptNumber, at, attemptId }: Ask): Promise<{ decision: Decision; suppression: Suppression | undefined }> => {
  const [suppression, dialledAt, position] = await Promise.all([
    deps.suppressions.suppression(lead.phone), deps.leads.dialledAt(lead.phone, new Date(Date.parse(at) - HISTORY_MS).toISOString(), attemptId), deps.switches.dialling(),
  ]);
  const decision = permissionToDial({
    now: at, phone: lead.phone, leadTimeZone: lead.timeZone, consent: lead.consent, suppression: suppression ? { reason: suppression.reason } : null, dialledAt, killSwitch: false, attemptNumber,
  }, { ...deps.policy, killSwitch: false });
  const off = deps.policy.killSwitch || !position.dialling;
  return { suppression, decision: off && decision.outcome !== 'refused' ? putOff(decision, position.dialling ? undefined : position, at) : decision };
};
