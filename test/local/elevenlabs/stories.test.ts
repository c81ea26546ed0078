import { describe, expect, it } from 'vitest';
import { calledNumber, storyOf } from '#local/elevenlabs/stories.ts';
import { clip } from '#local/speech/clips.ts';
import { responseOf } from './client.ts';
import { AGENT, called, dial, LISTENER, started } from './house.ts';

describe('the called number', () => {
  it('is found in dynamic variables under any name, well-known names first', () => {
    expect(calledNumber({ name: 'Ada', whatever: '+15550001116' })).toBe('+15550001116');
    expect(calledNumber({ from: '+15550001111', lead_phone: '+15550001117' })).toBe('+15550001117');
    expect(calledNumber({ phone: '+15550001118', system__called_number: '+15550001119' })).toBe('+15550001119');
  });

  it('is not found in what only looks a little like one', () => {
    for (const value of ['15550001116', '+1555', '+1555000111612345', 'call +15550001116', 15_550_001_116]) expect(calledNumber({ value })).toBeUndefined();
    expect(calledNumber(undefined)).toBeUndefined();
  });

  it('chooses the story by its last two digits', () => {
    expect(['+15550000007', '+15550000016', '+15550000017', '+15550000018', '+15550000019', '+15550000006', undefined].map((number) => storyOf(number).kind)).toEqual([
      'long-talk', 'quota-exceeded', 'crash', 'mute', 'slow', 'ordinary', 'ordinary',
    ]);
  });
});

describe('stories of the simulated agent', () => {
  it('16: metadata, the flat error frame, 1002, and no audio', async () => {
    const client = await dial(await started());
    client.init(called('16'));
    expect(await client.closed).toEqual({ code: 1002, reason: 'This request exceeds your quota limit.' });
    expect(client.frames.filter(({ type }) => type !== 'ping')).toEqual([
      expect.objectContaining({ type: 'conversation_initiation_metadata' }),
      { type: 'error', message: 'received 1002 (protocol error) This request exceeds your quota limit.' },
    ]);
  });

  it('17: closes with 1011 in the middle of its second answer', async () => {
    const running = await started();
    const client = await dial(running);
    client.init(called('17'));
    await client.next('agent_response');
    client.send({ type: 'user_message', text: 'Tell me more' });
    await client.next('agent_response');
    await client.next('audio');
    expect((await client.closed).code).toBe(1011);
    expect(running.conversations()[0]?.close).toMatchObject({ by: 'server', code: 1011 });
  });

  it('18: takes the call and pings, but never says a word', async () => {
    const client = await dial(await started({ pace: 100, durations: { inputWaitMs: 20_000, turnTimeoutMs: 2000 } }));
    client.init(called('18'));
    client.send({ type: 'user_message', text: 'hello' });
    expect((await client.closed).code).toBe(1002);
    expect(new Set(client.frames.map(({ type }) => type))).toEqual(new Set(['conversation_initiation_metadata', 'ping', 'error']));
  });

  it('19: is slow, and in the end talks all the same', async () => {
    const client = await dial(await started({ pace: 50, agents: { [AGENT]: LISTENER } }));
    client.init(called('19'));
    await client.next('conversation_initiation_metadata');
    client.say('caller-hello');
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-pitch').text);
  });

  it('19: keeps what is said before its late metadata', async () => {
    const client = await dial(await started({ pace: 50, agents: { [AGENT]: LISTENER } }));
    client.init(called('19'));
    client.say('caller-price-question');
    expect(responseOf(await client.next('agent_response')).agent_response).toBe(clip('agent-price-answer').text);
  });
});

describe('a full workspace', () => {
  it('queues the next caller and admits them when a place is free', async () => {
    const running = await started({ concurrency: 1 });
    const first = await dial(running);
    first.init();
    await first.next('audio');
    const second = await dial(running);
    second.init();
    expect(await second.next('queue_status')).toMatchObject({ queue_status_event: { status: 'waiting' } });
    first.end();
    expect(await second.next('queue_status')).toMatchObject({ queue_status_event: { status: 'admitted' } });
    await second.next('audio');
    expect(second.frames.map(({ type }) => type).filter((type) => type !== 'ping').slice(0, 4)).toEqual(['conversation_initiation_metadata', 'queue_status', 'queue_status', 'agent_response']);
  });

  it('gives up on who waited too long, and gives no place to who has left the line', async () => {
    const running = await started({ pace: 20, concurrency: 1, agents: { [AGENT]: { ...LISTENER, queueing: { enabled: true, waitSeconds: 4 } } } });
    const first = await dial(running);
    first.init();
    await first.next('conversation_initiation_metadata');
    const second = await dial(running);
    second.init();
    expect(await second.closed).toMatchObject({ code: 3008 });
    expect(second.frames.at(-1)).toMatchObject({ queue_status_event: { status: 'timed_out' } });
    first.end();
    await first.closed;
    const third = await dial(running);
    third.init();
    third.send({ type: 'user_message', text: 'hello' });
    await third.next('audio');
  });

  it('turns away at once who has no queue', async () => {
    const running = await started({ concurrency: 0, agents: { [AGENT]: { ...LISTENER, queueing: { enabled: false } } } });
    const client = await dial(running);
    client.init();
    expect(await client.closed).toMatchObject({ code: 3008 });
    expect(client.frames.some(({ type }) => type === 'queue_status')).toBe(false);
  });
});
