// Callbacks: Twilio's statuses, recordings, answering-machine results and stream news, Exotel's statuses, and ElevenLabs' word after the call.
import { validateRequestWithBody } from 'twilio/lib/webhooks/webhooks.js';
import { readElevenLabsWebhook, verifyElevenLabs } from '#agent/webhook.ts';
import { VisibleError } from '#calls/errors.ts';
import { readAttemptId } from '#calls/lead.ts';
import type { RecordDeps } from '#calls/record-event.ts';
import { recordOutcome } from '#calls/record-outcome.ts';
import { recordCallback } from '#calls/record-status.ts';
import { readTwilioCallback, twilioCallbackKinds, signatureRule, verifyTwilio, type SignatureRule, type TwilioCallbackKind, type TwilioParams } from '#carriers/twilio/webhook.ts';
import type { ExotelRule } from '#carriers/exotel/webhook.ts';
import { httpHandler, lazily, readForm, readJson, type HttpAnswer, type HttpHandler, type HttpRequest } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { exotelRule, twilioAddresses } from '#compose/carriers.ts';
import { scheduleOf } from '#compose/queue.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';
import { exotelStatus } from './exotel.ts';

export interface CallbackDeps extends RecordDeps {
  signature: SignatureRule;
  exotel: ExotelRule;
  /** Without it, ElevenLabs' webhooks are refused: fail closed. */
  elevenLabsSecret: string | undefined;
  log: Log;
}

const done: HttpAnswer = { status: 204 };

/** Which callback it is where one address serves all: each kind has a parameter of its own. */
const kindOf = (params: TwilioParams): TwilioCallbackKind =>
  'RecordingSid' in params ? 'recording' : 'StreamEvent' in params ? 'stream' : 'MachineDetectionDuration' in params ? 'amd' : 'status';

/** Conversational Intelligence sends JSON, signed over the address and the hash of the body. */
const verifyJson = (request: HttpRequest, rule: SignatureRule): void => {
  if (rule.skip) return;
  const url = `${rule.publicBase}${request.rawPath}${request.rawQuery ? `?${request.rawQuery}` : ''}`;
  const shown = request.header('x-twilio-signature') ?? '';
  let right = false;
  try {
    right = shown !== '' && rule.authToken !== undefined && validateRequestWithBody(rule.authToken, shown, url, request.body.toString('utf8'));
  } catch {
    right = false;
  }
  if (!right) throw new VisibleError('forbidden', 'signature-wrong', 'This address answers requests signed by Twilio only.', { fields: [{ field: 'X-Twilio-Signature', message: shown === '' ? 'is missing' : 'does not fit the address and the body' }] });
};

export const callbacksHandler = (deps: CallbackDeps): HttpHandler => {
  const record = recordCallback(deps);
  const exotel = exotelStatus(deps);

  const twilio = async (request: HttpRequest, kind: TwilioCallbackKind | undefined): Promise<HttpAnswer> => {
    const params = verifyTwilio(request, readForm(request), deps.signature);
    const attemptId = request.query.get('attempt');
    if (attemptId !== null && !readAttemptId(attemptId)) {
      throw new VisibleError('invalid', 'attempt-unknown', 'The address names no attempt.', { fields: [{ field: 'attempt', message: 'must be the id that was given to the carrier' }] });
    }
    const { callSid, events } = readTwilioCallback(kind ?? kindOf(params), params, deps.clock.now());
    if ((await record({ carrier: 'twilio', callSid, attemptId, events })) === 'stray') deps.log.warn('callback of another call for this attempt', { attemptId, callSid });
    return done;
  };

  const elevenLabs = async (request: HttpRequest): Promise<HttpAnswer> => {
    if (!deps.elevenLabsSecret) throw new VisibleError('forbidden', 'webhook-not-configured', 'ELEVENLABS_WEBHOOK_SECRET is not set, so no webhook can be trusted.');
    verifyElevenLabs(deps.elevenLabsSecret, request.header('elevenlabs-signature'), request.body, deps.clock.now());
    const outcome = readElevenLabsWebhook(readJson(request), deps.clock.now());
    const kept = outcome ? await recordOutcome(deps)(outcome) : 'not-used';
    if (kept !== 'recorded') deps.log.info('webhook of no call of ours', { kept });
    // Only a 200 counts at ElevenLabs.
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' };
  };

  return httpHandler(async (request) => {
    if (request.rawPath.endsWith('/webhooks/elevenlabs')) return elevenLabs(request);
    if (request.rawPath.endsWith('/webhooks/exotel/status')) return exotel(request);
    // One address for both, as first configured: told apart by the proof that each can show, never by what the body looks like.
    if (request.rawPath.endsWith('/webhook')) return request.header('x-twilio-signature') === undefined && request.query.has('token') ? exotel(request) : twilio(request, undefined);
    const kind = request.params['kind'] ?? '';
    if (kind === 'intelligence' && (request.header('content-type') ?? '').includes('json')) {
      verifyJson(request, deps.signature);
      return done;
    }
    if (kind === 'transcription' || kind === 'intelligence') {
      // Our transcript comes from the agent; Twilio's is accepted where an account is set up to send it, and not kept.
      verifyTwilio(request, readForm(request), deps.signature);
      return done;
    }
    const known = twilioCallbackKinds.find((name) => name === kind);
    if (!known) throw new VisibleError('not-found', 'no-such-callback', 'There is no callback of this kind.', { fields: [{ field: 'kind', message: `must be one of ${twilioCallbackKinds.join(', ')}, transcription, intelligence` }] });
    return twilio(request, known);
  }, { log: deps.log });
};

export const handler = lazily(async () => {
  const { env, log, clock, stores } = await fromEnvironment('callbacks');
  return callbacksHandler({
    ...stores, clock, log, ...planOf(env), schedule: scheduleOf(env), elevenLabsSecret: env.ELEVENLABS_WEBHOOK_SECRET,
    exotel: exotelRule(env),
    signature: signatureRule(twilioAddresses(env), env.TWILIO_AUTH_TOKEN, env.SKIP_WEBHOOK_SIGNATURE_VALIDATION),
  });
});

