import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMulaw } from '#audio/mulaw.ts';
import { measureTone, sine } from '#audio/level.ts';
import type { FakeConversation } from '#doubles/fake-agent.ts';
import type { FakeStream } from '#doubles/fake-twilio-stream.ts';
import { house, sentence, speech } from './house.ts';

const frame = (n: number): Buffer => speech(160, n);
const chop = (bytes: Buffer, sizes: number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
};

describe('what the caller says', () => {
  it('reaches the agent untouched and in order when both speak mu-law', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    for (let i = 0; i < 20; i++) stream.speak(frame(i));
    await talk.received.until(() => talk.heard().length >= 20 * 160);
    expect(talk.heard()).toEqual(Buffer.concat(Array.from({ length: 20 }, (_, i) => frame(i))));
  });

  it('is kept, in order, until the agent is ready', async () => {
    const { connect, ticket, conversation } = await house();
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    for (let i = 0; i < 60; i++) stream.speak(frame(i));
    const talk = await conversation();
    for (let i = 60; i < 100; i++) stream.speak(frame(i));
    await talk.received.next((f) => f['type'] === 'conversation_initiation_client_data');
    expect(talk.heard().length).toBe(0);
    talk.metadata();
    await talk.received.until(() => talk.heard().length >= 100 * 160);
    expect(talk.heard()).toEqual(Buffer.concat(Array.from({ length: 100 }, (_, i) => frame(i))));
  });

  it('is kept for two seconds and no longer: the newest counts', async () => {
    const { connect, ticket, conversation, metrics } = await house({ callerKeptMs: 200, mostFramesBeforeAdmission: 1000 });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    for (let i = 0; i < 50; i++) stream.speak(frame(i));
    stream.speak(Buffer.alloc(160, 0xee));
    const talk = await conversation();
    await talk.received.next((f) => f['type'] === 'conversation_initiation_client_data');
    talk.metadata();
    await talk.received.until(() => talk.heard().includes(Buffer.alloc(160, 0xee)));
    expect(talk.heard().length).toBe(1600);
    expect(metrics.value('caller_audio_dropped')).toBe(41);
  });

  it('is gathered into longer messages when the configuration says so', async () => {
    const { call } = await house({ agentChunkMs: 60 });
    const { stream, talk } = await call();
    for (let i = 0; i < 6; i++) stream.speak(frame(i));
    await talk.received.until(() => talk.heard().length >= 6 * 160);
    expect(talk.received.all.filter((f) => 'user_audio_chunk' in f).length).toBe(2);
    expect(talk.heard()).toEqual(Buffer.concat(Array.from({ length: 6 }, (_, i) => frame(i))));
  });

  it('is put into the agent\'s format when that is another', async () => {
    const { call } = await house();
    const { stream, talk } = await call({ output: 'pcm_16000' });
    for (let i = 0; i < 50; i++) stream.speak(frame(i));
    // 16 kHz PCM is four times as many bytes; the resampler holds a little back.
    await talk.received.until(() => talk.heard().length > 50 * 160 * 4 - 1000);
    expect(talk.heard().length % 2).toBe(0);
  });

  it('counts frames that never came', async () => {
    const { call, metrics } = await house();
    const { stream, talk } = await call();
    const media = (chunk: number) => stream.send({ event: 'media', sequenceNumber: String(2 * chunk), media: { chunk: String(chunk), payload: frame(chunk).toString('base64') } });
    for (const chunk of [2, 3, 7, 8]) media(chunk);
    await talk.received.until(() => talk.heard().length >= 640);
    expect(metrics.value('gap_frames')).toBe(3);
  });
});

describe('what the agent says', () => {
  it('reaches the caller byte for byte, however it is cut', async () => {
    const { call } = await house({ idleMs: 10 });
    const { stream, talk } = await call();
    stream.playAlways();
    let expected = Buffer.alloc(0);
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 20_000 }), fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 6 }), async (length, sizes) => {
      const words = speech(length, sizes[0]);
      for (const piece of chop(words, sizes.map((size) => Math.max(size, Math.ceil(length / 200))))) talk.audio(piece);
      expected = Buffer.concat([expected, words]);
      await stream.got.until(() => stream.audio().length >= expected.length);
      expect(stream.audio().equals(expected)).toBe(true);
    }), { numRuns: 40 });
  });

  it('goes out in whole frames of 160 bytes but for the end of an utterance, and in messages under 32 KB', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    const words = speech(100_001);
    for (const piece of chop(words, [1, 77, 333, 50_000])) talk.audio(piece);
    await stream.got.until(() => stream.audio().length >= words.length);
    const sizes = stream.got.all.flatMap((item) => (item.kind === 'media' ? [item.bytes.length] : []));
    expect(sizes.slice(0, -1).every((size) => size % 160 === 0)).toBe(true);
    expect(sizes.at(-1)).toBe(words.length % 160);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(24_000);
    expect(stream.audio().equals(words)).toBe(true);
  });

  it('may be more than a megabyte in one message', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    const words = speech(1_100_000);
    talk.audio(words);
    await stream.got.until(() => stream.audio().length >= words.length);
    expect(stream.audio().equals(words)).toBe(true);
  });

  it.each(['pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100', 'pcm_48000'])('is the same tone at the caller when the agent speaks %s', async (format) => {
    const { call } = await house({ idleMs: 60 });
    const { stream, talk } = await call({ output: format, input: 'ulaw_8000' });
    stream.playAlways();
    const rate = Number(format.slice(4));
    const tone = sine(440, rate, rate);
    for (const piece of chop(Buffer.from(tone.buffer), [777, 4001, 20_000])) talk.audio(piece);
    await stream.got.until(() => stream.audio().length >= 8000);
    const heard = decodeMulaw(stream.audio());
    expect(heard.length).toBe(8000);
    // Mu-law itself leaves some 38 dB.
    expect(measureTone(heard.subarray(400, 7600), 440, 8000).snrDb).toBeGreaterThan(33);
  });

  it('waits here when the carrier holds as much as it may, and follows as the caller hears', async () => {
    const { call } = await house({ aheadMs: 2000 });
    const { stream, talk } = await call();
    const words = speech(80_000);
    talk.audio(words);
    await stream.got.until(() => stream.audio().length >= 16_000);
    // A ping and its answer: whatever was to follow the audio above has come.
    talk.send({ type: 'ping', ping_event: { event_id: 0, ping_ms: null } });
    await talk.received.next((f) => f['type'] === 'pong');
    expect(stream.audio().length).toBe(16_000);
    stream.play();
    await stream.got.until(() => stream.audio().length >= 32_000);
    stream.playAlways();
    await stream.got.until(() => stream.audio().length >= words.length);
    expect(stream.audio().equals(words)).toBe(true);
  });

  it('has a mark at least every second, and one at the end', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(40_100));
    await stream.got.until(() => stream.audio().length >= 40_100);
    await stream.got.until((all) => all.at(-1)?.kind === 'mark');
    const names = stream.got.all.flatMap((item) => (item.kind === 'mark' ? [item.name] : []));
    expect(names).toEqual(['g0:m1', 'g0:m2', 'g0:m3', 'g0:m4', 'g0:m5', 'g0:m6']);
  });

  it('is recorded as heard once: first audio with its time since the start', async () => {
    const { call, events } = await house();
    const { talk } = await call();
    talk.audio(speech(320));
    talk.audio(speech(320));
    const first = await events.next((event) => event.kind === 'first-audio');
    expect(first).toMatchObject({ epoch: 0 });
    expect(events.all.filter((event) => event.kind === 'first-audio').length).toBe(1);
  });
});

/** The caller hears what comes before the first mark, a second of speech, and then talks over the agent. */
const talkOverSecondSecond = async (stream: FakeStream, talk: FakeConversation, words: string): Promise<void> => {
  const first = await stream.got.next((item) => item.kind === 'mark');
  stream.send({ event: 'mark', streamSid: 'MZ1', mark: { name: first.kind === 'mark' ? first.name : '' } });
  stream.speak(frame(1));
  await talk.received.next((f) => 'user_audio_chunk' in f);
  talk.interrupt(2);
  await stream.got.next((item) => item.kind === 'clear');
  talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: words, event_id: 2 } });
};

describe('when the caller talks over the agent', () => {
  it('clears what is queued here and at the carrier, and never says it later', async () => {
    const { call } = await house({ aheadMs: 1000 });
    const { stream, talk } = await call();
    talk.audio(Buffer.alloc(40_000, 0x01), 5);
    await stream.got.until(() => stream.audio().length >= 8000);
    talk.interrupt(6);
    await stream.got.next((item) => item.kind === 'clear');
    const before = stream.audio().length;
    talk.audio(Buffer.alloc(800, 0x02), 5);
    talk.audio(Buffer.alloc(800, 0x03), 6);
    await stream.got.until(() => stream.audio().length >= before + 800);
    expect(stream.audio().subarray(before).equals(Buffer.alloc(800, 0x03))).toBe(true);
  });

  it.each(['ulaw_8000', 'pcm_8000', 'pcm_16000'])('forgets the piece of a frame that was waiting for more (%s)', async (format) => {
    const { call } = await house({ idleMs: 10_000 });
    const { stream, talk } = await call({ output: format, input: 'ulaw_8000' });
    const byte = format === 'ulaw_8000' ? 0xff : 0;
    talk.audio(Buffer.alloc(163, 0x55), 1);
    talk.interrupt(2);
    await stream.got.next((item) => item.kind === 'clear');
    const before = stream.audio().length;
    talk.audio(Buffer.alloc(16_000, byte), 2);
    await stream.got.until(() => stream.audio().length >= before + 3200);
    // Silence alone: nothing of the dropped piece, whole or as half a sample.
    expect(stream.audio().subarray(before).every((heard) => heard === 0xff)).toBe(true);
  });

  it('plays an answer that carries the id of the interruption itself', async () => {
    const { call, metrics } = await house();
    const { stream, talk } = await call();
    talk.audio(Buffer.alloc(160, 0x01), 3);
    talk.interrupt(4);
    talk.audio(Buffer.alloc(320, 0x04), 4);
    await stream.got.until(() => stream.audio().length >= 480);
    expect(metrics.value('stale_audio_dropped')).toBe(0);
  });

  it('clears also when everything was sent long ago', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160), 1);
    await stream.got.until((all) => all.some((item) => item.kind === 'mark'));
    talk.interrupt(1);
    expect(await stream.got.next((item) => item.kind === 'clear')).toEqual({ kind: 'clear' });
  });

  it('does not take marks that come back by the clear for hearing', async () => {
    const { call, transcript } = await house();
    const { stream, talk } = await call();
    talk.send({ type: 'agent_response', agent_response_event: { agent_response: 'one two three four five six seven eight', event_id: 1 } });
    talk.audio(speech(160_000), 1);
    await stream.got.until(() => stream.audio().length >= 160_000);
    talk.interrupt(2);
    await stream.got.next((item) => item.kind === 'clear');
    talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'stop', event_id: 2 } });
    talk.audio(speech(160, 2), 2);
    await stream.got.until(() => stream.audio().length >= 160_160);
    // 20 s of speech, cleared at once: nothing, or next to nothing, was heard.
    expect(transcript()[0]).not.toContain('three');
    expect(transcript().at(-1)).toBe('caller: stop');
  });

  it('keeps the agent\'s own correction of what it said', async () => {
    const { call, transcript, events, ended } = await house();
    const { stream, talk } = await call();
    talk.send({ type: 'agent_response', agent_response_event: { agent_response: 'Shall I tell you all about it?', event_id: 1 } });
    talk.audio(speech(16_000), 1);
    talk.interrupt(2);
    talk.send({ type: 'agent_response_correction', agent_response_correction_event: { original_agent_response: 'Shall I tell you all about it?', corrected_agent_response: 'Shall I tell', event_id: 1 } });
    talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Yes', event_id: 2 } });
    talk.close(1000);
    stream.playAlways();
    await ended();
    expect(transcript()).toEqual(['agent: Shall I tell', 'caller: Yes']);
    expect(events.all.at(-1)?.kind).toBe('ended');
  });

  it('cuts the transcript by how much of it was heard, in whatever pieces it came', async () => {
    const { call, transcript } = await house();
    const { stream, talk } = await call();
    talk.send({ type: 'agent_response', agent_response_event: { agent_response: 'one two three four five six seven eight', event_id: 1 } });
    for (let piece = 0; piece < 400; piece++) talk.audio(speech(160), 1);
    await stream.got.until(() => stream.audio().length >= 64_000);
    // The first of eight seconds was heard.
    await talkOverSecondSecond(stream, talk, 'stop');
    talk.audio(speech(160, 2), 2);
    await stream.got.until(() => stream.audio().length >= 64_160);
    expect(transcript()).toEqual(['agent: one', 'caller: stop']);
  });

  it('cuts the transcript by the alignment, where the agent gives one', async () => {
    const { call, transcript, turns } = await house();
    const { stream, talk } = await call();
    talk.send({ type: 'agent_response', agent_response_event: { agent_response: 'ab', event_id: 1 } });
    const audio = (char: string) => talk.send({ type: 'audio', audio_event: { audio_base_64: speech(8000).toString('base64'), event_id: 1, alignment: { chars: [char], char_start_times_ms: [10], char_durations_ms: [900] } } });
    audio('a');
    audio('b');
    // The first second was heard, the second one was not.
    await talkOverSecondSecond(stream, talk, 'hm');
    talk.audio(speech(160), 2);
    await stream.got.until(() => turns.size === 2 && turns.get(0)?.text !== 'ab');
    expect(transcript()).toEqual(['agent: a', 'caller: hm']);
  });
});

describe('the agent\'s other wishes', () => {
  it('answers every ping at once, number 0 too', async () => {
    const { call } = await house();
    const { talk } = await call();
    talk.send({ type: 'ping', ping_event: { event_id: 0, ping_ms: null } });
    expect(await talk.received.next((f) => f['type'] === 'pong')).toEqual({ type: 'pong', event_id: 0 });
  });

  it('hears of keys that the caller pressed', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    stream.digit('5');
    expect(await talk.received.next((f) => f['type'] === 'contextual_update')).toEqual({ type: 'contextual_update', text: 'The caller pressed the key 5.' });
  });

  it('notes an opt-out by the tool do_not_call', async () => {
    const { call, events } = await house();
    const { talk } = await call();
    talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: 'do_not_call', tool_call_id: 't1', parameters: {}, event_id: 1 } });
    expect(await talk.received.next((f) => f['type'] === 'client_tool_result')).toMatchObject({ tool_call_id: 't1', is_error: false });
    expect(await events.next((event) => event.kind === 'opt-out')).toMatchObject({ by: 'voice' });
  });

  it.each(['transfer_to_human', 'schedule_callback', 'send_keys', 'no_such_tool', '__proto__'])('answers %s with an error rather than with silence', async (name) => {
    const { call } = await house();
    const { talk } = await call();
    talk.send({ type: 'client_tool_call', client_tool_call: { tool_name: name, tool_call_id: 't2', parameters: null, event_id: 1 } });
    expect(await talk.received.next((f) => f['type'] === 'client_tool_result')).toMatchObject({ tool_call_id: 't2', is_error: true });
  });

  it('ignores and counts what it does not know', async () => {
    const { call, metrics } = await house();
    const { stream, talk } = await call();
    for (const odd of [{ type: 'vad_score', vad_score_event: { vad_score: 0.5 } }, { type: 'brand_new', x: [1] }, { type: 'audio' }, { type: 'audio', audio_event: { audio_base_64: '!', event_id: 1 } }, {}]) talk.send(odd);
    talk.audio(speech(160));
    await stream.got.next((item) => item.kind === 'media');
    expect(metrics.value('events_ignored')).toBe(5);
  });

  it('sends nothing of the caller\'s while the agent\'s queue holds the call, and goes on when it is admitted', async () => {
    const { call } = await house();
    const { stream, talk } = await call();
    talk.send({ type: 'queue_status', queue_status_event: { status: 'waiting' } });
    talk.send({ type: 'ping', ping_event: { event_id: 1, ping_ms: null } });
    await talk.received.next((f) => f['type'] === 'pong');
    for (let i = 0; i < 3; i++) stream.speak(frame(i));
    stream.send({ event: 'mark', streamSid: 'MZ1', mark: { name: 'none of ours' } });
    talk.send({ type: 'queue_status', queue_status_event: { status: 'admitted' } });
    await talk.received.until(() => talk.heard().length >= 480);
    expect(talk.heard().equals(Buffer.concat([frame(0), frame(1), frame(2)]))).toBe(true);
  });

  it('speaks with the voice of the call where there is one, and overrides nothing where there is none', async () => {
    const { connect, ticket, conversation } = await house({}, { voiceOf: async () => 'voice_1' });
    const stream = await connect();
    stream.start({ parameters: { ticket: ticket() } });
    expect(await (await conversation()).received.next(() => true)).toMatchObject({ conversation_config_override: { tts: { voice_id: 'voice_1' } } });
  });
});

describe('the transcript', () => {
  it('has the turns in the order in which they began', async () => {
    const { call, transcript, ended } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.send({ type: 'agent_response', agent_response_event: { agent_response: 'Hello, this is an AI.', event_id: 1 } });
    talk.audio(speech(1600), 1);
    talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Hi', event_id: 2 } });
    talk.send({ type: 'agent_response', agent_response_event: { agent_response: 'Goodbye.', event_id: 3 } });
    talk.audio(speech(1600), 3);
    await stream.got.until(() => stream.audio().length >= 3200);
    talk.close(1000);
    await ended();
    expect(transcript()).toEqual(['agent: Hello, this is an AI.', 'caller: Hi', 'agent: Goodbye.']);
  });

  it('measures how long the caller waited for an answer', async () => {
    const { call, ended } = await house();
    const { stream, talk } = await call();
    stream.playAlways();
    talk.audio(speech(160), 1);
    talk.send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Hi', event_id: 2 } });
    talk.audio(speech(160), 2);
    await stream.got.until(() => stream.audio().length >= 320);
    talk.close(1000);
    expect((await ended()).turnMs).toEqual([expect.any(Number)]);
  });
});

describe('one-moment', () => {
  it('is said when the agent lets the caller wait, before the agent\'s own words', async () => {
    const { call } = await house({ reassureMs: 50 });
    const { stream, talk } = await call();
    stream.playAlways();
    await stream.got.until(() => stream.audio().length >= 800);
    talk.audio(speech(320));
    await stream.got.until(() => stream.audio().length >= 1120);
    expect(stream.audio().equals(Buffer.concat([sentence('one-moment'), speech(320)]))).toBe(true);
  });
});
