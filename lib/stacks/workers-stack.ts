// The dialer, the reconciler and the outbox, with what each may touch.
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { Outbox } from '../outbox.ts';
import { Workers } from '../workers.ts';
import type { DataStack } from './data-stack.ts';
import type { MediaStack } from './media-stack.ts';

export class WorkersStack extends Stack {
  readonly workers: Workers;
  readonly outbox: Outbox;

  constructor(scope: Construct, id: string, { config, data, media, ...props }: StackProps & { config: Config; data: DataStack; media: MediaStack }) {
    super(scope, id, props);
    const { callStore, dialQueue, outboxQueue, publicApi, secrets } = data;
    this.workers = new Workers(this, 'Workers', { config, dialQueue });
    for (const worker of [this.workers.dial, this.workers.reconcile]) {
      callStore.grantReadWrite(worker);
      dialQueue.grantSend(worker);
      dialQueue.grantSchedule(worker);
      secrets.grantRead(worker);
      publicApi.tellAddress(worker);
    }
    // Exotel is told where the stream goes in the very request that places the call.
    this.workers.dial.setVariable('PUBLIC_STREAM_URL', media.streamUrl);
    // Turns at the carrier are kept there.
    callStore.grantSessions(this.workers.dial);

    this.outbox = new Outbox(this, 'Outbox', { config, callStore, outboxQueue });
    for (const worker of [this.outbox.note, this.outbox.deliver, this.outbox.deliverDue]) {
      callStore.grantReadWrite(worker);
      outboxQueue.grantNudge(worker);
    }
    // The endpoint and the key that deliveries are signed with.
    for (const worker of [this.outbox.deliver, this.outbox.deliverDue]) secrets.grantRead(worker);
  }
}
