import { describe, expect, it } from 'vitest';
import { countsOf, emfLine } from '#relay/emf.ts';
import { metrics } from '#relay/metrics.ts';

describe('the line for CloudWatch', () => {
  it('names its metrics, its one dimension and the time in milliseconds', () => {
    const line = emfLine('prod', 1_790_000_000_123, { activeCalls: 7, frameGaps: 3, refusedStreams: 1 });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      _aws: {
        Timestamp: 1_790_000_000_123,
        CloudWatchMetrics: [{
          Namespace: 'Ringback', Dimensions: [['Stage']],
          Metrics: [{ Name: 'ActiveCalls', Unit: 'Count' }, { Name: 'FrameGaps', Unit: 'Count' }, { Name: 'RefusedStreams', Unit: 'Count' }],
        }],
      },
      Stage: 'prod', ActiveCalls: 7, FrameGaps: 3, RefusedStreams: 1,
    });
  });

  it('is written when nobody talks, so that a silent relay is told from an idle one', () => {
    const line: unknown = JSON.parse(emfLine('prod', 1, { activeCalls: 0, frameGaps: 0, refusedStreams: 0 }));
    expect(line).toMatchObject({ ActiveCalls: 0, FrameGaps: 0, RefusedStreams: 0 });
  });
});

describe('the counts between two lines', () => {
  it('are calls as they stand, and gaps and refusals since the line before, whatever their reasons', () => {
    const counted = metrics();
    let active = 2;
    const next = countsOf(counted, () => active);
    counted.count('gap_frames', 5);
    counted.countBy('streams_refused', 'full');
    counted.countBy('streams_refused', 'ticket-expired');
    expect(next()).toEqual({ activeCalls: 2, frameGaps: 5, refusedStreams: 2 });
    active = 0;
    counted.count('gap_frames', 1);
    expect(next()).toEqual({ activeCalls: 0, frameGaps: 1, refusedStreams: 0 });
    expect(next()).toEqual({ activeCalls: 0, frameGaps: 0, refusedStreams: 0 });
  });
});
