// Erases a lead, or everybody behind a number: what is personal goes, also out of a call that is going on, and cannot come back.
import { isTerminal } from './call.ts';
import { isConcluded } from './fold-call.ts';
import { forgetNow, type ForgetDeps } from './forget.ts';
import { readAttemptId } from './lead.ts';
import { phoneKey } from './phone-key.ts';
import type { CallStore, Carrier, ErasureStore, Forgettable } from './ports.ts';
import { settleLead, type SettleDeps } from './settle-lead.ts';

export interface EraseDeps extends SettleDeps, ForgetDeps {
  clock: SettleDeps['clock'];
  calls: CallStore;
  erasures: ErasureStore;
  carriers: Partial<Record<string, Carrier>>;
  /** Tells of a live call that could not be ended; what is said on it is kept nowhere all the same. */
  onHangUpFailure: (error: unknown, callId: string) => void;
}

export interface Erased {
  leads: number;
  calls: number;
  turns: number;
  recordings: number;
  /** Recordings and conversations that the outside service could not be asked to delete; tried again until they are. */
  pending: number;
  /** Live calls that were ended for it, and those whose carrier could not be reached. */
  ended: number;
  notEnded: number;
}

const nothing = (): Erased => ({ leads: 0, calls: 0, turns: 0, recordings: 0, pending: 0, ended: 0, notEnded: 0 });
const PAGE = 100;

/** Ends it if it is live, takes out what is personal, and has the outside services delete theirs. */
const eraseCall = (deps: EraseDeps) => async (callId: string, at: string, counts: Erased): Promise<void> => {
  const call = await deps.calls.call(callId);
  if (!call) return;
  // The end is written first, also where no phone is known to ring: an answer document then hangs up, and no stream is admitted.
  if (!isConcluded(call)) await deps.calls.append(callId, { kind: 'ended', at, endReason: 'operator', detail: 'erased', turnMs: [] });
  const gone = await deps.erasures.eraseCall(callId, at);
  if (call.callSid !== null && !isTerminal(call.status)) {
    try {
      const carrier = deps.carriers[call.carrier];
      if (!carrier) throw new Error(`there are no credentials for ${call.carrier}`);
      await carrier.hangUp(call.callSid);
      counts.ended += 1;
    } catch (error) {
      counts.notEnded += 1;
      deps.onHangUpFailure(error, callId);
    }
  }
  const recordings = gone?.recordings ?? [];
  const kept: Forgettable[] = recordings.map((id) => ({ service: call.carrier, kind: 'recording', id }));
  // A call may have had several: a stream that was lost, or an agent that broke off, is followed by another.
  const conversations = new Set((await deps.calls.events(callId)).flatMap((event) => (event.kind === 'agent-connected' ? [event.conversationId] : [])));
  kept.push(...[...conversations].map((id) => ({ service: 'elevenlabs' as const, kind: 'conversation' as const, id })));
  counts.calls += 1;
  counts.turns += gone?.turns ?? 0;
  counts.recordings += recordings.length;
  counts.pending += await forgetNow(deps)(kept);
};

/**
 * Undefined when there never was such a lead. Repeating it is fine, and ends what an earlier run, that died, had begun. Order: the
 * marker that holds off late writes, then whatever could still ring, then calls, then what led to the lead.
 */
export const eraseLead = (deps: EraseDeps) => async (leadId: string): Promise<Erased | undefined> => {
  // An opt-out that was heard and not yet carried to the list is, while its number is known.
  await settleLead(deps)(leadId);
  const at = deps.clock.now().toISOString();
  const begun = await deps.erasures.begin(leadId, at);
  if (!begun) return undefined;
  const counts = { ...nothing(), leads: 1 };
  const attempts = await deps.leads.attempts(leadId);
  for (const { attemptId } of attempts) {
    await deps.schedule.cancel(attemptId);
    await deps.leads.moveAttempt(attemptId, ['scheduled', 'ready', 'dialling', 'unknown'], { state: 'cancelled', reason: null, decision: null }, { at, event: 'cancelled', detail: null });
  }
  for (const { attemptId } of attempts) await eraseCall(deps)(readAttemptId(attemptId)!.callId, at, counts);
  await deps.erasures.finish(begun);
  return counts;
};

/** Everybody who gave this number, and whoever called from it. A suppression of it goes on to hold, under its pseudonym. `phone`: E.164. */
export const eraseNumber = (deps: EraseDeps) => async (phone: string): Promise<{ counts: Erased; leadIds: string[] }> => {
  const key = phoneKey(phone);
  const counts = nothing();
  const leadIds: string[] = [];
  const add = (more: Erased): void => { for (const name of Object.keys(counts) as (keyof Erased)[]) counts[name] += more[name]; };
  for (let page = await deps.leads.leadsOf(key, PAGE); page.length > 0; page = await deps.leads.leadsOf(key, PAGE)) {
    for (const leadId of page) {
      const erased = await eraseLead(deps)(leadId);
      leadIds.push(leadId);
      if (erased) add(erased);
    }
    if (page.length < PAGE) break;
  }
  for (const callId of await deps.calls.callsOf(key, PAGE)) await eraseCall(deps)(callId, deps.clock.now().toISOString(), counts);
  await deps.suppressions.forgetNumber(key);
  return { counts, leadIds };
};
