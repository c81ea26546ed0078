// Puts what arrives late, twice or too early back in order, by the sender's own numbers. One for each connection through API Gateway, which
// promises no order. Keeps no clock and no timer: gateway-connection.ts says what time it is.

export interface Reorder<T> {
  /** The first number. What came with a lower one is dropped; what waits with a higher one follows as far as it joins on. */
  begin(sequence: number, now: number): void;
  put(sequence: number, item: T, now: number): void;
  /** Lets go of what has waited long enough, over the gap that it waited for. */
  look(now: number): void;
  /** Nothing more will come: everything that waits, in order. */
  flush(): void;
  /** When to look next; undefined while nothing waits for a gap. */
  due(): number | undefined;
  waiting(): number;
  /** The lowest number that waits. */
  lowest(): number | undefined;
}

export interface ReorderOptions {
  /** Nothing waits longer than this for what is missing. */
  holdMs: number;
  /** More than this does not wait: the oldest gap is given up. */
  mostWaiting: number;
  /** A number so far ahead of the last is no number of this stream: dropped. */
  mostAhead: number;
}

export interface ReorderHandlers<T> {
  out(item: T): void;
  /** So many numbers were given up. */
  gap(missing: number): void;
  /** Came a second time, or after it was given up, or with a number out of all reason: dropped. */
  dropped(): void;
}

export const reorder = <T>({ holdMs, mostWaiting, mostAhead }: ReorderOptions, on: ReorderHandlers<T>): Reorder<T> => {
  const waiting = new Map<number, { item: T; since: number }>();
  /** The number that comes next; undefined before begin(). */
  let next: number | undefined;

  const lowest = (): number => Math.min(...waiting.keys());
  /** Everything that joins on to what went out. */
  const follow = (): void => {
    for (let held = waiting.get(next!); held; held = waiting.get(next!)) {
      waiting.delete(next!);
      next!++;
      on.out(held.item);
    }
  };
  const skip = (): void => {
    const to = lowest();
    on.gap(to - next!);
    next = to;
    follow();
  };
  const look = (now: number): void => {
    if (next === undefined) return;
    const overdue = Math.max(...[...waiting].map(([sequence, { since }]) => (now - since >= holdMs ? sequence : -1)));
    for (;;) {
      if (next > overdue) return;
      skip();
    }
  };

  return {
    begin: (sequence, now) => {
      if (next !== undefined) return on.dropped();
      next = sequence;
      for (const early of waiting.keys()) {
        if (early >= sequence && early <= sequence + mostAhead) {
          // They could not have gone before; their wait for a gap begins now.
          waiting.get(early)!.since = now;
          continue;
        }
        waiting.delete(early);
        on.dropped();
      }
      follow();
    },
    put: (sequence, item, now) => {
      if (next !== undefined && sequence === next && waiting.size === 0) {
        next++;
        return on.out(item);
      }
      if ((next !== undefined && (sequence < next || sequence > next + mostAhead)) || waiting.has(sequence)) return on.dropped();
      waiting.set(sequence, { item, since: now });
      if (next === undefined) {
        if (waiting.size > mostWaiting && waiting.delete(lowest())) on.dropped();
        return;
      }
      follow();
      while (waiting.size > mostWaiting) skip();
    },
    look,
    flush: () => {
      if (next === undefined) return waiting.clear();
      while (waiting.size > 0) skip();
    },
    due: () => {
      if (next === undefined || waiting.size === 0) return undefined;
      return Math.min(...[...waiting.values()].map(({ since }) => since)) + holdMs;
    },
    waiting: () => waiting.size,
    lowest: () => waiting.size === 0 ? undefined : lowest(),
  };
};
