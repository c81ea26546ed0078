// What every erasure, audit trail, switch and list of the forgettable keeps: run against memory and against the embedded engine.
import { expect, it } from 'vitest';
import { attemptIdOf } from '#calls/lead.ts';
import { phoneKey } from '#calls/phone-key.ts';
import { handClock, NOON } from '#doubles/clock.ts';
import { attemptRecord, callIdNumber, leadIdNumber, newCall, newEnquiry, PHONE, sidNumber, statusEvent } from '#doubles/records.ts';
import type { MakeStores } from './engine.ts';

const lead = leadIdNumber(1);
const id = callIdNumber(1);
const key = phoneKey(PHONE);
const turn = (index: number) => ({ index, role: 'caller' as const, text: `line ${index}`, at: NOON });
const outcome = { kind: 'outcome' as const, at: NOON, source: 'analysis' as const, disposition: 'interested' as const, summary: 'Wants a boiler.' };
const wish = { kind: 'callback-asked' as const, at: NOON, by: 'agent' as const, dueAt: '2026-11-21T15:00:00.000Z', note: 'Wants a boiler.' };
const asked = (epoch: number) => ({ kind: 'transfer' as const, at: NOON, epoch, state: 'asked' as const, detail: 'Ada Byron wants to talk about her daughter.' });
const recording = { kind: 'recording' as const, at: NOON, recordingSid: 'RE1', url: 'https://api.twilio.com/RE1', durationSeconds: 3 };

export const erasureContract = (make: MakeStores): void => {
  const called = async () => {
    const stores = await make(handClock());
    await stores.leads.createEnquiry(newEnquiry(1));
    await stores.calls.open(newCall(1), NOON);
    await stores.calls.bind(id, 'twilio', sidNumber(1));
    await stores.calls.append(id, statusEvent('in-progress', { sequence: 1 }));
    return stores;
  };

  it('finds an erased lead no more, by no way, and begins an erasure once', async () => {
    const { leads, erasures } = await called();
    expect(await erasures.begin(leadIdNumber(2), NOON)).toBeUndefined();
    expect(await erasures.begin(lead, NOON)).toEqual({ leadId: lead, erasedAt: NOON });
    expect(await erasures.begin(lead, '2026-11-21T13:00:00.000Z')).toEqual({ leadId: lead, erasedAt: NOON });
    await erasures.finish({ leadId: lead, erasedAt: NOON });
    await erasures.finish({ leadId: lead, erasedAt: NOON });
    expect([await leads.lead(lead), await leads.leadsOf(key, 10), (await leads.list({ limit: 10 })).leads, (await leads.list({ limit: 10, status: 'new' })).leads, await leads.enquiry('key-1', NOON)])
      .toEqual([undefined, [], [], [], undefined]);
  });

  it('takes an erased lead for one that nobody may settle, plan for or open a call of', async () => {
    const { leads, calls, erasures } = await called();
    await erasures.begin(lead, NOON);
    expect(await leads.settleLead(lead, 1, { status: 'reached', disposition: 'interested', summary: 'Wants a boiler.' })).toBe(false);
    expect(await leads.createAttempt(attemptRecord({ attemptId: attemptIdOf(lead, 2) }))).toBe(false);
    expect(await calls.open({ ...newCall(1), callId: id.replace(/_1$/, '_2') }, NOON)).toBe(false);
    expect(await calls.call(id.replace(/_1$/, '_2'))).toBeUndefined();
  });

  it('keeps an attempt\'s states and times, and no words', async () => {
    const { leads, erasures } = await called();
    await leads.claimAttempt(attemptIdOf(lead, 1), PHONE, NOON);
    await erasures.begin(lead, NOON);
    await erasures.finish({ leadId: lead, erasedAt: NOON });
    expect(await leads.attempt(attemptIdOf(lead, 1))).toMatchObject({ state: 'dialling', decision: null, reason: null, history: [{ event: 'ready', detail: null }, { event: 'dialling', detail: null }] });
    expect(await leads.dialledAt(PHONE, '2026-01-01T00:00:00.000Z')).toEqual([]);
  });

  it('empties a call, tells its recordings, and folds what comes later without what is personal', async () => {
    const { calls, erasures } = await called();
    for (const index of [0, 1, 2]) await calls.putTurn(id, turn(index));
    await calls.append(id, recording);
    await calls.append(id, outcome);
    expect((await calls.append(id, wish)).callbackAsked).toEqual({ at: NOON, dueAt: wish.dueAt });
    await calls.append(id, asked(0));
    await erasures.begin(lead, NOON);
    expect(await erasures.eraseCall(id, NOON)).toMatchObject({ turns: 3, recordings: ['RE1'], call: { callId: id, callSid: sidNumber(1), from: '', to: '', summary: null, recordingUrl: null, erasedAt: NOON, status: 'in-progress', disposition: 'interested' } });
    await calls.putTurn(id, turn(3));
    await calls.putTurn(id, turn(0));
    await calls.append(id, { ...outcome, source: 'agent', summary: 'Said more.' });
    await calls.append(id, { ...recording, recordingSid: 'RE2' });
    await calls.append(id, { ...wish, at: '2026-11-21T12:00:01.000Z' });
    await calls.append(id, asked(1));
    const after = await calls.append(id, statusEvent('completed', { sequence: 2, durationSeconds: 3 }));
    expect(after).toMatchObject({ status: 'completed', from: '', to: '', summary: null, recordingUrl: null, erasedAt: NOON });
    expect(await calls.turns(id)).toEqual([]);
    expect((await calls.events(id)).filter((event) => event.kind === 'recording' || event.kind === 'outcome')).toEqual(expect.arrayContaining([{ ...recording, url: '' }, { ...outcome, summary: null }]));
    expect((await calls.events(id)).filter((event) => event.kind === 'callback-asked')).toEqual([{ ...wish, note: null }, { ...wish, at: '2026-11-21T12:00:01.000Z', note: null }]);
    expect((await calls.events(id)).filter((event) => event.kind === 'transfer')).toEqual([0, 1].map((epoch) => ({ ...asked(epoch), detail: null })));
    expect(after.transfer).toEqual({ state: 'asked', epoch: 1 });
    expect(await erasures.eraseCall(id, NOON)).toMatchObject({ turns: 0, call: { erasedAt: NOON } });
    expect(await erasures.eraseCall(callIdNumber(9), NOON)).toBeUndefined();
  });

  it('lets no words in while it erases, however many come at once', async () => {
    const { calls, erasures } = await called();
    const late = Array.from({ length: 12 }, (_, i) => calls.putTurn(id, turn(i)));
    const events = [calls.append(id, outcome), calls.append(id, { ...outcome, source: 'agent' }), calls.append(id, recording), calls.append(id, statusEvent('completed', { sequence: 2 }))];
    await Promise.all([...late, ...events, (async () => { await erasures.begin(lead, NOON); await erasures.eraseCall(id, NOON); })()]);
    expect(await calls.turns(id)).toEqual([]);
    expect(await calls.call(id)).toMatchObject({ to: '', summary: null, recordingUrl: null, status: 'completed', eventCount: 5 });
    for (const event of await calls.events(id)) expect(event).not.toMatchObject({ kind: 'outcome', summary: 'Wants a boiler.' });
  });

  it('keeps a suppression under its pseudonym, also one that comes late, unless another lead has the number', async () => {
    const { leads, suppressions, erasures } = await called();
    await leads.createEnquiry(newEnquiry(2));
    await suppressions.suppress({ phone: PHONE, reason: 'opt-out', at: NOON, note: 'said so' }, lead);
    await erasures.begin(lead, NOON);
    await erasures.finish({ leadId: lead, erasedAt: NOON });
    expect(await suppressions.suppression(PHONE)).toMatchObject({ phone: PHONE });
    await erasures.begin(leadIdNumber(2), NOON);
    await erasures.finish({ leadId: leadIdNumber(2), erasedAt: NOON });
    expect(await suppressions.suppression(PHONE)).toEqual({ phone: null, reason: 'opt-out', at: NOON, note: null });
    expect((await suppressions.suppressions({ limit: 10 })).suppressions).toEqual([{ phone: null, reason: 'opt-out', at: NOON, note: null, mark: key.slice(0, 4) }]);
    await suppressions.suppress({ phone: '+442079460020', reason: 'opt-out', at: NOON, note: 'x' }, lead);
    expect(await suppressions.suppression('+442079460020')).toEqual({ phone: null, reason: 'opt-out', at: NOON, note: null });
    expect(await suppressions.forgetNumber(phoneKey('+442079460021'))).toBe(false);
  });

  it('lists the leads of a number newest first, and the calls that came from it', async () => {
    const { leads, calls } = await make(handClock());
    for (const n of [2, 1, 3]) await leads.createEnquiry(newEnquiry(n));
    await leads.createEnquiry(newEnquiry(4, { lead: { phone: '+442079460019' } }));
    expect(await leads.leadsOf(key, 10)).toEqual([3, 2, 1].map(leadIdNumber));
    expect(await leads.leadsOf(key, 2)).toEqual([3, 2].map(leadIdNumber));
    const inbound = { ...newCall(1), callId: 'call_01KADM7Q2V8ZC4T9W6N3H00042', attemptId: null, leadId: null, direction: 'inbound' as const, from: PHONE, to: '+15005550006' };
    expect([await calls.open(inbound, NOON), await calls.open(inbound, NOON)]).toEqual([true, true]);
    expect([await calls.callsOf(key, 10), await calls.callsOf(phoneKey('+442079460019'), 10)]).toEqual([[inbound.callId], []]);
  });

  it('keeps the audit trail, newest first, page by page', async () => {
    const { audit } = await make(handClock());
    const entry = (n: number) => ({ at: `2026-11-2${n}T12:00:00.000Z`, by: 'admin-token', action: 'erase' as const, leadId: leadIdNumber(n), facts: { calls: n } });
    for (const n of [1, 2, 3]) await audit.note(entry(n));
    const page = await audit.entries({ limit: 2 });
    expect(page.entries).toEqual([entry(3), entry(2)]);
    expect(await audit.entries({ limit: 2, cursor: page.cursor! })).toEqual({ entries: [entry(1)], cursor: null });
    await expect(audit.entries({ limit: 2, cursor: 'forged' })).rejects.toMatchObject({ code: 'bad-cursor' });
  });

  it('is switched on until somebody switches it off', async () => {
    const { switches } = await make(handClock());
    expect(await switches.dialling()).toEqual({ dialling: true, at: null, by: null });
    await switches.setDialling({ dialling: false, at: NOON, by: 'admin-token' });
    expect(await switches.dialling()).toEqual({ dialling: false, at: NOON, by: 'admin-token' });
  });

  it('lists what is to be deleted elsewhere once each, when it is due, until it is done', async () => {
    const { forgets } = await make(handClock());
    const item = { service: 'twilio' as const, kind: 'recording' as const, id: 'RE1' };
    const other = { service: 'elevenlabs' as const, kind: 'conversation' as const, id: 'conv_1' };
    await forgets.add(item, '2026-11-21T13:00:00.000Z');
    await forgets.add(item, NOON);
    await forgets.add(other, '2026-11-21T12:30:00.000Z');
    expect([await forgets.due(NOON, 10), await forgets.due('2026-11-21T14:00:00.000Z', 10), await forgets.due('2026-11-21T14:00:00.000Z', 1)]).toEqual([[item], [item, other], [item]]);
    await forgets.done(item);
    await forgets.done(item);
    expect(await forgets.due('2026-11-21T14:00:00.000Z', 10)).toEqual([other]);
  });

  it('gives the numbers of a period and nothing outside it, newest first, and no more than asked', async () => {
    const { leads, calls, stats } = await make(handClock());
    const at = (n: number): string => `2026-11-${20 + n}T12:00:00.000Z`;
    for (const n of [1, 2, 3, 4]) {
      await leads.createEnquiry(newEnquiry(n, { lead: { createdAt: at(n), status: n === 2 ? 'refused' : 'new' } }));
      await calls.open(newCall(n), NOON);
      await calls.bind(callIdNumber(n), 'twilio', sidNumber(n));
      if (n < 4) await calls.append(callIdNumber(n), statusEvent(n === 3 ? 'busy' : 'no-answer', { at: at(n), enquiryToDialMs: n }));
    }
    expect((await stats.leadsBetween(at(2), at(4), 10)).map((l) => l.status)).toEqual(['new', 'refused']);
    expect(await stats.leadsBetween(at(1), at(4), 1)).toHaveLength(1);
    expect(await stats.callsBetween(at(2), at(4), 10)).toMatchObject([{ status: 'busy', direction: 'outbound', endReason: null, latency: { enquiryToDialMs: 3 } }, { status: 'no-answer' }]);
    expect(await stats.callsBetween(at(1), at(4), 2)).toHaveLength(2);
    expect(await stats.callsBetween('2026-11-01T00:00:00.000Z', at(1), 10)).toEqual([]);
  });
};
