// The API in OpenAPI 3.1, as it is served at /api/openapi.json.
import { attemptStates, dispositions, leadStatuses } from '#calls/lead.ts';
import { messageStates } from '#outbox/message.ts';
import { callStatuses, endReasons, transferStates } from '#calls/call.ts';

const text = { type: 'string' };
const maybe = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });
const time = { type: 'string', format: 'date-time' };
const count = { type: 'integer' };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const object = (properties: Record<string, object>) => ({ type: 'object', required: Object.keys(properties), properties });
const answer = (description: string, schema: object) => ({ description, content: { 'application/json': { schema } } });
const trouble = { description: 'What was wrong and what would be right', content: { 'application/problem+json': { schema: ref('Problem') } } };
const operation = (summary: string, ok: Record<string, object>, more: object = {}) => ({ summary, responses: { ...ok, '4XX': trouble }, ...more });
const inPath = (name: string) => ({ parameters: [{ name, in: 'path', required: true, schema: text }] });
const paging = [{ name: 'cursor', in: 'query', schema: text }, { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 200 } }];
const byPhone = { name: 'phone', in: 'query', required: true, schema: text, description: 'E.164, with the + as %2B' };
const json = (schema: object) => ({ requestBody: { required: true, content: { 'application/json': { schema } } } });
const counts = { type: 'object', additionalProperties: count };
const switchProperties = { dialling: { type: 'boolean' }, at: maybe(time), by: maybe(text), policyKillSwitch: { type: 'boolean' } };

export const openApi = {
  openapi: '3.1.0',
  info: { title: 'Ringback', version: '0.1.0', description: 'Leads, their calls and what came of them.' },
  security: [{ bearer: [] }],
  paths: {
    '/api/leads': { get: operation('Leads, newest first', { 200: answer('A page of leads', object({ leads: { type: 'array', items: ref('LeadSummary') }, cursor: maybe(text) })) }, { parameters: [{ name: 'status', in: 'query', schema: { enum: leadStatuses } }, ...paging] }) },
    '/api/leads/{leadId}/retry': { post: operation('Call this lead again now, or as soon as it is permitted', { 202: answer('The attempt that now stands', object({ ok: { const: true }, leadId: text, attemptId: text, state: { enum: ['ready', 'scheduled'] }, dueAt: time, reason: maybe(text) })) }, inPath('leadId')) },
    '/api/leads/{leadId}/export': { get: operation('Everything that is kept about this lead\'s person', { 200: answer('The export', ref('PersonExport')) }, inPath('leadId')) },
    '/api/people': { delete: operation('Erase everybody behind a number. A suppression of it goes on to hold, without the number', { 200: answer('What was erased', ref('Erased')) }, { parameters: [byPhone] }) },
    '/api/people/export': { get: operation('Everything that is kept about the person behind a number', { 200: answer('The export', ref('PersonExport')) }, { parameters: [byPhone] }) },
    '/api/audit': { get: operation('What people did, newest first; nothing personal', { 200: answer('A page of entries', object({ entries: { type: 'array', items: ref('AuditEntry') }, cursor: maybe(text) })) }, { parameters: paging }) },
    '/api/switch': {
      get: operation('Whether anybody is dialled', { 200: answer('The switch', object(switchProperties)) }),
      post: operation('Turn dialling off or on. Off: enquiries are kept and called when it is on again', { 200: answer('The switch', object({ ...switchProperties, broughtForward: count })) }, json({ type: 'object', required: ['dialling'], properties: { dialling: { type: 'boolean' } } })),
    },
    '/api/stats': { get: operation('The numbers of a period, at most 92 days; the newest 10,000 leads and calls of it', { 200: answer('The numbers', ref('Stats')) }, { parameters: [{ name: 'from', in: 'query', schema: text, description: 'A day or a time; seven days before `to` if left out' }, { name: 'to', in: 'query', schema: text, description: 'A day (to its end) or a time; now if left out' }] }) },
    '/api/attempts/{attemptId}': { delete: operation('Cancel an attempt that was not dialled yet', { 200: answer('The attempt', ref('ChangedAttempt')) }, inPath('attemptId')) },
    '/api/attempts/{attemptId}/reschedule': { post: operation('Move a planned attempt to another time, or the first permitted one after it', { 200: answer('The attempt', ref('ChangedAttempt')) }, { ...inPath('attemptId'), ...json({ type: 'object', required: ['at'], properties: { at: time } }) }) },
    '/api/outbox': { get: operation('Outcomes on their way to the CRM, newest first', { 200: answer('A page of messages', object({ messages: { type: 'array', items: ref('OutboxMessage') }, cursor: maybe(text) })) }, { parameters: [{ name: 'state', in: 'query', schema: { enum: messageStates } }, ...paging] }) },
    '/api/outbox/{id}/replay': { post: operation('Send an outcome again', { 202: answer('The message', ref('OutboxMessage')) }, inPath('id')) },
    '/api/openapi.json': { get: operation('This document', { 200: answer('OpenAPI 3.1', { type: 'object' }) }) },
    '/api/leads/{leadId}': { delete: operation('Erase a lead: all that is personal, also out of a call that is going on', { 200: answer('What was erased', ref('Erased')) }, inPath('leadId')), get: operation('One lead, with attempts, calls, transcripts and timeline', { 200: answer('The lead', ref('ShownLead')) }, inPath('leadId')) },
    '/api/leads/{leadId}/suppress': { post: operation('Never call this lead\'s number again', { 200: answer('The lead', ref('ShownLead')) }, inPath('leadId')) },
    '/api/calls/{callId}': { get: operation('One call', { 200: answer('The call', ref('Call')) }, inPath('callId')) },
    '/api/calls/{callId}/end': { post: operation('Hang up a live call', { 202: answer('It is being ended', object({ ok: { const: true }, callId: text })) }, inPath('callId')) },
    '/api/suppressions': {
      get: operation('Numbers that are not called', { 200: answer('A page of suppressions', object({ suppressions: { type: 'array', items: ref('ListedSuppression') }, cursor: maybe(text) })) }, { parameters: paging }),
      post: operation('Add a number', { 201: answer('The suppression', ref('Suppression')) }, json({ type: 'object', required: ['phone'], properties: { phone: text, reason: { enum: ['api', 'crm', 'console'] }, note: text } })),
      delete: operation('Take a number off the list', { 204: { description: 'Done' } }, { parameters: [byPhone] }),
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Problem: object({ type: text, title: text, status: count, detail: text, code: text }),
      LeadSummary: object({ leadId: text, name: maybe(text), phone: text, status: { enum: leadStatuses }, disposition: maybe({ enum: dispositions }), summary: maybe(text), interest: maybe(text), createdAt: time }),
      Lead: object({
        leadId: text, name: maybe(text), phone: text, status: { enum: leadStatuses }, disposition: maybe({ enum: dispositions }), summary: maybe(text),
        consent: object({ text, textHash: text, at: time, ip: maybe(text), userAgent: maybe(text), formUrl: maybe(text) }), timeZone: maybe(text), createdAt: time,
        attempts: { type: 'array', items: ref('Attempt') }, calls: { type: 'array', items: ref('Call') },
        timeline: { type: 'array', items: object({ at: time, event: text, detail: maybe(text) }) },
      }),
      ShownLead: { allOf: [ref('Lead'), { ...object({ suppression: maybe(ref('Suppression')) }), description: 'suppression: why the number is not called, if it is not' }] },
      Attempt: object({ attemptId: text, carrier: { enum: ['twilio', 'exotel'] }, state: { enum: attemptStates }, dueAt: time, reason: maybe(text), decision: maybe({ type: 'object' }), callId: maybe(text) }),
      Call: object({
        callId: text, attemptId: maybe(text), carrier: { enum: ['twilio', 'exotel'] }, callSid: text, direction: { enum: ['outbound', 'inbound'] }, from: text, to: text,
        status: { enum: callStatuses }, endReason: maybe({ enum: endReasons }), startedAt: maybe(time), answeredAt: maybe(time), endedAt: maybe(time),
        durationSeconds: maybe(count), conversationId: maybe(text), voiceId: maybe(text),
        transcript: { type: 'array', items: object({ role: { enum: ['agent', 'caller'] }, text, at: time }) },
        recordingUrl: maybe(text), answeredBy: maybe(text), cost: maybe(text), transfer: maybe({ enum: transferStates }),
        latency: object({ enquiryToDialMs: maybe(count), answerToFirstAudioMs: maybe(count), turnMs: { type: 'array', items: count } }),
      }),
      ChangedAttempt: object({ ok: { const: true }, attemptId: text, leadId: text, state: { enum: attemptStates }, dueAt: time, reason: maybe(text) }),
      Erased: object({ ok: { const: true }, erased: object(Object.fromEntries(['leads', 'calls', 'turns', 'recordings', 'pending', 'ended', 'notEnded'].map((name) => [name, count]))) }),
      OutboxMessage: object({
        id: text, leadId: text, sequence: count, occurredAt: time, status: { enum: leadStatuses }, disposition: { enum: dispositions }, erased: { type: 'boolean' }, state: { enum: messageStates },
        nextAt: maybe(time), firstTriedAt: maybe(time), tries: count, lastTries: { type: 'array', items: object({ at: time, status: maybe(count), reason: maybe(text), ms: count }) },
        reason: maybe(text), deliveredAt: maybe(time), replays: count,
      }),
      PersonExport: object({
        phone: text, exportedAt: time, leads: { type: 'array', items: ref('Lead') }, inboundCalls: { type: 'array', items: ref('Call') }, suppression: maybe(ref('Suppression')),
        dialledAt: { type: 'array', items: time },
      }),
      AuditEntry: object({ at: time, by: text, action: { enum: ['erase', 'export', 'suppress', 'unsuppress', 'retry', 'reschedule', 'cancel', 'end-call', 'switch'] }, leadId: maybe(text), facts: { type: 'object' } }),
      Stats: object({
        from: time, to: time, leads: object({ total: count, byStatus: counts, byDisposition: counts }),
        calls: object({ total: count, byDirection: counts, byStatus: counts, byEndReason: counts }),
        latency: object({ enquiryToDialMs: ref('Spread'), answerToFirstAudioMs: ref('Spread'), turnMs: ref('Spread') }), truncated: { type: 'boolean' },
      }),
      Spread: object({ count, median: maybe(count), p95: maybe(count) }),
      Suppression: object({ phone: maybe(text), reason: { enum: ['opt-out', 'carrier-dnd', 'console', 'api', 'crm'] }, at: time, note: maybe(text) }),
      ListedSuppression: { allOf: [ref('Suppression'), { ...object({ mark: text }), description: 'mark: four digits that tell entries apart whose number was erased' }] },
    },
  },
};
