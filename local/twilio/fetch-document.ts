// Gets the next document of a call: asks the customer's URL, then the fallback URL, and says in the debugger what was wrong.
import { commonParams } from './callbacks.ts';
import { type Call, type Carrier, type Source, tell } from './call.ts';
import { wait } from '#local/people/clock.ts';
import { type Document, DocumentError, readDocument } from './twiml.ts';
import { type Answer, sendWebhook, WebhookFailure } from './webhook.ts';
import { readWav } from '#local/people/mulaw.ts';

export type Fetched = Document & { address: { url: string; method: string } | null; audio: Uint8Array | null };

const TWIML_TYPES = ['text/xml', 'application/xml', 'text/html'];

/** By its Content-Type an answer is TwiML, sound, or text to be read aloud. */
const interpret = (answer: Answer): { document: Document; audio: Uint8Array | null } => {
  if (answer.status < 200 || answer.status > 299) throw new DocumentError(11_200, `HTTP retrieval failure: the answer's status is ${answer.status}`);
  const type = (answer.contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const text = answer.body.toString('utf8');
  if (TWIML_TYPES.includes(type)) return { document: readDocument(text), audio: null };
  if (type.startsWith('audio/')) {
    const audio = readWav(answer.body);
    if (!audio) throw new DocumentError(12_300, `Invalid Content-Type: ${type} could not be decoded`);
    return { document: { verbs: [], notices: [] }, audio };
  }
  if (type === 'text/plain') {
    if (text.trimStart().startsWith('<')) return { document: readDocument(text), audio: null };
    return { document: { verbs: [{ name: 'Say', attributes: {}, children: [], text }], notices: [] }, audio: null };
  }
  throw new DocumentError(12_300, `Invalid Content-Type: ${answer.contentType ?? 'none at all'}`);
};

const ask = async (carrier: Carrier, call: Call, source: { url: string; method: string }, params: Record<string, string>, signal: AbortSignal): Promise<Fetched> => {
  if (call.story.slow) await wait(carrier.settings.clock, carrier.settings.slowMs, signal);
  tell(carrier, call, 'document requested', { url: source.url, method: source.method });
  const answer = await sendWebhook(carrier.settings.authToken, { ...source, params: { ...commonParams(carrier, call), ...params } }, signal);
  const { document, audio } = interpret(answer);
  tell(carrier, call, 'document', { verbs: document.verbs.map((verb) => verb.name) });
  return { ...document, address: source, audio };
};

/**
 * The document at a source, or at the call's FallbackUrl when that one fails (with ErrorCode and ErrorUrl). Null when there is nothing to
 * run: the caller hears an application error and the call ends. Rejects with the signal's reason.
 */
export const fetchDocument = async (carrier: Carrier, call: Call, source: Source, params: Record<string, string>, signal: AbortSignal): Promise<Fetched | null> => {
  const failed = (error: unknown, url?: string): number => {
    if (signal.aborted || !(error instanceof DocumentError || error instanceof WebhookFailure)) throw error;
    carrier.debugger.note('error', error.code, error.message, { callSid: call.sid, ...(url === undefined ? {} : { url }) });
    tell(carrier, call, 'document failed', { code: error.code });
    return error.code;
  };
  let fetched: Fetched | null = null;
  let code = 0;
  const url = 'url' in source ? source.url : undefined;
  try {
    if ('url' in source) fetched = await ask(carrier, call, source, params, signal);
    else fetched = { ...readDocument(source.twiml), address: null, audio: null };
  } catch (error) {
    code = failed(error, url);
  }
  const { fallback } = call.request;
  if (!fetched && fallback) {
    try {
      fetched = await ask(carrier, call, fallback, { ...params, ErrorCode: String(code), ErrorUrl: url ?? '' }, signal);
    } catch (error) {
      failed(error, fallback.url);
    }
  }
  for (const notice of fetched?.notices ?? []) carrier.debugger.note(notice.level, notice.code, notice.message, { callSid: call.sid, ...(url === undefined ? {} : { url }) });
  return fetched;
};
