// Which services are real and which are simulated on one machine, and with which accounts. Used by bin/local.ts.
import { appletUrl, type ExotelAddresses } from '#carriers/exotel/webhook.ts';
import { exotelAddresses } from '#compose/carriers.ts';
import { policyOf } from '#compose/policy.ts';
import type { Env } from '#house/env.ts';
import type { Keepsakes } from '#local/desk/keepsakes.ts';
import type { NetworkOptions } from '#local/desk/network.ts';
import type { Flow } from '#local/exotel/applets.ts';

export interface Services {
  env: Env;
  /** What is simulated, with what it needs to know. */
  network: NetworkOptions;
}

/** Whom the simulated networks put callers through to, where nobody else was named: story 20. */
const colleagues = { TRANSFER_NUMBERS: ['+12025550120'], EXOTEL_CONNECT_NUMBERS: ['+919876543220'] };

/**
 * What stands behind EXOTEL_FLOW_ID at the simulated Exotel: the flow of docs/switching.md. The agent, whoever it asked for, and where nobody was free
 * the agent again, who may ask once more.
 */
const flowOf = (addresses: ExotelAddresses, again = 1): Flow => {
  const over: Flow = [{ applet: 'hangup' }];
  const passthru = appletUrl(addresses, 'passthru');
  return [
    { applet: 'voicebot', url: appletUrl(addresses, 'stream') }, { applet: 'passthru', url: passthru, on302: over }, { applet: 'connect', url: appletUrl(addresses, 'connect') },
    { applet: 'passthru', url: passthru, on200: again > 0 ? flowOf(addresses, again - 1) : over, on302: over },
  ];
};

/** Whether any number may go to Exotel by the policy's own rules. */
const policyNamesExotel = (env: Env): boolean => policyOf({ ...env, TELEPHONY_PROVIDER: env.TELEPHONY_PROVIDER ?? 'twilio' }).carriers.routes.some(({ carriers }) => carriers.includes('exotel'));

/**
 * Credentials, or an address that points elsewhere, select a service; without both, the simulator stands in for it. A carrier is simulated
 * when it is asked for (TELEPHONY_PROVIDER, a route of the policy), or beside another that is simulated too, so that failover can be tried;
 * never beside a real one that it was not asked to replace.
 */
export const chooseServices = (given: Env, source: NodeJS.ProcessEnv, made: Keepsakes, base: string): Services => {
  const provider = given.TELEPHONY_PROVIDER;
  const realTwilio = Boolean(given.TWILIO_ACCOUNT_SID ?? source['TWILIO_API_BASE_URL']?.trim());
  const realExotel = Boolean(given.EXOTEL_ACCOUNT_SID ?? given.EXOTEL_API_KEY ?? source['EXOTEL_API_BASE_URL']?.trim());
  const simulateTwilio = !realTwilio && (provider === 'twilio' || !realExotel);
  const simulateExotel = !realExotel && (provider === 'exotel' || (!realTwilio && policyNamesExotel(given)));
  const simulateAgent = !given.ELEVENLABS_API_KEY && !source['ELEVENLABS_API_BASE_URL']?.trim();
  const env: Env = {
    ...given,
    ...(realTwilio || simulateTwilio ? {
      TWILIO_ACCOUNT_SID: given.TWILIO_ACCOUNT_SID ?? made.twilio.accountSid, TWILIO_AUTH_TOKEN: given.TWILIO_AUTH_TOKEN ?? made.twilio.authToken,
      TWILIO_PHONE_NUMBER: given.TWILIO_PHONE_NUMBER ?? made.twilio.number,
    } : {}),
    ...(realExotel || simulateExotel ? {
      EXOTEL_ACCOUNT_SID: given.EXOTEL_ACCOUNT_SID ?? made.exotel.accountSid, EXOTEL_API_KEY: given.EXOTEL_API_KEY ?? made.exotel.apiKey,
      EXOTEL_API_TOKEN: given.EXOTEL_API_TOKEN ?? made.exotel.apiToken, EXOTEL_EXOPHONE_NUMBER: given.EXOTEL_EXOPHONE_NUMBER ?? made.exotel.exoPhone,
    } : {}),
    // Never a number of fiction at a real carrier.
    ...(simulateTwilio && !realExotel && !given.TRANSFER_NUMBERS ? { TRANSFER_NUMBERS: colleagues.TRANSFER_NUMBERS } : {}),
    ...(simulateExotel && !given.EXOTEL_CONNECT_NUMBERS && !given.TRANSFER_NUMBERS ? { EXOTEL_CONNECT_NUMBERS: colleagues.EXOTEL_CONNECT_NUMBERS } : {}),
    ELEVENLABS_API_KEY: given.ELEVENLABS_API_KEY ?? made.elevenLabs.apiKey, ELEVENLABS_AGENT_ID: given.ELEVENLABS_AGENT_ID ?? made.elevenLabs.agentId,
    ELEVENLABS_WEBHOOK_SECRET: given.ELEVENLABS_WEBHOOK_SECRET ?? made.elevenLabs.webhookSecret,
    // The simulated ElevenLabs has one agent. Empty, not absent: the relay inherits what `.env` says.
    ...(simulateAgent ? { ELEVENLABS_AGENT_ID_EXOTEL: '' } : {}),
  };
  return {
    env,
    network: {
      ...(simulateTwilio ? { twilio: { accountSid: env.TWILIO_ACCOUNT_SID!, authToken: env.TWILIO_AUTH_TOKEN!, number: env.TWILIO_PHONE_NUMBER!, callsPerSecond: env.CALLS_PER_SECOND ?? 1 } } : {}),
      ...(simulateExotel ? { exotel: {
        accountSid: env.EXOTEL_ACCOUNT_SID!, apiKey: env.EXOTEL_API_KEY!, apiToken: env.EXOTEL_API_TOKEN!, exoPhone: env.EXOTEL_EXOPHONE_NUMBER!,
        ...(env.EXOTEL_FLOW_ID ? { flows: { [env.EXOTEL_FLOW_ID]: flowOf(exotelAddresses({ ...env, STREAM_TICKET_SECRET: given.STREAM_TICKET_SECRET ?? made.ticketSecret })) } } : {}),
        ...(env.CALLS_PER_SECOND ? { callsPerMinute: Math.max(1, Math.ceil(60 * env.CALLS_PER_SECOND)) } : {}),
      } } : {}),
      ...(simulateAgent ? { elevenLabs: { apiKey: env.ELEVENLABS_API_KEY!, agentId: env.ELEVENLABS_AGENT_ID!, webhook: { url: `${base}/webhooks/elevenlabs`, secret: env.ELEVENLABS_WEBHOOK_SECRET! } } } : {}),
    },
  };
};
