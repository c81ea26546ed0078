// The operator's switch: off, nobody is dialled; on again, what was put off meanwhile is brought forward. Used by the API.
import type { Clock, DialQueue, DiallingSwitch, LeadStore, SwitchStore } from './ports.ts';

export interface SwitchDeps {
  leads: Pick<LeadStore, 'attemptsDue' | 'moveAttempt'>;
  switches: SwitchStore;
  queue: DialQueue;
  clock: Clock;
}

/** How far ahead attempts are put off at most (ask-permission.ts), and a little more. */
const AHEAD_MS = 125 * 60_000;
/** More than so many are not brought forward at once; the others follow at their own time, at most two hours later. */
const MOST = 500;

/** `by`: who, as in the audit trail. `broughtForward`: attempts that are dialled now instead of later. */
export const turnDialling = (deps: SwitchDeps) => async (on: boolean, by: string): Promise<DiallingSwitch & { broughtForward: number }> => {
  const now = deps.clock.now();
  const at = now.toISOString();
  const before = await deps.switches.dialling();
  const position = before.dialling === on ? before : { dialling: on, at, by };
  if (before.dialling !== on) await deps.switches.setDialling(position);
  if (!on) return { ...position, broughtForward: 0 };
  let broughtForward = 0;
  for (const attempt of await deps.leads.attemptsDue(new Date(now.getTime() + AHEAD_MS).toISOString(), MOST)) {
    if (attempt.state !== 'scheduled' || attempt.decision?.code !== 'kill-switch') continue;
    // The dialer asks for permission again, so nobody is rung outside their hours for this.
    if (!(await deps.leads.moveAttempt(attempt.attemptId, ['scheduled'], { dueAt: at, reason: null }, { at, event: 'scheduled', detail: 'calling is switched on again' }))) continue;
    await deps.queue.send({ attemptId: attempt.attemptId });
    broughtForward += 1;
  }
  return { ...position, broughtForward };
};
