// Called by the console's board: whether the server answers, as the reader sees it, and how long each view waits before it asks again.
import type { Outcome } from '../api.ts';
import { part, say } from '../element.ts';
import { afterFailuresMs } from '../poll.ts';
import { isRefusal } from './door.ts';

export interface Connection {
  /** The pause after this answer, ms; null when the token was refused, which ends everything. `who` asks. */
  paceOf: (outcome: Outcome<unknown>, who: string, everyMs: number) => number | null;
  /** Who does not ask any more has no trouble either. */
  forget: (who: string) => void;
}

export const connection = (refused: () => void): Connection => {
  const failures = new Map<string, number>();
  const show = (): void => {
    const lost = [...failures.values()].some((count) => count > 0);
    part('pulse', HTMLElement).dataset['lost'] = String(lost);
    say(part('pulse', HTMLElement), lost ? 'No connection; trying again' : 'Live');
  };
  return {
    paceOf: (outcome, who, everyMs) => {
      if (outcome.kind === 'problem' && isRefusal(outcome.problem)) { refused(); return null; }
      const count = outcome.kind === 'ok' ? 0 : (failures.get(who) ?? 0) + 1;
      failures.set(who, count);
      show();
      if (count === 0) return everyMs;
      const asked = outcome.kind === 'problem' ? outcome.problem.retryAfterSeconds : null;
      return Math.max(everyMs, afterFailuresMs(count), (asked ?? 0) * 1000);
    },
    forget: (who) => { if (failures.delete(who)) show(); },
  };
};
