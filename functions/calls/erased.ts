// What stays of a call when its person was erased: facts of the line, and nothing that was said or by whom. Used by the stores. Pure.
import type { CallEvent, CallRecord } from './call.ts';
import { attemptOfCall, readAttemptId } from './lead.ts';

/** Events that must never be written once the call was erased. The others hold times, codes and ids only. */
export const isPersonal = (event: CallEvent): boolean =>
  event.kind === 'recording' || (event.kind === 'outcome' && event.summary !== null) || (event.kind === 'callback-asked' && event.note !== null)
  || (event.kind === 'transfer' && event.state === 'asked' && event.detail !== null);

/** The event without what is personal in it. Its key (eventKey) stays what it was. */
export const eventWithout = (event: CallEvent): CallEvent => {
  if (event.kind === 'recording') return { ...event, url: '' };
  if (event.kind === 'outcome') return { ...event, summary: null };
  if (event.kind === 'callback-asked') return { ...event, note: null };
  // The agent's words for why somebody wanted a person.
  return event.kind === 'transfer' && event.state === 'asked' ? { ...event, detail: null } : event;
};

export const callWithout = (call: CallRecord): CallRecord => ({ ...call, from: '', to: '', summary: null, recordingUrl: null });

/** Whose erasure ends a call: its lead's, or its own where no attempt stands behind it. */
export const ownerOf = (callId: string): string => {
  const attemptId = attemptOfCall(callId);
  return attemptId === undefined ? callId : readAttemptId(attemptId)!.leadId;
};
