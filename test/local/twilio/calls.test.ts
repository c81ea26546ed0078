import twilio from 'twilio';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { SimulatedTwilio, TwilioOptions } from '#local/twilio/start.ts';
import { type Customer, type Message, type Page, placeCall, rest, sorted, startCustomer, startFast, type StreamTalk, TOKEN, tone } from './customer.ts';

let customer: Customer;
let carrier: SimulatedTwilio;
afterEach(async () => {
  await carrier.stop();
  await customer.stop();
});

const CONNECT = '<Response><Connect action="/after"><Stream url="{stream}" statusCallback="/stream"><Parameter name="ticket" value="t&amp;1"/></Stream></Connect></Response>';
const HANG_UP = '<Response><Hangup/></Response>';
const begin = async (pages: Record<string, Page>, talk?: StreamTalk, options: Partial<TwilioOptions> = {}) => {
  customer = await startCustomer({ '/after': HANG_UP, ...pages }, talk);
  carrier = await startFast(options);
};
const play = (socket: WebSocket, streamSid: string, audio: Buffer): void => socket.send(JSON.stringify({ event: 'media', streamSid, media: { payload: audio.toString('base64') } }));
const mark = (socket: WebSocket, streamSid: string, name: string): void => socket.send(JSON.stringify({ event: 'mark', streamSid, mark: { name } }));
const call = async (to: string, more: [string, string][] = []) => carrier.over(await placeCall(carrier, customer, to, more));
const statuses = () => customer.to('/status').map((params) => params['CallStatus']);
// Callbacks are not promised to arrive in order, not even here.
const inSequence = () => customer.to('/status').sort((a, b) => Number(a['SequenceNumber']) - Number(b['SequenceNumber'])).map((params) => params['CallStatus']);
const codes = () => carrier.notices().map((notice) => notice.code);
const named = (event: string): Message[] => customer.messages.filter((message) => message.event === event);

describe('a call whose agent speaks', () => {
  it('is heard byte for byte, marks come back in order, and after the close the action follows', async () => {
    const pieces = [1, 159, 160, 161, 3200, 7, 8000, 12_345].map((bytes, i) => tone(bytes, i * 31));
    await begin({ '/answer': CONNECT }, (socket, { event, streamSid, mark: reached }) => {
      if (event === 'start') pieces.forEach((piece, i) => { play(socket, streamSid, piece); mark(socket, streamSid, `m${i}`); });
      if (event === 'mark' && (reached as { name: string }).name === `m${pieces.length - 1}`) socket.close(1000);
    });
    const done = await call('+4915112345600');
    expect(done.status).toBe('completed');
    expect(Buffer.compare(Buffer.from(done.line?.heard.audible() ?? []), Buffer.concat(pieces))).toBe(0);
    expect(named('mark').map((message) => (message['mark'] as { name: string }).name)).toEqual(pieces.map((_, i) => `m${i}`));
    expect(inSequence()).toEqual(['initiated', 'ringing', 'in-progress', 'completed']);
    expect(customer.to('/after')).toHaveLength(1);
    expect(codes()).toEqual([31_921]);
  });

  it('sends connected, start, then a frame for every 20 ms, numbered without a gap', async () => {
    await begin({ '/answer': CONNECT }, (socket, { event, sequenceNumber }) => { if (event === 'media' && sequenceNumber === '120') socket.close(); });
    const done = await call('+4915112345600');
    const [connected, start, ...media] = customer.messages;
    expect(connected).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    expect(start).toMatchObject({ event: 'start', sequenceNumber: '1', start: { callSid: done.sid, customParameters: { ticket: 't&1' }, tracks: ['inbound'] } });
    media.forEach((message, i) => {
      expect(message).toMatchObject({ event: 'media', sequenceNumber: String(i + 2), media: { track: 'inbound', chunk: String(i + 1), timestamp: String(i * 20) } });
      expect(Buffer.from((message['media'] as { payload: string }).payload, 'base64')).toHaveLength(160);
    });
  });

  it("signs every request and the handshake so that Twilio's own library accepts them", async () => {
    await begin({ '/answer': CONNECT }, (socket, { event }) => { if (event === 'start') socket.close(); });
    await call('+4915112345600');
    expect(customer.seen.length).toBeGreaterThan(6);
    for (const { url, headers, params } of customer.seen) {
      expect(twilio.validateRequest(TOKEN, String(headers['x-twilio-signature']), customer.url + url, params)).toBe(true);
    }
    const [handshake] = customer.handshakes;
    expect(handshake?.headers['user-agent']).toBe('Twilio.TmeWs/1.0');
    expect(handshake?.headers['sec-websocket-extensions']).toBeUndefined();
    expect(twilio.validateRequest(TOKEN, String(handshake?.headers['x-twilio-signature']), customer.streamUrl, {})).toBe(true);
  });

  it('clear stops what is buffered and brings every mark back; what follows is heard', async () => {
    const late = tone(1600, 5);
    await begin({ '/answer': CONNECT }, (socket, { event, streamSid, sequenceNumber, mark: reached }) => {
      if (event === 'start') {
        play(socket, streamSid, tone(320_000));
        mark(socket, streamSid, 'never heard');
      }
      if (event === 'media' && sequenceNumber === '60') {
        socket.send(JSON.stringify({ event: 'clear', streamSid }));
        play(socket, streamSid, late);
        mark(socket, streamSid, 'late');
      }
      if (event === 'mark' && (reached as { name: string }).name === 'late') socket.close();
    });
    const heard = Buffer.from((await call('+4915112345600')).line?.heard.audible() ?? []);
    expect(named('mark').map((message) => (message['mark'] as { name: string }).name)).toEqual(['never heard', 'late']);
    expect(heard.length).toBeLessThan(320_000);
    expect(heard.subarray(-1600).equals(late)).toBe(true);
    expect(heard.subarray(0, -1600).equals(tone(320_000).subarray(0, heard.length - 1600))).toBe(true);
  });

  it('ignores what is no message of the protocol, with one warning a stream', async () => {
    await begin({ '/answer': CONNECT }, (socket, { event, streamSid }) => {
      if (event !== 'start') return;
      socket.send(JSON.stringify({ event: 'mark', streamSid }));
      socket.send(JSON.stringify({ event: 'media', streamSid, track: 'outbound', media: { payload: 'AQID' } }));
      socket.send(Buffer.from([1, 2, 3]));
      socket.close();
    });
    const done = await call('+4915112345600');
    expect(new Set(codes())).toEqual(new Set([31_921, 31_950, 31_951]));
    expect(codes()).toHaveLength(3);
    expect(done.streams[0]).toMatchObject({ messagesReceived: 3, messagesRefused: 3, bytesReceived: 0 });
  });

  it('gives the stream a stop when the call is ended by REST', async () => {
    await begin({ '/answer': CONNECT }, (_, { event }) => {
      if (event === 'start') void rest(carrier, 'POST', `/Calls/${String(carrier.calls()[0]?.sid)}.json`, [['Status', 'completed']]);
    });
    const done = await call('+4915112345600');
    expect(await customer.lastMessage()).toMatchObject({ event: 'stop', stop: { callSid: done.sid } });
    expect(done.streams[0]?.endedBy).toBe('carrier');
    expect(customer.to('/after')).toEqual([]);
    expect(sorted(customer.to('/stream').map((params) => params['StreamEvent']))).toEqual(['stream-started', 'stream-stopped']);
    expect(codes()).toEqual([]);
  });

  it('redirected by REST, gives the stream a stop and runs the new document', async () => {
    await begin({ '/answer': CONNECT }, (_, { event }) => {
      if (event === 'start') void rest(carrier, 'POST', `/Calls/${String(carrier.calls()[0]?.sid)}.json`, [['Twiml', '<Response><Pause length="1"/></Response>']]);
    });
    const done = await call('+4915112345600');
    expect((await customer.lastMessage())?.event).toBe('stop');
    expect(done.journal.filter((entry) => entry.event === 'verb').map((entry) => entry.detail)).toEqual(['Connect', 'Pause']);
    expect(customer.to('/after')).toEqual([]);
  });
});

describe('a stream that cannot be', () => {
  it.each([
    ['a query string', '?ticket=1', '', 31_920],
    ['a path where no socket is', '/elsewhere', '', 31_920],
    ['a track other than inbound', '', 'track="both_tracks"', 31_941],
  ])('%s', async (_, suffix, attributes, code) => {
    await begin({ '/answer': `<Response><Connect><Stream url="{stream}${suffix}" ${attributes}/></Connect><Redirect>/next</Redirect></Response>`, '/next': HANG_UP });
    await call('+4915112345600');
    expect(codes()).toEqual([code]);
    expect(customer.to('/next')).toHaveLength(1);
    expect(customer.handshakes).toEqual([]);
  });

  it.each([['ws://media.example.com/', 31_922], ['https://127.0.0.1/', 31_922], ['media', 31_923], ['ws://127.0.0.1:1/', 31_902]])('the address %s', async (url, code) => {
    await begin({ '/answer': `<Response><Connect><Stream url="${url}"/></Connect></Response>` });
    await call('+4915112345600');
    expect(codes()).toEqual([code]);
  });
});

describe('stories', () => {
  it('00: the person answers each turn, and hangs up when nothing more is heard', async () => {
    await begin({ '/answer': CONNECT }, (socket, { event, streamSid, mark: reached }) => {
      if (event === 'start' || (reached as { name: string } | undefined)?.name === 'again') {
        play(socket, streamSid, tone(8000));
        if (event === 'start') {
          play(socket, streamSid, Buffer.alloc(64_000, 0xff));
          mark(socket, streamSid, 'again');
        }
      }
    });
    const done = await call('+4915112345600');
    expect(done.caller?.said.map((said) => said.name)).toEqual(['caller-yes-please', 'caller-tell-me-more']);
    expect(done.caller?.said[0]?.fromMs).toBeGreaterThan(1900);
    expect(done.journal.find((entry) => entry.event === 'over')?.detail).toMatchObject({ why: 'the person hung up' });
    expect((await customer.lastMessage())?.event).toBe('stop');
  });

  it('01: busy, 02: no answer within the Timeout', async () => {
    await begin({});
    const busy = await call('+4915112345601');
    expect(customer.to('/status').find((params) => params['CallDuration'])).toMatchObject({ CallStatus: 'busy', SequenceNumber: '2', SipResponseCode: '486', CallDuration: '0', Duration: '0' });
    const silent = await call('+4915112345602', [['Timeout', '3']]);
    expect(customer.to('/status').filter((params) => params['CallSid'] === silent.sid)).toContainEqual(expect.objectContaining({ CallStatus: 'no-answer', SipResponseCode: '487' }));
    expect([busy.status, silent.status]).toEqual(['busy', 'no-answer']);
    expect((silent.endedAt?.getTime() ?? 0) - (silent.startedAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(3000);
    expect(customer.to('/answer')).toEqual([]);
  });

  it('04: a machine: detection waits for its beep before the first document is asked for', async () => {
    await begin({ '/answer': HANG_UP });
    const done = await call('+4915112345604', [['MachineDetection', 'DetectMessageEnd']]);
    expect(done.caller?.said.map((said) => said.name)).toEqual(['voicemail-greeting', 'voicemail-beep']);
    expect(customer.to('/answer')[0]?.['AnsweredBy']).toBe('machine_end_beep');
  });

  it('04: asynchronous detection runs beside the call and has its own callback', async () => {
    await begin({ '/answer': '<Response><Pause length="10"/></Response>' });
    await call('+4915112345604', [['MachineDetection', 'Enable'], ['AsyncAmd', 'true'], ['AsyncAmdStatusCallback', `${customer.url}/amd`]]);
    expect(customer.to('/answer')[0]).not.toHaveProperty('AnsweredBy');
    expect(customer.to('/amd')).toMatchObject([{ AnsweredBy: 'machine_start' }]);
    expect(Number(customer.to('/amd')[0]?.['MachineDetectionDuration'])).toBeGreaterThanOrEqual(2000);
  });

  it('05: hangs up after two seconds', async () => {
    await begin({ '/answer': CONNECT });
    const done = await call('+4915112345605');
    expect(done.line?.heard.frames).toBeGreaterThanOrEqual(100);
    expect(done.journal.find((entry) => entry.event === 'over')?.detail).toMatchObject({ why: 'the person hung up' });
  });

  it('06: presses 9, which the stream is told', async () => {
    await begin({ '/answer': CONNECT }, (socket, { event, streamSid }) => { if (event === 'start') play(socket, streamSid, tone(8000)); });
    await call('+4915112345606');
    expect(named('dtmf')).toMatchObject([{ dtmf: { track: 'inbound_track', digit: '9' } }]);
  });

  it('07: talks over the agent while it still speaks', async () => {
    await begin({ '/answer': CONNECT }, (socket, { event, streamSid }) => { if (event === 'start') play(socket, streamSid, tone(160_000)); });
    const done = await call('+4915112345607');
    const [first] = done.caller?.said ?? [];
    expect(first?.name).toBe('caller-wait-a-moment');
    // Within the twenty seconds of speech, which nobody cleared.
    expect(first?.fromMs).toBeGreaterThan(1000);
    expect(first?.fromMs).toBeLessThan(20_000);
  });

  it('10: every callback comes twice, and out of order', async () => {
    await begin({ '/answer': '<Response><Pause length="30"/></Response>' });
    const done = await call('+4915112345610');
    expect(done.status).toBe('completed');
    expect(statuses()).toEqual(['in-progress', 'ringing', 'initiated', 'completed', 'completed', 'in-progress', 'ringing', 'initiated']);
    expect(customer.to('/status').map((params) => params['SequenceNumber'])).toEqual(['2', '1', '0', '3', '3', '2', '1', '0']);
  });

  it('11: the final callback never comes, though the call is over', async () => {
    await begin({ '/answer': HANG_UP });
    expect((await call('+4915112345611')).status).toBe('completed');
    expect(inSequence()).toEqual(['initiated', 'ringing', 'in-progress']);
  });

  it('15: the socket drops in mid-sentence, once, and the action may connect again', async () => {
    let streams = 0;
    await begin({ '/answer': CONNECT, '/after': (_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(streams === 1 ? CONNECT.replace('{stream}', customer.streamUrl) : HANG_UP);
    } }, (socket, { event, streamSid, mark: reached }) => {
      if (event === 'start') {
        streams += 1;
        play(socket, streamSid, tone(24_000));
        mark(socket, streamSid, 'end');
      }
      if (reached) socket.close();
    });
    const done = await call('+4915112345615');
    expect(done.streams.map((stream) => stream.endedBy)).toEqual(['failure', 'customer']);
    expect(codes()).toEqual([31_903, 31_921]);
    expect(customer.to('/after')).toHaveLength(2);
    expect(sorted(customer.to('/stream').map((params) => params['StreamEvent']))).toEqual(['stream-error', 'stream-started', 'stream-started', 'stream-stopped', 'stream-stopped']);
  });

  it('18: waits for a voice for tens of seconds, and asks now and then', async () => {
    await begin({ '/answer': CONNECT });
    const done = await call('+4915112345618');
    expect(done.caller?.said.filter((said) => said.name === 'caller-hello').length).toBeGreaterThan(2);
    expect(done.line?.heard.frames).toBeGreaterThan(1500);
  });
});

describe('the account', () => {
  it('starts one call a second, the others wait in its queue', async () => {
    await begin({ '/answer': HANG_UP }, undefined, { callsPerSecond: 1 });
    const sids = [];
    for (let i = 0; i < 3; i += 1) sids.push(await placeCall(carrier, customer, '+4915112345600'));
    const [first, second, third] = await Promise.all(sids.map((sid) => carrier.over(sid)));
    const start = (one?: { startedAt: Date | null }): number => one?.startedAt?.getTime() ?? 0;
    expect(start(second) - start(first)).toBeGreaterThanOrEqual(999);
    expect(start(third) - start(second)).toBeGreaterThanOrEqual(999);
  });

  it('never reports a call that was canceled in the queue', async () => {
    await begin({ '/answer': HANG_UP }, undefined, { callsPerSecond: 0.01 });
    const first = await placeCall(carrier, customer, '+4915112345601');
    const second = await placeCall(carrier, customer, '+4915112345600');
    await rest(carrier, 'POST', `/Calls/${second}.json`, [['Status', 'canceled']]);
    await carrier.over(first);
    expect((await carrier.over(second)).status).toBe('canceled');
    expect(customer.to('/status').filter((params) => params['CallSid'] === second)).toEqual([]);
  });

  it('records a call when asked to, tells where, and gives the file to those who may', async () => {
    await begin({ '/answer': '<Response><Say>One moment</Say></Response>' });
    await call('+4915112345600', [['Record', 'true'], ['RecordingChannels', 'dual'], ['RecordingStatusCallback', `${customer.url}/recording`]]);
    const [told] = customer.to('/recording');
    expect(told).toMatchObject({ RecordingStatus: 'completed', RecordingChannels: '2', RecordingSource: 'OutboundAPI' });
    expect(customer.to('/status')).toContainEqual(expect.objectContaining({ CallStatus: 'completed', RecordingSid: told?.['RecordingSid'] }));
    const url = `${String(told?.['RecordingUrl'])}.wav`;
    expect((await fetch(url)).status).toBe(401);
    const { status } = await fetch(url, { headers: { authorization: `Basic ${Buffer.from(`${String(told?.['AccountSid'])}:${TOKEN}`).toString('base64')}` } });
    expect(status).toBe(200);
  });
});

describe('a call that comes in', () => {
  const ringIn = async (document: string) => {
    await begin({ '/voice': document });
    await carrier.stop();
    carrier = await startFast({ voiceUrl: `${customer.url}/voice`, numberStatusCallback: `${customer.url}/status` });
    const response = await fetch(`${carrier.url}/network/inbound`, { method: 'POST', body: JSON.stringify({ from: '+4915112345605' }) });
    return carrier.over((await response.json() as { sid: string }).sid);
  };

  it('asks the voice URL while it rings, is answered by its document, and is reported when over', async () => {
    const done = await ringIn('<Response><Say>Welcome</Say></Response>');
    expect(customer.to('/voice')).toMatchObject([{ CallStatus: 'ringing', Direction: 'inbound', From: '+4915112345605', ToCity: '' }]);
    expect(customer.to('/status')).toMatchObject([{ CallStatus: 'completed' }]);
    expect(done.line?.heard.spans()).toHaveLength(1);
  });

  it('is rejected without being answered', async () => {
    const done = await ringIn('<Response><Reject reason="busy"/></Response>');
    expect(done).toMatchObject({ status: 'busy', answeredAt: null });
  });
});
