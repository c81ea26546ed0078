import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openConversation, type ConversationHandlers } from '#agent/conversation.ts';
import { readyAddresses, readyDefaults, type ReadyOptions } from '#agent/ready-address.ts';
import { fakeAgent } from '#doubles/fake-agent.ts';
import { inbox } from '#doubles/inbox.ts';
import { silentLog } from '#house/log.ts';

const MINUTE = 60_000;

describe('addresses asked for ahead of need', () => {
  /** ElevenLabs' answers, in order; what is not scripted is answered well, each time with another address. */
  let script: (() => Promise<Response>)[] = [];
  let asked = 0;
  let answering: Promise<unknown>[] = [];
  const answer = (status: number, body: unknown) => (): Promise<Response> => Promise.resolve(Response.json(body, { status }));
  /** Everything that is under way has come to its end. */
  const settled = async (): Promise<void> => {
    await Promise.allSettled(answering.splice(0));
    await vi.advanceTimersByTimeAsync(0);
  };
  const pass = async (ms: number): Promise<void> => {
    await settled();
    await vi.advanceTimersByTimeAsync(ms);
    await settled();
  };
  const house = (options: Partial<ReadyOptions> = {}, apiKey = 'key') => {
    const made = readyAddresses({ baseUrl: 'http://127.0.0.1:1', agentId: 'a', apiKey }, { log: silentLog, ms: () => performance.now() }, { ...readyDefaults, ...options });
    onTestFinished(() => made.stop());
    return made;
  };
  const place = (address: string | undefined): string | undefined => address?.split('signature=')[1];

  beforeEach(() => {
    vi.useFakeTimers();
    script = [];
    asked = 0;
    vi.stubGlobal('fetch', () => {
      asked++;
      const made = (script.shift() ?? answer(200, { signed_url: `ws://127.0.0.1:1/?signature=${asked}` }))();
      answering.push(made);
      return made;
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    answering = [];
  });

  it('are not asked for before the first call, which finds none', async () => {
    const ready = house();
    await pass(60 * MINUTE);
    expect(asked).toBe(0);
    expect(ready.take()).toBeUndefined();
    await settled();
    expect(asked).toBe(1);
  });

  it('are there for the next call, once each', async () => {
    const ready = house();
    ready.take();
    await settled();
    expect(place(ready.take())).toBe('1');
    expect(ready.take()).toBeUndefined();
    await pass(1000);
    expect(place(ready.take())).toBe('2');
  });

  it('are as many as calls came of late, and never more than is allowed', async () => {
    const ready = house({ most: 3 });
    for (let i = 0; i < 7; i++) ready.take();
    await pass(1000);
    expect(asked).toBe(3);
    expect([1, 2, 3].map(() => place(ready.take()))).toEqual(['1', '2', '3']);
    expect(ready.take()).toBeUndefined();
  });

  it('are one again when it has become quiet', async () => {
    const ready = house();
    for (let i = 0; i < 3; i++) ready.take();
    await pass(11 * MINUTE);
    expect(asked).toBe(4);
  });

  it('are asked for one at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    script.push(() => promise);
    const ready = house();
    for (let i = 0; i < 4; i++) ready.take();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toBe(1);
    resolve(Response.json({ signed_url: 'ws://127.0.0.1:1/?signature=1' }));
    await pass(1000);
    expect(asked).toBe(4);
  });

  it('are renewed after ten minutes, and the older one goes', async () => {
    const ready = house();
    ready.take();
    await pass(9.9 * MINUTE);
    expect(asked).toBe(1);
    await pass(0.2 * MINUTE);
    expect(asked).toBe(2);
    expect(place(ready.take())).toBe('2');
    expect(ready.take()).toBeUndefined();
  });

  it('are used until fourteen minutes when no newer one can be had, and not after', async () => {
    const never = Array.from({ length: 20 }, () => answer(503, {}));
    const ready = house();
    ready.take();
    await settled();
    script.push(...never);
    await pass(13.9 * MINUTE);
    expect(place(ready.take())).toBe('1');

    script = [];
    await pass(10 * MINUTE);
    script.push(...never);
    await pass(24.1 * MINUTE);
    expect(ready.take()).toBeUndefined();
  });

  it('are left alone half an hour after the last call: an idle week costs three requests', async () => {
    const ready = house();
    ready.take();
    await pass(7 * 24 * 60 * MINUTE);
    expect(asked).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
    expect(ready.take()).toBeUndefined();
    await settled();
    expect(place(ready.take())).toBe('4');
  });

  it('are asked for again after a pause that doubles when ElevenLabs says no', async () => {
    script.push(answer(429, { detail: { status: 'system_busy' } }), answer(429, {}), answer(401, {}));
    const ready = house();
    ready.take();
    await settled();
    expect(asked).toBe(1);
    // Calls that come meanwhile ask for their own; they do not make us ask earlier.
    ready.take();
    await pass(4900);
    expect(asked).toBe(1);
    await pass(200);
    expect(asked).toBe(2);
    await pass(9800);
    expect(asked).toBe(2);
    await pass(300);
    expect(asked).toBe(3);
    await pass(20_100);
    expect(place(ready.take())).toBe('4');
  });

  it('are all thrown away when one of them was refused', async () => {
    const ready = house();
    ready.take();
    ready.take();
    await pass(100);
    expect(asked).toBe(2);
    ready.take();
    ready.refused();
    expect(ready.take()).toBeUndefined();
  });

  it('are never asked for without a key: a public agent has one address', async () => {
    const ready = house({}, '');
    expect(ready.take()).toBeUndefined();
    await pass(MINUTE);
    expect(asked).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leave neither timer nor request behind when it stops', async () => {
    const ready = house();
    ready.take();
    await settled();
    expect(vi.getTimerCount()).toBe(1);
    ready.stop();
    ready.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(ready.take()).toBeUndefined();
    await pass(60 * MINUTE);
    expect(asked).toBe(1);
  });

  it('that arrive after the end are dropped', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    script.push(() => promise);
    const ready = house();
    ready.take();
    ready.stop();
    resolve(Response.json({ signed_url: 'ws://127.0.0.1:1/?signature=late' }));
    await pass(MINUTE);
    expect(ready.take()).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a conversation with an address that was kept', () => {
  const house = async () => {
    const fake = await fakeAgent();
    const config = { baseUrl: fake.baseUrl, agentId: 'a', apiKey: 'key' };
    const kept: string[] = [`${fake.baseUrl.replace('http', 'ws')}/v1/convai/conversation?agent_id=a&conversation_signature=kept`];
    let refusals = 0;
    const ready = { take: () => kept.shift(), refused: () => void refusals++, stop: () => {} };
    const told = inbox<unknown>();
    const handlers: ConversationHandlers = { message: ({ type }) => told.put(type), closed: (end) => told.put(end) };
    const talk = openConversation({ ...config, ready }, { variables: { lead_name: 'Ada' }, voiceId: null }, handlers, { signedUrlMs: 1000, handshakeMs: 1000 });
    onTestFinished(async () => {
      talk.close();
      await fake.stop();
    });
    return { fake, told, talk, refusals: () => refusals, upgrades: () => fake.contacts.filter((contact) => contact.startsWith('upgrade')).map((contact) => contact.split('signature=')[1]), asked: () => fake.contacts.filter((contact) => contact.startsWith('GET')).length };
  };
  const greeted = async ({ fake, told }: Awaited<ReturnType<typeof house>>): Promise<void> => {
    const conversation = await fake.conversations.next(() => true);
    expect(await conversation.received.next(() => true)).toMatchObject({ type: 'conversation_initiation_client_data', dynamic_variables: { lead_name: 'Ada' } });
    conversation.metadata();
    await told.next((one) => one === 'metadata');
  };

  it('asks nobody for one', async () => {
    const there = await house();
    await greeted(there);
    expect([there.asked(), there.upgrades()]).toEqual([0, ['kept']]);
  });

  it.each([401, 403])('takes a fresh one when the handshake is refused with %i, and nobody hears of it', async (status) => {
    const there = await house();
    const { fake } = there;
    fake.refuseHandshake = status;
    fake.refuse = (response) => {
      fake.refuseHandshake = undefined;
      fake.refuse = undefined;
      response.end(JSON.stringify({ signed_url: `${fake.baseUrl.replace('http', 'ws')}/?conversation_signature=fresh` }));
    };
    await greeted(there);
    expect([there.upgrades(), there.refusals()]).toEqual([['kept', 'fresh'], 1]);
    expect(there.told.all).toEqual(['metadata']);
  });

  it.each([
    ['closes with 3000', (close: (code: number, reason?: string) => void) => close(3000, 'Could not authorize the conversation.')],
    ['closes with 1008 and says why', (close: (code: number, reason?: string) => void) => close(1008, 'Signed URL expired')],
  ])('takes a fresh one when the agent %s before it said anything', async (_what, refuse) => {
    const there = await house();
    const first = await there.fake.conversations.next(() => true);
    refuse((code, reason) => first.close(code, reason));
    await greeted(there);
    expect([there.upgrades(), there.asked(), there.told.all]).toEqual([['kept', 's'], 1, ['metadata']]);
  });

  it('takes a fresh one at an error frame that says so, without waiting for the close', async () => {
    const there = await house();
    const first = await there.fake.conversations.next(() => true);
    first.send({ type: 'error', error_event: { code: 1008, error_type: 'auth', message: 'Could not authorize the conversation.' } });
    await greeted(there);
    expect([there.upgrades(), there.told.all]).toEqual([['kept', 's'], ['metadata']]);
    await first.closed;
  });

  it('asks once: a second refusal is the end, by its name', async () => {
    const there = await house();
    there.fake.refuseHandshake = 401;
    expect(await there.told.next(() => true)).toEqual({ fault: 'agent-unauthorized' });
    expect([there.upgrades(), there.asked()]).toEqual([['kept', 's'], 1]);
  });

  it('says why when no fresh one can be had', async () => {
    const there = await house();
    there.fake.refuse = (response) => void response.writeHead(429).end('{"detail":{"status":"system_busy"}}');
    there.fake.refuseHandshake = 403;
    expect(await there.told.next(() => true)).toEqual({ fault: 'agent-busy' });
  });

  it.each([
    [1008, 'Override for field \'voice_id\' is not allowed by config.'],
    [1002, 'This request exceeds your quota limit.'],
  ])('is not opened again for a refusal that is not the address\'s: %i %s', async (code, reason) => {
    const there = await house();
    const first = await there.fake.conversations.next(() => true);
    first.close(code, reason);
    expect(await there.told.next(() => true)).toMatchObject({ code, reason, opened: true });
    expect([there.upgrades(), there.asked()]).toEqual([['kept'], 0]);
  });

  it('is not opened again once the agent said anything', async () => {
    const there = await house();
    const first = await there.fake.conversations.next(() => true);
    first.metadata();
    await there.told.next((one) => one === 'metadata');
    first.close(3000, 'Could not authorize the conversation.');
    expect(await there.told.next(() => true)).toMatchObject({ code: 3000 });
    expect(there.asked()).toBe(0);
  });

  it('that is closed while a fresh one is asked for is not opened', async () => {
    const there = await house();
    const { fake, talk, told } = there;
    fake.refuseHandshake = 401;
    const asked = new Promise<void>((resolve) => {
      fake.refuse = () => resolve();
    });
    await asked;
    talk.close();
    fake.refuse = undefined;
    await fetch(`${fake.baseUrl}/wait`);
    expect([there.upgrades(), told.all]).toEqual([['kept'], []]);
  });
});
