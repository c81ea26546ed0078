// What answers over HTTP: enquiries, answer documents, callbacks, the console's API. Prints what is to be pasted into the carriers' consoles.
/* oxlint-disable no-new -- a construct joins the tree by being made */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { TelephonyApi } from '../telephony-api.ts';
import type { DataStack } from './data-stack.ts';
import type { MediaStack } from './media-stack.ts';
import type { SiteStack } from './site-stack.ts';

export interface TelephonyStackProps extends StackProps {
  config: Config;
  data: DataStack;
  media: MediaStack;
  site: SiteStack;
}

export class TelephonyStack extends Stack {
  readonly telephony: TelephonyApi;

  constructor(scope: Construct, id: string, { config, data, media, site, ...props }: TelephonyStackProps) {
    super(scope, id, props);
    const { callStore, dialQueue, outboxQueue, publicApi, secrets, users } = data;
    this.telephony = new TelephonyApi(this, 'Api', { config, publicApi, tokens: { issuer: users.issuer(), audience: site.clientId } });
    const { enquire, answer, callbacks, api, health } = this.telephony.functions;

    callStore.grantReadWrite(enquire);
    dialQueue.grantSend(enquire);
    dialQueue.grantSchedule(enquire);
    secrets.grantRead(enquire);
    secrets.tellOrigin(enquire);

    callStore.grantReadWrite(answer);
    secrets.grantRead(answer);
    publicApi.tellAddress(answer);
    answer.setVariable('PUBLIC_STREAM_URL', media.streamUrl);

    callStore.grantReadWrite(callbacks);
    dialQueue.grantSchedule(callbacks);
    secrets.grantRead(callbacks);
    publicApi.tellAddress(callbacks);

    callStore.grantReadWrite(api);
    dialQueue.grantSend(api);
    dialQueue.grantSchedule(api);
    outboxQueue.grantNudge(api);
    secrets.grantRead(api);
    publicApi.tellAddress(api);

    callStore.grantRead(health);

    const { baseUrl } = publicApi;
    new CfnOutput(this, 'PublicBaseUrl', { value: baseUrl, description: 'Where carriers reach us: PUBLIC_BASE_URL' });
    new CfnOutput(this, 'HealthUrl', { value: `${baseUrl}/health`, description: 'Smoke test' });
    new CfnOutput(this, 'TwilioFallbackUrl', { value: `${baseUrl}/twiml`, description: 'Twilio console, number, Voice, primary handler fails (outbound calls carry their own addresses)' });
    new CfnOutput(this, 'TwilioStatusUrl', { value: `${baseUrl}/webhooks/twilio/status`, description: 'Twilio console, number, Voice, call status changes' });
    new CfnOutput(this, 'ElevenLabsWebhookUrl', { value: `${baseUrl}/webhooks/elevenlabs`, description: 'ElevenLabs console, Agents, Settings, post-call webhook' });
  }
}
