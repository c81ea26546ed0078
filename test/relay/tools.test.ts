import { describe, expect, it, onTestFinished } from 'vitest';
import { FORMATS } from '#audio/formats.ts';
import { decodeMulaw } from '#audio/mulaw.ts';
import type { CallEvent } from '#calls/call.ts';
import { sealTicket } from '#calls/ticket.ts';
import { exotelCodec } from '#carriers/exotel/codec.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import type { FakeConversation } from '#doubles/fake-agent.ts';
import { fakeExotelStream } from '#doubles/fake-exotel-stream.ts';
import { keysIn } from '#doubles/key-receiver.ts';
import { relayDefaults } from '#relay/options.ts';
import { callId, house, newCall, secret, speech, type House } from './house.ts';

let calls = 0;
/** Asks for a tool, and waits for the answer. */
const use = async (talk: FakeConversation, name: string, parameters: unknown = {}): Promise<{ result: string; isError: boolean }> => {
  const id = `t${calls += 1}`;
  talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: name, tool_call_id: id, parameters, event_id: 1 } });
  const answer = await talk.received.next((frame) => frame['type'] === 'client_tool_result' && frame['tool_call_id'] === id);
  return { result: String(answer['result']), isError: answer['is_error'] === true };
};
const kinds = (events: House['events']): string[] => events.all.map((event) => (event.kind === 'transfer' ? `transfer-${event.state}` : event.kind));

describe('keys that the agent presses', () => {
  it('are heard after what it said before and ahead of what it says next, with a mark behind them', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    const [before, after] = [Buffer.alloc(1600, 0xff), speech(1600, 2)];
    talk.audio(before);
    expect(await use(talk, 'send_keys', { digits: '4w2#' })).toMatchObject({ isError: false, result: expect.stringContaining('1.1 seconds') as string });
    talk.audio(after);
    await stream.got.until(() => stream.audio().length >= before.length + 1100 * 8 + after.length);
    const heard = stream.audio();
    expect(heard.subarray(0, before.length).equals(before)).toBe(true);
    expect(heard.subarray(-after.length).equals(after)).toBe(true);
    expect(keysIn(decodeMulaw(heard.subarray(before.length, -after.length)), 8000).map(({ key }) => key).join('')).toBe('42#');
    const lastKey = stream.got.all.findLastIndex((item) => item.kind === 'media' && !after.includes(item.bytes));
    expect(stream.got.all.slice(lastKey + 1).some((item) => item.kind === 'mark')).toBe(true);
  });

  it('are cleared when the caller talks over them, and do not come back', async () => {
    const { call, metrics } = await house({ aheadMs: 400 });
    const { stream, talk } = await call();
    await use(talk, 'send_keys', { digits: '12345678' });
    await stream.got.next((item) => item.kind === 'media');
    talk.interrupt(5);
    await stream.got.next((item) => item.kind === 'clear');
    const heard = stream.audio().length;
    stream.playAlways();
    talk.audio(speech(800), 6);
    await stream.got.until(() => stream.audio().length >= heard + 800);
    expect(stream.audio().subarray(heard).equals(speech(800))).toBe(true);
    expect(heard).toBeLessThan(8 * 200 * 8);
    expect(metrics.value('interruptions')).toBe(1);
  });

  it.each(['8000', '16000'])('sound at Exotel\'s %s Hz as well, in whole pieces', async (rate) => {
    const made = await house({}, { codecs: { default: twilioCodec, '/exotel': exotelCodec }, accounts: { exotel: 'desk1' } });
    made.records.set(callId, { ...newCall(), carrier: 'exotel', callSid: null });
    const ticket = sealTicket(secret, { callId, callSid: null, epoch: 0, expires: Math.floor(Date.now() / 1000) + 60 });
    const stream = await fakeExotelStream(made.relay.port, `/exotel?ticket=${ticket}`);
    onTestFinished(() => stream.cut());
    stream.echo();
    stream.start({ rate });
    const talk = await made.conversation();
    await talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
    talk.metadata(`pcm_${rate}`);
    await made.events.next((event) => event.kind === 'agent-connected');
    await use(talk, 'send_keys', { digits: '90*' });
    const bytesPerMs = Number(rate) / 500;
    await stream.got.until(() => stream.audio().length >= 600 * bytesPerMs);
    expect(stream.audio().length % 320).toBe(0);
    const pcm = Int16Array.from({ length: stream.audio().length / 2 }, (_, i) => stream.audio().readInt16LE(2 * i));
    expect(keysIn(pcm, FORMATS[`pcm_${rate}` as 'pcm_8000'].rateHz).map(({ key }) => key).join('')).toBe('90*');
  });
});

describe('a caller who is put through to a person', () => {
  const withPeople = (options: Parameters<typeof house>[0] = {}) => house({ transferMs: 200, ...options }, { canTransfer: () => true });

  it('hears the agent\'s last words, then the stream closes; that it was asked for was written before, and no end is', async () => {
    const { call, events, metrics } = await withPeople();
    const { stream, talk } = await call();
    talk.audio(speech(4000));
    expect(await use(talk, 'transfer_to_human', { reason: 'Wants a price.' })).toMatchObject({ isError: false });
    expect(await events.next((event) => event.kind === 'transfer')).toMatchObject({ state: 'asked', epoch: 0, detail: 'Wants a price.' });
    talk.audio(speech(2000, 2), 2);
    // Nothing is played yet: the stream must not close.
    await talk.closed;
    expect(stream.got.all.some((item) => item.kind === 'closed')).toBe(false);
    await stream.got.until(() => stream.audio().length >= 6000 && stream.got.all.at(-1)?.kind === 'mark');
    stream.play();
    expect(await stream.closed).toEqual({ code: 1000, reason: 'transfer' });
    expect(stream.audio().equals(Buffer.concat([speech(4000), speech(2000, 2)]))).toBe(true);
    expect(kinds(events)).not.toContain('ended');
    expect(kinds(events)).not.toContain('stream-failed');
    expect(metrics.valueBy('calls_ended')).toEqual({});
  });

  it.each<[string, (talk: FakeConversation) => void]>([
    ['closes', (talk) => talk.close(1000)], ['crashes', (talk) => talk.close(1011, 'boom')], ['is cut off', (talk) => talk.cut()],
    ['says goodbye by its own tool', (talk) => talk.send({ type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', tool_call_id: 'e', tool_type: 'system', is_error: false, is_called: true, event_id: 9 } })],
  ])('is put through all the same when the agent then %s', async (_how, act) => {
    const { call, events } = await withPeople();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(800));
    await use(talk, 'transfer_to_human');
    act(talk);
    expect(await stream.closed).toEqual({ code: 1000, reason: 'transfer' });
    expect(kinds(events).filter((kind) => kind === 'ended' || kind.startsWith('transfer'))).toEqual(['transfer-asked']);
  });

  it('is put through although the agent had begun to say goodbye', async () => {
    const { call } = await withPeople({ endCallMs: 60_000 });
    const { stream, talk } = await call();
    stream.playAlways();
    await use(talk, 'end_call');
    await use(talk, 'transfer_to_human');
    expect((await stream.closed).reason).toBe('transfer');
  });

  it('is not heard by the agent any more, which would answer and hold them up', async () => {
    const { call } = await withPeople({ transferMs: 60_000 });
    const { stream, talk } = await call();
    await use(talk, 'transfer_to_human');
    const before = talk.heard().length;
    for (let i = 0; i < 10; i++) stream.speak(speech(160, i));
    // In order behind what was said: once it is there, the words before it were left out.
    stream.digit('5');
    await talk.received.next((frame) => frame['type'] === 'contextual_update');
    expect(talk.heard().length).toBe(before);
  });

  it('is put through once, however often the agent asks', async () => {
    const { call, events } = await withPeople();
    const { stream, talk } = await call();
    stream.playAlways();
    expect([(await use(talk, 'transfer_to_human')).isError, (await use(talk, 'transfer_to_human')).isError]).toEqual([false, false]);
    await stream.closed;
    expect(kinds(events).filter((kind) => kind.startsWith('transfer'))).toEqual(['transfer-asked']);
  });

  it('who hangs up during the last words has hung up', async () => {
    const { call, ended } = await withPeople({ transferMs: 60_000 });
    const { stream, talk } = await call();
    talk.audio(speech(8000));
    await use(talk, 'transfer_to_human');
    talk.close(1000);
    await talk.closed;
    stream.stop();
    expect(await ended()).toMatchObject({ endReason: 'caller-hung-up' });
  });

  it('can still press 9 while the agent speaks', async () => {
    const { call, events, ended } = await withPeople({ transferMs: 60_000 });
    const { stream, talk } = await call();
    stream.playAlways();
    await use(talk, 'transfer_to_human');
    stream.digit('9');
    expect(await events.next((event) => event.kind === 'opt-out')).toMatchObject({ by: 'key-9' });
    expect(await ended()).toMatchObject({ detail: 'opt-out' });
  });

  it('is put through by the next document when the relay stops meanwhile', async () => {
    const { call, relay, events } = await withPeople({ transferMs: 60_000 });
    const { stream, talk } = await call();
    await use(talk, 'transfer_to_human');
    await relay.stop();
    await stream.closed;
    expect(kinds(events)).toContain('transfer-asked');
    expect(kinds(events)).not.toContain('ended');
  });

  it('is not where nobody takes over: the agent is told so, and talks on', async () => {
    const asked: unknown[] = [];
    const { call, events } = await house({}, { canTransfer: (...of) => { asked.push(of); return false; } });
    const { stream, talk } = await call();
    stream.playAlways();
    expect(await use(talk, 'transfer_to_human')).toMatchObject({ isError: true, result: expect.stringContaining('Nobody can be put through') as string });
    expect(asked).toEqual([['twilio', 'outbound']]);
    talk.audio(speech(800));
    await stream.got.until(() => stream.audio().length >= 800);
    expect(kinds(events)).not.toContain('transfer-asked');
  });

  it.each([
    ['on Monday 30 November at 9:00 am (Europe/London)', /people are back on Monday 30 November at 9:00 am \(Europe\/London\).*offer/],
    [null, /Nobody is there at this hour to be put through to\. Say so/],
  ])('is not at an hour when nobody is there: the agent can say when people are back (%s)', async (back, says) => {
    const { call, events } = await house({}, { canTransfer: () => true, peopleThere: () => ({ there: false, back }) });
    const { talk } = await call();
    expect(await use(talk, 'transfer_to_human')).toMatchObject({ isError: true, result: expect.stringMatching(says) as string });
    expect(kinds(events)).not.toContain('transfer-asked');
  });

  it('is where people are there', async () => {
    const { call } = await house({ transferMs: 60_000 }, { canTransfer: () => true, peopleThere: () => ({ there: true }) });
    expect(await use((await call()).talk, 'transfer_to_human')).toMatchObject({ isError: false });
  });

  it('comes back to an agent that knows that nobody was free', async () => {
    const { call, records } = await withPeople();
    records.set(callId, { ...newCall(), epoch: 1, transfer: { state: 'failed', epoch: 0 } });
    const { talk } = await call({ epoch: 1 });
    expect(talk.received.all[0]).toMatchObject({ conversation_config_override: { agent: { first_message: relayDefaults.nobodyFreeMessage } } });
    expect(await talk.received.next((frame) => frame['type'] === 'contextual_update')).toMatchObject({ text: expect.stringMatching(/nobody was free.*Do not introduce yourself again/) as string });
  });
});

describe('another call that the caller asks for', () => {
  const ask = { when: '2026-11-28T15:30+05:30', note: 'The price.' };

  it('is planned by its story, whose words the agent is given', async () => {
    const asked: unknown[] = [];
    const { call } = await house({}, { askCallback: async (...of) => { asked.push(of); return { result: 'Planned: tomorrow at 9:00 am.', isError: false }; } });
    const { talk } = await call();
    expect(await use(talk, 'schedule_callback', ask)).toEqual({ result: 'Planned: tomorrow at 9:00 am.', isError: false });
    expect(asked).toEqual([[callId, ask]]);
  });

  it('is refused in words where nothing can be planned, or planning fails', async () => {
    const { call } = await house();
    const { talk } = await call();
    expect(await use(talk, 'schedule_callback', ask)).toMatchObject({ isError: true, result: expect.stringContaining('No call can be planned') as string });
    const broken = await house({}, { askCallback: () => Promise.reject(new Error('the store is down')) });
    expect(await use((await broken.call()).talk, 'schedule_callback', ask)).toMatchObject({ isError: true, result: expect.stringContaining('cannot be done at the moment') as string });
  });

  it('holds nobody up: the talk goes on while it is planned, and other tools are answered', async () => {
    let plan = (_said: { result: string; isError: boolean }): void => {};
    const { call } = await house({}, { askCallback: () => new Promise((resolve) => { plan = resolve; }) });
    const { stream, talk } = await call();
    stream.playAlways();
    const planned = use(talk, 'schedule_callback', ask);
    talk.audio(speech(800));
    await stream.got.until(() => stream.audio().length >= 800);
    expect((await use(talk, 'send_keys', { digits: '1' })).isError).toBe(false);
    plan({ result: 'Planned.', isError: false });
    expect(await planned).toEqual({ result: 'Planned.', isError: false });
  });
});

describe('tools at once', () => {
  it('are eight at most; each one more is told to wait, and all are answered', async () => {
    const waiting: ((event?: CallEvent) => void)[] = [];
    const { call } = await house({}, { askCallback: () => new Promise((resolve) => { waiting.push(() => resolve({ result: 'Planned.', isError: false })); }) });
    const { talk } = await call();
    const answers = Array.from({ length: 9 }, () => use(talk, 'schedule_callback', { in_minutes: 20 }));
    expect(await answers[8]).toMatchObject({ isError: true, result: expect.stringContaining('Too many tools at once') as string });
    for (const go of waiting) go();
    expect((await Promise.all(answers.slice(0, 8))).every(({ isError }) => !isError)).toBe(true);
  });
});
