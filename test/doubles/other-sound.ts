// Used by the other fakes and the whole-stack tests: mu-law by the book, sounds that show every loss, and a measure of likeness.

/** G.711: one byte to a 16-bit sample. */
export const fromMulaw = (byte: number): number => {
  const bits = ~byte & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;
  return (bits & 0x80) !== 0 ? -magnitude : magnitude;
};

const toMulaw = (sample: number): number => {
  const sign = sample < 0 ? 0x80 : 0;
  const size = Math.min(32_635, Math.abs(Math.round(sample))) + 0x84;
  const exponent = Math.max(0, 31 - Math.clz32(size) - 7);
  return ~(sign | (exponent << 4) | ((size >> (exponent + 3)) & 0x0f)) & 0xff;
};

/** A row of bytes that never repeats within any test: what is lost, doubled or moved shows. Silence (0xff) is not in it. */
export const noise = (bytes: number, seed: number): Buffer => {
  const made = Buffer.alloc(bytes);
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    made[i] = (state >>> 24) % 255;
  }
  return made;
};

/** A tone that rises from 300 to 2400 Hz within `seconds`, at time `t` in seconds; amplitude 8000 of 32768. */
export const sweep = (t: number, seconds: number): number =>
  t < 0 || t > seconds ? 0 : 8000 * Math.sin(2 * Math.PI * (300 * t + (2100 / (2 * seconds)) * t * t));

/** The sweep as bytes of one of ElevenLabs' formats. */
export const sweepAs = (format: string, seconds: number): Buffer => {
  const rate = Number(format.split('_')[1]);
  const samples = Array.from({ length: Math.round(rate * seconds) }, (_, i) => sweep(i / rate, seconds));
  if (format.startsWith('ulaw')) return Buffer.from(samples.map(toMulaw));
  const made = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, i) => made.writeInt16LE(Math.round(sample), i * 2));
  return made;
};

/** Samples of mu-law or PCM16 bytes. */
export const samplesOf = (bytes: Buffer, encoding: 'mulaw' | 'pcm'): number[] =>
  encoding === 'mulaw' ? [...bytes].map(fromMulaw) : Array.from({ length: Math.floor(bytes.length / 2) }, (_, i) => bytes.readInt16LE(i * 2));

const fit = (heard: number[], rate: number, seconds: number, lag: number): { snrDb: number; gain: number } => {
  let cross = 0;
  let reference = 0;
  let total = 0;
  heard.forEach((sample, i) => {
    const wanted = sweep(i / rate - lag, seconds);
    cross += sample * wanted;
    reference += wanted * wanted;
    total += sample * sample;
  });
  const gain = reference === 0 ? 0 : cross / reference;
  const error = total - 2 * gain * cross + gain * gain * reference;
  return { snrDb: 10 * Math.log10((gain * gain * reference) / Math.max(error, 1e-9)), gain };
};

/** How much of what was heard is the sweep, at the best delay between 0 and `mostLagMs` (a resampler has one): in dB, and how loud. */
export const likeness = (heard: number[], rate: number, seconds: number, mostLagMs = 25): { snrDb: number; gain: number; lagMs: number } => {
  let best = { snrDb: -Infinity, gain: 0, lagMs: 0 };
  const look = (from: number, to: number, step: number): void => {
    for (let lagMs = from; lagMs <= to; lagMs += step) {
      const found = fit(heard, rate, seconds, lagMs / 1000);
      if (found.snrDb > best.snrDb) best = { ...found, lagMs };
    }
  };
  look(-1, mostLagMs, 0.05);
  look(best.lagMs - 0.05, best.lagMs + 0.05, 0.002);
  return best;
};

/** Root mean square of mu-law bytes, in 16-bit units. */
export const loudness = (mulaw: Buffer): number => Math.sqrt(samplesOf(mulaw, 'mulaw').reduce((sum, s) => sum + s * s, 0) / Math.max(1, mulaw.length));
