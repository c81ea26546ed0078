import { describe, expect, it } from 'vitest';
import { memoryConnections } from '#doubles/memory-connections.ts';
import { gatewayHouse } from './gateway-house.ts';
import { house, newCall, speech } from './house.ts';

const post = (port: number, headers: Record<string, string>, body: string) =>
  fetch(`http://127.0.0.1:${port}/apigw/frame`, { method: 'POST', headers, body });

const heardByAgent = (received: Record<string, unknown>[]): Buffer =>
  Buffer.concat(received.flatMap((frame) => (typeof frame['user_audio_chunk'] === 'string' ? [Buffer.from(frame['user_audio_chunk'], 'base64')] : [])));

describe('a call through API Gateway', () => {
  it('is talked with like any other, whichever task its frames reach', async () => {
    // The link between two tasks is opened by its first frame: on a busy machine that takes longer than a frame may be late.
    const { call, houses, connections } = await gatewayHouse(3, { holdMs: 2000 });
    const { stream, talk, owner } = await call();
    const words = speech(160 * 30);
    for (let i = 0; i < 30; i++) stream.speak(words.subarray(160 * i, 160 * (i + 1)));
    await talk.received.until((all) => heardByAgent(all).length >= words.length);
    expect(heardByAgent(talk.received.all)).toEqual(words);
    expect(connections.owners.size).toBe(1);
    expect(houses.filter(({ relay }) => relay.active() === 1)).toEqual([owner]);
    expect(houses.reduce((sum, { metrics }) => sum + metrics.value('frames_forwarded'), 0)).toBeGreaterThan(0);

    const answer = speech(8000, 2);
    talk.audio(answer, 1);
    await stream.got.until(() => stream.audio().length >= answer.length);
    expect(stream.audio()).toEqual(answer);
    stream.stop();
    expect(await owner.ended()).toMatchObject({ endReason: 'caller-hung-up' });
    expect((await stream.closed).code).toBe(1001);
  });

  it('reaches the agent in order when frames overtake each other and come twice', async () => {
    const { call } = await gatewayHouse(2, { holdMs: 2000 }, { scatterMs: 80, repeated: 0.3 });
    const { stream, talk, owner } = await call();
    const words = speech(160 * 100);
    for (let i = 0; i < 100; i++) stream.speak(words.subarray(160 * i, 160 * (i + 1)));
    await talk.received.until((all) => heardByAgent(all).length >= words.length);
    expect(heardByAgent(talk.received.all)).toEqual(words);
    expect(owner.metrics.value('sequence_gaps')).toBe(0);
    expect(owner.metrics.value('frames_dropped')).toBeGreaterThan(0);
  });

  it('needs few posts: audio that waits is joined, whatever pieces the agent sends', async () => {
    const { call, posted } = await gatewayHouse(1);
    const { stream, talk } = await call();
    const answer = speech(160 * 100, 3);
    for (let i = 0; i < 100; i++) talk.audio(answer.subarray(160 * i, 160 * (i + 1)), 1);
    await stream.got.until(() => stream.audio().length >= answer.length);
    expect(stream.audio()).toEqual(answer);
    const media = posted.filter((frame) => frame.includes('"event":"media"'));
    expect(media.length).toBeLessThan(20);
    expect(Math.max(...posted.map((frame) => frame.length))).toBeLessThan(32 * 1024);
  });

  it('hears the clear before anything that waited', async () => {
    const { call } = await gatewayHouse(1);
    const { stream, talk } = await call();
    talk.audio(speech(8000 * 20), 1);
    await stream.got.next((heard) => heard.kind === 'media');
    talk.interrupt(2);
    await stream.got.next((heard) => heard.kind === 'clear');
    const after = speech(800, 5);
    talk.audio(after, 3);
    const last = await stream.got.next((heard) => heard.kind === 'media' && heard.bytes.equals(after));
    expect(stream.got.all.slice(stream.got.all.findIndex((heard) => heard.kind === 'clear')).filter((heard) => heard.kind === 'media')).toEqual([last]);
  });

  it('is refused and closed when its ticket is no good, and when it shows none in time', async () => {
    const { connect, houses } = await gatewayHouse(2, { ticketMs: 300 });
    const forged = await connect();
    forged.start({ parameters: { ticket: houses[0]!.ticket({ secret: 'another secret, as long as ours is.' }) } });
    expect((await forged.closed).code).toBe(1001);
    const silent = await connect();
    expect((await silent.closed).code).toBe(1001);
    expect(houses.flatMap(({ agent }) => agent.conversations.all)).toEqual([]);
  });

  it('is closed when its start never reached a task, whatever else did', async () => {
    const { connect, houses } = await gatewayHouse(2, { ticketMs: 400, ownerMs: 200 });
    const stream = await connect();
    const speaking = setInterval(() => stream.speak(speech(160)), 20);
    expect((await stream.closed).code).toBe(1001);
    clearInterval(speaking);
    expect(houses.flatMap(({ agent }) => agent.contacts)).toEqual([]);
  });

  it('is closed again, as long as frames come, when API Gateway did not close it', async () => {
    const { call, refusedDrops } = await gatewayHouse(2);
    const { stream, talk, owner } = await call();
    stream.playAlways();
    talk.audio(speech(800), 1);
    await stream.got.next((heard) => heard.kind === 'media');
    refusedDrops.left = 2;
    talk.close(1000);
    expect(await owner.ended()).toMatchObject({ endReason: 'agent-ended' });
    const speaking = setInterval(() => stream.speak(speech(160)), 20);
    expect((await stream.closed).code).toBe(1001);
    clearInterval(speaking);
    expect(refusedDrops.left).toBe(0);
  });

  it('is handed to another task by one that is full', async () => {
    const { connect, call, houses, gateway } = await gatewayHouse(2, { capacity: 1 });
    const { owner: full } = await call();
    const other = houses.find((house) => house !== full)!;
    const second = 'call_01JABCDEFGHJKMNPQRSTVWXYZ0_2';
    other.records.set(second, { ...newCall(second), callSid: 'CA2' });
    const before = new Set(gateway.connections);
    const stream = await connect();
    const connectionId = gateway.connections.find((id) => !before.has(id))!;
    const start = { event: 'start', sequenceNumber: '1', streamSid: 'MZ2', start: { accountSid: 'AC1', streamSid: 'MZ2', callSid: 'CA2', customParameters: { ticket: other.ticket({ callId: second, callSid: 'CA2' }) } } };
    await post(full.relay.port, { 'x-ws-connection-id': connectionId, 'x-ws-event': 'start' }, JSON.stringify(start));
    const talk = await other.conversation();
    talk.metadata('ulaw_8000', 'ulaw_8000');
    const hello = speech(800);
    talk.audio(hello, 1);
    await stream.got.until(() => stream.audio().length >= hello.length);
    expect([full.relay.active(), other.relay.active()]).toEqual([1, 1]);
  });

  it('is closed when its owner died before anybody knew what it carries', async () => {
    const { connect, houses, connections } = await gatewayHouse(1, { ownerMs: 100 });
    const stream = await connect();
    // Nobody listens at port 1.
    const dead = { address: '127.0.0.1:1', task: 'gone', epoch: 0 };
    connections.store.claim = async (id) => {
      connections.owners.set(id, dead);
      return dead;
    };
    stream.start({ parameters: { ticket: houses[0]!.ticket() } });
    const speaking = setInterval(() => stream.speak(speech(160)), 20);
    expect((await stream.closed).code).toBe(1001);
    clearInterval(speaking);
    expect(houses[0]!.metrics.value('owners_lost')).toBe(1);
    expect(houses[0]!.agent.contacts).toEqual([]);
  });
});

describe('a caller who hangs up while the agent speaks', () => {
  const away = async () => {
    const made = await house({}, { gateway: { connections: memoryConnections().store, posts: { post: async () => 'gone', drop: async () => {}, close: () => {} } } });
    const say = (event: string, body: object) => post(made.relay.port, { 'x-ws-connection-id': 'abc=', 'x-ws-event': event }, JSON.stringify({ event, ...body }));
    await say('start', { sequenceNumber: '1', streamSid: 'MZ1', start: { accountSid: 'AC1', streamSid: 'MZ1', callSid: 'CA1', customParameters: { ticket: made.ticket() } } });
    const talk = await made.conversation();
    talk.metadata('ulaw_8000');
    talk.audio(speech(800));
    while (made.metrics.value('posts') === 0) await new Promise(setImmediate);
    return { ...made, say };
  };

  it('has hung up, though our own post is told of it before their last word comes', async () => {
    const { say, ended } = await away();
    await say('stop', { sequenceNumber: '2', streamSid: 'MZ1', stop: { accountSid: 'AC1', callSid: 'CA1' } });
    expect(await ended()).toMatchObject({ endReason: 'caller-hung-up' });
  });

  it('is a line that broke when no last word comes', async () => {
    const { events, relay } = await away();
    expect(await events.next((event) => event.kind === 'stream-failed')).toMatchObject({ detail: 'carrier-socket-lost' });
    while (relay.active() > 0) await new Promise(setImmediate);
    expect(relay.active()).toBe(0);
  });
});

describe('a register that does not answer', () => {
  it('costs a call frames, and not its connection: another task may well carry it', async () => {
    const { call, houses, connections } = await gatewayHouse(1, { ownerMs: 50 });
    const { stream, talk, owner } = await call();
    const [id] = connections.owners.keys();
    const stranger = await house({ ownerMs: 50 }, { gateway: { connections: { ...connections.store, owner: () => Promise.reject(new Error('throttled')) }, posts: { post: async () => 'taken', drop: async () => { dropped++; }, close: () => {} } } });
    let dropped = 0;
    await post(stranger.relay.port, { 'x-ws-connection-id': id!, 'x-ws-event': 'media' }, '{"event":"media","sequenceNumber":"7"}');
    while (stranger.metrics.value('frames_unowned') === 0) await new Promise(setImmediate);
    expect(dropped).toBe(0);
    const words = speech(1600);
    stream.speak(words);
    await talk.received.until((all) => heardByAgent(all).length >= words.length);
    expect([owner.relay.active(), houses.length]).toEqual([1, 1]);
  });
});

describe('POST /apigw/frame', () => {
  it('answers 200 with nothing at once, whatever comes: all else would become a message to the carrier', async () => {
    const { houses } = await gatewayHouse(1, { ticketMs: 100, ownerMs: 50 });
    const { port } = houses[0]!.relay;
    for (const [headers, body] of [
      [{}, ''], [{ 'x-ws-connection-id': 'abc=' }, 'not json'], [{ 'x-ws-connection-id': 'abc=', 'x-ws-event': 'start' }, '{"event":"start"}'],
      [{ 'x-ws-connection-id': 'no/such thing\t' }, '{}'], [{ 'x-ws-connection-id': 'abc=', 'x-ws-event': 'media' }, ' '.repeat(300_000)],
      [{ 'x-ws-connection-id': 'xyz=', 'x-ws-event': '$disconnect' }, ''], [{ 'x-ws-connection-id': 'xyz=', 'x-ws-event': '$connect' }, ''],
    ] as [Record<string, string>, string][]) {
      const answer = await post(port, headers, body);
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    }
  });

  it('is not there for a relay whose carriers come directly', async () => {
    const { relay } = await house();
    expect((await post(relay.port, { 'x-ws-connection-id': 'abc=' }, '{}')).status).toBe(405);
  });
});
