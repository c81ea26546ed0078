// A person moves a planned attempt to another time, or cancels one that nobody has dialled yet.
import { askPermission } from './ask-permission.ts';
import { dialCaps } from './caps.ts';
import { VisibleError } from './errors.ts';
import { readInstant } from './instants.ts';
import { readAttemptId, type AttemptRecord } from './lead.ts';
import { notPermitted, type RetryDeps } from './retry-lead.ts';
import { settleLead } from './settle-lead.ts';

const YEAR_MS = 366 * 86_400_000;
const noSuchAttempt = (): VisibleError => new VisibleError('not-found', 'no-such-attempt', 'There is no such attempt.', { fields: [{ field: 'attemptId', message: 'names no attempt' }] });
const timeFault = (message: string): VisibleError => new VisibleError('invalid', 'time-invalid', `at ${message}`, { fields: [{ field: 'at', message }] });

const known = async (deps: RetryDeps, attemptId: string): Promise<{ attempt: AttemptRecord; lead: NonNullable<Awaited<ReturnType<RetryDeps['leads']['lead']>>> }> => {
  const attempt = readAttemptId(attemptId) ? await deps.leads.attempt(attemptId) : undefined;
  const lead = attempt && (await deps.leads.lead(attempt.leadId));
  if (!attempt || !lead) throw noSuchAttempt();
  return { attempt, lead };
};

/**
 * Plans it for `at` (ISO 8601 with its zone), or for the first permitted moment after it. Only attempts that are scheduled can be
 * moved. Throws VisibleError: no such attempt, a time that cannot be, permission refused, an attempt that is not planned any more.
 */
export const rescheduleAttempt = (deps: RetryDeps) => async (attemptId: string, at: unknown): Promise<AttemptRecord> => {
  const now = deps.clock.now();
  const time = typeof at === 'string' ? readInstant(at) : undefined;
  if (time === undefined) throw timeFault('must be a time with its zone, such as 2026-11-21T15:30:00Z');
  if (time < now.getTime()) throw timeFault('must be a time to come; to call now, ask for a retry of the lead');
  if (time > now.getTime() + YEAR_MS) throw timeFault('must be within a year');
  const { attempt, lead } = await known(deps, attemptId);
  const wanted = new Date(time).toISOString();
  const { decision } = await askPermission(deps)({ lead, attemptNumber: readAttemptId(attemptId)!.number, at: wanted });
  if (decision.outcome === 'refused') throw notPermitted(decision);
  // The switch is asked when the time has come; it says nothing about a time to come.
  const dueAt = decision.code === 'kill-switch' ? wanted : (decision.until ?? wanted);
  const step = { at: now.toISOString(), event: 'scheduled', detail: `moved by a person to ${dueAt}` };
  const moved = await deps.leads.moveAttempt(attempt.attemptId, ['scheduled'], { dueAt, decision, reason: decision.until === null ? null : decision.reason, askedAt: now.toISOString() }, step);
  if (!moved) throw new VisibleError('conflict', 'attempt-not-scheduled', 'This attempt is not planned any more, so it cannot be moved.');
  await deps.schedule.at(attemptId, dueAt);
  return moved;
};

/**
 * Cancels an attempt that is scheduled or ready: either the dialer has claimed it before, or it never will. Throws VisibleError: no
 * such attempt, or one that is dialled or over.
 */
export const cancelAttempt = (deps: RetryDeps) => async (attemptId: string): Promise<AttemptRecord> => {
  const { attempt, lead } = await known(deps, attemptId);
  const at = deps.clock.now().toISOString();
  const cancelled = await deps.leads.moveAttempt(attemptId, ['scheduled', 'ready'], { state: 'cancelled', reason: 'Cancelled by a person.' }, { at, event: 'cancelled', detail: 'by a person' });
  if (!cancelled) {
    const current = await deps.leads.attempt(attemptId);
    if (current?.state === 'cancelled') return current;
    throw new VisibleError('conflict', 'attempt-under-way', 'This attempt was dialled already. If its call is live, end the call instead.');
  }
  await deps.schedule.cancel(attemptId);
  // A ready attempt held a place under the day's ceilings since it was decided.
  if (attempt.state === 'ready') await deps.caps.giveBack(dialCaps({ phone: lead.phone, now: attempt.decision?.at ?? at, limitSeconds: deps.policy.limitSeconds }, deps.policy));
  await settleLead(deps)(attempt.leadId);
  return cancelled;
};
