// ElevenLabs' post-call webhook: its signature on the raw body, and what it says of a conversation.
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { VisibleError } from '#calls/errors.ts';
import { dispositions, type Disposition } from '#calls/lead.ts';

/** A signature older than this is refused (ElevenLabs documents 30 minutes) … */
const OLDEST_SECONDS = 30 * 60;
/** … and one from the future, which their own SDK accepts. */
const FUTURE_SECONDS = 5 * 60;

const refused = (message: string): VisibleError => new VisibleError('forbidden', 'signature-wrong', 'This address answers webhooks signed by ElevenLabs only.', { fields: [{ field: 'ElevenLabs-Signature', message }] });

/** Checks `ElevenLabs-Signature: t=<unix>,v0=<hex>` over `<t>.<raw body>`; several v0 may stand in it. Throws VisibleError('forbidden'). */
export const verifyElevenLabs = (secret: string, header: string | undefined, body: Buffer, now: Date): void => {
  if (!header) throw refused('is missing');
  const parts = header.split(',').map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice(2);
  const shown = parts.filter((part) => part.startsWith('v0=')).map((part) => part.slice(3));
  if (time === undefined || !/^\d{1,12}$/.test(time) || shown.length === 0) throw refused('must be t=<seconds>,v0=<hex>');
  const age = now.getTime() / 1000 - Number(time);
  if (age > OLDEST_SECONDS || age < -FUTURE_SECONDS) throw refused('is too old or from the future');
  const right = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  const fits = shown.some((hex) => {
    const bytes = Buffer.from(hex, 'hex');
    return bytes.length === right.length && timingSafeEqual(bytes, right);
  });
  if (!fits) throw refused('does not fit the body');
};

const value = z.object({ value: z.unknown().optional() }).nullish();
const conversation = z.object({
  conversation_id: z.string().min(1).max(200),
  status: z.string().nullish(),
  analysis: z.object({ transcript_summary: z.string().nullish(), data_collection_results: z.record(z.string(), value).nullish() }).nullish(),
  conversation_initiation_client_data: z.object({ dynamic_variables: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});
const webhook = z.object({ type: z.string('is missing'), event_timestamp: z.number().nullish(), data: z.unknown().optional() });

export interface ConversationOutcome {
  conversationId: string;
  /** Our call, as we had passed it in the dynamic variables. */
  callId: string | null;
  disposition: Disposition;
  summary: string | null;
  at: string;
}

const disposition = (found: unknown): Disposition => {
  const word = typeof found === 'string' ? found.trim().toLowerCase().replaceAll(/[\s_]+/g, '-') : '';
  return (dispositions as readonly string[]).includes(word) ? (word as Disposition) : 'unknown';
};

/** What a conversation came to, from the body of GET conversation or the webhook's data; undefined when it is not one. */
export const readConversation = (data: unknown, at: string): ConversationOutcome | undefined => {
  const read = conversation.safeParse(data);
  if (!read.success) return undefined;
  const callId = read.data.conversation_initiation_client_data?.dynamic_variables?.['call_id'];
  const collected = read.data.analysis?.data_collection_results;
  const asked = collected?.['summary']?.value;
  // Agents that were made from our document collect a summary for a colleague (definition/body.ts); ElevenLabs' own is there for every agent.
  const summary = (typeof asked === 'string' && asked.trim()) || read.data.analysis?.transcript_summary?.trim();
  // Longer ones are nobody's, and no key of a table.
  return {
    conversationId: read.data.conversation_id, callId: typeof callId === 'string' && callId.length <= 64 ? callId : null, at,
    disposition: disposition(collected?.['disposition']?.value),
    summary: summary?.slice(0, 4000).toWellFormed() || null,
  };
};

/** The webhook's body; null for kinds that we do not use. Throws VisibleError naming what is wrong. */
export const readElevenLabsWebhook = (body: unknown, now: Date): ConversationOutcome | null => {
  const read = webhook.safeParse(body);
  if (!read.success) throw new VisibleError('invalid', 'webhook-invalid', 'The webhook could not be read.', { fields: [{ field: 'type', message: 'must be there: a webhook is {type, event_timestamp, data}' }] });
  if (read.data.type !== 'post_call_transcription') return null;
  const at = read.data.event_timestamp && read.data.event_timestamp > 0 && read.data.event_timestamp < 1e11 ? new Date(read.data.event_timestamp * 1000).toISOString() : now.toISOString();
  const outcome = readConversation(read.data.data, at);
  if (!outcome) throw new VisibleError('invalid', 'webhook-invalid', 'The webhook could not be read.', { fields: [{ field: 'data', message: 'must be a conversation with a conversation_id' }] });
  return outcome;
};
