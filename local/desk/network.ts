// The process of the simulated phone network: Twilio, Exotel and ElevenLabs, as far as the local stack asked for them. Started by bin/local.ts.
import { startElevenLabs } from '../elevenlabs/start.ts';
import type { Flow } from '../exotel/applets.ts';
import { startExotel } from '../exotel/start.ts';
import { dieWithParent, tellReady } from '../process/parent.ts';
import { startTwilio } from '../twilio/start.ts';

/** What bin/local.ts hands over in NETWORK_OPTIONS, as JSON. An absent part is not simulated. */
export interface NetworkOptions {
  twilio?: { accountSid: string; authToken: string; number: string; callsPerSecond: number };
  exotel?: { accountSid: string; apiKey: string; apiToken: string; exoPhone: string; callsPerMinute?: number; flows?: Record<string, Flow> };
  elevenLabs?: { apiKey: string; agentId: string; webhook: { url: string; secret: string } };
}

const options = JSON.parse(process.env['NETWORK_OPTIONS'] ?? '{}') as NetworkOptions;
const log = (line: string): void => void process.stdout.write(`${line}\n`);

const twilio = options.twilio
  ? await startTwilio({ accountSid: options.twilio.accountSid, authToken: options.twilio.authToken, numbers: [options.twilio.number], callsPerSecond: options.twilio.callsPerSecond, log }) : undefined;
const exotel = options.exotel
  ? await startExotel({
    accountSid: options.exotel.accountSid, apiKey: options.exotel.apiKey, apiToken: options.exotel.apiToken, exophones: [options.exotel.exoPhone], log,
    ...(options.exotel.flows ? { flows: options.exotel.flows } : {}),
    ...(options.exotel.callsPerMinute === undefined ? {} : { callsPerMinute: options.exotel.callsPerMinute }),
  }) : undefined;
const elevenLabs = options.elevenLabs
  ? await startElevenLabs({ apiKey: options.elevenLabs.apiKey, agentId: options.elevenLabs.agentId, webhook: { ...options.elevenLabs.webhook, retry: true }, log }) : undefined;

const stop = async (): Promise<void> => {
  await Promise.allSettled([twilio?.stop(), exotel?.stop(), elevenLabs?.stop()]);
};
dieWithParent(stop);
process.once('SIGTERM', () => void stop().finally(() => process.exit(0)));
tellReady({ twilio: twilio?.url ?? null, exotel: exotel?.url ?? null, elevenLabs: elevenLabs?.url ?? null });
