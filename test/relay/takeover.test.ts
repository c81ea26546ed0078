import { describe, expect, it, onTestFinished } from 'vitest';
import type { FakeConversation } from '#doubles/fake-agent.ts';
import type { FakeStream } from '#doubles/fake-twilio-stream.ts';
import { gatewayHouse } from './gateway-house.ts';
import { callId, newCall, sentence, speech, type House } from './house.ts';

const first = (talk: FakeConversation) => talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
const told = async (talk: FakeConversation): Promise<string> => String((await talk.received.next((frame) => frame['type'] === 'contextual_update'))['text']);
const says = (talk: FakeConversation, text: string): void => talk.send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: 1 } });
/** A caller's line is never quiet: a frame every 20 ms. */
const breathe = (stream: FakeStream): void => {
  const breathing = setInterval(() => stream.speak(speech(160)), 20);
  onTestFinished(() => clearInterval(breathing));
};
const others = (houses: House[], owner: House): House[] => houses.filter((house) => house !== owner);
/** The first conversation of any of them. */
const nextTalk = (houses: House[]) => Promise.race(houses.map(async ({ agent }) => (await agent.conversations.until((all) => all.length > 0))[0]!));

/** A call with a turn of the agent's, whose line breathes. */
const begun = async (tasks: number, options: Parameters<typeof gatewayHouse>[1] = {}, socket: Parameters<typeof gatewayHouse>[2] = {}) => {
  const made = await gatewayHouse(tasks, options, socket);
  const { stream, talk, owner } = await made.call();
  says(talk, 'Hello Ada, this is an AI.');
  talk.audio(speech(800), 1);
  await stream.got.until(() => stream.audio().length >= 800);
  breathe(stream);
  const [connectionId] = made.connections.owners.keys();
  return { ...made, stream, talk, owner, connectionId: connectionId! };
};

describe('a call whose relay task dies', () => {
  it('is taken over: the carrier\'s socket stays, and another agent goes on, knowing what was said', async () => {
    const { houses, owner, stream, vanish } = await begun(3);
    vanish(owner);
    const next = await nextTalk(others(houses, owner));
    expect(await first(next)).toMatchObject({ conversation_config_override: { agent: { first_message: 'Sorry, we were cut off. Please go on.' } } });
    next.metadata('ulaw_8000');
    expect(await told(next)).toContain('You: Hello Ada, this is an AI.');
    next.audio(speech(800, 2), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    expect(stream.got.all.some(({ kind }) => kind === 'closed')).toBe(false);
    const heardBefore = next.heard().length;
    await next.received.until(() => next.heard().length > heardBefore + 800);
  });

  it('is taken over by one task, however many notice; the one that was lost lets go when it finds out', async () => {
    const { houses, owner, stream, vanish, connections, connectionId, talk } = await begun(4, {}, { scatterMs: 30, repeated: 0.2 });
    vanish(owner);
    const next = await nextTalk(others(houses, owner));
    next.metadata('ulaw_8000');
    await talk.closed;
    expect(connections.owners.get(connectionId)!.epoch).toBe(1);
    expect(houses.flatMap(({ agent }) => agent.conversations.all).length).toBe(2);
    expect(houses.map(({ relay }) => relay.active()).reduce((sum, active) => sum + active, 0)).toBe(1);
    expect(stream.got.all.some(({ kind }) => kind === 'closed')).toBe(false);
  });

  it('is taken over again when the next task dies, too', async () => {
    const { houses, owner, stream, vanish, connections, connectionId } = await begun(3);
    vanish(owner);
    const second = await nextTalk(others(houses, owner));
    second.metadata('ulaw_8000');
    says(second, 'Sorry, we were cut off.');
    second.audio(speech(800, 2), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    vanish(houses.find((house) => house !== owner && house.relay.active() === 1)!);
    const third = await nextTalk(houses.filter((house) => house.agent.conversations.all.length === 0));
    third.metadata('ulaw_8000');
    expect(await told(third)).toContain('You: Hello Ada, this is an AI.\nYou: Sorry, we were cut off.');
    expect(connections.owners.get(connectionId)!.epoch).toBe(2);
    third.audio(speech(800, 3), 1);
    await stream.got.until(() => stream.audio().length >= 2400);
  });

  it('goes to the person that its caller was promised, without another agent in between', async () => {
    const { houses, owner, stream, vanish } = await begun(2);
    for (const { records } of houses) records.set(callId, { ...newCall(), transfer: { state: 'asked', epoch: 0 } });
    vanish(owner);
    await stream.closed;
    expect(others(houses, owner)[0]!.agent.contacts).toEqual([]);
    expect(others(houses, owner)[0]!.events.all).toEqual([]);
  });

  it('is left alone when it is over: nobody opens a conversation with a line that is closed', async () => {
    const { houses, owner, stream, vanish } = await begun(2);
    stream.stop();
    await owner.ended();
    vanish(owner);
    const [other] = others(houses, owner) as [House];
    await stream.closed;
    expect(other.agent.contacts).toEqual([]);
  });
});

describe('a task that goes', () => {
  it('hands its calls to another one, at a pause; the carrier notices nothing', async () => {
    const { houses, owner, stream, talk, connections, connectionId } = await begun(2, { handOverGraceMs: 5000 });
    const [other] = others(houses, owner) as [House];
    stream.playAlways();
    const stopped = owner.relay.stop();
    const next = await other.conversation();
    expect(await first(next)).toMatchObject({ conversation_config_override: { agent: { first_message: 'Sorry, we were cut off. Please go on.' } } });
    next.metadata('ulaw_8000');
    expect(await told(next)).toContain('You: Hello Ada, this is an AI.');
    await talk.closed;
    await stopped;
    expect(connections.owners.get(connectionId)).toMatchObject({ epoch: 1, stream: { callId: expect.any(String) as string } });
    next.audio(speech(800, 2), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    const heardBefore = next.heard().length;
    await next.received.until(() => next.heard().length > heardBefore + 800);
    expect(stream.got.all.some(({ kind }) => kind === 'closed')).toBe(false);
    expect(owner.events.all.filter(({ kind }) => kind === 'ended' || kind === 'stream-failed')).toMatchObject([{ kind: 'stream-failed', detail: 'handed-over' }]);
    stream.stop();
    expect(await other.ended()).toMatchObject({ endReason: 'caller-hung-up' });
  });

  it('keeps in the transcript what the caller had heard of a sentence that was cut by it', async () => {
    const { houses, owner, stream, talk } = await begun(2, { drainMs: 0 });
    const [other] = others(houses, owner) as [House];
    stream.play();
    says(talk, 'one two three four five six seven eight nine ten');
    talk.audio(speech(80_000), 1);
    await stream.got.until(() => stream.audio().length > 8000);
    const stopped = owner.relay.stop();
    await first(await other.conversation());
    await stopped;
    const [, cut] = owner.transcript();
    expect('agent: one two three four five six seven eight nine ten'.startsWith(cut!.replace(/ ?…$/, ''))).toBe(true);
    expect(cut!.length).toBeLessThan(40);
  });

  it('lets a call that is saying goodbye come to its end', async () => {
    const { houses, owner, stream, talk } = await begun(2, { drainMs: 0 });
    stream.play();
    talk.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 'e', tool_type: 'system', is_error: false, is_called: true, event_id: 9 } });
    talk.close(1000);
    await talk.closed;
    const stopped = owner.relay.stop();
    stream.playAlways();
    expect(await owner.ended()).toMatchObject({ endReason: 'agent-ended' });
    await stopped;
    await stream.closed;
    expect(others(houses, owner)[0]!.agent.contacts).toEqual([]);
  });

  it('closes the call for the next document to go on with, when there is no other task', async () => {
    const { owner, stream } = await begun(1, { drainMs: 0 });
    await owner.relay.stop();
    expect((await stream.closed).code).toBe(1001);
    expect(await owner.events.next((event) => event.kind === 'stream-failed')).toMatchObject({ detail: 'relay-stopped' });
  });
});

describe('a call that is taken over too often', () => {
  it('ends with a sentence that says so, and the record says why', async () => {
    const made = await begun(2, { mostTakeovers: 0, drainMs: 0, lingerMs: 300 });
    const { owner, stream, houses } = made;
    const [other] = others(houses, owner) as [House];
    const stopped = owner.relay.stop();
    stream.playAlways();
    expect(await other.ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-lost-too-often' });
    await stopped;
    await stream.closed;
    expect(stream.audio().subarray(800)).toEqual(sentence('agent-unavailable'));
    expect(other.agent.contacts).toEqual([]);
  });
});

describe('a task that others took for dead, and is not', () => {
  it('lets the call go as soon as it misses frames, without closing the carrier\'s socket', async () => {
    const { houses, owner, talk, stream, connections, connectionId } = await begun(2);
    const [other] = others(houses, owner) as [House];
    const known = connections.owners.get(connectionId)!;
    // The other task's register and frames say that it is the owner now.
    const report = [...connections.tasks.values()].find(({ task }) => task !== known.task)!;
    await connections.store.takeOver(connectionId, known, report);
    await talk.closed;
    const next = await other.conversation();
    next.metadata('ulaw_8000');
    next.audio(speech(800, 2), 1);
    await stream.got.until(() => stream.audio().length >= 1600);
    expect(stream.got.all.some(({ kind }) => kind === 'closed')).toBe(false);
    expect(owner.relay.active()).toBe(0);
  });
});

describe('a task of an old revision', () => {
  it('claims nothing once a task of another revision has started', async () => {
    const { houses, connect } = await gatewayHouse(2, { reportMs: 50 }, {}, ['relay:6', 'relay:7']);
    const [old, young] = houses as [House, House];
    const ready = async (house: House) => ((await (await fetch(`http://127.0.0.1:${house.relay.port}/ready`)).json()) as { because?: string }).because;
    while (await ready(old) !== 'old-revision') await new Promise(setImmediate);
    expect(await ready(young)).toBeUndefined();
    for (let i = 0; i < 4; i++) {
      const stream = await connect();
      const call = `call_01JABCDEFGHJKMNPQRSTVWXYZ0_${i + 3}`;
      for (const house of houses) house.records.set(call, { ...house.records.values().next().value!, callId: call, callSid: `CA${i + 3}` });
      stream.start({ callSid: `CA${i + 3}`, parameters: { ticket: old.ticket({ callId: call, callSid: `CA${i + 3}` }) } });
      await first(await young.conversation());
    }
    expect([old.relay.active(), young.relay.active()]).toEqual([0, 4]);
  });
});
