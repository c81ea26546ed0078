// What every verb is given and answers with; see document-run.ts for the loop around them.
import type { Call, Carrier, Source } from './call.ts';
import type { Line } from '#local/people/line.ts';

export type Run = {
  carrier: Carrier;
  call: Call;
  line: Line;
  /** Aborted when the call ends or is redirected by REST; every wait of a verb ends with it. */
  signal: AbortSignal;
  /** Where the document came from; null when it came in the `Twiml` parameter. */
  document: { url: string; method: string } | null;
};

/** What follows a verb. */
export type Next =
  | { kind: 'next' }
  | { kind: 'go'; source: Source; params: Record<string, string> }
  | { kind: 'hang-up' };

export const NEXT: Next = { kind: 'next' };

/** An attribute's URL as the carrier will request it: absolute ones untouched (they are signed as written), relative ones resolved. */
export const resolveUrl = (run: Run, value: string): string | null => {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value;
  if (!run.document) {
    run.carrier.debugger.note('error', 11_100, `Invalid URL format: '${value}' is relative, and the document has no address`, { callSid: run.call.sid });
    return null;
  }
  return new URL(value, run.document.url.replace(/#.*$/s, '')).href;
};

/** Goes to an action URL; an absent one means what the verb says (`otherwise`), one that cannot be resolved ends the call. */
export const goTo = (run: Run, attributes: Record<string, string>, params: Record<string, string>, otherwise: Next): Next => {
  const action = attributes['action']?.trim();
  if (action === undefined || action === '') return otherwise;
  const url = resolveUrl(run, action);
  return url === null ? { kind: 'hang-up' } : { kind: 'go', source: { url, method: attributes['method'] ?? 'POST' }, params };
};

/** The document itself, for verbs whose omitted action is "the same URL again". */
export const sameDocument = (run: Run, attributes: Record<string, string>, params: Record<string, string>): Next =>
  run.document ? { kind: 'go', source: { url: run.document.url, method: attributes['method'] ?? 'POST' }, params } : NEXT;
