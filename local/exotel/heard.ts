// Keeps, sample by sample and at the rate it came in, what the person on a line heard: the measure of everything we send to a caller.
import { decodeMulaw, SILENCE } from '#local/people/mulaw.ts';
import type { Line } from '#local/people/line.ts';
import { resample } from '#local/speech/resample.ts';

/** 20 ms of sound; `sent` are the stretches of it, in samples, that the customer sent, the rest is silence of the carrier's own. */
export type Frame = { rateHz: number; pcm: Int16Array; sent: readonly (readonly [from: number, to: number])[] };

type Segment = { rateHz: number; fromMs: number; pcm: Int16Array; length: number; sent: [number, number][] };

export type Heard = {
  push(frame: Frame): void;
  /** The highest rate that was heard: that of `pcm()` unless told otherwise. */
  readonly rateHz: number;
  /** All of it from the answer on, silence included. Stretches at other rates are resampled. */
  pcm(rateHz?: number): Int16Array;
  /** Only the samples that somebody sent, end to end and never resampled: what to compare with what was sent. */
  sent(): Int16Array;
  /** Where sent sound was, in milliseconds from the answer. */
  spans(): { fromMs: number; toMs: number }[];
};

const join = (pieces: readonly Int16Array[]): Int16Array => {
  const whole = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

export const createHeard = (): Heard => {
  const segments: Segment[] = [];
  const heard: Heard = {
    push({ rateHz, pcm, sent }) {
      let last = segments.at(-1);
      if (last?.rateHz !== rateHz) {
        const fromMs = last ? last.fromMs + (last.length * 1000) / last.rateHz : 0;
        last = { rateHz, fromMs, pcm: new Int16Array(rateHz), length: 0, sent: [] };
        segments.push(last);
      }
      if (last.length + pcm.length > last.pcm.length) {
        const larger = new Int16Array(last.pcm.length * 2);
        larger.set(last.pcm);
        last.pcm = larger;
      }
      last.pcm.set(pcm, last.length);
      for (const [from, to] of sent) {
        const before = last.sent.at(-1);
        if (before && before[1] === last.length + from) before[1] = last.length + to;
        else last.sent.push([last.length + from, last.length + to]);
      }
      last.length += pcm.length;
    },
    get rateHz() { return Math.max(8000, ...segments.map((one) => one.rateHz)); },
    pcm: (rateHz = heard.rateHz) => join(segments.map((one) => resample(one.pcm.subarray(0, one.length), one.rateHz, rateHz))),
    sent: () => join(segments.flatMap((one) => one.sent.map(([from, to]) => one.pcm.subarray(from, to)))),
    spans: () => segments.flatMap((one) => one.sent.map(([from, to]) => ({ fromMs: one.fromMs + (from * 1000) / one.rateHz, toMs: one.fromMs + (to * 1000) / one.rateHz }))),
  };
  return heard;
};

/** Fills `heard` from a line, one frame for each of the line's: the frame that a stream's playout has just offered, or what the line played itself. */
export const listenTo = (line: Line, heard: Heard): { offer: (frame: Frame) => void } => {
  let offered: Frame | null = null;
  line.listen({
    frame: (_, played) => {
      heard.push(offered ?? { rateHz: 8000, pcm: decodeMulaw(played), sent: played === SILENCE ? [] : [[0, played.length]] });
      offered = null;
    },
  });
  return { offer: (frame) => { offered = frame; } };
};
