// The outcome as the CRM gets it: its schema (docs/outcome.schema.json is made from it) and how it is made from what the store knows.
import * as z from 'zod';
import { callStatuses, endReasons, transferStates } from '#calls/call.ts';
import type { LeadView } from '#calls/lead-view.ts';
import { attemptStates, dispositions, type LeadRecord } from '#calls/lead.ts';
import type { OutboxMessage } from './message.ts';

const text = z.string();
const time = z.iso.datetime();
/** What a lead may end as. */
const finalStatus = z.enum(['reached', 'unreachable', 'refused', 'do-not-call']);
const carrier = z.enum(['twilio', 'exotel']);

const envelope = {
  id: text.describe('Stable: the same outcome has the same id however often it is delivered. Also in the header webhook-id.'),
  type: z.literal('lead.outcome'),
  version: z.literal(1).describe('Of this schema. Fields may be added under the same version; ignore those that you do not know.'),
  sequence: z.int().describe('Grows with each outcome of one lead. Ignore a message whose sequence is not above the last one that you have.'),
  occurredAt: time,
};
const conclusion = {
  leadId: text,
  status: finalStatus.describe('As of occurredAt.'),
  disposition: z.enum(dispositions).describe('As of occurredAt. What it came to; "unknown" where nobody can tell.'),
};

const attempt = z.object({
  attemptId: text, carrier, state: z.enum(attemptStates).describe('"unknown": nobody could find out whether a phone rang.'), dueAt: time,
  reason: text.nullable().describe('In words for people.'), decision: text.nullable().describe('Code of the permission to dial: "allowed", or why not.'), callId: text.nullable(),
});
const call = z.object({
  callId: text, attemptId: text.nullable(), carrier, callSid: text.nullable(), direction: z.enum(['outbound', 'inbound']), from: text, to: text,
  status: z.enum(callStatuses), endReason: z.enum(endReasons).nullable(), startedAt: time.nullable(), answeredAt: time.nullable(), endedAt: time.nullable(),
  durationSeconds: z.number().nullable(), conversationId: text.nullable(), voiceId: text.nullable(),
  transcript: z.array(z.object({ role: z.enum(['agent', 'caller']), text, at: time })),
  recordingUrl: text.nullable(), answeredBy: text.nullable(), cost: text.nullable().describe('Amount and currency as the carrier told it; null until it did.'),
  transfer: z.enum(transferStates).nullable().describe('Of the talk to a person: asked for by the agent, taken by somebody, or nobody was free. Null where nobody asked.'),
  latency: z.object({ enquiryToDialMs: z.number().nullable(), answerToFirstAudioMs: z.number().nullable(), turnMs: z.array(z.number()) }),
});

const told = z.object({
  ...envelope, erased: z.literal(false),
  lead: z.object({
    ...conclusion, name: text.nullable(), phone: text.describe('E.164.'), interest: text.nullable(), summary: text.nullable(), timeZone: text.nullable(), createdAt: time,
    consentTextHash: text.describe('SHA-256 of the words that were agreed to, hex.'), consentAt: time,
  }),
  attempts: z.array(attempt), calls: z.array(call),
});
const erased = z.object({
  ...envelope, erased: z.literal(true).describe('The lead was erased here; erase what you were told of it before.'),
  lead: z.object(conclusion), attempts: z.array(z.never()).length(0), calls: z.array(z.never()).length(0),
});
export const outcomeSchema = z.discriminatedUnion('erased', [told, erased]);
export type Outcome = z.output<typeof outcomeSchema>;

/** JSON Schema 2020-12 of what is delivered. */
export const outcomeJsonSchema = (): Record<string, unknown> => ({
  title: 'Ringback lead outcome', description: 'What is posted to OUTBOX_URL. See docs/outbox.md.',
  ...z.toJSONSchema(outcomeSchema, {
    io: 'input',
    // zod's own pattern for dates, and JavaScript's bounds of whole numbers, say nothing that a receiver would want to check.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      if (jsonSchema.type === 'integer') { delete jsonSchema.minimum; delete jsonSchema.maximum; }
    },
  }),
});

/**
 * Status and disposition are the message's own, so that the same id tells the same outcome whenever it is delivered; all the rest is as it stands
 * now. Without `known` the lead has been erased. Pure.
 */
export const outcomeOf = (message: OutboxMessage, known: { lead: LeadRecord; view: LeadView } | undefined): Outcome => {
  const head = { id: message.id, type: 'lead.outcome' as const, version: 1 as const, sequence: message.sequence, occurredAt: message.occurredAt };
  const conclusion = { leadId: message.leadId, status: message.status as z.output<typeof finalStatus>, disposition: message.disposition };
  if (!known) return { ...head, erased: true, lead: conclusion, attempts: [], calls: [] };
  const { lead, view } = known;
  return {
    ...head, erased: false,
    lead: {
      ...conclusion, name: lead.name, phone: lead.phone, interest: lead.interest, summary: lead.summary, timeZone: lead.timeZone, createdAt: lead.createdAt,
      consentTextHash: lead.consent.textHash, consentAt: lead.consent.at,
    },
    attempts: view.attempts.map(({ attemptId, carrier, state, dueAt, reason, decision, callId }) => ({ attemptId, carrier, state, dueAt, reason, decision: decision?.code ?? null, callId })),
    calls: view.calls,
  };
};
