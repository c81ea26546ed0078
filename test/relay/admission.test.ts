import { connect as connectSocket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { callId, house, newCall, secret } from './house.ts';

describe('who may talk at our expense', () => {
  it('lets a stream with a fresh ticket reach the agent, and tells it who is called', async () => {
    const { connect, ticket, conversation, agent } = await house();
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    const talk = await conversation();
    expect(await talk.received.next(() => true)).toEqual({
      type: 'conversation_initiation_client_data',
      dynamic_variables: {
        lead_name: 'Ada', interest: 'solar', lead_id: 'lead_01JABCDEFGHJKMNPQRSTVWXYZ0', attempt_id: 'att_01JABCDEFGHJKMNPQRSTVWXYZ0_1', call_id: callId,
        call_sid: 'CA1', called_number: '+12025550123', caller_number: '+12025550100',
      },
    });
    expect(agent.contacts).toContain('GET /v1/convai/conversation/get-signed-url?agent_id=agent%201 key=key');
  });

  const refusals: [string, string, (h: Awaited<ReturnType<typeof house>>) => { callSid?: string; accountSid?: string; parameters?: Record<string, string> }][] = [
    ['without a ticket', 'ticket-missing', () => ({})],
    ['with something that is no ticket', 'ticket-malformed', () => ({ parameters: { ticket: 'open sesame' } })],
    ['with a ticket of another secret', 'ticket-forged', ({ ticket }) => ({ parameters: { ticket: ticket({ secret: `${secret}!` }) } })],
    ['with the ticket of another call at the carrier', 'ticket-forged', ({ ticket }) => ({ callSid: 'CA2', parameters: { ticket: ticket() } })],
    ['with a ticket that has expired', 'ticket-expired', ({ ticket }) => ({ parameters: { ticket: ticket({ expiresIn: -1 }) } })],
    ['of another account', 'other-account', ({ ticket }) => ({ accountSid: 'AC2', parameters: { ticket: ticket() } })],
    ['of a call that we do not know', 'no-such-call', ({ ticket }) => ({ parameters: { ticket: ticket({ callId: 'call_01JABCDEFGHJKMNPQRSTVWXYZ1_1' }) } })],
  ];
  it.each(refusals)('refuses a stream %s: not one byte reaches the agent', async (_what, reason, shown) => {
    const home = await house();
    const stream = await home.connect();
    stream.start(shown(home));
    stream.speak(Buffer.alloc(160));
    expect(await stream.closed).toEqual({ code: 1008, reason });
    expect(home.metrics.valueBy('streams_refused')).toEqual({ [reason]: 1 });
    expect(home.agent.contacts).toEqual([]);
    expect(home.events.all).toEqual([]);
  });

  it('admits one stream for a ticket, and refuses the second', async () => {
    const { call, connect, ticket, agent } = await house();
    await call();
    const before = agent.contacts.length;
    const second = await connect();
    second.start({ parameters: { ticket: ticket() } });
    expect(await second.closed).toEqual({ code: 1008, reason: 'ticket-used' });
    expect(agent.contacts.length).toBe(before);
  });

  it('refuses a stream of a call that is over', async () => {
    const { connect, ticket, records, agent } = await house();
    records.set(callId, { ...newCall(), endReason: 'agent-ended' });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await stream.closed).toEqual({ code: 1008, reason: 'call-is-over' });
    expect(agent.contacts).toEqual([]);
  });

  it('gives the call to the newer stream, and lets the older go without an end', async () => {
    const { call, events } = await house();
    const { stream, talk } = await call();
    await call({ epoch: 1 });
    expect(await stream.closed).toMatchObject({ reason: 'overtaken' });
    await talk.closed;
    expect(events.all.some((event) => event.kind === 'ended')).toBe(false);
  });

  it('closes a connection that shows no ticket in time', async () => {
    const { connect, agent } = await house({ ticketMs: 50 });
    const silent = await connect();
    expect(await silent.closed).toEqual({ code: 1008, reason: 'no-ticket-in-time' });
    expect(agent.contacts).toEqual([]);
  });

  it('closes a connection that talks on and on before it starts', async () => {
    const { connect } = await house({ mostFramesBeforeStart: 5 });
    const chatty = await connect();
    for (let i = 0; i < 10; i++) chatty.speak(Buffer.alloc(160));
    expect(await chatty.closed).toEqual({ code: 1008, reason: 'too-much-before-start' });
  });

  it.each([
    ['malformed text', 1007, 'not-json', '{"event":'],
    ['a media frame that is none', 1007, 'bad-media', '{"event":"media","media":{"payload":"!"}}'],
    ['a binary frame', 1003, 'text-only', Buffer.from([1, 2, 3])],
  ])('closes the stream with a named code on %s', async (_what, code, reason, data) => {
    const { connect, relay } = await house();
    const stream = await connect();
    stream.raw(data, typeof data !== 'string');
    expect(await stream.closed).toEqual({ code, reason });
    expect((await fetch(`http://127.0.0.1:${relay.port}/health`)).status).toBe(200);
  });

  it('closes the stream with 1009 on a frame beyond all measure', async () => {
    const { connect } = await house();
    const stream = await connect();
    stream.raw(`{"event":"media","media":{"payload":"${'A'.repeat(100_000)}"}}`);
    expect((await stream.closed).code).toBe(1009);
  });

  it('ends a live stream on malformed text, without an end reason: the call may live', async () => {
    const { call, events } = await house();
    const { stream, talk } = await call();
    stream.raw('nonsense');
    expect(await stream.closed).toEqual({ code: 1007, reason: 'carrier-not-json' });
    await talk.closed;
    expect(events.all.filter((event) => event.kind === 'ended' || event.kind === 'stream-failed')).toMatchObject([{ kind: 'stream-failed', detail: 'carrier-not-json' }]);
  });

  it('talks with the caller when the store cannot be read', async () => {
    const { connect, ticket, conversation } = await house({}, { calls: { call: async () => { throw new Error('down'); }, bind: async () => { throw new Error('down'); }, turns: async () => { throw new Error('down'); } } });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await (await conversation()).received.next(() => true)).toMatchObject({ dynamic_variables: { lead_name: '', call_id: callId, attempt_id: 'att_01JABCDEFGHJKMNPQRSTVWXYZ0_1' } });
  });

  it('admits nobody when tickets cannot be used up', async () => {
    const { connect, ticket, agent } = await house({}, { tickets: { use: async () => { throw new Error('down'); } } });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await stream.closed).toEqual({ code: 1011, reason: 'ticket-register-failed' });
    expect(agent.contacts).toEqual([]);
  });
});

describe('the relay over HTTP', () => {
  it('says that it is well, ready, and what it counted', async () => {
    const { relay, call } = await house({ capacity: 2 });
    await call();
    const get = (path: string) => fetch(`http://127.0.0.1:${relay.port}${path}`);
    expect(await (await get('/health')).json()).toEqual({ ok: true });
    expect(await (await get('/ready')).json()).toEqual({ ready: true, active: 1, capacity: 2, draining: false });
    const text = await (await get('/metrics')).text();
    expect(text).toContain('ringback_active_calls 1\n');
    expect(text).toContain('ringback_streams_admitted_total 1\n');
    expect((await get('/else')).status).toBe(404);
  });

  it('says that it is full, and takes no further stream', async () => {
    const { relay, call, connect } = await house({ capacity: 1 });
    await call();
    const ready = await fetch(`http://127.0.0.1:${relay.port}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false, because: 'full', active: 1 });
    await expect(connect()).rejects.toThrow('503');
  });

  it('survives a client that speaks no HTTP', async () => {
    const { relay } = await house();
    const socket = connectSocket(relay.port, '127.0.0.1');
    socket.write('\u0000\u0001nonsense\r\n\r\n');
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(data.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect((await fetch(`http://127.0.0.1:${relay.port}/health`)).status).toBe(200);
  });
});
