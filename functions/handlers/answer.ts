// The answer documents: what Twilio fetches when a phone is answered, when keys were pressed, and when the stream has ended; and, by
// exotel.ts, what the applets of Exotel's flows ask.
import { afterStream, answerCall, keyPressed, sorrySentence, type AnswerDeps, type CallFlow } from '#calls/answer-call.ts';
import { VisibleError } from '#calls/errors.ts';
import { readAttemptId } from '#calls/lead.ts';
import { transferEnded } from '#calls/transfer-call.ts';
import { answerForm, dialForm } from '#carriers/twilio/schema.ts';
import { TWIML_TYPE, twiml, type DocumentConfig } from '#carriers/twilio/document.ts';
import { readParams, signatureRule, verifyTwilio, type SignatureRule } from '#carriers/twilio/webhook.ts';
import { publicStream, type Env } from '#house/env.ts';
import { httpHandler, lazily, problem, readForm, type HttpAnswer, type HttpHandler, type HttpRequest } from '#house/http.ts';
import { newInboundCallId } from '#house/ids.ts';
import type { Log } from '#house/log.ts';
import { exotelRule, exotelStreamUrl, twilioAddresses } from '#compose/carriers.ts';
import { fromEnvironment, need } from '#compose/base.ts';
import { transferNumbers } from '#compose/transfers.ts';
import { exotelApplets, usualGreeting, type ExotelAppletDeps } from './exotel.ts';

export interface AnswerHandlerDeps extends AnswerDeps, ExotelAppletDeps {
  calls: ExotelAppletDeps['calls'];
  document: DocumentConfig;
  signature: SignatureRule;
  log: Log;
}

/** Of the address that Dial's action was given: the stream that the transfer was asked for on. */
const transferEpoch = (request: HttpRequest): number | undefined => {
  const text = request.query.get('transfer') ?? '';
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
};

const isTerminalWord = (status: string | undefined): boolean => ['completed', 'busy', 'no-answer', 'failed', 'canceled'].includes(status ?? '');

/** By the path that is asked, which the carrier was given, not by what the request says of itself. */
const isTwilios = /\/twiml(\/|$)/;

export const answerHandler = (deps: AnswerHandlerDeps): HttpHandler => {
  const document = (flow: CallFlow, status = 200): HttpAnswer => ({ status, headers: { 'content-type': TWIML_TYPE, 'cache-control': 'no-store' }, body: twiml(flow, deps.document) });
  const sorry: CallFlow = { flow: 'say-goodbye', sentence: sorrySentence };
  const twilio = httpHandler(async (request) => {
    const params = verifyTwilio(request, request.method === 'POST' ? readForm(request) : [], deps.signature);
    const { CallSid: callSid, CallStatus } = readParams(answerForm, params);
    const attemptId = request.query.get('attempt') ?? '';
    const parts = readAttemptId(attemptId);
    if (!parts) throw new VisibleError('invalid', 'attempt-unknown', 'The address names no attempt.', { fields: [{ field: 'attempt', message: 'must be the id that was given to the carrier' }] });
    if (request.rawPath.endsWith('/after')) {
      const lineIsDown = isTerminalWord(CallStatus);
      const epoch = transferEpoch(request);
      const { DialCallStatus: dialStatus, DialCallDuration: dialSeconds } = readParams(dialForm, params);
      const dialled = epoch === undefined ? 'not-asked' : await transferEnded(deps)({ callId: parts.callId, attemptId, callSid, epoch, dialStatus, dialSeconds, lineIsDown });
      return document(dialled === 'not-asked' ? await afterStream(deps)({ attemptId, callSid, lineIsDown, keys: true }) : dialled);
    }
    if (request.rawPath.endsWith('/gather')) return document(await keyPressed(deps)({ attemptId, callSid, digits: String(params['Digits'] ?? '') }));
    return document(await answerCall(deps)({ attemptId, callSid }));
  }, {
    log: deps.log,
    // A caller is on the line: whatever went wrong is said in words. Twilio plays a document only with a 2xx, so a request that
    // Twilio did sign gets one; a forged request is refused, and a fault of ours is a 503, which Twilio asks again.
    explain: (error, requestId) => {
      if (!(error instanceof VisibleError)) return document(sorry, 503);
      return document(sorry, error.kind === 'invalid' || error.kind === 'not-found' ? 200 : problem(error, requestId).status);
    },
  });
  const exotel = exotelApplets(deps);
  return (event) => (isTwilios.test(event.rawPath) ? twilio(event) : exotel(event));
};

/** What Exotel's applets are answered with, from the environment. */
export const appletsOf = (env: Env): ExotelAppletDeps['exotel'] => ({
  rule: exotelRule(env), document: { streamUrl: exotelStreamUrl(env) },
  texts: { greeting: env.GREETING_MESSAGE ?? usualGreeting, outgoing: env.EXOTEL_EXOPHONE_NUMBER },
});

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('answer');
  return answerHandler({
    calls: stores.calls, suppressions: stores.suppressions, clock, log, ticketSecret: need(env, 'STREAM_TICKET_SECRET'), ticketTtlSeconds: env.STREAM_TICKET_TTL_SECONDS,
    document: { ...twilioAddresses(env), streamUrl: publicStream(env) },
    signature: signatureRule(twilioAddresses(env), env.TWILIO_AUTH_TOKEN, env.SKIP_WEBHOOK_SIGNATURE_VALIDATION),
    newCallId: newInboundCallId, exotel: appletsOf(env), transferNumbers: transferNumbers(env),
  });
});
