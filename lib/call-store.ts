// What is lasting: the table of leads and calls, and beside it the short-lived one of the audio plane. The same keys and indexes as
/* oxlint-disable no-new -- a construct joins the tree by being made */
// functions/store/table.ts, which the local stack creates; a blueprint holds both to each other.
import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, CfnGlobalTable, ProjectionType, StreamViewType, TableV2, type GlobalSecondaryIndexPropsV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Link } from './link.ts';

const text = (name: string) => ({ name, type: AttributeType.STRING });
const index = (indexName: string, pk: string, sk: string): GlobalSecondaryIndexPropsV2 =>
  ({ indexName, partitionKey: text(pk), sortKey: text(sk), projectionType: ProjectionType.ALL });

const READ = ['dynamodb:GetItem', 'dynamodb:Query'];
const WRITE = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'];

export class CallStore extends Construct {
  readonly calls: TableV2;
  readonly sessions: TableV2;
  private readonly indexes = ['byList', 'byStatus', 'byDue'];

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const lasting = { removalPolicy: RemovalPolicy.RETAIN, deletionProtection: true, billing: Billing.onDemand(), timeToLiveAttribute: 'expires', pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true } };
    this.calls = new TableV2(this, 'Calls', {
      ...lasting, partitionKey: text('pk'), sortKey: text('sk'), dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      globalSecondaryIndexes: [index('byList', 'listPk', 'listSk'), index('byStatus', 'statusPk', 'listSk'), index('byDue', 'duePk', 'dueSk')],
    });
    // Used tickets, paces and stream owners: churn that must never reach the stream of the other.
    this.sessions = new TableV2(this, 'Sessions', { ...lasting, partitionKey: text('pk'), sortKey: text('sk') });
    // Another logical id is another table, and the old one is left behind: these two never change.
    (this.calls.node.defaultChild as CfnGlobalTable).overrideLogicalId('CallsTable');
    (this.sessions.node.defaultChild as CfnGlobalTable).overrideLogicalId('RelaySessionsTable');
    new CfnOutput(this, 'CallsTableName', { value: this.calls.tableName, description: 'Leads, attempts, calls. Retained when the stack goes.' });
  }

  grantRead(link: Link): void {
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: READ, resources: this.callsArns() }));
    link.setVariable('CALLS_TABLE', this.calls.tableName);
  }

  grantReadWrite(link: Link): void {
    this.grantRead(link);
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: WRITE, resources: [this.calls.tableArn] }));
  }

  /** What an event source needs of the stream, and of this stream only. */
  grantStream(link: Link): void {
    const stream = this.calls.tableStreamArn!;
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'], resources: [stream] }));
  }

  grantSessions(link: Link): void {
    link.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...READ, ...WRITE], resources: [this.sessions.tableArn] }));
    link.setVariable('SESSIONS_TABLE', this.sessions.tableName);
  }

  /** Each index by name: `index/*` would admit those that do not exist yet. */
  private callsArns(): string[] {
    return [this.calls.tableArn, ...this.indexes.map((name) => `${this.calls.tableArn}/index/${name}`)];
  }
}
