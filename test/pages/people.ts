// Called by the page tests: leads as the API gives them, with everything that a call can leave behind.
import type { CallView, Lead, LeadSummary } from '../../web/api.ts';
import { defaultSite, consentText } from '../../web/consent.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 5, 3, 9, 30, second)).toISOString();
export const leadId = (number: number): string => `lead_01JD6Y7Q8R9S0T1V2W3X4Y${String(number).padStart(4, '0')}`;

export const summaryOf = (number: number, change: Partial<LeadSummary> = {}): LeadSummary => ({
  leadId: leadId(number), name: `Visitor ${number}`, phone: `+1415555${String(number).padStart(4, '0')}`, status: 'reached', disposition: 'interested',
  interest: 'Solar panels', createdAt: at(number % 60), ...change,
});

export const talk: CallView['transcript'] = [
  { role: 'agent', text: 'Hello, this is the AI assistant of Ringback. You asked us to call. Is now a good time?', at: at(4) },
  { role: 'caller', text: 'Yes, please go on.', at: at(9) },
  { role: 'agent', text: 'You are interested in solar panels. Shall I arrange a visit?', at: at(12) },
  { role: 'caller', text: 'Tell me the price first <b>please</b>.', at: at(17) },
];

export const callOf = (number: number, change: Partial<CallView> = {}): CallView => ({
  callId: `call_01JD6Y7Q8R9S0T1V2W3X4Y${String(number).padStart(4, '0')}_1`, attemptId: `att_01JD6Y7Q8R9S0T1V2W3X4Y${String(number).padStart(4, '0')}_1`,
  carrier: 'twilio', callSid: `CA${'0f'.repeat(16)}`, direction: 'outbound', from: '+14155550100', to: `+1415555${String(number).padStart(4, '0')}`,
  status: 'completed', endReason: 'agent-ended', startedAt: at(1), answeredAt: at(3), endedAt: at(68), durationSeconds: 65, conversationId: 'conv_7d1f2c', voiceId: null,
  transcript: talk, recordingUrl: 'https://api.twilio.example/recordings/RE1', answeredBy: 'human', cost: '-0.0140 USD',
  latency: { enquiryToDialMs: 640, answerToFirstAudioMs: 810, turnMs: [900, 1200, 1450] }, ...change,
});

export const leadOf = (number: number, change: Partial<Lead> = {}): Lead => {
  const { leadId: id, name, phone, status, disposition, interest, createdAt } = summaryOf(number);
  return {
    leadId: id, name, phone, interest, status, disposition, summary: 'Wants to know the price before a visit; asked for an offer by e-mail.', timeZone: 'America/Los_Angeles', createdAt,
    consent: {
      text: consentText(defaultSite), textHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', at: at(0), ip: '203.0.113.7',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36', formUrl: 'https://ringback.example/',
    },
    attempts: [{
      attemptId: `att_${id.slice(5)}_1`, carrier: 'twilio', state: 'placed', dueAt: at(0), reason: null, callId: callOf(number).callId,
      decision: { at: at(0), outcome: 'allowed', code: 'allowed', reason: 'Consent given, within calling hours.', until: null, policyVersion: '2026-05', facts: { localTime: '09:30', dialsToday: 0, country: 'US' } },
    }],
    calls: [callOf(number)],
    timeline: [
      { at: at(0), event: 'enquiry received', detail: null }, { at: at(1), event: 'attempt dialled', detail: 'twilio' }, { at: at(2), event: 'ringing', detail: null },
      { at: at(3), event: 'answered', detail: 'human' }, { at: at(68), event: 'call completed', detail: 'agent-ended, 65 s' },
    ],
    ...change,
  };
};
