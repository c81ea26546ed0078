// The relay's numbers for CloudWatch: one line of embedded metric format that main.ts writes every ten seconds; the log group turns it into metrics.
// Autoscaling follows ActiveCalls, and an alarm its absence: it is written when it is 0, too. Each further metric costs the business 0.30 USD a month.
import type { Metrics } from './metrics.ts';

/** Seconds would make a high-resolution metric of it; a minute averages six of these. */
export const EMF_EVERY_MS = 10_000;

type Counted = Pick<Metrics, 'value' | 'valueBy'>;

const allOf = (reasons: Record<string, number>): number => Object.values(reasons).reduce((sum, value) => sum + value, 0);

/** What is counted on and on, by its name in CloudWatch. */
const totals = {
  FrameGaps: (metrics) => metrics.value('gap_frames'),
  RefusedStreams: (metrics) => allOf(metrics.valueBy('streams_refused')),
  /** Conversations with the agent that could not be had, or broke off. */
  AgentFaults: (metrics) => allOf(metrics.valueBy('agent_faults')),
  /** Calls whose relay task was gone, as the tasks that are left found out. */
  OrphanedCalls: (metrics) => metrics.value('owners_lost'),
} as const satisfies Record<string, (metrics: Counted) => number>;

type Total = keyof typeof totals;
const names = Object.keys(totals) as Total[];

/** Calls as they are; all else since the line before. */
export type RelayCounts = Record<'ActiveCalls' | Total, number>;

/** `at`: Unix milliseconds. Format: "Embedded metric format specification", CloudWatch user guide. */
export const emfLine = (stage: string, at: number, counts: RelayCounts): string => JSON.stringify({
  _aws: {
    Timestamp: at,
    CloudWatchMetrics: [{ Namespace: 'Ringback', Dimensions: [['Stage']], Metrics: ['ActiveCalls', ...names].map((Name) => ({ Name, Unit: 'Count' })) }],
  },
  Stage: stage, ...counts,
});

/** What happened since it was asked last; calls are as they stand now. */
export const countsOf = (metrics: Counted, active: () => number): (() => RelayCounts) => {
  const before = new Map<Total, number>();
  return () => {
    const counts = { ActiveCalls: active() } as RelayCounts;
    for (const name of names) {
      const now = totals[name](metrics);
      counts[name] = now - (before.get(name) ?? 0);
      before.set(name, now);
    }
    return counts;
  };
};
