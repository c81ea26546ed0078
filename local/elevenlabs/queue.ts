/** The workspace's places: so many conversations at once; who comes later waits for one that ends. */

export type Places = {
  /** True when there is a place now. */
  enter(): boolean;
  /** Waits in line; `admit` is called when a place was freed and is now theirs. Returns how to leave the line. */
  wait(admit: () => void): () => void;
  leave(): void;
  taken(): number;
};

export const places = (limit: number): Places => {
  let taken = 0;
  const line: (() => void)[] = [];
  return {
    enter: () => {
      if (taken >= limit) return false;
      taken += 1;
      return true;
    },
    wait: (admit) => {
      line.push(admit);
      return () => {
        const index = line.indexOf(admit);
        if (index !== -1) line.splice(index, 1);
      };
    },
    leave: () => {
      const next = line.shift();
      if (next) next();
      else taken -= 1;
    },
    taken: () => taken,
  };
};
