// Everything that Exotel asks over HTTP: the applets of a flow, the legacy call flow, and status callbacks. Answered by answer.ts and
// callbacks.ts, whose functions these routes go to.
import { afterStream, answerCall, keyPressed, sorrySentence, type AnswerDeps, type CallFlow } from '#calls/answer-call.ts';
import { isBeingTransferred } from '#calls/call.ts';
import { askForKey, mayChoose, keyQuestion } from '#calls/choose-key.ts';
import { VisibleError } from '#calls/errors.ts';
import { inboundCall, type InboundDeps } from '#calls/inbound-call.ts';
import { attemptOfCall, readAttemptId } from '#calls/lead.ts';
import type { RecordDeps } from '#calls/record-event.ts';
import { recordCallback } from '#calls/record-status.ts';
import { transferEnded } from '#calls/transfer-call.ts';
import { connect, EXOML_TYPE, exoml, gather, GREETING_TYPE, passthru, voicebot, type DocumentConfig } from '#carriers/exotel/document.ts';
import { appletForm, e164Of, isOver, statusOf } from '#carriers/exotel/schema.ts';
import { readExotelCallback, readExotelParams, readParams, recordingEvent, verifyExotel, type ExotelRule } from '#carriers/exotel/webhook.ts';
import { httpHandler, json, problem, type HttpAnswer, type HttpHandler, type HttpRequest } from '#house/http.ts';
import type { Log } from '#house/log.ts';

/** What the applets of a flow are told, beside what follows from the call. */
export interface AppletTexts {
  greeting: string;
  /** The ExoPhone that whoever takes over from the agent sees. */
  outgoing: string | undefined;
}

export interface ExotelAppletDeps extends AnswerDeps, InboundDeps {
  calls: AnswerDeps['calls'];
  exotel: { rule: ExotelRule; document: DocumentConfig; texts: AppletTexts };
  log: Log;
}

export const usualGreeting = 'Thank you. Please hold the line for a moment.';
const keyPrompt = 'Press 9 if you do not want to be called again, or any other key to go on.';
const noStore = { 'cache-control': 'no-store' };
const nothing = (): VisibleError => new VisibleError('not-found', 'no-stream', 'There is no stream for this call: it is over, or it is not one of ours.');

const isLegacy = (path: string): boolean => path.endsWith('/exoml') || path.endsWith('/callflow');

/** A request of an applet, verified and read. `attemptId` null: an inbound call. */
const readAsk = async (deps: ExotelAppletDeps, request: HttpRequest) => {
  const params = readExotelParams(request);
  const { attemptId } = verifyExotel(request, deps.exotel.rule, { customField: params['CustomField'] });
  const ask = readParams(appletForm, params);
  const known = attemptId === null ? await deps.calls.callIdOf('exotel', ask.CallSid) : undefined;
  return { params, ask, callSid: ask.CallSid, attemptId: attemptId ?? (known ? (attemptOfCall(known) ?? null) : null) };
};
type Ask = Awaited<ReturnType<typeof readAsk>>;

const inboundFlow = async (deps: ExotelAppletDeps, { ask, callSid }: Ask): Promise<CallFlow> => {
  const taken = await inboundCall(deps)({ carrier: 'exotel', callSid, from: e164Of(ask.CallFrom ?? ask.From) ?? '', to: e164Of(ask.CallTo ?? ask.To) ?? '' });
  return taken ? { flow: 'talk', attemptId: '', ...taken, pauseSeconds: 0 } : { flow: 'hang-up' };
};

const streamFlow = (deps: ExotelAppletDeps, asked: Ask): Promise<CallFlow> =>
  (asked.attemptId === null ? inboundFlow(deps, asked) : answerCall(deps)({ attemptId: asked.attemptId, callSid: asked.callSid }));

/** After a Voicebot applet: its stream's story stands in the parameters, as `Stream[…]` or as one JSON. */
const isAfterStream = (asked: Ask): boolean => Object.keys(asked.params).some((name) => name === 'Stream' || name.startsWith('Stream['));

/** The question for a key, where this call's agent could not be had; undefined for every other call. */
const keysFor = async (deps: ExotelAppletDeps, { callSid, attemptId }: Ask): Promise<CallFlow | undefined> => {
  const callId = await deps.calls.callIdOf('exotel', callSid);
  const call = callId ? await deps.calls.call(callId) : undefined;
  return call && attemptId !== null && mayChoose(call) ? askForKey(attemptId, call.endDetail) : undefined;
};

/** The call that stands behind the request, if it is the one that the carrier's call is bound to. */
const callOf = async (deps: ExotelAppletDeps, { attemptId, callSid }: Ask) => {
  const callId = attemptId === null ? await deps.calls.callIdOf('exotel', callSid) : readAttemptId(attemptId)?.callId;
  const call = callId === undefined ? undefined : await deps.calls.call(callId);
  return call?.callSid === callSid ? call : undefined;
};

/** Whom the Connect applet dials: those who take over, when the agent has asked for them and the call is not over, and otherwise nobody. */
const connectNumbers = async (deps: ExotelAppletDeps, asked: Ask): Promise<readonly string[]> => {
  const call = await callOf(deps, asked);
  return call && isBeingTransferred(call) && call.endReason === null ? deps.transferNumbers.exotel : [];
};

/** Behind a Connect applet that was to hand the call over; undefined behind any other. */
const dialledFlow = async (deps: ExotelAppletDeps, asked: Ask): Promise<CallFlow | undefined> => {
  const { DialCallStatus: dialStatus, DialCallDuration: dialSeconds, CallStatus } = asked.ask;
  if (dialStatus === undefined) return undefined;
  const call = await callOf(deps, asked);
  if (!call?.transfer) return undefined;
  const ended = await transferEnded(deps)({
    callId: call.callId, attemptId: asked.attemptId, callSid: asked.callSid, epoch: call.transfer.epoch, dialStatus: statusOf(dialStatus) ?? 'failed', dialSeconds: dialSeconds ?? null,
    lineIsDown: isOver(statusOf(CallStatus)),
  });
  return ended === 'not-asked' ? undefined : ended;
};

/** Behind the stream of a call that rang in: it goes to a person, or ends. */
const afterInbound = async (deps: ExotelAppletDeps, asked: Ask): Promise<CallFlow> => {
  const numbers = await connectNumbers(deps, asked);
  return numbers.length > 0 ? { flow: 'transfer', attemptId: '', epoch: 0, numbers, callerId: null } : { flow: 'hang-up' };
};

const passthruFlow = async (deps: ExotelAppletDeps, asked: Ask): Promise<CallFlow> => {
  const { ask, attemptId, callSid } = asked;
  const callId = await deps.calls.callIdOf('exotel', callSid);
  if (callId) for (const event of recordingEvent(callSid, ask.RecordingUrl, deps.clock.now().toISOString())) await deps.calls.append(callId, event);
  // Typed into a flow's console: the Passthru that stands between the end of a talk and a Gather.
  if (asked.params['ask'] === 'keys') return (await keysFor(deps, asked)) ?? { flow: 'hang-up' };
  const dialled = await dialledFlow(deps, asked);
  if (dialled) return dialled;
  if (isAfterStream(asked)) return attemptId === null ? afterInbound(deps, asked) : afterStream(deps)({ attemptId, callSid, lineIsDown: isOver(statusOf(ask.CallStatus)), keys: false });
  if (attemptId !== null && ask.digits !== undefined) return keyPressed(deps)({ attemptId, callSid, digits: ask.digits });
  return streamFlow(deps, asked);
};

export const exotelApplets = (deps: ExotelAppletDeps): HttpHandler => {
  const { document, texts } = deps.exotel;
  const xml = (flow: CallFlow, status = 200): HttpAnswer => ({ status, headers: { 'content-type': EXOML_TYPE, ...noStore }, body: exoml(flow, document) });
  return httpHandler(async (request) => {
    const asked = async (): Promise<Ask> => readAsk(deps, request);
    if (isLegacy(request.rawPath)) return xml(await passthruFlow(deps, await asked()));
    switch (request.rawPath.slice(request.rawPath.lastIndexOf('/') + 1)) {
      case 'stream': {
        const answer = voicebot(await streamFlow(deps, await asked()), document);
        if (!answer) throw nothing();
        return json(200, answer);
      }
      case 'passthru': return { status: passthru(await passthruFlow(deps, await asked())), headers: { 'content-type': 'text/plain', ...noStore }, body: '' };
      case 'gather': return json(200, gather((await keysFor(deps, await asked())) ? keyQuestion : keyPrompt));
      case 'connect': return json(200, connect(await connectNumbers(deps, await asked()), texts.outgoing));
      default:
        // HEAD asks whether there is text, sometimes before there is a call: the token is enough.
        verifyExotel(request, deps.exotel.rule, { customField: request.query.get('CustomField') ?? undefined });
        return { status: 200, headers: { 'content-type': GREETING_TYPE, ...noStore }, ...(request.method === 'HEAD' ? {} : { body: texts.greeting }) };
    }
  }, {
    log: deps.log,
    // A caller is on the line of a legacy flow: what went wrong is said in words. Applets have branches of their own for an error.
    explain: (error, requestId, request) => {
      const answer = problem(error, requestId);
      return request && isLegacy(request.rawPath) ? xml({ flow: 'say-goodbye', sentence: sorrySentence }, error instanceof VisibleError && error.kind !== 'forbidden' ? 200 : answer.status) : answer;
    },
  });
};

export interface ExotelStatusDeps extends RecordDeps {
  exotel: ExotelRule;
}

/** A status callback. Exotel has no signature: the token proves where it comes from, and the first call that shows it is the attempt's. */
export const exotelStatus = (deps: ExotelStatusDeps) => async (request: HttpRequest): Promise<HttpAnswer> => {
  const { attemptId } = verifyExotel(request, deps.exotel);
  const { callSid, events } = readExotelCallback(readExotelParams(request), deps.clock.now());
  const kept = await recordCallback(deps)({ carrier: 'exotel', callSid, attemptId, events });
  if (kept === 'stray') throw new VisibleError('forbidden', 'call-of-another-attempt', 'This attempt has another call.', { fields: [{ field: 'CallSid', message: 'is not the call of this attempt' }] });
  return json(200, { ok: true });
};
