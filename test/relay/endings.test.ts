import { describe, expect, it } from 'vitest';
import { wait } from '#house/clock.ts';
import type { CallRecord } from '#calls/call.ts';
import { callId, house, newCall, sentence, speech } from './house.ts';
import type { FakeConversation } from '#doubles/fake-agent.ts';

const endCall = (talk: FakeConversation): void => talk.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 'e', tool_type: 'system', is_error: false, is_called: true, event_id: 9 } });

describe('when the agent ends the call', () => {
  it('lets the goodbye be heard, writes the end down, and only then closes the stream', async () => {
    const { call, events, ended } = await house();
    const { stream, talk } = await call();
    const goodbye = speech(24_000);
    talk.audio(goodbye);
    endCall(talk);
    talk.close(1000);
    await stream.got.until((all) => stream.audio().length >= goodbye.length && all.at(-1)?.kind === 'mark');
    expect(stream.audio().equals(goodbye)).toBe(true);
    expect(events.all.some((event) => event.kind === 'ended')).toBe(false);
    stream.play();
    expect(await ended()).toMatchObject({ endReason: 'agent-ended', detail: null });
    expect(await stream.closed).toMatchObject({ code: 1000 });
  });

  it('lets the very last of the goodbye be heard in a format that has to be changed', async () => {
    const { call, ended } = await house({ idleMs: 10_000 });
    const { stream, talk } = await call({ output: 'pcm_16000' });
    stream.playAlways();
    // A second of 16 kHz PCM is a second at the caller, to the sample.
    talk.audio(speech(32_000));
    talk.close(1000);
    await ended();
    await stream.closed;
    expect(stream.audio().length).toBe(8000);
  });

  it('plays audio that comes after end_call', async () => {
    const { call, ended } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    endCall(talk);
    talk.audio(speech(8123, 2));
    talk.close(1000);
    await ended();
    await stream.closed;
    expect(stream.audio().equals(Buffer.concat([speech(160), speech(8123, 2)]))).toBe(true);
  });

  it('closes the conversation itself when end_call is followed by nothing', async () => {
    const { call, ended } = await house({ endCallMs: 50 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    endCall(talk);
    expect(await ended()).toMatchObject({ endReason: 'agent-ended' });
    await talk.closed;
  });

  it('does the same for an end_call that is a tool of ours', async () => {
    const { call, ended } = await house({ endCallMs: 50 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: 'end_call', tool_call_id: 't', parameters: {}, event_id: 1 } });
    expect(await talk.received.next((f) => f['type'] === 'client_tool_result')).toMatchObject({ is_error: false });
    expect(await ended()).toMatchObject({ endReason: 'agent-ended' });
  });

  it('lets last words be as long as they are', async () => {
    const { call, ended } = await house({ endCallMs: 500 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    endCall(talk);
    for (let piece = 0; piece < 10; piece++) {
      talk.audio(speech(160, piece));
      await wait(100);
    }
    await ended();
    await stream.closed;
    expect(stream.audio().length).toBe(11 * 160);
  });

  it('takes a plain close for a goodbye once the agent has spoken', async () => {
    const { call, ended } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(161));
    talk.close(1000);
    expect(await ended()).toMatchObject({ endReason: 'agent-ended' });
    await stream.closed;
    expect(stream.audio().equals(speech(161))).toBe(true);
  });

  it('does not wait for ever for a mark that never comes back', async () => {
    const { call, ended } = await house({ lastWordsMarginMs: 30 });
    const { talk } = await call();
    talk.audio(speech(800));
    talk.close(1000);
    expect(await ended()).toMatchObject({ endReason: 'agent-ended' });
  });

  it('hangs up at the carrier when the end could not be written down', async () => {
    const { connect, ticket, conversation, hungUp } = await house({ recordEndMs: 20 }, { record: () => new Promise(() => {}) });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    (await conversation()).close(1000);
    stream.playAlways();
    await stream.closed;
    expect(hungUp).toEqual(['CA1']);
  });
});

describe('when the agent cannot be had', () => {
  const nested = (code: number, type: string, message: string) => ({ type: 'error', error_event: { code, error_type: type, message, reason: message } });
  /** `again`: another conversation is tried, and this one fails like the first. */
  const failures: [string, string, (talk: FakeConversation) => void, 'again'?][] = [
    ['has no credit left and says so flatly', 'agent-quota-exceeded', (talk) => {
      talk.send({ type: 'error', message: 'received 1002 (protocol error) This request exceeds your quota limit.' });
      talk.close(1002, 'This request exceeds your quota limit.');
    }],
    ['has no credit left and says it in the close only', 'agent-quota-exceeded', (talk) => talk.close(1002, 'This request exceeds your quota limit.')],
    ['refuses an override', 'agent-override-refused', (talk) => {
      talk.send(nested(1008, 'override_error', "Override for field 'voice_id' is not allowed by config."));
      talk.close(1008, "Override for field 'voice_id' is not allowed by config.");
    }],
    ['misses a variable', 'agent-variables-missing', (talk) => talk.close(1008, 'Missing required dynamic variables in first message: {"x"}')],
    ['breaks off over something else', 'agent-refused', (talk) => talk.close(1008, 'invalid_message')],
    ['crashes', 'agent-crashed', (talk) => talk.close(1011, ''), 'again'],
    ['is cut off', 'agent-crashed', (talk) => talk.cut(), 'again'],
    ['is not there', 'agent-not-found', (talk) => talk.close(3000, 'The AI agent you are trying to reach does not exist.')],
    ['does not know us', 'agent-unauthorized', (talk) => talk.close(3000, 'Could not authorize the conversation')],
    ['keeps us in its queue until time is up', 'agent-queue-timeout', (talk) => {
      talk.send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
      talk.send({ type: 'queue_status', queue_status_event: { status: 'timed_out' } });
      talk.close(3008, 'too many concurrent connections');
    }],
    ['closes the queue without a word', 'agent-queue-timeout', (talk) => {
      talk.send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
      talk.close(4300, '');
    }],
    ['says that it failed and stays silent', 'agent-crashed', (talk) => talk.send(nested(1002, 'llm_timeout', 'took too long')), 'again'],
    ['says goodbye before it said anything', 'agent-silent', (talk) => talk.close(1000)],
    ['speaks a format that nobody knows', 'agent-format-unsupported', (talk) => talk.metadata('opus_48000')],
  ];
  it.each(failures)('the caller hears so when it %s, and the record says why', async (_what, detail, fail, again) => {
    const { call, ended, conversation } = await house();
    const { stream, talk } = await call();
    fail(talk);
    if (again) fail(await conversation());
    await stream.got.until(() => stream.audio().length >= 800);
    await stream.got.until((all) => all.some((item) => item.kind === 'mark'));
    stream.playAlways();
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail });
    expect(await stream.closed).toMatchObject({ code: 1000 });
    expect(stream.audio().equals(sentence('agent-unavailable'))).toBe(true);
  });

  const answers: [string, number, unknown, string][] = [
    ['quota', 401, { detail: { status: 'quota_exceeded', message: 'no credits' } }, 'agent-quota-exceeded'],
    ['a wrong key', 401, { detail: { status: 'invalid_api_key', message: 'Invalid API key' } }, 'agent-unauthorized'],
    ['an unknown agent', 404, { detail: 'Not Found' }, 'agent-not-found'],
    ['too many at once', 429, { detail: { status: 'too_many_concurrent_requests', code: 'concurrent_limit_exceeded' } }, 'agent-busy'],
    ['a failure of its own', 500, 'oops', 'agent-unreachable'],
    ['something else altogether', 200, { signed_url: 'file:///etc/passwd' }, 'agent-unreachable'],
  ];
  it.each(answers)('the caller hears so when the signed URL is answered with %s', async (_what, status, body, detail) => {
    const { agent, connect, ticket, ended } = await house();
    agent.refuse = (response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const stream = await connect();
    stream.playAlways();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail });
    await stream.closed;
    expect(stream.audio().equals(sentence('agent-unavailable'))).toBe(true);
  });

  it('the caller hears so when the signed URL is never answered', async () => {
    const { agent, connect, ticket, ended } = await house();
    agent.refuse = () => {};
    const stream = await connect();
    stream.playAlways();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-unreachable' });
  });

  it('the caller hears so when the socket is refused', async () => {
    const { agent, connect, ticket, ended } = await house();
    agent.refuseHandshake = 403;
    const stream = await connect();
    stream.playAlways();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-unauthorized' });
  });

  it('an agent that connects and never speaks is given up', async () => {
    const { call, ended } = await house({ reassureMs: 40, firstAudioMs: 120 });
    const { stream } = await call();
    stream.playAlways();
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-silent' });
    expect(stream.audio().equals(Buffer.concat([sentence('one-moment'), sentence('agent-unavailable')]))).toBe(true);
  });

  it('an agent that keeps the caller in its queue is given up later', async () => {
    const { call, ended, metrics } = await house({ reassureMs: 40, firstAudioMs: 1000, queueMs: 1300 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-queue-timeout' });
    expect(metrics.valueBy('agent_faults')).toEqual({ 'agent-queue-timeout': 1 });
  });

  it('an agent without any sign of life in mid-call is given up', async () => {
    const { call, ended } = await house({ agentSilentMs: 100 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    expect(await ended()).toMatchObject({ endReason: 'agent-failed', detail: 'agent-silent' });
    await talk.closed;
  });

  it('an agent that understands the caller and does not answer is covered up for at first, and replaced later', async () => {
    const { call, conversation } = await house({ reassureMs: 500, agentSilentMs: 1500 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    await stream.got.next((item) => item.kind === 'mark');
    // It goes on to understand, and to ping.
    const living = setInterval(() => {
      talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Are you there?', event_id: 1 } });
      talk.send({ type: 'ping', ping_event: { event_id: 1, ping_ms: null } });
    }, 20);
    await conversation();
    clearInterval(living);
    expect(stream.audio().equals(Buffer.concat([speech(160), sentence('one-moment')]))).toBe(true);
  });

  it.each<[string, (talk: FakeConversation) => void]>([
    ['answers', (talk) => talk.audio(speech(160, 2))],
    ['skips its turn', (talk) => talk.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'skip_turn', tool_call_id: 's', tool_type: 'system', is_error: false, is_called: true, event_id: 9 } })],
    ['leaves', endCall],
  ])('nothing is put into the mouth of an agent that %s', async (_what, act) => {
    const { call } = await house({ reassureMs: 500, endCallMs: 1200 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    await stream.got.next((item) => item.kind === 'mark');
    talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Hold on.', event_id: 1 } });
    act(talk);
    await wait(800);
    expect(stream.audio().includes(sentence('one-moment'))).toBe(false);
  });

  it('a word that the caller throws in while the agent speaks is no question', async () => {
    const { call } = await house({ reassureMs: 500 });
    const { stream, talk } = await call();
    talk.audio(speech(8000));
    await stream.got.next((item) => item.kind === 'media');
    talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Mm-hm.', event_id: 1 } });
    await wait(800);
    expect(stream.audio().equals(speech(8000))).toBe(true);
  });

  it('what the agent had said already is heard before the sentence', async () => {
    const { call, ended, conversation } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(1000));
    await stream.got.next((item) => item.kind === 'media');
    talk.close(1011);
    (await conversation()).close(1011);
    await ended();
    expect(stream.audio().equals(Buffer.concat([speech(1000), sentence('agent-unavailable')]))).toBe(true);
  });
});

describe('when the caller goes', () => {
  it('by hanging up: the agent is let go at once, and the end is the caller\'s', async () => {
    const { call, ended } = await house();
    const { stream, talk } = await call();
    talk.audio(speech(80_000));
    stream.stop();
    expect(await ended()).toMatchObject({ endReason: 'caller-hung-up', detail: null });
    await talk.closed;
    await stream.closed;
  });

  it('by a socket that closes in order', async () => {
    const { call, ended } = await house();
    const { stream, talk } = await call();
    stream.close(1000);
    expect(await ended()).toMatchObject({ endReason: 'caller-hung-up' });
    await talk.closed;
  });

  it('by a socket that dies: nothing final is written, since the call may come back', async () => {
    const { call, events } = await house();
    const { stream, talk } = await call();
    stream.cut();
    expect(await events.next((event) => event.kind === 'stream-failed')).toMatchObject({ detail: 'carrier-socket-lost' });
    await talk.closed;
    expect(events.all.some((event) => event.kind === 'ended')).toBe(false);
  });

  it('in the middle of the goodbye: the first reason stays', async () => {
    const { call, ended, events } = await house();
    const { stream, talk } = await call();
    talk.audio(speech(80_000));
    talk.close(1000);
    await talk.closed;
    await stream.got.until(() => stream.audio().length >= 80_000);
    stream.stop();
    expect(await ended()).toMatchObject({ endReason: 'agent-ended' });
    expect(events.all.filter((event) => event.kind === 'ended').length).toBe(1);
  });

  it('while the ticket is checked: the agent is never asked', async () => {
    const gate = Promise.withResolvers<boolean>();
    const { connect, ticket, agent, relay } = await house({}, { tickets: { use: () => gate.promise } });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    stream.close(1000);
    await stream.closed;
    gate.resolve(true);
    await (await fetch(`http://127.0.0.1:${relay.port}/health`)).json();
    expect(agent.contacts).toEqual([]);
  });

  it('by pressing 9: noted at once, said goodbye to, never called again', async () => {
    const { call, ended, events } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(80_000));
    await stream.got.until(() => stream.audio().length >= 80_000);
    stream.digit('5');
    stream.digit('9');
    expect(await events.next((event) => event.kind === 'opt-out')).toMatchObject({ by: 'key-9' });
    expect(await ended()).toMatchObject({ endReason: 'agent-ended', detail: 'opt-out' });
    expect(stream.got.all.some((item) => item.kind === 'clear')).toBe(true);
    expect(stream.audio().subarray(80_000).equals(sentence('call-ended'))).toBe(true);
  });
});

describe('other ends', () => {
  it('a call that lasts too long is ended with a sentence', async () => {
    const { call, ended } = await house({ callLimitMs: 100 });
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160));
    expect(await ended()).toMatchObject({ endReason: 'timed-out' });
    expect(stream.audio().subarray(160).equals(sentence('call-ended'))).toBe(true);
  });

  it.each<[string, number, Partial<CallRecord>, string | undefined]>([
    ['that we placed ends before the carrier cuts it: on a later stream, what was talked before counts', 1, {}, 'timed-out'],
    ['that has just begun has its whole time, whatever a carrier says of its answer', 0, {}, undefined],
    ['that came in is not cut by a carrier: it has the time of a talk', 1, { direction: 'inbound' }, undefined],
    ['of which nobody knows when it was answered counts from its stream', 1, { answeredAt: null }, undefined],
  ])('a call %s', async (_what, epoch, record, reason) => {
    const answeredAt = new Date(Date.now() - 50_000).toISOString();
    const { call, ended, records } = await house({ callLimitMs: 120_000, dialledLimitMs: 50_300 });
    records.set(callId, { ...newCall(), epoch, answeredAt, ...record });
    const { stream, talk } = await call({ epoch });
    stream.playAlways();
    talk.audio(speech(160));
    const over = await Promise.race([ended(), wait(1500)]);
    expect(over?.endReason).toBe(reason);
  });

  it('a relay that stops hands its calls over: no end is written, and the carrier asks for the next document', async () => {
    const { call, relay, events } = await house();
    const { stream, talk } = await call();
    await relay.stop();
    expect(await stream.closed).toEqual({ code: 1012, reason: 'relay-stopped' });
    await talk.closed;
    expect(events.all.some((event) => event.kind === 'ended')).toBe(false);
    expect(events.all.some((event) => event.kind === 'stream-failed')).toBe(true);
  });

  it('a relay that stops lets a goodbye come to its end', async () => {
    const { call, relay, ended } = await house({ drainMs: 10_000 });
    const { stream, talk } = await call();
    talk.audio(speech(8000));
    talk.close(1000);
    await talk.closed;
    await stream.got.until((all) => all.at(-1)?.kind === 'mark');
    const stopped = relay.stop();
    expect((await fetch(`http://127.0.0.1:${relay.port}/ready`)).status).toBe(503);
    stream.play();
    await stopped;
    expect(await ended()).toMatchObject({ endReason: 'agent-ended' });
  });

  it('leave no socket and no timer behind, whichever way the calls went', async () => {
    const busy = (): number => process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name)).length;
    const before = busy();
    const { call, relay, agent, events } = await house();
    const ways: ((talk: FakeConversation, stream: Awaited<ReturnType<typeof call>>['stream']) => void)[] = [
      (_talk, stream) => stream.stop(), (_talk, stream) => stream.cut(), (talk) => talk.close(1000), (talk) => talk.cut(), endCall, (_talk, stream) => stream.digit('9'), () => {},
      (talk) => talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: 'send_keys', tool_call_id: 't', parameters: {} } }),
    ];
    for (const [epoch, way] of ways.entries()) {
      const { stream, talk } = await call({ epoch });
      stream.playAlways();
      talk.audio(speech(1601));
      await stream.got.next((item) => item.kind === 'media');
      way(talk, stream);
    }
    await relay.stop();
    await agent.stop();
    expect(relay.active()).toBe(0);
    expect(events.all.filter((event) => event.kind === 'stream-started').length).toBe(ways.length);
    // Sockets that were told to close are gone once their last events came by.
    while (busy() > before) await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(busy()).toBeLessThanOrEqual(before);
  });

  it('a carrier that does not read is let go', async () => {
    const { call, events } = await house({ mostCarrierSocketBytes: 200_000, aheadMs: 10_000_000, mostQueuedMs: 10_000_000 });
    const { stream, talk } = await call();
    stream.pause();
    for (let i = 0; i < 12; i++) talk.audio(speech(1_000_000, i));
    talk.send({ type: 'ping', ping_event: { event_id: 1, ping_ms: null } });
    await talk.received.next((f) => f['type'] === 'pong');
    stream.speak(speech(160));
    expect(await events.next((event) => event.kind === 'stream-failed')).toMatchObject({ detail: 'carrier-does-not-read' });
  });

  it('a store that fails for a while loses nothing', async () => {
    let failures = 3;
    const kept: string[] = [];
    const { connect, ticket, conversation, metrics } = await house({}, {
      record: async (_id, event) => {
        if (failures-- > 0) throw new Error('down');
        kept.push(event.kind);
        return undefined as never;
      },
    });
    const stream = await connect();
    stream.playAlways();
    stream.start({ parameters: { ticket: ticket() } });
    const talk = await conversation();
    await talk.received.next(() => true);
    talk.metadata();
    talk.audio(speech(160));
    await stream.got.next((item) => item.kind === 'media');
    talk.close(1000);
    await stream.closed;
    expect(kept).toEqual(['stream-started', 'agent-connected', 'first-audio', 'ended']);
    expect(metrics.value('record_retries')).toBe(3);
  });
});
