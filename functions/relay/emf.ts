// The relay's numbers for CloudWatch: one line of embedded metric format that main.ts writes every ten seconds; the log group turns it into metrics.
// Autoscaling follows ActiveCalls, and an alarm its absence: it is written when it is 0, too.
import type { Metrics } from './metrics.ts';

/** Seconds would make a high-resolution metric of it; a minute averages six of these. */
export const EMF_EVERY_MS = 10_000;

export interface RelayCounts {
  activeCalls: number;
  /** Since the line before. */
  frameGaps: number;
  refusedStreams: number;
}

/** `at`: Unix milliseconds. Format: "Embedded metric format specification", CloudWatch user guide. */
export const emfLine = (stage: string, at: number, { activeCalls, frameGaps, refusedStreams }: RelayCounts): string => JSON.stringify({
  _aws: {
    Timestamp: at,
    CloudWatchMetrics: [{
      Namespace: 'Ringback', Dimensions: [['Stage']],
      Metrics: ['ActiveCalls', 'FrameGaps', 'RefusedStreams'].map((Name) => ({ Name, Unit: 'Count' })),
    }],
  },
  Stage: stage, ActiveCalls: activeCalls, FrameGaps: frameGaps, RefusedStreams: refusedStreams,
});

/** What happened since it was asked last; calls are as they stand now. */
export const countsOf = (metrics: Pick<Metrics, 'value' | 'valueBy'>, active: () => number): (() => RelayCounts) => {
  let gapsBefore = 0;
  let refusedBefore = 0;
  return () => {
    const gaps = metrics.value('gap_frames');
    const refused = Object.values(metrics.valueBy('streams_refused')).reduce((sum, value) => sum + value, 0);
    const counts = { activeCalls: active(), frameGaps: gaps - gapsBefore, refusedStreams: refused - refusedBefore };
    gapsBefore = gaps;
    refusedBefore = refused;
    return counts;
  };
};
