/** The simulated ElevenLabs tells the customer how a conversation went with these: post_call_transcription, signed, once unless retries are on. */
import { createHmac } from 'node:crypto';
import type { JsonObject } from './json.ts';
import type { WebhookOptions } from './options.ts';

/** Waits before the second to the fifth attempt (documentation of post-call webhooks). */
const RETRY_MS: readonly number[] = [30_000, 120_000, 480_000, 1_800_000];

/** `ElevenLabs-Signature`: HMAC-SHA256 over "<unix seconds>.<raw body>", in hex. */
export const signatureOf = (secret: string, unixSeconds: number, rawBody: string): string =>
  `t=${unixSeconds},v0=${createHmac('sha256', secret).update(`${unixSeconds}.${rawBody}`).digest('hex')}`;

/** Statuses for which a further attempt is made when retries are on. Only 200 is success. */
const wantsRetry = (status: number | 'no-answer'): boolean => status === 'no-answer' || status >= 500 || status === 429 || status === 408;

export type WebhookDelivery = {
  /** Resolves when it was taken or given up. `onAnswer` hears of each attempt. */
  deliver(data: JsonObject, onAnswer: (status: number | 'no-answer') => void): Promise<void>;
  /** Gives up what is under way. */
  stop(): void;
};

export const webhookDelivery = ({ url, secret, retry = false }: WebhookOptions): WebhookDelivery => {
  const stopping = new AbortController();
  const waits = retry === true ? RETRY_MS : retry || [];

  const post = async (body: string): Promise<number | 'no-answer'> => {
    const unixSeconds = Math.floor(Date.now() / 1000);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'elevenlabs-signature': signatureOf(secret, unixSeconds, body) },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(10_000)]),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      // Nobody listens there, or not in time: for the sender these are the same.
      return 'no-answer';
    }
  };

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });

  return {
    deliver: async (data, onAnswer) => {
      // The body is the same at each attempt, so that the receiver can tell that it is one event.
      const body = JSON.stringify({ type: 'post_call_transcription', event_timestamp: Math.floor(Date.now() / 1000), data });
      for (const waitMs of [0, ...waits]) {
        if (waitMs > 0) await sleep(waitMs);
        if (stopping.signal.aborted) return;
        const status = await post(body);
        onAnswer(status);
        if (!wantsRetry(status)) return;
      }
    },
    stop: () => stopping.abort(),
  };
};
