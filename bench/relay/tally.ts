// One direction of all calls: which frames were sent and came, in which order, and how long each took by the one clock of this process. Used by load.ts.

/** Frames of one call that may be on their way at once: 20 s. */
const RING = 1024;
const MOST_SAMPLES = 8_000_000;

export interface Tally {
  sent(call: number, number: number, at: number): void;
  /** How long it took, in ms. */
  came(call: number, number: number, at: number): number;
  /** Forgets samples; what is sent and lost is counted on. */
  restart(): void;
  /** In ms, sorted, since the restart. */
  samples(): Float32Array;
  readonly counts: { sent: number; came: number; reordered: number };
}

export const samplesOf = () => {
  // Grows: most runs are short.
  let kept = new Float32Array(1 << 16);
  let count = 0;
  return {
    add: (value: number): void => {
      if (count === MOST_SAMPLES) return;
      if (count === kept.length) {
        const more = new Float32Array(2 * kept.length);
        more.set(kept);
        kept = more;
      }
      kept[count++] = value;
    },
    restart: (): void => {
      count = 0;
    },
    sorted: (): Float32Array => kept.slice(0, count).sort(),
  };
};

export const tally = (): Tally => {
  const sentAt: Float64Array[] = [];
  const last: number[] = [];
  const samples = samplesOf();
  const counts = { sent: 0, came: 0, reordered: 0 };
  return {
    counts,
    sent: (call, number, at) => {
      (sentAt[call] ??= new Float64Array(RING))[number % RING] = at;
      counts.sent++;
    },
    came: (call, number, at) => {
      counts.came++;
      if (number <= (last[call] ?? -1)) counts.reordered++;
      else last[call] = number;
      const took = at - (sentAt[call]?.[number % RING] ?? NaN);
      samples.add(took);
      return took;
    },
    restart: () => samples.restart(),
    samples: () => samples.sorted(),
  };
};
