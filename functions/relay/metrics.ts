// What the relay counts, and how /metrics shows it: Prometheus text. One set for a process; every part takes it as an argument.

export type CounterName =
  | 'streams_admitted' | 'frames_from_carrier' | 'frames_to_carrier' | 'frames_to_agent' | 'audio_from_agent' | 'gap_frames' | 'late_frames' | 'stale_audio_dropped'
  | 'caller_audio_dropped' | 'agent_audio_dropped' | 'events_ignored' | 'interruptions' | 'marks_lost' | 'record_retries' | 'records_lost' | 'agent_reopened' | 'calls_taken_over' | 'calls_handed_over' | 'held_opened' | 'held_taken'
  | 'sequence_gaps' | 'frames_dropped' | 'frames_forwarded' | 'frames_unowned' | 'owners_lost' | 'posts' | 'posts_busy' | 'posts_failed';
/** Counted by reason; reasons are a small closed set of our own words. */
export type LabelledName = 'streams_refused' | 'streams_closed' | 'calls_ended' | 'agent_faults' | 'held_wasted';
export type SummaryName = 'first_audio_ms' | 'turn_ms' | 'mark_late_ms' | 'post_ms' | 'held_ms';
export type PeakName = 'queued_agent_audio_bytes' | 'agent_socket_bytes' | 'carrier_socket_bytes';

export interface Counter {
  value: number;
}

export interface Metrics {
  /** The counter itself, for those who count every frame: they keep it, and look up no name. */
  counter(name: CounterName): Counter;
  count(name: CounterName, by?: number): void;
  countBy(name: LabelledName, reason: string): void;
  observe(name: SummaryName, value: number): void;
  peak(name: PeakName, value: number): void;
  /** Of one counter; for /ready, tests and the bench. */
  value(name: CounterName): number;
  valueBy(name: LabelledName): Record<string, number>;
  text(gauges: Record<string, number>): string;
}

/** Upper ends in ms. A caller waits gladly for 800 ms, and hangs up after some seconds. */
const buckets = [100, 200, 300, 500, 800, 1200, 2000, 3000, 5000, 8000];
/** More reasons than these are ours to name; anything else would be somebody else's text. */
const MOST_REASONS = 60;

export const metrics = (): Metrics => {
  const counters = new Map<CounterName, Counter>();
  const labelled = new Map<LabelledName, Map<string, number>>();
  const summaries = new Map<SummaryName, { count: number; sum: number; within: number[] }>();
  const peaks = new Map<PeakName, number>();
  const counter = (name: CounterName): Counter => {
    const found = counters.get(name) ?? { value: 0 };
    counters.set(name, found);
    return found;
  };
  return {
    counter,
    count: (name, by = 1) => {
      counter(name).value += by;
    },
    countBy: (name, reason) => {
      const reasons = labelled.get(name) ?? new Map<string, number>();
      labelled.set(name, reasons);
      const key = reasons.has(reason) || reasons.size < MOST_REASONS ? reason : 'other';
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
    },
    observe: (name, value) => {
      const summary = summaries.get(name) ?? { count: 0, sum: 0, within: buckets.map(() => 0) };
      summaries.set(name, summary);
      summary.count++;
      summary.sum += value;
      buckets.forEach((end, i) => {
        if (value <= end) summary.within[i]!++;
      });
    },
    peak: (name, value) => {
      if (value > (peaks.get(name) ?? 0)) peaks.set(name, value);
    },
    value: (name) => counters.get(name)?.value ?? 0,
    valueBy: (name) => Object.fromEntries(labelled.get(name) ?? []),
    text: (gauges) => [
      ...Object.entries(gauges).map(([name, value]) => `# TYPE ringback_${name} gauge\nringback_${name} ${value}`),
      ...[...counters].filter(([, { value }]) => value > 0).map(([name, { value }]) => `# TYPE ringback_${name}_total counter\nringback_${name}_total ${value}`),
      ...[...labelled].map(([name, reasons]) => [`# TYPE ringback_${name}_total counter`,
        ...[...reasons].map(([reason, value]) => `ringback_${name}_total{reason=${JSON.stringify(reason)}} ${value}`)].join('\n')),
      ...[...summaries].map(([name, { count, sum, within }]) => [`# TYPE ringback_${name} histogram`,
        ...buckets.map((end, i) => `ringback_${name}_bucket{le="${end}"} ${within[i]}`), `ringback_${name}_bucket{le="+Inf"} ${count}`,
        `ringback_${name}_sum ${sum}`, `ringback_${name}_count ${count}`].join('\n')),
      ...[...peaks].map(([name, value]) => `# TYPE ringback_${name}_peak gauge\nringback_${name}_peak ${value}`),
    ].join('\n').concat('\n'),
  };
};
