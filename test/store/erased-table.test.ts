import { ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { answerCall } from '#calls/answer-call.ts';
import { dialAttempt } from '#calls/dial-attempt.ts';
import { eraseLead, eraseNumber } from '#calls/erase-lead.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { phoneKey } from '#calls/phone-key.ts';
import { readPolicy } from '#calls/policy.ts';
import type { DialMessage } from '#calls/ports.ts';
import { recordEvent } from '#calls/record-event.ts';
import { recordOutcome } from '#calls/record-outcome.ts';
import { recordCallback } from '#calls/record-status.ts';
import { takeEnquiry } from '#calls/take-enquiry.ts';
import { scriptedCarrier } from '#doubles/carrier.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { enquiry, leadIdNumber, newEnquiry, sidNumber, statusEvent } from '#doubles/records.ts';
import type { Tables } from '#store/client.ts';
import { storesOver } from '#store/dynamo-stores.ts';
import { withEngine } from './engine.ts';

const { tables } = withEngine();
const PHONE = '+447911123456';
const SAID = 'my daughter has measles';
const personal = ['+447911123456', '447911123456', '07911123456', '07911 123456', '7911123456', 'Ada Byron', 'a boiler', '203.0.113.7', 'Firefox', 'example.com', 'Europe/London', SAID, 'wants a boiler', 'https://api.twilio.com/RE'];

/** Every item of both tables, as text. */
const dump = async ({ db, callsTable, sessionsTable }: Tables): Promise<string> => {
  const all: unknown[] = [];
  for (const TableName of [callsTable, sessionsTable]) {
    let from: Record<string, unknown> | undefined;
    do {
      const page = await db.send(new ScanCommand({ TableName, ConsistentRead: true, ...(from ? { ExclusiveStartKey: from } : {}) }));
      all.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from);
  }
  return JSON.stringify(all);
};
const found = async (open: Tables): Promise<string[]> => {
  const text = await dump(open);
  return personal.filter((one) => text.includes(one));
};

const desk = async () => {
  const open = await tables();
  const clock = handClock();
  const stores = storesOver(open, clock, () => 0);
  const twilio = scriptedCarrier(clock);
  const messages: DialMessage[] = [];
  let leads = 0;
  const deps = {
    ...stores, clock, policy: readPolicy({}), carriers: { twilio: twilio.carrier }, carrierNames: ['twilio' as const], random: () => 0, wait: async () => {},
    queue: { send: async (message: DialMessage) => void messages.push(message) }, schedule: { at: async () => {}, cancel: async () => {} },
    newLeadId: () => leadIdNumber(leads += 1), consentText: 'I agree.', onQueueFailure: () => {}, forgetters: { 'twilio#recording': async () => {}, 'elevenlabs#conversation': async () => {} },
    onForgetFailure: () => {}, onHangUpFailure: () => {},
  };
  const attemptId = attemptIdOf(leadIdNumber(1), 1);
  const { callId } = readAttemptId(attemptId)!;
  const event = recordEvent(deps);
  const told = (...events: Parameters<typeof event>[1][]) => recordCallback(deps)({ carrier: 'twilio', callSid: sidNumber(1), attemptId, events });
  return {
    open, stores, deps, twilio, attemptId, callId, told,
    enquire: () => takeEnquiry(deps)(enquiry({ phone: PHONE }), { ip: '203.0.113.7', userAgent: 'Firefox', idempotencyKey: 'one' }),
    dial: () => dialAttempt(deps)({ attemptId }),
    talk: async (from: number, turns: number): Promise<void> => {
      for (let index = from; index < from + turns; index += 1) await stores.calls.putTurn(callId, { index, role: 'caller', text: SAID, at: NOON });
    },
    begin: async (): Promise<void> => {
      await told(statusEvent('in-progress', { sequence: 1 }));
      await event(callId, { kind: 'agent-connected', at: NOON, epoch: 0, conversationId: 'conv_1', voiceId: null });
    },
    end: async (): Promise<void> => {
      await told(statusEvent('completed', { sequence: 2 }), { kind: 'recording', at: NOON, recordingSid: 'RE1', url: 'https://api.twilio.com/RE1', durationSeconds: 2 });
      await recordOutcome(deps)({ callId, conversationId: 'conv_1', disposition: 'interested', summary: 'She wants a boiler.', at: NOON });
    },
  };
};

describe('the tables after an erasure', () => {
  it('hold nothing personal of a lead that was called', async () => {
    const d = await desk();
    await d.enquire();
    await d.dial();
    await d.begin();
    await d.talk(0, 30);
    await d.end();
    expect((await found(d.open)).length).toBeGreaterThan(8);
    expect(await eraseLead(d.deps)(leadIdNumber(1))).toEqual({ leads: 1, calls: 1, turns: 30, recordings: 1, pending: 0, ended: 0, notEnded: 0 });
    expect(await found(d.open)).toEqual([]);
  });

  it('hold nothing personal of a number that was suppressed and called twice', async () => {
    const d = await desk();
    await d.enquire();
    await d.dial();
    await d.begin();
    await d.deps.suppressions.suppress({ phone: PHONE, reason: 'crm', at: NOON, note: 'Ada Byron asked' });
    await takeEnquiry(d.deps)(enquiry({ phone: PHONE, formUrl: 'https://example.com/2' }), { ip: '203.0.113.7', userAgent: 'Firefox', idempotencyKey: null });
    expect((await eraseNumber(d.deps)(PHONE)).counts).toMatchObject({ leads: 2, ended: 1 });
    expect(await found(d.open)).toEqual([]);
    expect(await d.stores.suppressions.suppression(PHONE)).toMatchObject({ phone: null, reason: 'crm' });
  });

  it('hold nothing personal when it came in the middle of the call, with everything that arrives late', async () => {
    const d = await desk();
    await d.enquire();
    await d.dial();
    await d.begin();
    await d.talk(0, 5);
    await Promise.all([d.talk(5, 40), eraseNumber(d.deps)(PHONE), d.end(), d.told(statusEvent('in-progress', { sequence: 1 }))]);
    expect(await found(d.open)).toEqual([]);
    await d.talk(45, 3);
    await d.end();
    expect(await d.told(statusEvent('completed', { sequence: 3 }))).toBe('recorded');
    expect(await d.dial()).toBe('no-such-attempt');
    expect(await answerCall({ calls: d.stores.calls, suppressions: d.stores.suppressions, clock: d.deps.clock, ticketSecret: 'a secret of the tests, 32 letters', ticketTtlSeconds: 120, transferNumbers: { twilio: [], exotel: [] } })({ attemptId: d.attemptId, callSid: sidNumber(1) })).toEqual({ flow: 'hang-up' });
    expect(await found(d.open)).toEqual([]);
    expect(await d.stores.calls.call(d.callId)).toMatchObject({ status: 'completed', erasedAt: NOON });
  });

  it('hold nothing personal when it came between the look at a call\'s events and the write of what they come to', async () => {
    const d = await desk();
    await d.enquire();
    await d.dial();
    await d.begin();
    await d.told(statusEvent('completed', { sequence: 2 }));
    // A callback that has read everything, and is overtaken before it writes.
    let overtaken = false;
    const slow = new Proxy(d.open.db, { get: (target, name) => (name !== 'send' ? Reflect.get(target, name) as unknown : async (command: UpdateCommand) => {
      if (!overtaken && command instanceof UpdateCommand && command.input.UpdateExpression?.includes('eventCount')) {
        overtaken = true;
        await eraseLead(d.deps)(leadIdNumber(1));
      }
      return target.send(command);
    }) });
    const late = storesOver({ ...d.open, db: slow }, d.deps.clock, () => 0);
    await late.calls.append(d.callId, { kind: 'outcome', at: NOON, source: 'analysis', disposition: 'interested', summary: 'She wants a boiler.' });
    expect([overtaken, await found(d.open)]).toEqual([true, []]);
    expect(await d.stores.calls.call(d.callId)).toMatchObject({ disposition: 'interested', summary: null, eventCount: 5 });
  });

  it('hold nothing personal when it came while the dialer was at work', async () => {
    for (const wait of [0, 1, 2, 4, 8, 12]) {
      const d = await desk();
      await d.enquire();
      await Promise.all([d.dial(), (async () => {
        for (let i = 0; i < wait; i += 1) await new Promise<void>((resolve) => { setImmediate(resolve); });
        await eraseLead(d.deps)(leadIdNumber(1));
      })()]);
      expect(await found(d.open)).toEqual([]);
      // Either nobody was rung, or the phone was hung up.
      expect(d.twilio.hungUp.length).toBeGreaterThanOrEqual(d.twilio.rung.length);
    }
  });
});

describe('what is personal, when its time is over', () => {
  it('counts as gone before DynamoDB drops it', async () => {
    const clock = handClock();
    const { leads, calls } = storesOver(await tables(), clock, () => 0, 30);
    const { lead, attempt } = newEnquiry(1);
    await leads.createEnquiry({ lead, attempt, idempotencyKey: 'k', fingerprint: 'f', expiresAt: '2026-11-22T12:00:00.000Z' });
    const { callId } = readAttemptId(attempt.attemptId)!;
    await calls.open({ callId, attemptId: attempt.attemptId, leadId: lead.leadId, carrier: 'twilio', direction: 'outbound', from: '+15005550006', to: lead.phone }, NOON);
    await calls.putTurn(callId, { index: 0, role: 'caller', text: SAID, at: NOON });
    clock.set('2026-12-21T11:59:59.000Z');
    expect([(await leads.lead(lead.leadId))?.name, (await leads.list({ limit: 5 })).leads.length, (await calls.turns(callId)).length]).toEqual(['Ada Byron', 1, 1]);
    clock.set('2026-12-21T12:00:00.000Z');
    expect([await leads.lead(lead.leadId), (await leads.list({ limit: 5 })).leads, await leads.attempts(lead.leadId), await leads.leadsOf(phoneKey(lead.phone), 5), await leads.attemptsDue('2027-01-01T00:00:00.000Z', 5), await calls.call(callId), await calls.turns(callId)])
      .toEqual([undefined, [], [], [], [], undefined, []]);
  });
});
