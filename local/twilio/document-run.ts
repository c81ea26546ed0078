// Runs a call's documents from the first to the last: verbs one after the other, actions and redirects followed, until somebody hangs up.
import { answerCall, endCall } from './call-life.ts';
import { type Call, type Carrier, type Source, tell } from './call.ts';
import { runConnect, runStart, runStop } from './connect.ts';
import { runDial } from './dial.ts';
import { type Fetched, fetchDocument } from './fetch-document.ts';
import { runGather } from './gather.ts';
import { hum } from '#local/people/mulaw.ts';
import { runRecord } from './record.ts';
import { type Next, NEXT, resolveUrl, type Run } from './run.ts';
import { runPause, runPlay, runSay } from './speak.ts';
import type { Element } from './xml.ts';

type Verb = (run: Run, element: Element) => Next | Promise<Next>;

const runRedirect: Verb = (run, element) => {
  const value = element.text.trim();
  const method = element.attributes['method'] ?? 'POST';
  const url = value === '' ? run.document?.url ?? null : resolveUrl(run, value);
  return url === null ? { kind: 'hang-up' } : { kind: 'go', source: { url, method }, params: {} };
};

const VERBS: Record<string, Verb> = {
  Say: runSay, Play: runPlay, Pause: runPause, Gather: runGather, Redirect: runRedirect, Connect: runConnect, Start: runStart, Stop: runStop,
  Dial: runDial, Record: runRecord, Hangup: () => ({ kind: 'hang-up' }),
  // On a call that is already answered, Reject is only an end.
  Reject: () => ({ kind: 'hang-up' }),
};

/** Why a run was broken off to go elsewhere: a REST update with Url or Twiml. */
class Redirected extends Error {
  readonly to: Source;
  constructor(to: Source) {
    super('redirected');
    this.to = to;
  }
}

/** Inbound: a document that begins with Reject ends the call before it is answered; any other answers it. */
const pickUp = (carrier: Carrier, call: Call, fetched: Fetched | null): boolean => {
  if (call.status !== 'ringing') return true;
  const first = fetched?.verbs[0];
  if (first?.name !== 'Reject') {
    answerCall(carrier, call);
    return true;
  }
  endCall(carrier, call, first.attributes['reason'] === 'busy' ? 'busy' : 'no-answer', 'rejected');
  return false;
};

const runVerbs = async (run: Run, verbs: readonly Element[]): Promise<Next> => {
  for (const element of verbs) {
    const verb = VERBS[element.name];
    if (!verb) continue;
    tell(run.carrier, run.call, 'verb', element.name);
    const next = await verb(run, element);
    run.signal.throwIfAborted();
    if (next.kind !== 'next') return next;
  }
  return NEXT;
};

const runOne = async (carrier: Carrier, call: Call, go: { source: Source; params: Record<string, string> }, signal: AbortSignal): Promise<Next> => {
  const fetched = await fetchDocument(carrier, call, go.source, go.params, signal);
  if (!pickUp(carrier, call, fetched) || !call.line) return { kind: 'hang-up' };
  const { line } = call;
  if (!fetched) {
    tell(carrier, call, 'application error');
    await line.play(hum('We are sorry, an application error has occurred. Goodbye.'), signal);
    return { kind: 'hang-up' };
  }
  if (fetched.audio) await line.play(fetched.audio, signal);
  return runVerbs({ carrier, call, line, signal, document: fetched.address }, fetched.verbs);
};

/** Runs from the call's first source until nothing follows, then hangs up. Never rejects because the call ended in between. */
export const runDocuments = async (carrier: Carrier, call: Call, params: Record<string, string> = {}): Promise<void> => {
  let go: { source: Source; params: Record<string, string> } = { source: call.request.source, params };
  while (!call.over.signal.aborted) {
    const broken = new AbortController();
    call.redirect = (to) => broken.abort(new Redirected(to));
    const signal = AbortSignal.any([broken.signal, call.over.signal]);
    try {
      const next = await runOne(carrier, call, go, signal);
      if (next.kind !== 'go') {
        endCall(carrier, call, 'completed', 'document ended');
        return;
      }
      go = next;
    } catch (error) {
      if (call.over.signal.aborted) return;
      const reason: unknown = signal.reason;
      if (!(reason instanceof Redirected)) {
        endCall(carrier, call, 'failed', 'simulator fault');
        throw error;
      }
      tell(carrier, call, 'redirected');
      go = { source: reason.to, params: {} };
    }
  }
};
