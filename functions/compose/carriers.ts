// The carriers that the environment has credentials for.
import { twilioCarrier } from '#carriers/twilio/client.ts';
import type { TwilioAddresses } from '#carriers/twilio/webhook.ts';
import type { Carrier } from '#calls/ports.ts';
import type { CarrierName } from '#calls/lead.ts';
import { publicBase, type Env } from '#house/env.ts';

export const twilioAddresses = (env: Env): TwilioAddresses => ({ publicBase: publicBase(env), callFlowUrl: env.TWILIO_CALL_FLOW_URL, webhookUrl: env.TWILIO_WEBHOOK_URL });

export const carriersOf = (env: Env): Partial<Record<CarrierName, Carrier>> => {
  const carriers: Partial<Record<CarrierName, Carrier>> = {};
  if (env.TWILIO_ACCOUNT_SID && env.TWILIO_AUTH_TOKEN && env.TWILIO_PHONE_NUMBER) {
    carriers.twilio = twilioCarrier({
      ...twilioAddresses(env), apiBase: env.TWILIO_API_BASE_URL, accountSid: env.TWILIO_ACCOUNT_SID, authToken: env.TWILIO_AUTH_TOKEN,
      from: env.TWILIO_PHONE_NUMBER, recordCalls: env.TWILIO_RECORD_CALLS,
    });
  }
  return carriers;
};
