import { describe, expect, it } from 'vitest';
import { expectationsOf } from '#compose/ringing.ts';
import { jsonLog } from '#house/log.ts';
import { readEnv } from '#house/env.ts';
import { handClock } from '#doubles/clock.ts';
import type { Tables } from '#store/client.ts';

const call = { callId: 'call_1', carrier: 'twilio' as const, callSid: 'CA1', leadId: 'lead_1', placedAt: '2026-11-21T12:00:00.000Z', until: '2026-11-21T12:00:40.000Z' };
const base = (variables: Record<string, string>, send: (command: { input: unknown }) => Promise<unknown>) => {
  const lines: string[] = [];
  const tables = { db: { send }, callsTable: 'calls', sessionsTable: 'sessions' } as unknown as Tables;
  return { lines, made: expectationsOf({ env: readEnv(variables), tables, clock: handClock(), log: jsonLog((line) => lines.push(line)) }) };
};

describe('that a phone is about to ring', () => {
  it('is told to nobody unless the agent is opened so early', () => {
    const nobody = async (): Promise<never> => { throw new Error('nothing is written'); };
    expect([base({}, nobody).made, base({ AGENT_OPENS: 'answer' }, nobody).made]).toEqual([undefined, undefined]);
  });

  it('is written into the table of what passes, and expires with the last ring', async () => {
    const sent: unknown[] = [];
    const { made } = base({ AGENT_OPENS: 'ringing' }, async ({ input }) => void sent.push(input));
    await made!.expect(call);
    expect(sent).toEqual([{ TableName: 'sessions', Item: { pk: 'RING', sk: 'call_1', call, expires: Date.parse(call.until) / 1000 } }]);
  });

  it('holds nothing up when it cannot be written', async () => {
    const { made, lines } = base({ AGENT_OPENS: 'ringing' }, async () => { throw new Error('throttled'); });
    await made!.expect(call);
    expect(lines.map((line) => JSON.parse(line) as Record<string, unknown>)).toMatchObject([{ level: 'warn', callId: 'call_1' }]);
  });
});
