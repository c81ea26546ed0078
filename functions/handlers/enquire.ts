// POST /enquire takes an enquiry; GET /enquire/{leadId} tells the visitor's own page how its call is doing.
import { consentText } from '#calls/consent-text.ts';
import { readEnquiry } from '#calls/enquiry.ts';
import { VisibleError } from '#calls/errors.ts';
import { readProgress, type ViewDeps } from '#calls/lead-view.ts';
import { takeEnquiry, type EnquiryDeps } from '#calls/take-enquiry.ts';
import { httpHandler, json, lazily, readBody, type HttpHandler, type HttpRequest } from '#house/http.ts';
import { newLeadId } from '#house/ids.ts';
import type { Log } from '#house/log.ts';
import { fromEnvironment } from '#compose/base.ts';
import { policyOf } from '#compose/policy.ts';
import { queueOf, scheduleOf } from '#compose/queue.ts';

export interface EnquireDeps extends EnquiryDeps {
  calls: ViewDeps['calls'];
  defaultCallingCode: string | undefined;
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
    const enquiry = readEnquiry(body, deps.defaultCallingCode);
    const answer = await take(enquiry, { ip: request.sourceIp, userAgent: request.header('user-agent')?.slice(0, 400) ?? null, idempotencyKey: readKey(request) });
    // A browser that sent the plain form is shown the page again, which then follows the call.
    if (form && (request.header('accept') ?? '').includes('text/html')) return { status: 303, headers: { location: `/?enquiry=${answer.leadId}`, 'cache-control': 'no-store' } };
    return json(202, { ok: true, leadId: answer.leadId, status: answer.status }, { location: `/enquire/${answer.leadId}` });
  }, { log: deps.log });
};

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('enquire');
  return enquireHandler({
    ...stores, clock, log, newLeadId, consentText, policy: policyOf(env), carrier: env.TELEPHONY_PROVIDER, defaultCallingCode: env.DEFAULT_COUNTRY_CODE,
    queue: queueOf(env), schedule: scheduleOf(env), onQueueFailure: (error, attemptId) => log.error('attempt could not be queued; the sweep will find it', { attemptId, error }),
  });
});
