import { describe, expect, it } from 'vitest';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { callsTable, sessionsTable, TTL_ATTRIBUTE } from '#store/table.ts';
import { describeStacks, resourcesOf } from './described.ts';

interface GlobalTable {
  KeySchema: unknown;
  AttributeDefinitions: { AttributeName: string }[];
  GlobalSecondaryIndexes?: { IndexName: string }[];
  StreamSpecification?: { StreamViewType: string };
  BillingMode: string;
  TimeToLiveSpecification: { AttributeName: string; Enabled: boolean };
  Replicas: { DeletionProtectionEnabled: boolean; PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: boolean } }[];
}

const { stacks, templates } = describeStacks();
const template = templates()[stacks.data.stackName]!;
const resources = resourcesOf(template);
const tables = { CallsTable: callsTable('x'), RelaySessionsTable: sessionsTable('x') };
const byName = <T extends { AttributeName?: string | undefined; IndexName?: string | undefined }>(items: T[] | undefined): T[] =>
  [...(items ?? [])].sort((a, b) => String(a.IndexName ?? a.AttributeName).localeCompare(String(b.IndexName ?? b.AttributeName)));

describe('the tables', () => {
  it('are two, under ids that never change', () => {
    expect(Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::DynamoDB::GlobalTable').map(([id]) => id).sort()).toEqual(['CallsTable', 'RelaySessionsTable']);
  });

  it.each(Object.entries(tables))('%s has the keys and indexes that the code and the local stack have', (id, local: CreateTableCommandInput) => {
    const table = resources[id]!.Properties as unknown as GlobalTable;
    expect(table.KeySchema).toEqual(local.KeySchema);
    expect(byName(table.AttributeDefinitions)).toEqual(byName(local.AttributeDefinitions));
    expect(byName(table.GlobalSecondaryIndexes)).toEqual(byName(local.GlobalSecondaryIndexes));
    expect(table.BillingMode).toBe(local.BillingMode);
    expect(table.TimeToLiveSpecification).toEqual({ AttributeName: TTL_ATTRIBUTE, Enabled: true });
    expect(table.StreamSpecification?.StreamViewType).toBe(local.StreamSpecification?.StreamViewType);
  });

  it.each(Object.keys(tables))('%s survives its stack, cannot be deleted, and can be taken back to any second', (id) => {
    const { DeletionPolicy, UpdateReplacePolicy, Properties } = resources[id]!;
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    for (const replica of (Properties as unknown as GlobalTable).Replicas) {
      expect(replica.DeletionProtectionEnabled).toBe(true);
      expect(replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled).toBe(true);
    }
  });
});

describe('what stands with the tables', () => {
  it('is protected from being torn down as a whole', () => {
    expect(stacks.data.terminationProtection).toBe(true);
  });

  it.each(['RecordingsBucket', 'VoiceSamplesBucket', 'AccessLogBucket', 'ConsoleUserPool'])('%s stays when the stack goes', (id) => {
    expect([resources[id]!.DeletionPolicy, resources[id]!.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  it('keeps every bucket closed, encrypted and for TLS only', () => {
    for (const id of ['RecordingsBucket', 'VoiceSamplesBucket', 'AccessLogBucket']) {
      const { Properties } = resources[id]!;
      expect(Properties['PublicAccessBlockConfiguration']).toEqual({ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true });
      expect(Properties['BucketEncryption']).toBeDefined();
      const policy = Object.values(resources).find(({ Type, Properties }) => Type === 'AWS::S3::BucketPolicy' && JSON.stringify(Properties['Bucket']) === JSON.stringify({ Ref: id }));
      expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
    }
  });

  it('forgets recordings after their time, and never voice samples', () => {
    const rules = (id: string): { ExpirationInDays?: number }[] => (resources[id]!.Properties['LifecycleConfiguration'] as { Rules: { ExpirationInDays?: number }[] }).Rules;
    expect(rules('RecordingsBucket').some(({ ExpirationInDays }) => ExpirationInDays === 90)).toBe(true);
    expect(rules('VoiceSamplesBucket').every(({ ExpirationInDays }) => ExpirationInDays === undefined)).toBe(true);
  });

  it('sends a message that failed five times where people look', () => {
    const queue = Object.values(resources).find(({ Type, Properties }) => Type === 'AWS::SQS::Queue' && Properties['RedrivePolicy'])!;
    expect(queue.Properties['RedrivePolicy']).toMatchObject({ maxReceiveCount: 5 });
    expect(queue.DeletionPolicy).toBe('Retain');
  });

  it('holds the public API, so that the address in the carriers\' consoles outlives the telephony stack', () => {
    expect(Object.values(resources).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Api')).toHaveLength(1);
  });
});
