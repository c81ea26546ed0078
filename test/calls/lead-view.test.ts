import { describe, expect, it } from 'vitest';
import { readLead, readProgress } from '#calls/lead-view.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { leadIdNumber, PHONE, sidNumber, statusEvent } from '#doubles/records.ts';
import { makeWorld } from '#doubles/world.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const talked = async () => {
  const world = makeWorld();
  await world.enquire();
  world.clock.forward(1500);
  await world.dialAll();
  world.clock.forward(4000);
  const at = world.clock.iso();
  await world.callback(first, sidNumber(1), statusEvent('ringing', { at: '2026-11-21T12:00:03.000Z', sequence: 1 }), statusEvent('in-progress', { at, sequence: 2 }),
    { kind: 'stream-started', at, epoch: 0, streamSid: 'MZ1' }, { kind: 'agent-connected', at, epoch: 0, conversationId: 'conv_1', voiceId: 'voice_1' }, { kind: 'first-audio', at, epoch: 0, sinceAnswerMs: 412 });
  for (const [index, text] of ['Hello, this is an AI assistant.', 'Hello?', 'I call about your boiler.'].entries()) await world.stores.calls.putTurn(callId, { index, role: index === 1 ? 'caller' : 'agent', text, at });
  world.clock.forward(20_000);
  await world.callback(first, sidNumber(1), { kind: 'ended', at: world.clock.iso(), endReason: 'agent-ended', detail: null, turnMs: [640, 710] }, statusEvent('completed', { at: world.clock.iso(), sequence: 3, durationSeconds: 20 }));
  return world;
};

describe('a lead in the API\'s words', () => {
  it('has these members and no others', async () => {
    const view = await (await talked()).view(lead);
    expect(Object.keys(view).sort()).toEqual(['leadId', 'name', 'phone', 'status', 'disposition', 'summary', 'consent', 'timeZone', 'createdAt', 'attempts', 'calls', 'timeline'].sort());
    expect(Object.keys(view.consent).sort()).toEqual(['text', 'textHash', 'at', 'ip', 'userAgent', 'formUrl'].sort());
    expect(Object.keys(view.attempts[0]!).sort()).toEqual(['attemptId', 'carrier', 'state', 'dueAt', 'reason', 'decision', 'callId'].sort());
    expect(Object.keys(view.calls[0]!).sort()).toEqual(['callId', 'attemptId', 'carrier', 'callSid', 'direction', 'from', 'to', 'status', 'endReason', 'startedAt', 'answeredAt', 'endedAt', 'durationSeconds',
      'conversationId', 'voiceId', 'transcript', 'recordingUrl', 'answeredBy', 'cost', 'transfer', 'latency'].sort());
    expect(Object.keys(view.calls[0]!.latency).sort()).toEqual(['enquiryToDialMs', 'answerToFirstAudioMs', 'turnMs'].sort());
    expect(view.calls[0]!.transcript.map((turn) => Object.keys(turn).sort())).toEqual(Array.from({ length: 3 }, () => ['at', 'role', 'text']));
    expect(new Set(view.timeline.map((step) => Object.keys(step).sort().join()))).toEqual(new Set(['at,detail,event']));
  });

  it('tells the whole story of a call', async () => {
    const view = await (await talked()).view(lead);
    expect(view).toMatchObject({ status: 'reached', disposition: 'unknown', phone: PHONE });
    expect(view.calls).toMatchObject([{ callId, attemptId: first, callSid: sidNumber(1), direction: 'outbound', status: 'completed', endReason: 'agent-ended', startedAt: '2026-11-21T12:00:01.500Z', answeredAt: '2026-11-21T12:00:05.500Z',
      endedAt: '2026-11-21T12:00:25.500Z', durationSeconds: 20, conversationId: 'conv_1', voiceId: 'voice_1', latency: { enquiryToDialMs: 1500, answerToFirstAudioMs: 412, turnMs: [640, 710] } }]);
    expect(view.calls[0]!.transcript.map(({ role, text }) => `${role}: ${text}`)).toEqual(['agent: Hello, this is an AI assistant.', 'caller: Hello?', 'agent: I call about your boiler.']);
  });

  it('has a timeline in order of time that names each step', async () => {
    const { timeline } = await (await talked()).view(lead);
    expect(timeline.map((step) => step.at)).toEqual(timeline.map((step) => step.at).sort());
    const events = timeline.map((step) => step.event);
    for (const event of ['enquiry-received', 'consent-recorded', 'attempt-ready', 'attempt-dialling', 'attempt-placed', 'call-ringing', 'call-in-progress', 'stream-started', 'agent-connected', 'agent-heard', 'talk-ended', 'call-completed']) expect(events).toContain(event);
    expect(events[0]).toBe('enquiry-received');
  });

  it('shows the end of the call after the end of the talk, though the carrier tells whole seconds only', async () => {
    const other = makeWorld();
    await other.enquire();
    await other.dialAll();
    await other.callback(first, sidNumber(1), { kind: 'ended', at: '2026-11-21T12:00:25.900Z', endReason: 'agent-ended', detail: null, turnMs: [] }, statusEvent('completed', { at: '2026-11-21T12:00:25.000Z', sequence: 3, durationSeconds: 20 }));
    const late = (await other.view(lead)).timeline.slice(-2);
    expect(late).toMatchObject([{ event: 'talk-ended', at: '2026-11-21T12:00:25.900Z' }, { event: 'call-completed', at: '2026-11-21T12:00:25.900Z' }]);
    // The record itself keeps the carrier's word.
    expect((await other.view(lead)).calls[0]!.endedAt).toBe('2026-11-21T12:00:25.000Z');
  });

  it('measures a planned attempt from when it was due, not from the enquiry', async () => {
    const world = makeWorld({ start: '2026-11-21T23:00:00.000Z', policy: { hours: { builtIn: false } } });
    await world.enquire();
    world.clock.set('2026-11-22T09:00:02.000Z');
    await world.dialAll();
    expect((await world.view(lead)).calls[0]!.latency.enquiryToDialMs).toBe(2000);
  });

  it('shows no call before the carrier has one', async () => {
    const world = makeWorld();
    await world.enquire();
    world.twilio.script.push({ does: 'vanish' });
    await world.dialAll();
    expect(await world.view(lead)).toMatchObject({ status: 'dialling', attempts: [{ state: 'unknown', callId: null }], calls: [] });
  });

  it('shows attempts in their order, however they are stored', async () => {
    const world = makeWorld();
    await world.enquire();
    const template = (await world.stores.leads.attempt(first))!;
    for (const n of [11, 2, 10]) await world.stores.leads.createAttempt({ ...template, attemptId: attemptIdOf(lead, n), state: 'cancelled' });
    expect((await world.view(lead)).attempts.map((attempt) => readAttemptId(attempt.attemptId)!.number)).toEqual([1, 2, 10, 11]);
  });

  it('is nothing for a lead that was never written', async () => {
    const world = makeWorld();
    expect([await readLead(world.stores)(lead), await readProgress(world.stores)(lead)]).toEqual([undefined, undefined]);
  });
});

describe('what the visitor\'s page may know', () => {
  it('is how the call is doing, and nothing personal', async () => {
    const world = await talked();
    const progress = (await readProgress(world.stores)(lead))!;
    expect(Object.keys(progress).sort()).toEqual(['callStatus', 'dueAt', 'leadId', 'reason', 'status', 'updatedAt']);
    expect(progress).toMatchObject({ leadId: lead, status: 'reached', callStatus: 'completed', dueAt: null, updatedAt: '2026-11-21T12:00:25.500Z' });
    expect(JSON.stringify(progress)).not.toMatch(/7946|Ada|boiler/);
  });

  it('names the time of a planned call', async () => {
    const world = makeWorld({ start: '2026-11-21T23:00:00.000Z', policy: { hours: { builtIn: false } } });
    await world.enquire();
    expect(await readProgress(world.stores)(lead)).toMatchObject({ status: 'scheduled', callStatus: null, dueAt: '2026-11-22T09:00:00.000Z' });
  });
});
