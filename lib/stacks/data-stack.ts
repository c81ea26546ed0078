// What must outlive every deploy: tables, buckets, users, secrets, the queue of due attempts, and the address that carriers know.
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AudioArchive } from '../audio-archive.ts';
import { CallStore } from '../call-store.ts';
import type { Config } from '../config.ts';
import { ConsoleUsers } from '../console-users.ts';
import { DialQueue } from '../dial-queue.ts';
import { OutboxQueue } from '../outbox-queue.ts';
import { PublicApi } from '../public-api.ts';
import { Secrets } from '../secrets.ts';

export class DataStack extends Stack {
  readonly callStore: CallStore;
  readonly audio: AudioArchive;
  readonly dialQueue: DialQueue;
  readonly outboxQueue: OutboxQueue;
  readonly users: ConsoleUsers;
  readonly secrets: Secrets;
  readonly publicApi: PublicApi;

  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { config: Config }) {
    super(scope, id, { ...props, terminationProtection: true });
    const { stage } = config;
    this.callStore = new CallStore(this, 'CallStore');
    this.audio = new AudioArchive(this, 'AudioArchive', { recordingDays: config.recordingDays });
    this.dialQueue = new DialQueue(this, 'DialQueue', { stage });
    this.outboxQueue = new OutboxQueue(this, 'OutboxQueue');
    this.users = new ConsoleUsers(this, 'ConsoleUsers', { stage });
    this.secrets = new Secrets(this, 'Secrets', { stage });
    this.publicApi = new PublicApi(this, 'PublicApi', { config });
  }
}
