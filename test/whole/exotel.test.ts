// The main job in Exotel's accent, on the simulated Exotel: the same lead, the same record, whatever the carrier.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fresh, startStack, type Stack } from './stack.ts';
import { until } from './until.ts';
import type { LeadSeen } from './world.ts';

let stack: Stack;
beforeAll(async () => { stack = await startStack({ env: { TELEPHONY_PROVIDER: 'exotel' } }); });
afterAll(async () => { await stack.stop(); });

const enquire = async (phone: string): Promise<string> => {
  const answer = await fetch(`${stack.base}/enquire`, { method: 'POST', body: JSON.stringify({ phone, name: 'Asha', consent: true }), headers: { 'content-type': 'application/json', ...fresh } });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { leadId: string }).leadId;
};
const lead = async (leadId: string): Promise<LeadSeen> => (await stack.api(`/api/leads/${leadId}`)).body as LeadSeen;
const settled = (leadId: string, statuses: string[]): Promise<LeadSeen> => until(`the lead is ${statuses.join(' or ')}`, async () => {
  const seen = await lead(leadId);
  return statuses.includes(seen.status) && seen;
}, 90_000);

describe('npm start with TELEPHONY_PROVIDER=exotel', () => {
  it('calls, talks and records, and each bad end is told as it was', { timeout: 120_000 }, async () => {
    const [talks, busy, hangsUp, agentFails] = await Promise.all(['+919876543200', '+919876543201', '+919876543205', '+919876543216'].map(enquire));
    const [talked, wasBusy, hungUp, failed] = await Promise.all([
      settled(talks!, ['reached']), settled(busy!, ['scheduled', 'unreachable']), settled(hangsUp!, ['reached']), settled(agentFails!, ['scheduled', 'unreachable']),
    ]);
    expect(talked.calls).toHaveLength(1);
    expect(talked.calls[0]).toMatchObject({ carrier: 'exotel', status: 'completed', endReason: 'agent-ended', to: '+919876543200' });
    expect(new Set(talked.calls[0]!.transcript.map(({ role }) => role))).toEqual(new Set(['agent', 'caller']));
    expect(talked.calls[0]!.transcript.at(-1)).toMatchObject({ role: 'agent' });
    expect(wasBusy.calls[0]).toMatchObject({ carrier: 'exotel', status: 'busy' });
    expect(hungUp.calls[0]).toMatchObject({ endReason: 'caller-hung-up' });
    expect(failed.calls[0]).toMatchObject({ endReason: 'agent-failed' });
  });

  it('refuses a callback without its token, with another attempt\'s, or for another call, and writes nothing', async () => {
    const leadId = await enquire('+919876543202');
    const seen = await until('the call is placed', async () => {
      const found = await lead(leadId);
      return found.calls.length > 0 && found;
    }, 30_000);
    const [call] = seen.calls;
    const post = (query: string): Promise<Response> => fetch(`${stack.base}/webhooks/exotel/status${query}`, {
      method: 'POST', headers: { 'content-type': 'application/json', ...fresh }, body: JSON.stringify({ CallSid: call!.callSid, Status: 'completed', EventType: 'terminal' }),
    });
    for (const query of ['', `?attempt=${call!.attemptId}`, `?attempt=${call!.attemptId}&token=forged`]) {
      const answer = await post(query);
      expect([400, 401, 403, 404]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toContain('problem+json');
    }
    expect((await lead(leadId)).calls[0]!.status).not.toBe('completed');
  });
});
