import { describe, expect, it } from 'vitest';
import { leadView } from '#calls/lead-view.ts';
import { newCallRecord, foldCall } from '#calls/fold-call.ts';
import type { CallEvent } from '#calls/call.ts';
import { NOON } from '#doubles/clock.ts';
import { attemptRecord, leadRecord, newCall, sidNumber, statusEvent } from '#doubles/records.ts';
import { newMessage, type OutboxMessage } from '#outbox/message.ts';
import { outcomeJsonSchema, outcomeOf, outcomeSchema } from '#outbox/outcome.ts';

const lead = leadRecord({ status: 'reached', disposition: 'interested', summary: 'Wants a boiler.', version: 7 });
const message = (more: Partial<OutboxMessage> = {}): OutboxMessage => ({ ...newMessage(lead.leadId, 6, { occurredAt: NOON, status: 'reached', disposition: 'unknown', erased: false }, NOON), ...more });
const events: CallEvent[] = [
  statusEvent('completed', { durationSeconds: 31, cost: '0.02 USD' }),
  { kind: 'ended', at: NOON, endReason: 'agent-ended', detail: null, turnMs: [420] },
  { kind: 'recording', at: NOON, recordingSid: 'RE1', url: 'https://recordings.example/1', durationSeconds: 31 },
];
const call = { ...foldCall(newCallRecord(newCall(1)), events), callSid: sidNumber(1) };
const view = leadView({
  lead, attempts: [attemptRecord({ state: 'placed', callSid: call.callSid, claimedAt: NOON })],
  calls: [{ call, turns: [{ index: 0, role: 'agent', text: 'Hello.', at: NOON }], events }],
});

describe('the outcome that is delivered', () => {
  it('holds the lead, its attempts and its calls, and fits the schema', () => {
    const outcome = outcomeOf(message(), { lead, view });
    expect(outcome).toEqual(outcomeSchema.parse(outcome));
    expect(outcome).toMatchObject({
      id: message().id, type: 'lead.outcome', version: 1, sequence: 6, occurredAt: NOON, erased: false,
      lead: { leadId: lead.leadId, name: lead.name, phone: lead.phone, interest: 'a boiler', summary: 'Wants a boiler.', consentTextHash: lead.consent.textHash, consentAt: NOON, createdAt: NOON },
      attempts: [{ state: 'placed', callId: call.callId, decision: null }],
      calls: [{
        callId: call.callId, callSid: call.callSid, status: 'completed', endReason: 'agent-ended', durationSeconds: 31, cost: '0.02 USD', recordingUrl: 'https://recordings.example/1',
        transcript: [{ role: 'agent', text: 'Hello.', at: NOON }], latency: { turnMs: [420] },
      }],
    });
  });

  it("tells the message's own status and disposition, whatever the lead has become since", () => {
    expect(outcomeOf(message(), { lead, view }).lead).toMatchObject({ status: 'reached', disposition: 'unknown' });
  });

  it('of a lead that was refused has no calls', () => {
    const refused = leadRecord({ status: 'refused', disposition: 'unknown' });
    const outcome = outcomeOf(message({ status: 'refused' }), { lead: refused, view: leadView({ lead: refused, attempts: [attemptRecord({ state: 'refused', reason: 'Not in this country.' })], calls: [] }) });
    expect(outcome).toEqual(outcomeSchema.parse(outcome));
    expect(outcome).toMatchObject({ attempts: [{ state: 'refused', reason: 'Not in this country.', callId: null }], calls: [] });
  });

  it('of a lead that was erased says so, and nothing about anybody', () => {
    const outcome = outcomeOf(message({ erased: true }), undefined);
    expect(outcome).toEqual({
      id: message().id, type: 'lead.outcome', version: 1, sequence: 6, occurredAt: NOON, erased: true,
      lead: { leadId: lead.leadId, status: 'reached', disposition: 'unknown' }, attempts: [], calls: [],
    });
    expect(outcome).toEqual(outcomeSchema.parse(outcome));
  });

  it('is described by docs/outcome.schema.json', async () => {
    await expect(`${JSON.stringify(outcomeJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../docs/outcome.schema.json');
  });
});
