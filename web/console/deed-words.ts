// Called by the console: what was done, will be done or would be deleted, as people say it. Pure.
import type { Lead } from '../api.ts';
import { shortStamp, type Reader } from '../when.ts';
import type { AuditEntry, Erased, Suppression } from './api.ts';
import { isLive } from './words.ts';
import { dayAndTime, isZone } from './zoned.ts';

/** `1 call`, `2 calls`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The zone that the lead's clock is in: as the form said, else the one that the number was taken for; null where it is not known, or several. */
export const theirZone = ({ timeZone, attempts }: Pick<Lead, 'timeZone' | 'attempts'>): string | null => {
  const decided = attempts.map(({ decision }) => decision?.facts['zone']).findLast((zone) => typeof zone === 'string');
  return [timeZone, typeof decided === 'string' ? decided : null].find((zone) => zone !== null && isZone(zone)) ?? null;
};

/** What the server made of a wish for another time: when, on both clocks, and why then. */
export const plannedInWords = (dueAt: string, reason: string | null, lead: Lead, reader: Reader): string => {
  const due = new Date(dueAt);
  const zone = theirZone(lead);
  const yours = dayAndTime(due, reader.locale, reader.timeZone);
  const when = zone === null || zone === reader.timeZone ? yours : `${dayAndTime(due, reader.locale, zone)} for them, ${yours} for you`;
  return `Planned for ${when}.${reason === null ? '' : ` ${reason}`}`;
};

/** What an erasure of this lead takes away, line by line. */
export const erasureInWords = (lead: Lead): string[] => {
  const turns = lead.calls.reduce((sum, { transcript }) => sum + transcript.length, 0);
  const recordings = lead.calls.filter(({ recordingUrl }) => recordingUrl !== null).length;
  const talks = lead.calls.filter(({ conversationId }) => conversationId !== null).length;
  const live = lead.calls.some(({ status }) => isLive(status));
  const planned = lead.attempts.some(({ state }) => state === 'scheduled' || state === 'ready');
  return [
    'the name, the number, what they asked about, and what came of it', 'the words of the consent, and the address and browser it came from',
    ...(turns > 0 ? [`what was said in ${counted(lead.calls.length, 'call')}: ${counted(turns, 'turn')} of transcript`] : []),
    ...(recordings > 0 ? [`${counted(recordings, 'recording')}, also at the carrier`] : []),
    ...(talks > 0 ? ['the agent’s own record of the conversation, at ElevenLabs'] : []),
    ...(planned ? ['the attempt that is planned'] : []), ...(live ? ['the call that is live: it is ended'] : []),
  ];
};

export const erasedInWords = ({ leads, calls, turns, recordings, pending, ended, notEnded }: Erased): string => [
  leads + calls === 0 ? 'No lead and no call of it was kept.' : `Erased: ${counted(leads, 'lead')}, ${counted(calls, 'call')}, ${counted(turns, 'turn')} of transcript, ${counted(recordings, 'recording')}.`,
  pending > 0 ? `${counted(pending, 'recording or conversation', 'recordings or conversations')} could not be deleted outside yet; that is tried again until it is.` : '',
  ended > 0 ? `${counted(ended, 'live call was', 'live calls were')} ended.` : '',
  notEnded > 0 ? `${counted(notEnded, 'live call', 'live calls')} could not be ended: the carrier was not reached. What is said there is kept nowhere.` : '',
].filter(Boolean).join(' ');

/** Ends `It is not called because …`. */
export const reasonInWords = (reason: Suppression['reason']): string => ({
  'opt-out': 'they asked for it themselves', 'carrier-dnd': 'the carrier lists it as do-not-disturb', console: 'somebody put it on the list in the console', api: 'a program put it on the list', crm: 'the CRM says so',
})[reason];

/** Who did something, as the audit trail names them. */
export const whoInWords = (by: string): string => (by === 'admin-token' ? 'the admin token' : by.replace(/^user:/, 'user '));

const deeds: Readonly<Record<AuditEntry['action'], string>> = {
  erase: 'erased', export: 'exported', suppress: 'put a number on the list', unsuppress: 'took a number off the list', retry: 'asked for a call', reschedule: 'moved an attempt', cancel: 'cancelled an attempt',
  'end-call': 'ended a call', switch: 'turned dialling',
};

const factInWords = (reader: Reader) => ([name, value]: [string, string | number | boolean]): string =>
  `${name.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)} ${/^\d{4}-\d\d-\d\dT/.test(String(value)) ? shortStamp(String(value), reader) : String(value)}`;

/** What was done, and what of it the trail kept; ids of attempts and calls are left to the lead's own view. */
export const deedInWords = ({ action, facts }: Pick<AuditEntry, 'action' | 'facts'>, reader: Reader): { what: string; more: string } => {
  const { dialling, ...rest } = facts;
  const kept = Object.entries(rest).filter(([name, value]) => !['attemptId', 'callId'].includes(name) && value !== 0);
  return { what: action === 'switch' ? `turned dialling ${dialling === true ? 'on' : 'off'}` : deeds[action] ?? action, more: kept.map(factInWords(reader)).join(', ') };
};

/** `Dialling is off`, and since when and by whom. */
export const diallingInWords = ({ dialling, at, by, policyKillSwitch }: { dialling: boolean; at: string | null; by: string | null; policyKillSwitch: boolean }, reader: Reader): { state: string; since: string } => {
  if (policyKillSwitch) return { state: 'Dialling is off', since: 'by the policy document' };
  return { state: dialling ? 'Dialling is on' : 'Dialling is off', since: at === null ? '' : `since ${shortStamp(at, reader)}${by === null ? '' : `, by ${whoInWords(by)}`}` };
};
