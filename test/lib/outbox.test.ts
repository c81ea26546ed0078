import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { describeStacks, resourcesOf, type Resource } from './described.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { stacks, templates } = describeStacks({ stage: 'prod' });
const all = templates();
const of = (stack: string, type: string): Resource[] => Object.values(resourcesOf(all[stack]!)).filter(({ Type }) => Type === type);
const workers = stacks.workers.stackName;
const mappings = of(workers, 'AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties);

describe('the outbox in AWS', () => {
  it('is fed by changes of leads alone, from the oldest that the stream has', () => {
    const [stream] = mappings.filter(({ StartingPosition }) => StartingPosition !== undefined);
    expect(stream).toMatchObject({ StartingPosition: 'TRIM_HORIZON', FunctionResponseTypes: ['ReportBatchItemFailures'], BisectBatchOnFunctionError: true });
    const { Filters } = stream!['FilterCriteria'] as { Filters: { Pattern: string }[] };
    expect(Filters.map(({ Pattern }) => JSON.parse(Pattern) as unknown)).toEqual([{ dynamodb: { Keys: { sk: { S: ['LEAD'] } } } }]);
    expect(stream!['DestinationConfig']).toBeDefined();
  });

  it('delivers from a FIFO queue, so that no two deliveries of one lead run at once', () => {
    const fifo = of(stacks.data.stackName, 'AWS::SQS::Queue').filter(({ Properties }) => Properties['FifoQueue'] === true);
    expect(fifo).toHaveLength(2);
    const [nudges] = fifo.filter(({ Properties }) => Properties['RedrivePolicy'] !== undefined);
    // The function's own time six times over: a nudge is never visible while its delivery runs.
    expect(nudges!.Properties['VisibilityTimeout']).toBeGreaterThanOrEqual(6 * 60);
  });

  it('looks every minute for what is due', () => {
    expect(of(workers, 'AWS::Events::Rule').map(({ Properties }) => Properties['ScheduleExpression'])).toContain('rate(1 minute)');
  });

  it('counts trouble by the words that the function writes', () => {
    const [filter] = of(workers, 'AWS::Logs::MetricFilter');
    const words = [...String(filter!.Properties['FilterPattern']).matchAll(/\$\.message = "([^"]+)"/g)].map(([, text]) => text!);
    expect(words).toEqual(['outcome given up', 'outcome not delivered yet']);
    const handler = readFileSync(new URL('../../functions/handlers/deliver.ts', import.meta.url), 'utf8');
    for (const text of words) expect(handler).toContain(`'${text}', fields`);
  });
});
