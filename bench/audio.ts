/**
 * Run by hand (`node bench/audio.ts`) to see what audio costs and what it does to a tone: every pair of formats that a call can need,
 * and the resamplers that could have been chosen. Times are the best of several rounds, per 20 ms of audio, on one core.
 */
import { type AudioFormat, bytesPerMs, FORMATS, FORMAT_NAMES } from '#audio/formats.ts';
import { kernel, type Steepness, TELEPHONE } from '#audio/kernel.ts';
import { measureTone, rmsDbfs, sine } from '#audio/level.ts';
import { decodeMulaw, decodeMulawInto, encodeMulaw, encodeMulawInto } from '#audio/mulaw.ts';
import { resampler } from '#audio/resample.ts';
import { transcoder } from '#audio/transcoder.ts';

const ROUNDS = 7;
const FRAMES_A_ROUND = 1_000;
const TONES_HZ = [300, 997, 3_000, 3_400];
const PEAK_DBFS = -1;

/** Microseconds for one run of `work`, the best round of several. */
function microseconds(work: () => unknown): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    for (let i = 0; i < FRAMES_A_ROUND; i++) work();
    best = Math.min(best, performance.now() - begun);
  }
  return (best * 1_000) / FRAMES_A_ROUND;
}

function frameOf(rateHz: number): Int16Array {
  return sine(997, rateHz, Math.round(rateHz / 50), PEAK_DBFS);
}

function asBytes(format: AudioFormat, pcm: Int16Array): Uint8Array {
  return format.encoding === 'mulaw' ? encodeMulaw(pcm) : new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

function asSamples(format: AudioFormat, bytes: Uint8Array): Int16Array {
  return format.encoding === 'mulaw' ? decodeMulaw(bytes) : new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

/** The middle of what comes out, so that the tone's own beginning and end are not counted as noise. */
function middle(pcm: Int16Array): Int16Array {
  const edge = Math.floor(pcm.length / 10);
  return pcm.subarray(edge, pcm.length - edge);
}

function row(...cells: (string | number)[]): void {
  console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(34) : String(cell).padStart(11))).join(''));
}

const fixed = (value: number, digits = 1): string => value.toFixed(digits).replace(/^-(0\.?0*)$/, '$1');

function mulawTable(): void {
  console.log('mu-law, 160 samples');
  row('', 'µs');
  const pcm = frameOf(8_000);
  const codes = encodeMulaw(pcm);
  row('decode into', fixed(microseconds(() => decodeMulawInto(codes, pcm)), 2));
  row('encode into', fixed(microseconds(() => encodeMulawInto(pcm, codes)), 2));
  row('decode to new array', fixed(microseconds(() => decodeMulaw(codes)), 2));
  row('encode to new array', fixed(microseconds(() => encodeMulaw(pcm)), 2));
}

function pairTable(): void {
  console.log(`\nformats: SNR in dB of a tone at ${PEAK_DBFS} dBFS, one second in 20 ms frames; level at 3,000 Hz against what went in`);
  row('', 'µs', 'delay ms', ...TONES_HZ.map((hz) => `${hz} Hz`), 'level dB');
  const carriers = [FORMATS.ulaw_8000, FORMATS.pcm_8000, FORMATS.pcm_16000, FORMATS.pcm_24000];
  for (const carrier of carriers) {
    for (const agent of FORMAT_NAMES.map((name) => FORMATS[name])) {
      if (carrier.name === agent.name) continue;
      pairRow(carrier, agent);
      if (!carriers.includes(agent)) pairRow(agent, carrier);
    }
  }
}

function pairRow(from: AudioFormat, to: AudioFormat): void {
  const stream = transcoder(from, to);
  const frame = asBytes(from, frameOf(from.rateHz));
  const cost = microseconds(() => stream.push(frame));
  const heard = TONES_HZ.map((hz) => {
    const tone = asBytes(from, sine(hz, from.rateHz, from.rateHz, PEAK_DBFS));
    const frameBytes = 2 * Math.floor((bytesPerMs(from) * 20) / 2);
    const fresh = transcoder(from, to);
    const out: number[] = [];
    for (let at = 0; at < tone.length; at += frameBytes) out.push(...asSamples(to, fresh.push(tone.subarray(at, at + frameBytes))));
    return measureTone(middle(Int16Array.from(out)), hz, to.rateHz);
  });
  row(
    `${from.name} > ${to.name}`,
    fixed(cost),
    fixed(stream.delayMs),
    ...heard.map((tone) => fixed(tone.snrDb)),
    fixed((heard[2]?.peakDbfs ?? NaN) - PEAK_DBFS, 2),
  );
}

/** One stream of one candidate: a piece in, what it says out. */
type Candidate = { readonly name: string; readonly make: (fromHz: number, toHz: number) => (piece: Int16Array) => Int16Array };

function ours(name: string, steepness: Steepness): Candidate {
  const make: Candidate['make'] = (fromHz, toHz) => {
    const stream = resampler(fromHz, toHz, steepness);
    return (piece) => stream.push(piece);
  };
  return { name, make };
}

const linear: Candidate = {
  name: 'linear',
  make: (fromHz, toHz) => {
    let last = 0;
    let at = 0;
    return (piece) => {
      const out: number[] = [];
      for (; at < piece.length; at += fromHz / toHz) {
        const whole = Math.floor(at);
        const before = whole === 0 ? last : (piece[whole - 1] ?? 0);
        out.push(Math.round(before + ((piece[whole] ?? 0) - before) * (at - whole)));
      }
      at -= piece.length;
      last = piece.at(-1) ?? last;
      return Int16Array.from(out);
    };
  },
};

/** npm speex-resampler, when it is installed: nothing but this table needs it. */
async function speexCandidates(): Promise<Candidate[]> {
  const found = await import('speex-resampler').catch(() => undefined);
  if (found === undefined) {
    console.log('\n(speex-resampler is not installed: its rows are left out)');
    return [];
  }
  // A CommonJS package: under Node its default export is one deeper.
  const Speex = found.default.default;
  await Speex.initPromise;
  return [3, 5, 7, 10].map((quality) => ({
    name: `speex-resampler quality ${quality}`,
    make: (fromHz, toHz) => {
      const speex = new Speex(1, fromHz, toHz, quality);
      return (piece) => {
        const out = speex.processChunk(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
        return new Int16Array(out.buffer, out.byteOffset, out.length / 2);
      };
    },
  }));
}

function candidateTable(candidates: Candidate[]): void {
  for (const wideHz of [16_000, 22_050, 24_000, 44_100, 48_000]) {
    console.log(`\n8,000 < > ${wideHz} Hz: SNR after going up, or down; gain of going down; what going down leaves of a tone that does not fit`);
    row('', 'up µs', 'down µs', 'up 997', 'up 3400', 'down 997', 'down 3400', 'gain 3.4k', 'alias 4.3k', 'alias 4.6k', 'alias 6k');
    for (const { name, make } of candidates) {
      const up = make(8_000, wideHz);
      const down = make(wideHz, 8_000);
      const narrow = frameOf(8_000);
      const wide = frameOf(wideHz);
      const risen = (hz: number): Int16Array => middle(make(8_000, wideHz)(sine(hz, 8_000, 8_000, PEAK_DBFS)));
      const fallen = (hz: number): Int16Array => middle(make(wideHz, 8_000)(sine(hz, wideHz, wideHz, PEAK_DBFS)));
      row(
        name,
        fixed(microseconds(() => up(narrow))),
        fixed(microseconds(() => down(wide))),
        ...[997, 3_400].map((hz) => fixed(measureTone(risen(hz), hz, wideHz).snrDb)),
        ...[997, 3_400].map((hz) => fixed(measureTone(fallen(hz), hz, 8_000).snrDb)),
        fixed(measureTone(fallen(3_400), 3_400, 8_000).peakDbfs - PEAK_DBFS, 2),
        // A sine's RMS is 3 dB below its peak.
        ...[4_300, 4_600, 6_000].map((hz) => fixed(rmsDbfs(fallen(hz)) - PEAK_DBFS + 3, 0)),
      );
    }
  }
}

function kernelTable(): void {
  console.log('\nkernels of the chosen steepness: made once per ratio, shared by every stream');
  row('', 'ms to make', 'KB', 'taps');
  for (const wideHz of [16_000, 22_050, 24_000, 44_100, 48_000]) {
    for (const [fromHz, toHz] of [[8_000, wideHz], [wideHz, 8_000]] as const) {
      // Another window, not the one already made: a kernel is made once.
      const begun = performance.now();
      const { rows, taps } = kernel(fromHz, toHz, { ...TELEPHONE, beta: TELEPHONE.beta + 1e-6 });
      row(`${fromHz} > ${toHz}`, fixed(performance.now() - begun, 2), fixed(rows.byteLength / 1_024), taps);
    }
  }
}

console.log(`Node ${process.version} on ${process.arch}\n`);
mulawTable();
pairTable();
candidateTable([
  linear,
  ours('ours, 12 crossings', { crossings: 12, beta: 6 }),
  ours('ours, 20 crossings', { crossings: 20, beta: 8 }),
  ours(`ours, ${TELEPHONE.crossings} crossings (chosen)`, TELEPHONE),
  ours('ours, 48 crossings', { crossings: 48, beta: 8.5 }),
  ...(await speexCandidates()),
]);
kernelTable();
