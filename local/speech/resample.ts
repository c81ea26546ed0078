/** The simulated services change sample rates with this: a windowed sinc, in one go or piece by piece. */

/** Zero crossings of the sinc on each side: 8 keeps speech clean at both band edges and is cheap. */
const LOBES = 8;

export type Resampler = {
  /** Takes any number of samples, returns those that are ready (a few milliseconds behind). */
  push(pcm: Int16Array): Int16Array;
  /** The rest; nothing may be pushed afterwards. */
  end(): Int16Array;
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** One row of weights for each of the positions that an output sample can have between two input samples. */
const weights = (up: number, down: number): { rows: Float64Array[]; half: number } => {
  const cutoff = Math.min(1, up / down) * (up === down ? 1 : 0.94);
  const half = Math.ceil(LOBES / cutoff);
  const rows = Array.from({ length: up }, (_, phase) => {
    const row = new Float64Array(2 * half);
    let sum = 0;
    for (let tap = 0; tap < 2 * half; tap++) {
      const t = tap - half + 1 - phase / up;
      const x = Math.PI * t * cutoff;
      const window = Math.abs(t) >= half ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * t) / half);
      const weight = (x === 0 ? 1 : Math.sin(x) / x) * window;
      row[tap] = weight;
      sum += weight;
    }
    return row.map((weight) => weight / sum);
  });
  return { rows, half };
};

const tables = new Map<string, ReturnType<typeof weights>>();

const tableFor = (up: number, down: number): ReturnType<typeof weights> => {
  const key = `${up}/${down}`;
  const table = tables.get(key) ?? weights(up, down);
  tables.set(key, table);
  return table;
};

/** A resampler that remembers where it was, so that pieces join without clicks. */
export const resampler = (fromHz: number, toHz: number): Resampler => {
  if (fromHz === toHz) return { push: (pcm) => pcm, end: () => new Int16Array(0) };
  const common = gcd(fromHz, toHz);
  const [up, down] = [toHz / common, fromHz / common];
  const { rows, half } = tableFor(up, down);
  /** Input not yet done with; `origin` is the input index of its first sample. */
  let held: Int16Array = new Int16Array(half - 1);
  let origin = -(half - 1);
  let taken = 0;
  let made = 0;

  const push = (pcm: Int16Array): Int16Array => {
    const joined = new Int16Array(held.length + pcm.length);
    joined.set(held);
    joined.set(pcm, held.length);
    taken += pcm.length;
    const out: number[] = [];
    for (;;) {
      const whole = Math.floor((made * down) / up);
      const first = whole - half + 1 - origin;
      if (first + 2 * half > joined.length) {
        held = joined.slice(Math.max(0, first));
        origin += Math.max(0, first);
        return Int16Array.from(out);
      }
      const row = rows[(made * down) % up];
      if (!row) throw new RangeError('phase out of range');
      let sum = 0;
      for (let tap = 0; tap < row.length; tap++) sum += (row[tap] ?? 0) * (joined[first + tap] ?? 0);
      out.push(Math.max(-32_768, Math.min(32_767, Math.round(sum))));
      made += 1;
    }
  };

  const end = (): Int16Array => {
    const wanted = Math.round((taken * up) / down) - made;
    return push(new Int16Array(2 * half)).subarray(0, Math.max(0, wanted));
  };

  return { push, end };
};

/** A whole recording from one rate to another; the length is `pcm.length * toHz / fromHz`, rounded. */
export const resample = (pcm: Int16Array, fromHz: number, toHz: number): Int16Array => {
  const one = resampler(fromHz, toHz);
  const body = one.push(pcm);
  const tail = one.end();
  const whole = new Int16Array(body.length + tail.length);
  whole.set(body);
  whole.set(tail, body.length);
  return whole;
};
