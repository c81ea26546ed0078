import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { describeStacks, resourcesOf, type Resource } from './described.ts';

// Some of these describe the stacks anew: a second of work, and more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const entries = [...runbook.matchAll(/^## ([a-z0-9-]+)$/gm)].map(([, name]) => name!);
const alarmsOf = (context: Record<string, unknown>): Resource[] => {
  const { stacks, templates } = describeStacks(context);
  return Object.values(resourcesOf(templates()[stacks.operations.stackName]!)).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
};
const alarms = alarmsOf({ stage: 'prod', alarmEmail: 'ops@example.com' });
const nameOf = ({ Properties }: Resource): string => String(Properties['AlarmName']).replace('ringback-prod-', '');

describe('alarms', () => {
  it('each have an entry in the runbook, and each entry has its alarm', () => {
    expect(alarms.map(nameOf).sort()).toEqual([...entries].sort());
  });

  it('name their entry, so that whoever is woken knows where to look', () => {
    for (const alarm of alarms) expect(alarm.Properties['AlarmDescription']).toContain(`docs/runbook.md#${nameOf(alarm)}`);
  });

  it('tell somebody when they begin and when they end', () => {
    for (const { Properties } of alarms) {
      expect(Properties['AlarmActions']).toHaveLength(1);
      expect(Properties['OKActions']).toHaveLength(1);
    }
  });

  it('take silence for a fault where something ought to be heard all the time', () => {
    expect(alarms.filter(({ Properties }) => Properties['TreatMissingData'] === 'breaching').map(nameOf).sort()).toEqual(['reconciler-silent', 'relay-down', 'relay-silent']);
  });

  it('are as many as docs/cost.md counts, which is by the metrics that they look at', () => {
    const looksAt = ({ Properties }: Resource): number => (Properties['Metrics'] as { MetricStat?: unknown }[] | undefined)?.filter(({ MetricStat }) => MetricStat).length ?? 1;
    const counted = /(\d+) that look at one metric and one that looks at two: (\d+) × 0\.10/.exec(readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8'));
    const each = alarms.map(looksAt).sort((a, b) => a - b);
    expect(each.slice(-2)).toEqual([1, 2]);
    expect(counted?.slice(1).map(Number)).toEqual([each.length - 1, each.length + 1]);
  });

  it('leave out the WebSocket API where CloudFront is the way in', () => {
    const names = alarmsOf({ stage: 'prod', mediaIngress: 'cloudfront' }).map(nameOf);
    expect(names).not.toContain('stream-frames-lost');
    expect(names).toContain('relay-down');
  });

  it('count dial attempts against what the business thinks usual', () => {
    const [alarm] = alarmsOf({ stage: 'prod', dialsPerHourAlarm: '17' }).filter((each) => nameOf(each) === 'dialling-more-than-usual');
    expect(alarm!.Properties).toMatchObject({ Threshold: 17, MetricName: 'NumberOfMessagesSent' });
  });
});

describe('the runbook', () => {
  it.each(entries)('%s says what it means, where to look, what to do', (entry) => {
    const text = runbook.split(`## ${entry}\n`)[1]!.split(/^## /m)[0]!;
    for (const part of ['**Means**', '**Look**', '**Do**']) expect(text).toContain(part);
  });
});
