import { describe, expect, it } from 'vitest';
import { actionsOf, describeStacks, list, resourcesOf, statementsOf } from './described.ts';

const { stacks, templates } = describeStacks({ stage: 'prod' });
const all = templates();
const telephony = all[stacks.telephony.stackName]!;
const workers = all[stacks.workers.stackName]!;
const media = all[stacks.media.stackName]!;

const LOG = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const READ = ['dynamodb:GetItem', 'dynamodb:Query'];
const WRITE = ['dynamodb:ConditionCheckItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
const SECRETS = ['ssm:GetParametersByPath'];
const SCHEDULE = ['iam:PassRole', 'scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:UpdateSchedule'];
const SEND = ['sqs:SendMessage'];
const RECEIVE = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
const STREAM = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'];
const SOCKETS = ['execute-api:ManageConnections'];
const PROTECTION = ['ecs:GetTaskProtection', 'ecs:UpdateTaskProtection'];

describe('who may do what', () => {
  it.each([
    ['enquire', telephony, 'ApiEnquireRole', [LOG, READ, WRITE, SECRETS, SCHEDULE, SEND]],
    ['answer', telephony, 'ApiAnswerRole', [LOG, READ, WRITE, SECRETS]],
    ['callbacks', telephony, 'ApiCallbacksRole', [LOG, READ, WRITE, SECRETS, SCHEDULE]],
    ['api', telephony, 'ApiRole', [LOG, READ, WRITE, SECRETS, SCHEDULE, SEND]],
    ['health', telephony, 'ApiHealthRole', [LOG, READ]],
    ['dial', workers, 'WorkersDialRole', [LOG, READ, WRITE, SECRETS, SCHEDULE, SEND, RECEIVE]],
    ['reconcile', workers, 'WorkersReconcileRole', [LOG, READ, WRITE, SECRETS, SCHEDULE, SEND]],
    ['outbox', workers, 'OutboxNoteRole', [LOG, READ, WRITE, SEND, STREAM]],
    ['deliver', workers, 'OutboxDeliverRole', [LOG, READ, WRITE, SECRETS, SEND, RECEIVE]],
    ['deliver-due', workers, 'OutboxDeliverDueRole', [LOG, READ, WRITE, SECRETS, SEND]],
    ['connect-authorizer', media, 'SocketConnectAuthorizerRole', [LOG, SECRETS]],
    ['the relay', media, 'RelayTaskTaskRole', [READ, WRITE, SECRETS, SCHEDULE, SOCKETS, PROTECTION]],
  ])('%s may do its work and nothing else', (_name, template, policy, allowed) => {
    expect(actionsOf(statementsOf(template, policy))).toEqual(allowed.flat().sort());
  });

  it('nobody may do everything of anything, but for the CDK\'s own uploader', () => {
    const wide = Object.entries(all).flatMap(([stack, template]) => Object.entries(resourcesOf(template))
      .filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && !id.startsWith('CustomCDKBucketDeployment'))
      .flatMap(([id]) => statementsOf(template, id)).flatMap(({ Action }) => list(Action)).filter((action) => action.includes('*')).map((action) => `${stack}: ${action}`));
    expect(wide).toEqual([]);
  });

  it('the one permission on every resource is a login that knows no resource', () => {
    const wide = Object.values(all).flatMap((template) => Object.entries(resourcesOf(template)).filter(([, { Type }]) => Type === 'AWS::IAM::Policy')
      .flatMap(([id]) => statementsOf(template, id)).filter(({ Resource }) => list(Resource).includes('*')).flatMap(({ Action }) => list(Action)));
    expect(wide).toEqual(['ecr:GetAuthorizationToken']);
  });

  it('secrets are read under this stage\'s path and no other', () => {
    const statement = statementsOf(telephony, 'ApiAnswerRole').find(({ Action }) => list(Action).includes('ssm:GetParametersByPath'))!;
    for (const resource of list(statement.Resource)) expect(JSON.stringify(resource)).toMatch(/:parameter\/ringback\/prod\/?"\]\]\}$/);
  });

  it('the table\'s indexes are named one by one', () => {
    const text = JSON.stringify(Object.values(all));
    for (const index of ['byList', 'byStatus', 'byDue']) expect(text).toContain(`/index/${index}`);
    expect(text).not.toContain('/index/*');
  });

  it('a schedule may be made to send to the dial queue only, as one role only', () => {
    const pass = statementsOf(workers, 'WorkersDialRole').find(({ Action }) => list(Action).includes('iam:PassRole'))!;
    expect(pass.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } });
    const data = all[stacks.data.stackName]!;
    expect(actionsOf(statementsOf(data, 'DialQueueSchedulerRole'))).toEqual(['sqs:SendMessage']);
    const role = Object.entries(resourcesOf(data)).find(([id, { Type }]) => Type === 'AWS::IAM::Role' && id.startsWith('DialQueueSchedulerRole'))![1];
    expect(JSON.stringify(role.Properties['AssumeRolePolicyDocument'])).toContain('aws:SourceAccount');
  });
});

describe('a grant', () => {
  const environment = (template: Record<string, unknown>, name: string): Record<string, unknown> => {
    const [, fn] = Object.entries(resourcesOf(template)).find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.startsWith(name))!;
    return (fn.Properties['Environment'] as { Variables: Record<string, unknown> }).Variables;
  };

  it.each([
    ['enquire', telephony, 'ApiEnquireFunction', ['CALLS_TABLE', 'DIAL_QUEUE_ARN', 'DIAL_QUEUE_URL', 'DIAL_SCHEDULE_GROUP', 'DIAL_SCHEDULE_ROLE_ARN', 'ORIGIN_SECRET', 'SECRETS_PREFIX']],
    ['answer', telephony, 'ApiAnswerFunction', ['CALLS_TABLE', 'PUBLIC_BASE_URL', 'PUBLIC_STREAM_URL', 'SECRETS_PREFIX']],
    ['health', telephony, 'ApiHealthFunction', ['CALLS_TABLE']],
    ['dial', workers, 'WorkersDialFunction', ['CALLS_TABLE', 'DIAL_QUEUE_ARN', 'DIAL_QUEUE_URL', 'DIAL_SCHEDULE_GROUP', 'DIAL_SCHEDULE_ROLE_ARN', 'PUBLIC_BASE_URL', 'PUBLIC_STREAM_URL', 'SECRETS_PREFIX', 'SESSIONS_TABLE']],
  ])('tells %s what it needs to know, and nothing more', (_name, template, id, names) => {
    expect(Object.keys(environment(template, id)).sort()).toEqual([...names, 'LOG_LEVEL', 'NODE_OPTIONS', 'STAGE'].sort());
  });
});

describe('functions', () => {
  const functions = Object.values(all).flatMap((template) => Object.entries(resourcesOf(template))).filter(([id, { Type }]) => Type === 'AWS::Lambda::Function' && !id.startsWith('Custom'));

  it('run on Node 24, arm64, each with a log of its own that is kept for a month', () => {
    expect(functions).toHaveLength(11);
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
      expect(Properties['LoggingConfig']).toHaveProperty('LogGroup');
    }
    const logs = Object.values(all).flatMap((template) => Object.values(resourcesOf(template))).filter(({ Type }) => Type === 'AWS::Logs::LogGroup');
    expect(logs.every(({ Properties }) => typeof Properties['RetentionInDays'] === 'number')).toBe(true);
  });

  it('the dialer takes one message at a time, and says which failed', () => {
    const [, mapping] = Object.entries(resourcesOf(workers)).find(([id]) => id.startsWith('WorkersDialsFromQueue'))!;
    expect(mapping.Properties).toMatchObject({ BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'], ScalingConfig: { MaximumConcurrency: 2 } });
  });

  it('the outbox hears of leads, not of every event of a call; a record that cannot be noted is set aside and does not stop the others', () => {
    const [, mapping] = Object.entries(resourcesOf(workers)).find(([id]) => id.startsWith('OutboxLeadsFromStream'))!;
    expect(mapping.Properties).toMatchObject({
      BisectBatchOnFunctionError: true, FunctionResponseTypes: ['ReportBatchItemFailures'], MaximumRetryAttempts: 20, DestinationConfig: { OnFailure: expect.anything() as unknown },
      FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"Keys":{"sk":{"S":["LEAD"]}}}}' }] },
    });
  });

  it('outcomes of one lead keep their order', () => {
    const queues = Object.entries(resourcesOf(all[stacks.data.stackName]!)).filter(([id, { Type }]) => Type === 'AWS::SQS::Queue' && /OutboxQueue(Nudges|DeadNudges)/.test(id));
    expect(queues.map(([, { Properties }]) => Properties['FifoQueue'])).toEqual([true, true]);
  });
});
