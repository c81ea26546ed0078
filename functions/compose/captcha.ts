// Cloudflare Turnstile behind the captcha port, where TURNSTILE_SECRET is set.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Captcha } from '#calls/captcha.ts';
import { VisibleError } from '#calls/errors.ts';
import type { Env } from '#house/env.ts';

const TIMEOUT_MS = 5_000;
const RETRY_SECONDS = 10;
/** Errors of the visitor's token (developers.cloudflare.com/turnstile, siteverify); every other one is ours or theirs. */
const tokenErrors = new Set(['missing-input-response', 'invalid-input-response', 'timeout-or-duplicate']);
const answer = z.object({ success: z.boolean(), 'error-codes': z.array(z.string()).default([]) });

const unavailable = (cause: unknown): VisibleError =>
  new VisibleError('unavailable', 'captcha-unavailable', 'The captcha cannot be checked at this moment. Please try again.', { retryAfterSeconds: RETRY_SECONDS, cause });

/** Siteverify wants a UUID; the same token for the same enquiry has the same one, so that a repeat is not taken for another use. */
const uuidOf = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

export const turnstile = (options: { secret: string; url: string; timeoutMs?: number }): Captcha => ({
  isSolved: async ({ token, ip, enquiryKey }) => {
    let found;
    try {
      const response = await fetch(options.url, {
        method: 'POST', redirect: 'error', signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
        body: new URLSearchParams({ secret: options.secret, response: token, ...(ip === null ? {} : { remoteip: ip }), idempotency_key: uuidOf(`${token}\n${enquiryKey}`) }),
      });
      found = answer.parse(await response.json());
    } catch (error) {
      throw unavailable(error);
    }
    if (found.success) return true;
    const codes = found['error-codes'];
    if (codes.length > 0 && codes.every((code) => tokenErrors.has(code))) return false;
    throw unavailable(new Error(`Turnstile answered ${codes.join(', ').slice(0, 200) || 'no reason'}`));
  },
});

export const captchaOf = (env: Pick<Env, 'TURNSTILE_SECRET' | 'TURNSTILE_VERIFY_URL'>): Captcha | undefined =>
  env.TURNSTILE_SECRET ? turnstile({ secret: env.TURNSTILE_SECRET, url: env.TURNSTILE_VERIFY_URL }) : undefined;
