// Somebody on the line wants to be called at another time: the agent's tool asks for it, and says what comes back. Used by the relay.
import { askPermission, type PermissionDeps } from './ask-permission.ts';
import type { CallRecord } from './call.ts';
import { inOrder, readAttemptId, type LeadRecord } from './lead.ts';
import { phoneKey } from './phone-key.ts';
import { inWords, readWhen } from './read-when.ts';
import { recordEvent, type RecordDeps } from './record-event.ts';
import { settleLead } from './settle-lead.ts';
import { canonicalZone, zonesOf } from './zones.ts';

export interface AskDeps extends RecordDeps, PermissionDeps {
  leads: RecordDeps['leads'];
  suppressions: RecordDeps['suppressions'];
}

/** `when`: as read-when.ts reads it. `note`: what for, in the agent's words. */
export interface CallbackAsk {
  when: string;
  note: string | null;
}

/** What the agent is told: words that it can pass on, or, where it is an error, that it can act on. */
export interface Said {
  result: string;
  isError: boolean;
}

/** The line has to be free, and a carrier needs a moment. */
const SOONEST_MS = 2 * 60_000;
/** A model thinks for a while, and clocks differ. */
const JUST_NOW_MS = 60_000;
const FURTHEST_MS = 366 * 86_400_000;
const MOST_NOTE = 500;

const refused = (result: string): Said => ({ result, isError: true });

const leadOf = async (deps: AskDeps, call: CallRecord): Promise<LeadRecord | undefined> => {
  const leadId = call.leadId ?? (call.from === '' ? undefined : (await deps.leads.leadsOf(phoneKey(call.from), 1))[0]);
  return leadId === undefined ? undefined : deps.leads.lead(leadId);
};

/** The zones that the person may be in: the browser's, which knows better than the number; `words`: a time on their clock. */
const clockOf = ({ timeZone, phone }: LeadRecord, now: Date): { zones: string[]; words: (at: number) => string } => {
  const own = timeZone === null ? undefined : canonicalZone(timeZone);
  const zones = own === undefined ? zonesOf(phone) : [own];
  return { zones, words: (at) => inWords(at, zones[0] ?? 'UTC', now, zones.length !== 1) };
};

/**
 * Notes the wish on the call and plans it as the lead's next attempt, at that time or at the first permitted moment after it. Asking again moves
 * that attempt. Never throws for anything that was asked; throws when the store fails.
 */
export const askCallback = (deps: AskDeps) => async (callId: string, ask: CallbackAsk): Promise<Said> => {
  const call = await deps.calls.call(callId);
  const lead = call && (await leadOf(deps, call));
  // Whoever rings in has agreed to nothing: without a consent on record nobody is called.
  if (!call || !lead) return refused('No call can be planned: it is not on record that this number agreed to be called. They can fill in the form, or ring again at that time.');
  const now = deps.clock.now();
  const { zones, words } = clockOf(lead, now);
  const when = readWhen(ask.when, now, zones);
  const example = 'Use a time such as 2026-11-28T15:30 on their clock, 2026-11-28T15:30+05:30, or "in 20 minutes".';
  const itIsNow = `It is now ${words(now.getTime())}, ${now.toISOString().slice(0, 16)}Z.`;
  if ('fault' in when) {
    return refused(when.fault === 'unreadable' ? `when cannot be read. ${example} ${itIsNow}`
      : 'It is not known in which time zone they are. Ask in which city they are, and give the time with its offset, such as 2026-11-28T15:30-05:00, or in minutes from now.');
  }
  if (when.at < now.getTime() - JUST_NOW_MS) return refused(`That time is over. ${itIsNow} Ask for a time to come.`);
  if (when.at > now.getTime() + FURTHEST_MS) return refused(`That is more than a year ahead. ${itIsNow} Ask for a nearer time.`);

  const dueAt = new Date(Math.max(when.at, now.getTime() + SOONEST_MS)).toISOString();
  const before = inOrder(await deps.leads.attempts(lead.leadId));
  const planned = before.find(({ state }) => state === 'scheduled');
  const attemptNumber = planned ? readAttemptId(planned.attemptId)!.number : before.length + 1;
  const { decision } = await askPermission(deps)({ lead, attemptNumber, at: dueAt });
  if (decision.outcome === 'refused') return refused(`They cannot be called then. ${decision.reason} Do not promise a call.`);

  const at = now.toISOString();
  // Kept before it is planned: whoever settles the lead next plans it if this process dies in between.
  await recordEvent(deps)(callId, { kind: 'callback-asked', at, by: 'agent', dueAt, note: ask.note === null ? null : ask.note.slice(0, MOST_NOTE) });
  if (call.leadId === null) await settleLead(deps)(lead.leadId, true, { callId, at, dueAt });
  const stands = (await deps.leads.attempts(lead.leadId)).find(({ state, askedOn }) => state === 'scheduled' && askedOn === callId);
  if (!stands) return refused('It was noted, and no call could be planned: they are being called at this moment, or must not be called. Do not promise a call.');
  const due = Date.parse(stands.dueAt);
  return {
    isError: false,
    result: stands.dueAt === dueAt ? `Planned: they will be called ${words(due)}, their time.`
      : `They cannot be called at that time. ${stands.decision?.reason ?? ''} The call is planned for the next time that is allowed: ${words(due)}, their time. Tell them.`,
  };
};
