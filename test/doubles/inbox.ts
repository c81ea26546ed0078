// Things that arrive, for scripted doubles: everything is kept, and a test waits for what it expects without sleeping.

export interface Inbox<T> {
  readonly all: T[];
  put(item: T): void;
  /** The first item that fits, among those not returned yet by `next`; waits for it. */
  next(fits: (item: T) => boolean): Promise<T>;
  /** Resolves once `holds` is true of everything so far. */
  until(holds: (all: T[]) => boolean): Promise<T[]>;
}

export const inbox = <T>(): Inbox<T> => {
  const all: T[] = [];
  const taken = new Set<number>();
  let waiting: (() => void)[] = [];
  const soon = (): Promise<void> => new Promise((resolve) => {
    waiting.push(resolve);
  });
  return {
    all,
    put: (item) => {
      all.push(item);
      for (const go of waiting.splice(0)) go();
    },
    next: async (fits) => {
      for (;;) {
        const index = all.findIndex((item, i) => !taken.has(i) && fits(item));
        if (index >= 0) {
          taken.add(index);
          return all[index]!;
        }
        await soon();
      }
    },
    until: async (holds) => {
      while (!holds(all)) await soon();
      return all;
    },
  };
};
