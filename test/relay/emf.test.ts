import { describe, expect, it } from 'vitest';
import { countsOf, emfLine } from '#relay/emf.ts';
import { metrics } from '#relay/metrics.ts';

const quiet = { ActiveCalls: 0, FrameGaps: 0, RefusedStreams: 0, AgentFaults: 0, OrphanedCalls: 0 };

describe('the line for CloudWatch', () => {
  it('names its metrics, its one dimension and the time in milliseconds', () => {
    const counts = { ActiveCalls: 7, FrameGaps: 3, RefusedStreams: 1, AgentFaults: 2, OrphanedCalls: 4 };
    const line = emfLine('prod', 1_790_000_000_123, counts);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      _aws: {
        Timestamp: 1_790_000_000_123,
        CloudWatchMetrics: [{
          Namespace: 'Ringback', Dimensions: [['Stage']],
          Metrics: ['ActiveCalls', 'FrameGaps', 'RefusedStreams', 'AgentFaults', 'OrphanedCalls'].map((Name) => ({ Name, Unit: 'Count' })),
        }],
      },
      Stage: 'prod', ...counts,
    });
  });

  it('is written when nobody talks, so that a silent relay is told from an idle one', () => {
    const line: unknown = JSON.parse(emfLine('prod', 1, countsOf(metrics(), () => 0)()));
    expect(line).toMatchObject(quiet);
  });
});

describe('the counts between two lines', () => {
  it('are calls as they stand, and the rest since the line before, whatever the reasons', () => {
    const counted = metrics();
    let active = 2;
    const next = countsOf(counted, () => active);
    counted.count('gap_frames', 5);
    counted.countBy('streams_refused', 'full');
    counted.countBy('streams_refused', 'ticket-expired');
    counted.countBy('agent_faults', 'agent-quota-exceeded');
    counted.count('owners_lost', 3);
    expect(next()).toEqual({ ActiveCalls: 2, FrameGaps: 5, RefusedStreams: 2, AgentFaults: 1, OrphanedCalls: 3 });
    active = 0;
    counted.count('gap_frames', 1);
    counted.countBy('agent_faults', 'agent-busy');
    counted.countBy('agent_faults', 'agent-quota-exceeded');
    expect(next()).toEqual({ ...quiet, FrameGaps: 1, AgentFaults: 2 });
    expect(next()).toEqual(quiet);
  });
});
