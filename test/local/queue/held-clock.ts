// Used by the queue's and timer's tests: time that moves only when told, and what is due then runs in order.
import { setImmediate as turn } from 'node:timers/promises';
import type { LocalClock } from '#local/queue/clock.ts';

export const heldClock = (start = Date.UTC(2026, 0, 1)): LocalClock & { advance: (ms: number) => Promise<void> } => {
  let now = start;
  let next = 0;
  const due = new Map<number, { at: number; run: () => void }>();
  const settle = async (): Promise<void> => { for (let turns = 0; turns < 3; turns += 1) await turn(); };
  return {
    now: () => now,
    after: (ms, run) => {
      const id = next;
      next += 1;
      due.set(id, { at: now + ms, run });
      return () => { due.delete(id); };
    },
    advance: async (ms) => {
      const until = now + ms;
      await settle();
      for (;;) {
        const [first] = [...due].filter(([, { at }]) => at <= until).sort(([a, x], [b, y]) => x.at - y.at || a - b);
        if (!first) break;
        due.delete(first[0]);
        now = Math.max(now, first[1].at);
        first[1].run();
        await settle();
      }
      now = until;
      await settle();
    },
  };
};
