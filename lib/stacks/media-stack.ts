// Live audio: the relay, and one of two ways for a carrier's stream to reach it.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { MediaEdge } from '../media-edge.ts';
import { MediaNetwork } from '../media-network.ts';
import { MediaRelay } from '../media-relay.ts';
import { MediaSocket } from '../media-socket.ts';
import type { DataStack } from './data-stack.ts';

export class MediaStack extends Stack {
  readonly relay: MediaRelay;
  /** Absent where CloudFront is the way in. */
  readonly socket: MediaSocket | undefined;
  readonly streamUrl: string;
  readonly healthyTasks: Metric;

  constructor(scope: Construct, id: string, { config, data, ...props }: StackProps & { config: Config; data: DataStack }) {
    super(scope, id, props);
    const network = new MediaNetwork(this, 'Network', { config });
    this.relay = new MediaRelay(this, 'Relay', { config, network });
    data.callStore.grantReadWrite(this.relay);
    data.callStore.grantSessions(this.relay);
    // A call that ends in the relay plans the next attempt, or cancels it.
    data.dialQueue.grantSchedule(this.relay);
    data.secrets.grantRead(this.relay);
    data.publicApi.tellAddress(this.relay);
    if (config.mediaIngress === 'apigateway') {
      const socket = new MediaSocket(this, 'Socket', { config, network, relay: this.relay });
      socket.grantManageConnections(this.relay);
      data.secrets.grantRead(socket.authorizer);
      this.socket = socket;
      this.streamUrl = socket.streamUrl;
      this.healthyTasks = socket.healthyTasks;
    } else {
      const edge = new MediaEdge(this, 'Edge', { config, network, relay: this.relay });
      edge.tellAddress(this.relay);
      this.streamUrl = edge.streamUrl;
      this.healthyTasks = edge.healthyTasks;
    }
    new CfnOutput(this, 'StreamUrl', { value: this.streamUrl, description: 'Where carriers stream to; answer documents name it, no console needs it' });
  }
}
