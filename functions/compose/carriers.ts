// The carriers there are, each an accent of one interface: what a third one adds here is its line.
import { createHmac } from 'node:crypto';
import { exotelCarrier } from '#carriers/exotel/client.ts';
import { exotelCodec } from '#carriers/exotel/codec.ts';
import type { ExotelAddresses, ExotelRule } from '#carriers/exotel/webhook.ts';
import type { StreamCodec } from '#carriers/stream.ts';
import { twilioCarrier } from '#carriers/twilio/client.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import type { TwilioAddresses } from '#carriers/twilio/webhook.ts';
import type { CarrierName } from '#calls/lead.ts';
import type { Carrier, DialOrder } from '#calls/ports.ts';
import { sealTicket } from '#calls/ticket.ts';
import { configuredCarriers, publicBase, publicStream, type Env } from '#house/env.ts';

export const twilioAddresses = (env: Env): TwilioAddresses => ({ publicBase: publicBase(env), callFlowUrl: env.TWILIO_CALL_FLOW_URL, webhookUrl: env.TWILIO_WEBHOOK_URL });

/** What keys the tokens in Exotel's addresses: EXOTEL_WEBHOOK_SECRET, or a secret derived from the tickets'. Throws where neither is set. */
const exotelSecret = (env: Env): string => {
  if (env.EXOTEL_WEBHOOK_SECRET) return env.EXOTEL_WEBHOOK_SECRET;
  if (!env.STREAM_TICKET_SECRET) throw new Error('STREAM_TICKET_SECRET is not set; without it, or EXOTEL_WEBHOOK_SECRET, nothing that comes from Exotel can be trusted');
  return createHmac('sha256', env.STREAM_TICKET_SECRET).update('ringback-exotel-addresses').digest('hex');
};
export const exotelAddresses = (env: Env): ExotelAddresses => ({ publicBase: publicBase(env), secret: exotelSecret(env) });
export const exotelRule = (env: Env): ExotelRule => ({
  secret: exotelSecret(env), signingSecret: env.EXOTEL_WEBHOOK_SECRET, skip: env.SKIP_WEBHOOK_SIGNATURE_VALIDATION,
  credentials: env.EXOTEL_API_KEY && env.EXOTEL_API_TOKEN ? { key: env.EXOTEL_API_KEY, token: env.EXOTEL_API_TOKEN } : undefined,
});

/**
 * Exotel's media socket with a ticket in its query: beside Twilio's at the relay (`…/exotel` for `…/twilio`), or, through API Gateway, which has
 * one address for all, the same with `carrier=exotel`.
 */
export const exotelStreamUrl = (env: Env) => (ticket: string): string => {
  const url = new URL(publicStream(env));
  if (env.MEDIA_INGRESS === 'apigateway' || /\.execute-api\./.test(url.hostname)) url.searchParams.set('carrier', 'exotel');
  else url.pathname = `${url.pathname.replace(/\/twilio\/?$|\/+$/, '').replace(/\/exotel$/, '')}/exotel`;
  if (env.EXOTEL_SAMPLE_RATE !== 8000) url.searchParams.set('sample-rate', String(env.EXOTEL_SAMPLE_RATE));
  url.searchParams.set('ticket', ticket);
  return url.toString();
};

/** The address rides in the request that places the call: good while the phone rings, and for the usual time after. */
const ticketOf = (env: Env) => ({ callId, ringSeconds }: DialOrder): string => {
  if (!env.STREAM_TICKET_SECRET) throw new Error('STREAM_TICKET_SECRET is not set; without it no stream of Exotel can be admitted');
  const expires = Math.floor(Date.now() / 1000) + ringSeconds + env.STREAM_TICKET_TTL_SECONDS;
  return sealTicket(env.STREAM_TICKET_SECRET, { callId, callSid: null, epoch: 0, expires });
};

interface Accent {
  /** Called only with the carrier's account in full. */
  client: (env: Env) => Carrier;
  codec: StreamCodec;
  /** The account that its streams must name. */
  account: (env: Env) => string | undefined;
}

const accents: Record<CarrierName, Accent> = {
  twilio: {
    client: (env) => twilioCarrier({
      ...twilioAddresses(env), apiBase: env.TWILIO_API_BASE_URL, accountSid: env.TWILIO_ACCOUNT_SID!, authToken: env.TWILIO_AUTH_TOKEN!, from: env.TWILIO_PHONE_NUMBER!,
      recordCalls: env.TWILIO_RECORD_CALLS,
    }),
    codec: twilioCodec, account: (env) => env.TWILIO_ACCOUNT_SID,
  },
  exotel: {
    client: (env) => exotelCarrier({
      ...exotelAddresses(env), apiBase: env.EXOTEL_API_BASE_URL, accountSid: env.EXOTEL_ACCOUNT_SID!, apiKey: env.EXOTEL_API_KEY!, apiToken: env.EXOTEL_API_TOKEN!,
      exoPhone: env.EXOTEL_EXOPHONE_NUMBER!, streamUrl: (order) => exotelStreamUrl(env)(ticketOf(env)(order)), flow: { url: env.EXOTEL_CALL_FLOW_URL, id: env.EXOTEL_FLOW_ID },
      checkDoNotDisturb: env.EXOTEL_DND_CHECK,
    }),
    codec: exotelCodec, account: (env) => env.EXOTEL_ACCOUNT_SID,
  },
};

const byCarrier = <T>(make: (accent: Accent) => T): Record<CarrierName, T> =>
  Object.fromEntries(Object.entries(accents).map(([name, accent]) => [name, make(accent)])) as Record<CarrierName, T>;

/** The carriers that the environment has credentials for. */
export const carriersOf = (env: Env): Partial<Record<CarrierName, Carrier>> =>
  Object.fromEntries(configuredCarriers(env).map((name) => [name, accents[name].client(env)]));

/** By the last part of the relay's path: `/twilio`, `/exotel`. */
export const codecs = (): Record<string, StreamCodec> => Object.fromEntries(Object.entries(accents).map(([name, { codec }]) => [`/${name}`, codec]));

/** The accounts that streams must name, by carrier. */
export const accountsOf = (env: Env): Partial<Record<CarrierName, string>> =>
  Object.fromEntries(Object.entries(byCarrier(({ account }) => account(env))).filter(([, account]) => account !== undefined));
