// Called by the console: its side of /api, for the bearer of a token. What the answers look like is the server's own types.
import type { Erased } from '#calls/erase-lead.ts';
import type { AuditEntry, DiallingSwitch, ListedSuppression, Suppression } from '#calls/ports.ts';
import type { Spread, Stats } from '#calls/stats.ts';
import { ask, type AttemptState, type Lead, type LeadPage, type Outcome } from '../api.ts';

export type { AuditEntry, Erased, ListedSuppression, Spread, Stats, Suppression };

/** The attempt that now stands. */
export interface ChangedAttempt { attemptId: string; state: AttemptState; dueAt: string; reason: string | null }
export interface DiallingPosition extends DiallingSwitch { policyKillSwitch: boolean }
export interface SuppressionPage { suppressions: ListedSuppression[]; cursor: string | null }
export interface AuditPage { entries: AuditEntry[]; cursor: string | null }

const withQuery = (path: string, query: Readonly<Record<string, string | null>>): string => {
  const text = new URLSearchParams(Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))).toString();
  return text ? `${path}?${text}` : path;
};
const lead = (leadId: string, more = ''): string => `/api/leads/${encodeURIComponent(leadId)}${more}`;
const attempt = (attemptId: string, more = ''): string => `/api/attempts/${encodeURIComponent(attemptId)}${more}`;

/** `renew` gets another token when this one is refused, and the question is asked once more. */
export const consoleApi = (first: string, renew?: () => Promise<Outcome<string>>) => {
  let token = first;
  const askAs = <T>(shown: string, path: string, init: RequestInit): Promise<Outcome<T>> =>
    ask(path, { ...init, headers: { accept: 'application/json', authorization: `Bearer ${shown}`, ...(init.body ? { 'content-type': 'application/json' } : {}) } });
  const bearing = async <T>(path: string, init: RequestInit): Promise<Outcome<T>> => {
    const shown = token;
    const outcome = await askAs<T>(shown, path, init);
    if (!renew || outcome.kind !== 'problem' || outcome.problem.status !== 401) return outcome;
    // Another question may have renewed it while this one was under way.
    if (shown === token) {
      const renewed = await renew();
      if (renewed.kind !== 'ok') return renewed;
      token = renewed.value;
    }
    return askAs<T>(token, path, init);
  };
  const read = <T>(path: string, signal?: AbortSignal): Promise<Outcome<T>> => bearing(path, signal ? { signal } : {});
  const post = <T>(path: string, body?: object): Promise<Outcome<T>> =>
    bearing(path, { method: 'POST', ...(body ? { body: JSON.stringify(body) } : {}) });
  const remove = <T>(path: string): Promise<Outcome<T>> => bearing(path, { method: 'DELETE' });
  return {
    leads: (query: { status: string; cursor: string | null }, signal?: AbortSignal) => read<LeadPage>(withQuery('/api/leads', query), signal),
    lead: (leadId: string, signal?: AbortSignal) => read<Lead>(lead(leadId), signal),
    retry: (leadId: string) => post<ChangedAttempt>(lead(leadId, '/retry')),
    suppressLead: (leadId: string) => post<Lead>(lead(leadId, '/suppress')),
    exportLead: (leadId: string) => read<unknown>(lead(leadId, '/export')),
    eraseLead: (leadId: string) => remove<{ erased: Erased }>(lead(leadId)),
    endCall: (callId: string) => post<unknown>(`/api/calls/${encodeURIComponent(callId)}/end`),
    /** `at`: ISO 8601 with its zone. */
    reschedule: (attemptId: string, at: string) => post<ChangedAttempt>(attempt(attemptId, '/reschedule'), { at }),
    cancel: (attemptId: string) => remove<ChangedAttempt>(attempt(attemptId)),
    exportPerson: (phone: string) => read<unknown>(withQuery('/api/people/export', { phone })),
    erasePerson: (phone: string) => remove<{ erased: Erased }>(withQuery('/api/people', { phone })),
    suppressions: (cursor: string | null, signal?: AbortSignal) => read<SuppressionPage>(withQuery('/api/suppressions', { cursor }), signal),
    suppress: (phone: string, note: string | null) => post<Suppression>('/api/suppressions', { phone, note, reason: 'console' }),
    unsuppress: (phone: string) => remove<unknown>(withQuery('/api/suppressions', { phone })),
    dialling: (signal?: AbortSignal) => read<DiallingPosition>('/api/switch', signal),
    turnDialling: (dialling: boolean) => post<DiallingPosition & { broughtForward: number }>('/api/switch', { dialling }),
    trail: (cursor: string | null, signal?: AbortSignal) => read<AuditPage>(withQuery('/api/audit', { cursor }), signal),
    /** `from`: a day or a time; the last seven days without one. */
    stats: (from: string | null, signal?: AbortSignal) => read<Stats>(withQuery('/api/stats', { from }), signal),
  };
};
export type ConsoleApi = ReturnType<typeof consoleApi>;
