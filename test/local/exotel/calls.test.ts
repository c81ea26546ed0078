import { afterEach, describe, expect, it } from 'vitest';
import type { ExotelOptions, SimulatedExotel } from '#local/exotel/start.ts';
import { ACCOUNT, type Customer, EVENTS, EXOPHONE, fieldsOf, heardBytes, mark, markName, type Message, placeCall, play, startCustomer, startFast, type StreamTalk, voice } from './customer.ts';

let customer: Customer;
let carrier: SimulatedExotel;
afterEach(async () => {
  await carrier.stop();
  await customer.stop();
});

const begin = async (talk?: StreamTalk, options: Partial<ExotelOptions> = {}, refuse?: (count: number) => boolean) => {
  customer = await startCustomer({}, talk, refuse);
  carrier = await startFast(options);
};
const call = async (from: string, more: Parameters<typeof placeCall>[3] = {}) => carrier.over(await placeCall(carrier, customer, from, more));
const named = (event: string): Message[] => customer.messages.filter((message) => message.event === event);
const codes = () => carrier.notices().map((notice) => notice.code);
const greets: StreamTalk = (socket, { event, stream_sid: sid }) => { if (event === 'start') play(socket, sid, voice(16_000)); };
const closes: StreamTalk = (socket, { event }) => { if (event === 'start') socket.close(1000); };
const told = async () => {
  const all = await Promise.all(customer.to('/status').map(fieldsOf));
  return all.map((fields) => fields['EventType'] ?? fields['Status']);
};

describe('a call whose bot speaks', () => {
  it.each([8000, 16_000, 24_000])('is heard sample for sample at %d Hz; marks come back in order; closing the socket ends the call', async (rate) => {
    const pieces = [3200, 3520, 6400, 32_000, 3200, 9600].map((bytes, i) => voice(bytes, i * 31));
    await begin((socket, message) => {
      if (message.event === 'start') pieces.forEach((piece, i) => { play(socket, message.stream_sid, piece); mark(socket, message.stream_sid, `m${i}`); });
      if (markName(message) === `m${pieces.length - 1}`) socket.close(1000);
    });
    const done = await call('+919876543200', { StreamUrl: `${customer.streamUrl}?sample-rate=${rate}` });
    expect(done.status).toBe('completed');
    expect(done.endedBy).toBe('flow');
    expect(heardBytes(done).equals(Buffer.concat(pieces))).toBe(true);
    expect(done.heard?.rateHz).toBe(rate);
    expect(named('mark').map(markName)).toEqual(pieces.map((_, i) => `m${i}`));
    expect(codes()).toEqual([]);
  });

  it('sends connected, start and the voice in chunks of 100 ms, numbered as text without a gap', async () => {
    await begin((socket, { event, sequence_number: sequence }) => { if (event === 'media' && sequence === '30') socket.close(); });
    const done = await call('+919876543200', { StreamUrl: `${customer.streamUrl}?cid=call_1&t=9f` });
    const [connected, start, ...media] = customer.messages;
    expect(connected).toEqual({ event: 'connected' });
    const sid = done.streams[0]?.sid;
    expect(start).toEqual({ event: 'start', sequence_number: '1', stream_sid: sid, start: { stream_sid: sid, call_sid: done.sid, account_sid: ACCOUNT, from: '09876543200', to: EXOPHONE,
      custom_parameters: { cid: 'call_1', t: '9f' }, media_format: { encoding: 'base64', sample_rate: '8000', bit_rate: '128kbps' } } });
    media.forEach((message, i) => {
      expect(message).toMatchObject({ event: 'media', sequence_number: String(i + 2), stream_sid: sid, media: { chunk: String(i + 1), timestamp: String((i + 1) * 100) } });
      expect(Buffer.from((message['media'] as { payload: string }).payload, 'base64')).toHaveLength(1600);
    });
    expect(customer.handshakes).toHaveLength(1);
  });

  it('writes numbers as numbers and leaves out what may be missing, when told to', async () => {
    await begin((socket, { event }) => { if (event === 'media') socket.close(); }, { dialect: { numbers: 'number', sparse: true, rateSuffix: 'Hz' }, chunkMs: 20 });
    await call('+919876543200', { StreamUrl: `${customer.streamUrl}?sample-rate=16000` });
    const [, start, media] = customer.messages;
    expect(Object.keys(start?.['start'] as object)).toEqual(['stream_sid', 'call_sid', 'media_format']);
    expect(start).toMatchObject({ start: { media_format: { sample_rate: '16000Hz' } } });
    expect(Object.keys(media?.['media'] as object)).toEqual(['payload']);
    expect(Buffer.from((media?.['media'] as { payload: string } | undefined)?.payload ?? '', 'base64')).toHaveLength(640);
  });

  it('carries credentials of the address to the handshake', async () => {
    await begin(closes);
    await call('+919876543200', { StreamUrl: customer.streamUrl.replace('ws://', 'ws://bot:secret@') });
    expect(customer.handshakes[0]?.headers.authorization).toBe(`Basic ${Buffer.from('bot:secret').toString('base64')}`);
  });

  it('hears a gap after a chunk that is no multiple of 320 bytes, and the carrier says so', async () => {
    await begin((socket, message) => {
      if (message.event === 'start') {
        play(socket, message.stream_sid, voice(3300));
        play(socket, message.stream_sid, voice(3200, 9));
        mark(socket, message.stream_sid, 'end');
      }
      if (markName(message) === 'end') socket.close();
    });
    const done = await call('+919876543200');
    const [first, second] = done.heard?.spans() ?? [];
    // 1650 samples; then the rest of a piece of 160, and 20 ms more.
    expect((second?.fromMs ?? 0) - (first?.toMs ?? 0)).toBeCloseTo((110 + 160) / 8, 5);
    expect(done.streams[0]?.gaps).toBe(1);
    expect(codes()).toEqual(['odd-chunk']);
  });

  it.each([['play', 1600], ['drop', 0]] as const)('chunks under 3,200 bytes: shortChunks "%s"', async (shortChunks, bytes) => {
    await begin((socket, message) => {
      if (message.event === 'start') {
        play(socket, message.stream_sid, voice(1600));
        mark(socket, message.stream_sid, 'end');
      }
      if (markName(message) === 'end') socket.close();
    }, { shortChunks });
    expect(heardBytes(await call('+919876543200'))).toHaveLength(bytes);
    expect(codes()).toEqual(['chunk-too-small']);
  });

  it.each([['dropped', ['late']], ['echoed', ['never heard', 'late']]] as const)('clear takes the chunks that are not yet playing; their marks are %s', async (marksAfterClear, marks) => {
    const chunks = Array.from({ length: 10 }, (_, i) => voice(64_000, i * 3));
    const late = voice(3200, 5);
    await begin((socket, message) => {
      const sid = message.stream_sid;
      if (message.event === 'start') {
        chunks.forEach((chunk) => play(socket, sid, chunk));
        mark(socket, sid, 'never heard');
      }
      if (message.event === 'media' && message['sequence_number'] === '5') {
        socket.send(JSON.stringify({ event: 'clear', stream_sid: sid }));
        play(socket, sid, late);
        mark(socket, sid, 'late');
      }
      if (markName(message) === 'late') socket.close();
    }, { marksAfterClear });
    const heard = heardBytes(await call('+919876543200'));
    // However late the clear came: the chunk that played is heard to its end, and nothing behind it.
    const whole = (heard.length - late.length) / 64_000;
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(whole);
    expect(heard.equals(Buffer.concat([...chunks.slice(0, whole), late]))).toBe(true);
    expect(named('mark').map(markName)).toEqual(marks);
  });

  it('ignores what is no message of the protocol, with one notice for each kind', async () => {
    await begin((socket, { event, stream_sid: sid }) => {
      if (event !== 'start') return;
      socket.send(JSON.stringify({ event: 'mark', stream_sid: sid }));
      socket.send(JSON.stringify({ event: 'media', stream_sid: 'another', media: { payload: 'AAAA' } }));
      socket.send(JSON.stringify({ event: 'media', stream_sid: sid, media: { payload: voice(100_320).toString('base64') } }));
      socket.send(Buffer.from([1, 2, 3]));
      socket.send('no JSON');
      socket.close();
    });
    const done = await call('+919876543200');
    expect(codes()).toEqual(['missing-field', 'other-stream', 'chunk-too-large', 'binary-frame', 'not-json']);
    expect(done.streams[0]).toMatchObject({ messagesReceived: 5, messagesRefused: 5, bytesReceived: 0 });
  });

  it('takes the superset that the vendor\'s own samples send, and a message without stream_sid', async () => {
    await begin((socket, message) => {
      if (message.event === 'start') {
        socket.send(JSON.stringify({ event: 'media', stream_sid: message.stream_sid, sequence_number: '1', media: { chunk: '1', timestamp: '0', sequenceNumber: '1', payload: voice(3200).toString('base64') } }));
        socket.send(JSON.stringify({ event: 'mark', mark: { name: 'end' } }));
      }
      if (markName(message) === 'end') socket.close();
    });
    expect(heardBytes(await call('+919876543200'))).toHaveLength(3200);
    expect(codes()).toEqual([]);
  });
});

describe('a stream that cannot be opened', () => {
  it('is tried once more, and goes on when that succeeds', async () => {
    await begin(closes, {}, (count) => count === 1);
    const done = await call('+919876543200');
    expect(done.streams).toMatchObject([{ handshakes: 2, endedBy: 'bot' }]);
    expect(codes()).toEqual([]);
  });

  it('ends the call after the second failure', async () => {
    await begin(undefined, {}, () => true);
    const done = await call('+919876543200');
    expect(done.status).toBe('completed');
    expect(done.streams).toMatchObject([{ handshakes: 2, startedMs: null, endedBy: 'failure' }]);
    expect(carrier.notices()).toMatchObject([{ code: 'streaming-failed', message: 'the handshake was answered with 503' }]);
  });

  it('is one more than the account may have at once', async () => {
    await begin(undefined, { streamLimit: 0 });
    expect((await call('+919876543200')).streams).toEqual([]);
    expect(codes()).toEqual(['stream-limit']);
  });
});

describe('stories', () => {
  it('00: the person answers each turn, and hangs up when nothing more is heard; the stream is told so', async () => {
    await begin((socket, message) => {
      if (message.event !== 'start') return;
      play(socket, message.stream_sid, Buffer.concat([voice(16_000), Buffer.alloc(64_000)]));
      play(socket, message.stream_sid, Buffer.alloc(64_000));
      play(socket, message.stream_sid, voice(16_000, 3));
    }, { patienceMs: 20_000 });
    const done = await call('+919876543200');
    // On a busy machine the bot may be later than the three seconds after which people say hello.
    expect(done.caller?.said.map((said) => said.name).filter((name) => name !== 'caller-hello')).toEqual(['caller-yes-please', 'caller-tell-me-more']);
    expect(done.endedBy).toBe('caller');
    expect(await customer.lastMessage()).toMatchObject({ event: 'stop', stop: { call_sid: done.sid, account_sid: ACCOUNT, reason: 'callended' } });
  });

  it('01: busy; 02: no answer within TimeOut', async () => {
    await begin();
    const busy = await call('+919876543201');
    const silent = await call('+919876543202', { TimeOut: '3' });
    expect([busy.status, silent.status]).toEqual(['busy', 'no-answer']);
    expect((silent.endedAt?.getTime() ?? 0) - silent.createdAt.getTime()).toBeGreaterThanOrEqual(3000);
    expect(await told()).toEqual(['busy', 'no-answer']);
    expect(customer.handshakes).toEqual([]);
  });

  it('04: a machine greets, beeps and records', async () => {
    await begin();
    const done = await call('+919876543204');
    expect(done.caller?.said.map((said) => said.name)).toEqual(['voicemail-greeting', 'voicemail-beep']);
  });

  it('05: hangs up after two seconds', async () => {
    await begin();
    const done = await call('+919876543205');
    expect(done.line?.heard.frames).toBeGreaterThanOrEqual(100);
    expect(done.endedBy).toBe('caller');
  });

  it('06: presses 9, which the stream is told', async () => {
    await begin(greets);
    await call('+919876543206');
    expect(named('dtmf')).toMatchObject([{ dtmf: { digit: '9', duration: '200' } }]);
  });

  it('07: talks over the agent while it still speaks', async () => {
    await begin((socket, { event, stream_sid: sid }) => { if (event === 'start') for (let i = 0; i < 4; i += 1) play(socket, sid, voice(80_000, i)); });
    const [first] = (await call('+919876543207')).caller?.said ?? [];
    expect(first?.name).toBe('caller-wait-a-moment');
    // Within the twenty seconds of speech, which nobody cleared.
    expect(first?.fromMs).toBeGreaterThan(1000);
    expect(first?.fromMs).toBeLessThan(20_000);
    expect(codes()).toEqual(['ahead-of-time']);
  });

  it('10: every callback comes twice, and out of order', async () => {
    await begin((socket, message) => { if (message['sequence_number'] === '100') socket.close(); });
    await call('+919876543210', EVENTS);
    expect(await told()).toEqual(['answered', 'ringing', 'terminal', 'terminal', 'answered', 'ringing']);
  });

  it('11: the final callback never comes, though the call is over', async () => {
    await begin(closes);
    expect((await call('+919876543211', EVENTS)).status).toBe('completed');
    expect((await told()).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(['answered', 'ringing']);
  });

  it('15: the socket drops in mid-sentence, and with it the call', async () => {
    await begin((socket, message) => {
      if (message.event === 'start') play(socket, message.stream_sid, voice(48_000));
      if (message.event === 'stop') socket.close();
    });
    const done = await call('+919876543215');
    expect(done.streams).toMatchObject([{ endedBy: 'failure', closeCode: 1006 }]);
    // After 60 frames.
    expect(heardBytes(done)).toHaveLength(60 * 320);
    expect(done.status).toBe('completed');
  });

  it('18: waits for a voice for tens of seconds, and asks now and then', async () => {
    await begin();
    const done = await call('+919876543218');
    expect(done.caller?.said.filter((said) => said.name === 'caller-hello').length).toBeGreaterThan(2);
  });
});

describe('the account', () => {
  it('ends a call at its TimeLimit, and the stream is told that it stopped', async () => {
    await begin();
    const done = await call('+919876543218', { TimeLimit: '5' });
    expect(done.endedBy).toBe('carrier');
    expect((done.endedAt?.getTime() ?? 0) - (done.answeredAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(5000);
    expect(await customer.lastMessage()).toMatchObject({ event: 'stop', stop: { reason: 'stopped' } });
  });

  it('joins two numbers: the second is dialled when the first has answered, and each answer is told', async () => {
    await begin();
    const done = await call('+919876543200', [['StreamUrl', ''], ['StreamType', ''], ['To', '09876543105'], ...EVENTS.slice(1)]);
    expect(done.legs.map((leg) => [leg.number, leg.status])).toEqual([['+919876543200', 'completed'], ['+919876543105', 'completed']]);
    // The second person hangs up after two seconds, and so the call ends.
    expect(done.endedBy).toBe('flow');
    const seen = await Promise.all(customer.to('/status').map(fieldsOf));
    // Callbacks are not promised to arrive in order, not even here.
    expect(seen.map((fields) => `${fields['EventType']} ${fields['Legs[1][Status]']}`).toSorted((a, b) => a.localeCompare(b))).toEqual(['answered ', 'answered in-progress', 'terminal completed']);
  });
});
