// POST /enquire takes an enquiry; GET /enquire/{leadId} tells the visitor's own page how its call is doing.
import { consentText } from '#calls/consent-text.ts';
import { readEnquiry } from '#calls/enquiry.ts';
import { VisibleError } from '#calls/errors.ts';
import { readProgress, type ViewDeps } from '#calls/lead-view.ts';
import { takeEnquiry, type EnquiryDeps } from '#calls/take-enquiry.ts';
import { httpHandler, json, lazily, problem, readBody, type HttpAnswer, type HttpHandler, type HttpRequest } from '#house/http.ts';
import { newLeadId } from '#house/ids.ts';
import type { Log } from '#house/log.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';
import { captchaOf } from '#compose/captcha.ts';
import { queueOf, scheduleOf } from '#compose/queue.ts';

export interface EnquireDeps extends EnquiryDeps {
  calls: ViewDeps['calls'];
  defaultCallingCode: string | undefined;
  /** ORIGIN_SECRET: proves that a request came through our CloudFront, whose word on the visitor's address then holds. */
  originSecret?: string | undefined;
  log: Log;
}

const leadIdShape = /^lead_[0-9A-HJKMNP-TV-Z]{26}$/;

const readKey = (request: HttpRequest): string | null => {
  const key = request.header('idempotency-key');
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new VisibleError('invalid', 'idempotency-key-invalid', 'The Idempotency-Key cannot be used.', { fields: [{ field: 'Idempotency-Key', message: 'must be 1 to 200 printable characters without spaces' }] });
  }
  return key;
};

const wantsPage = (request: HttpRequest): boolean => (request.header('accept') ?? '').includes('text/html');
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The problem as a page, for a visitor whose browser sent the plain form. */
const faultPage = (answer: HttpAnswer): HttpAnswer => {
  const { detail, errors = [] } = JSON.parse(answer.body ?? '{}') as { detail?: string; errors?: { field: string; message: string }[] };
  const lines = errors.length > 0 ? errors.map(({ field, message }) => `${field} ${message}`) : [detail ?? 'Something went wrong.'];
  return {
    status: answer.status, headers: { ...answer.headers, 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Please check the form</title>`
      + `<link rel="stylesheet" href="/enquiry.css"><main><h1>Please check the form</h1><ul>${lines.map((line) => `<li>${escape(line)}</li>`).join('')}</ul>`
      + `<p>Nothing was lost: go back, and the form is as you left it.</p><p><a href="/">To the form</a></p></main></html>`,
  };
};

/** Turnstile's widget adds its answer to a plain form under a name of its own. */
const withCaptcha = (body: unknown): unknown =>
  body !== null && typeof body === 'object' && 'cf-turnstile-response' in body && !('captcha' in body) ? { ...body, captcha: body['cf-turnstile-response'] } : body;

export const enquireHandler = (deps: EnquireDeps): HttpHandler => {
  const take = takeEnquiry(deps);
  return httpHandler(async (request) => {
    if (request.method === 'GET') {
      const leadId = request.params['leadId'] ?? '';
      const progress = leadIdShape.test(leadId) ? await readProgress(deps)(leadId) : undefined;
      if (!progress) throw new VisibleError('not-found', 'no-such-enquiry', 'There is no such enquiry.', { fields: [{ field: 'leadId', message: 'is not one that was given out here' }] });
      return json(200, progress);
    }
    const { body, form } = readBody(request);
    const enquiry = readEnquiry(withCaptcha(body), deps.defaultCallingCode);
    const answer = await take(enquiry, { ip: request.sourceIp, userAgent: request.header('user-agent')?.slice(0, 400) ?? null, idempotencyKey: readKey(request) });
    // A browser that sent the plain form is shown the page again, which then follows the call.
    if (form && wantsPage(request)) return { status: 303, headers: { location: `/?enquiry=${answer.leadId}#received`, 'cache-control': 'no-store' } };
    return json(202, { ok: true, leadId: answer.leadId, status: answer.status }, { location: `/enquire/${answer.leadId}` });
  }, {
    log: deps.log, originSecret: deps.originSecret,
    explain: (error, requestId, request) => (request?.method === 'POST' && request.header('content-type')?.startsWith('application/x-www-form-urlencoded') && wantsPage(request)
      ? faultPage(problem(error, requestId)) : problem(error, requestId)),
  });
};

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('enquire');
  return enquireHandler({
    ...stores, clock, log, newLeadId, consentText, ...planOf(env), captcha: captchaOf(env), defaultCallingCode: env.DEFAULT_COUNTRY_CODE, originSecret: env.ORIGIN_SECRET,
    queue: queueOf(env), schedule: scheduleOf(env), onQueueFailure: (error, attemptId) => log.error('attempt could not be queued; the sweep will find it', { attemptId, error }),
  });
});
