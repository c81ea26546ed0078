// The API in OpenAPI 3.1, as it is served at /api/openapi.json.
import { attemptStates, dispositions, leadStatuses } from '#calls/lead.ts';
import { callStatuses, endReasons } from '#calls/call.ts';

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

export const openApi = {
  openapi: '3.1.0',
  info: { title: 'Ringback', version: '0.1.0', description: 'Leads, their calls and what came of them.' },
  security: [{ bearer: [] }],
  paths: {
    '/api/leads': { get: operation('Leads, newest first', { 200: answer('A page of leads', object({ leads: { type: 'array', items: ref('LeadSummary') }, cursor: maybe(text) })) }, { parameters: [{ name: 'status', in: 'query', schema: { enum: leadStatuses } }, ...paging] }) },
    '/api/leads/{leadId}': { get: operation('One lead, with attempts, calls, transcripts and timeline', { 200: answer('The lead', ref('Lead')) }, inPath('leadId')) },
    '/api/leads/{leadId}/suppress': { post: operation('Never call this lead\'s number again', { 200: answer('The lead', ref('Lead')) }, inPath('leadId')) },
    '/api/calls/{callId}': { get: operation('One call', { 200: answer('The call', ref('Call')) }, inPath('callId')) },
    '/api/calls/{callId}/end': { post: operation('Hang up a live call', { 202: answer('It is being ended', object({ ok: { const: true }, callId: text })) }, inPath('callId')) },
    '/api/suppressions': {
      get: operation('Numbers that are not called', { 200: answer('A page of suppressions', object({ suppressions: { type: 'array', items: ref('Suppression') }, cursor: maybe(text) })) }, { parameters: paging }),
      post: operation('Add a number', { 201: answer('The suppression', ref('Suppression')) }, { requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', required: ['phone'], properties: { phone: text, note: text } } } } } }),
      delete: operation('Take a number off the list', { 204: { description: 'Done' } }, { parameters: [{ name: 'phone', in: 'query', required: true, schema: text }] }),
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
      Attempt: object({ attemptId: text, carrier: { enum: ['twilio', 'exotel'] }, state: { enum: attemptStates }, dueAt: time, reason: maybe(text), decision: maybe({ type: 'object' }), callId: maybe(text) }),
      Call: object({
        callId: text, attemptId: maybe(text), carrier: { enum: ['twilio', 'exotel'] }, callSid: text, direction: { enum: ['outbound', 'inbound'] }, from: text, to: text,
        status: { enum: callStatuses }, endReason: maybe({ enum: endReasons }), startedAt: maybe(time), answeredAt: maybe(time), endedAt: maybe(time),
        durationSeconds: maybe(count), conversationId: maybe(text), voiceId: maybe(text),
        transcript: { type: 'array', items: object({ role: { enum: ['agent', 'caller'] }, text, at: time }) },
        recordingUrl: maybe(text), answeredBy: maybe(text), cost: maybe(text),
        latency: object({ enquiryToDialMs: maybe(count), answerToFirstAudioMs: maybe(count), turnMs: { type: 'array', items: count } }),
      }),
      Suppression: object({ phone: text, reason: { enum: ['opt-out', 'carrier-dnd', 'console', 'api', 'crm'] }, at: time, note: maybe(text) }),
    },
  },
};
