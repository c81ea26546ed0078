// Signs deliveries by the Standard Webhooks convention (standardwebhooks.com, specification 1.0): webhook-id, webhook-timestamp, webhook-signature.
import { createHmac } from 'node:crypto';

/** The specification asks for keys of 24 to 64 bytes. */
const LEAST_KEY_BYTES = 24;
const MOST_KEY_BYTES = 64;

/**
 * The keys in OUTBOX_SECRET: `whsec_` and base64, and during a change of keys several, with spaces between. Undefined when one of them is no such
 * key: a message signed by half of them would be refused by half of the receivers.
 */
export const readSigningKeys = (text: string): Buffer[] | undefined => {
  const keys = text.trim().split(/\s+/).map((word) => {
    const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(word)?.[1];
    const key = base64 === undefined ? undefined : Buffer.from(base64, 'base64');
    return key && key.length >= LEAST_KEY_BYTES && key.length <= MOST_KEY_BYTES ? key : undefined;
  });
  return keys.every((key) => key !== undefined) ? keys : undefined;
};

/** `at` is the time of this try, and not of the outcome: receivers refuse what is older than five minutes. */
export const signedHeaders = (keys: readonly Buffer[], id: string, at: Date, body: string): Record<string, string> => {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id, 'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => `v1,${createHmac('sha256', key).update(content, 'utf8').digest('base64')}`).join(' '),
  };
};
