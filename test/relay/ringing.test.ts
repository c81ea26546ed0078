import { describe, expect, it } from 'vitest';
import type { CallRecord } from '#calls/call.ts';
import { systemClock } from '#house/clock.ts';
import { memoryRinging } from '#doubles/memory-ringing.ts';
import type { FakeConversation } from '#doubles/fake-agent.ts';
import { inbox } from '#doubles/inbox.ts';
import type { RelayOptions } from '#relay/options.ts';
import type { RelayDeps } from '#relay/server.ts';
import { gatewayHouse } from './gateway-house.ts';
import { callId, house, lead, newCall, speech } from './house.ts';

const quick: Partial<RelayOptions> = { ringingLookMs: 10, heldLookMs: 10, heldBeatMs: 10, heldAnsweredMs: 50 };
const ringingCall = (more: Partial<CallRecord> = {}): CallRecord => ({ ...newCall(), status: 'ringing', ...more });
const first = (talk: FakeConversation) => talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
const says = (talk: FakeConversation, text: string): void => talk.send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: 1 } });

/** A relay with the option on; `over`: calls that nothing is held for any more, in their order. */
const early = async (options: Partial<RelayOptions> = {}, more: Partial<RelayDeps> = {}) => {
  const calls = memoryRinging(systemClock);
  const over = inbox<string>();
  const forgotten = inbox<string>();
  const store = { ...calls.store, over: async (id: string) => calls.store.over(id).then(() => over.put(id)) };
  const made = await house({ ...quick, ...options }, { rings: { store, forget: async (id) => forgotten.put(id) }, ...more });
  made.records.set(callId, ringingCall());
  const ring = (id = callId): Promise<void> => calls.store.expect({ callId: id, carrier: 'twilio', callSid: 'CA1', leadId: lead.leadId, placedAt: new Date().toISOString(), until: new Date(Date.now() + 60_000).toISOString() });
  /** The phone rings, and the agent has said its greeting into the waiting. */
  const greeted = async (): Promise<FakeConversation> => {
    await ring();
    const talk = await made.conversation();
    await first(talk);
    talk.metadata('ulaw_8000');
    says(talk, 'Hello Ada.');
    talk.audio(speech(400));
    talk.audio(speech(400, 2));
    // What is sent afterwards shows that the relay has read all of it.
    talk.send({ type: 'ping', ping_event: { event_id: 77 } });
    await talk.received.next((frame) => frame['type'] === 'pong' && frame['event_id'] === 77);
    return talk;
  };
  return { ...made, calls, store: calls.store, over, forgotten, ring, greeted, wasted: () => made.metrics.valueBy('held_wasted') };
};

describe('a phone that rings', () => {
  it('is answered by an agent that has greeted already: its words are heard at once, in order, and the caller is heard', async () => {
    const { greeted, connect, ticket, agent, events, ended, transcript, metrics, over } = await early();
    const talk = await greeted();
    const stream = await connect();
    stream.playAlways();
    stream.start({ parameters: { ticket: ticket() } });
    await stream.got.until(() => stream.audio().length >= 800);
    expect(stream.audio()).toEqual(Buffer.concat([speech(400), speech(400, 2)]));
    expect(await events.next((event) => event.kind === 'agent-connected')).toMatchObject({ conversationId: 'conv_1', epoch: 0 });
    expect(await events.next((event) => event.kind === 'first-audio')).toMatchObject({ epoch: 0 });
    await over.next((id) => id === callId);
    const waited = talk.heard().length;
    stream.speak(speech(160, 5));
    await talk.received.until(() => talk.heard().length >= waited + 160);
    expect(talk.heard().subarray(-160)).toEqual(speech(160, 5));
    stream.stop();
    expect(await ended()).toMatchObject({ endReason: 'caller-hung-up' });
    await talk.closed;
    expect(transcript()).toEqual(['agent: Hello Ada.']);
    expect([agent.conversations.all.length, metrics.value('held_opened'), metrics.value('held_taken'), metrics.valueBy('held_wasted')]).toEqual([1, 1, 1, {}]);
  });

  it('has an agent that knows whom it will talk with', async () => {
    const { ring, conversation } = await early();
    await ring();
    expect(await first(await conversation())).toMatchObject({ dynamic_variables: { lead_name: 'Ada', interest: 'solar', call_id: callId, call_sid: 'CA1', called_number: '+12025550123' } });
  });

  it('has an agent that hears silence, and now and then that somebody is there', async () => {
    const { greeted } = await early();
    const talk = await greeted();
    await talk.received.next((frame) => frame['type'] === 'user_activity');
    await talk.received.until(() => talk.heard().length >= 7 * 80);
    expect(talk.heard().every((byte) => byte === 0xff)).toBe(true);
  });

  it('opens nothing while nobody expects a call, and nothing without the option', async () => {
    const { agent, call } = await house(quick);
    await call();
    expect(agent.conversations.all.length).toBe(1);
  });

  it('gives nothing out before the ticket is good', async () => {
    const { greeted, connect, ticket, metrics } = await early();
    await greeted();
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket({ secret: 'another secret, just as long as it.' }) } });
    expect(await stream.closed).toMatchObject({ reason: 'ticket-forged' });
    expect([stream.audio().length, metrics.value('held_taken')]).toEqual([0, 0]);
  });
});

describe('a phone that nobody answers', () => {
  it.each<[string, Partial<CallRecord>, string]>([
    ['is busy', { status: 'busy' }, 'unanswered'], ['rings on', { status: 'no-answer' }, 'unanswered'], ['fails', { status: 'failed' }, 'unanswered'],
    ['is told to stop', { endReason: 'operator' }, 'call-over'], ['belongs to somebody who was erased', { erasedAt: '2026-11-21T12:00:00.000Z', to: '' }, 'erased'],
    ['is talked with elsewhere', { status: 'in-progress', streamStarted: true }, 'elsewhere'], ['is answered, and no stream comes', { status: 'in-progress' }, 'no-stream'],
  ])('lets its agent go when it %s', async (_what, more, why) => {
    const { greeted, records, over, wasted, forgotten, calls } = await early();
    const talk = await greeted();
    records.set(callId, ringingCall(more));
    expect(await talk.closed).toBe(1000);
    await over.next((id) => id === callId);
    expect([wasted(), calls.calls.size]).toEqual([{ [why]: 1 }, 0]);
    // No record will ever name it.
    expect(await forgotten.next(() => true)).toBe('conv_1');
  });

  it('lets its agent go when the number is suppressed meanwhile', async () => {
    let listed = false;
    const { greeted, wasted } = await early({}, { suppressions: { suppression: async (phone) => (listed ? { phone, reason: 'opt-out', at: '', note: null } : undefined) } });
    const talk = await greeted();
    listed = true;
    await talk.closed;
    expect(wasted()).toEqual({ suppressed: 1 });
  });

  it('has no agent opened when the call is over before anybody claims it', async () => {
    const { ring, records, over, agent } = await early();
    records.set(callId, ringingCall({ status: 'busy' }));
    await ring();
    await over.next((id) => id === callId);
    expect(agent.contacts).toEqual([]);
  });

  it('lets its agent go with the relay, which leaves nothing behind', async () => {
    const { greeted, relay, wasted, calls } = await early();
    const talk = await greeted();
    await relay.stop();
    await talk.closed;
    expect([wasted(), calls.calls.size]).toEqual([{ stopped: 1 }, 0]);
  });
});

describe('an agent that spoils while it is held', () => {
  it.each<[string, (talk: FakeConversation) => void]>([
    ['spoke-again', (talk) => says(talk, 'Are you there?')], ['interrupted', (talk) => talk.interrupt(2)], ['closed', (talk) => talk.close(1011)],
    ['error', (talk) => talk.send({ type: 'error', error_event: { code: 1002, error_type: 'quota', message: '' } })],
  ])('%s: it is closed, and the answer opens another as ever', async (why, spoil) => {
    const { greeted, over, conversation, connect, ticket, wasted, metrics } = await early();
    const before = await greeted();
    spoil(before);
    await before.closed;
    await over.next((id) => id === callId);
    expect(wasted()).toEqual({ [why]: 1 });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    const talk = await conversation();
    await first(talk);
    talk.metadata('ulaw_8000');
    talk.audio(speech(800, 9));
    await stream.got.until(() => stream.audio().length >= 800);
    expect(stream.audio()).toEqual(speech(800, 9));
    expect(metrics.value('held_taken')).toBe(0);
  });

  it('other-voice: the call has another voice by the answer', async () => {
    let voice: string | null = null;
    const { greeted, conversation, connect, ticket, wasted } = await early({}, { voiceOf: async () => voice });
    const before = await greeted();
    voice = 'voice_2';
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await first(await conversation())).toMatchObject({ conversation_config_override: { tts: { voice_id: 'voice_2' } } });
    await before.closed;
    expect(wasted()).toEqual({ 'other-voice': 1 });
  });

  it('is followed by another when it breaks off after the answer', async () => {
    const { greeted, conversation, connect, ticket, agent } = await early();
    const talk = await greeted();
    const stream = await connect();
    stream.playAlways();
    stream.start({ parameters: { ticket: ticket() } });
    await stream.got.until(() => stream.audio().length >= 800);
    talk.close(1011);
    expect(await first(await conversation())).toMatchObject({ conversation_config_override: { agent: { first_message: 'Sorry, we were cut off. Please go on.' } } });
    expect(agent.conversations.all.length).toBe(2);
  });
});

describe('a relay holds agents', () => {
  it('for a quarter of its capacity at most; other calls that ring are left to others', async () => {
    const { ring, records, agent, calls, metrics } = await early({ capacity: 8 });
    const ids = [1, 2, 3].map((n) => `${callId.slice(0, -1)}${n}`);
    for (const id of ids) {
      records.set(id, { ...ringingCall(), callId: id });
      await ring(id);
    }
    await agent.conversations.until((all) => all.length === 2);
    // One that ends makes room for the third.
    records.set(ids[0]!, { ...ringingCall({ status: 'busy' }), callId: ids[0]! });
    await agent.conversations.until((all) => all.length === 3);
    expect([metrics.value('held_opened'), [...calls.calls.values()].map(({ holder }) => holder !== null)]).toEqual([3, [true, true]]);
  });

  it('for a call that another has not claimed', async () => {
    const { ring, store, agent, records } = await early();
    const other = `${callId.slice(0, -1)}2`;
    records.set(other, { ...ringingCall(), callId: other });
    await ring();
    await store.claim(callId, { address: '10.0.0.9:3001', task: 'another' });
    await ring(other);
    const talk = await agent.conversations.next(() => true);
    expect(await first(talk)).toMatchObject({ dynamic_variables: { call_id: other } });
    expect(agent.conversations.all.length).toBe(1);
  });
});

describe('behind API Gateway', () => {
  it('a stream goes to the task that holds its agent, wherever its start comes in', async () => {
    const calls = memoryRinging(systemClock);
    /** Tasks that have learnt who holds it. */
    const learnt = inbox<number>();
    const { houses, connect } = await gatewayHouse(3, quick, {}, [], (task) => ({ rings: { store: {
      ...calls.store,
      ringing: async () => {
        const all = await calls.store.ringing();
        if (all.some(({ holder }) => holder)) learnt.put(task);
        return all;
      },
    } } }));
    for (const { records } of houses) records.set(callId, ringingCall());
    await calls.store.expect({ callId, carrier: 'twilio', callSid: 'CA1', leadId: lead.leadId, placedAt: new Date().toISOString(), until: new Date(Date.now() + 60_000).toISOString() });
    const holder = await Promise.race(houses.map(async (one) => one.agent.conversations.until((all) => all.length > 0).then(() => one)));
    const talk = await holder.conversation();
    await first(talk);
    talk.metadata('ulaw_8000');
    talk.audio(speech(800));
    await talk.received.next((frame) => typeof frame['user_audio_chunk'] === 'string');
    // Asked twice: what came of the first look is known by then.
    await learnt.until((all) => [0, 1, 2].every((task) => all.filter((one) => one === task).length > 1));
    const stream = await connect();
    stream.start({ parameters: { ticket: houses[0]!.ticket() } });
    await stream.got.until(() => stream.audio().length >= 800);
    expect(stream.audio()).toEqual(speech(800));
    expect(houses.reduce((sum, one) => sum + one.agent.conversations.all.length, 0)).toBe(1);
    expect(holder.metrics.value('held_taken')).toBe(1);
  });
});
