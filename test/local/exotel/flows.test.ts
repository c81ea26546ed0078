import { afterEach, describe, expect, it } from 'vitest';
import { hum, decodeMulaw } from '#local/people/mulaw.ts';
import { wavOf } from '#local/speech/wav.ts';
import type { Applet, ExotelOptions, Flow, SimulatedExotel } from '#local/exotel/start.ts';
import { type Customer, EXOPHONE, FLOW, type Page, placeCall, startCustomer, startFast, type StreamTalk } from './customer.ts';

let customer: Customer;
let carrier: SimulatedExotel;
afterEach(async () => {
  await carrier.stop();
  await customer.stop();
});

const begin = async (flow: (url: string) => Flow, pages: Record<string, Page> = {}, talk?: StreamTalk, options: Partial<ExotelOptions> = {}) => {
  customer = await startCustomer(pages, talk);
  carrier = await startFast({ flows: { 1: flow(customer.url) }, exophones: [{ number: EXOPHONE, flow: '1' }], ...options });
};
const call = async (more: Record<string, string> = {}, from = '+919876543200') => carrier.over(await placeCall(carrier, customer, from, { ...FLOW('1'), ...more }));
const codes = () => carrier.notices().map((notice) => notice.code);
const plain = (text: string, type = 'text/plain'): Page => (seen, response) => {
  response.writeHead(200, { 'content-type': type }).end(seen.method === 'HEAD' ? undefined : text.replaceAll('{url}', seen.url));
};
const status = (code: number): Page => (_, response) => { response.writeHead(code, { location: '/elsewhere' }).end(); };
const xml = (text: string): Page => (_, response) => { response.writeHead(200, { 'content-type': 'application/xml' }).end(text); };
const applets = (one: { journal: { event: string; detail: unknown }[] }) => one.journal.filter((entry) => entry.event === 'applet').map((entry) => entry.detail);
const spoken = (one: { journal: { event: string; detail: unknown }[] }) => one.journal.filter((entry) => entry.event === 'said to the caller').map((entry) => entry.detail);
const hang: Applet = { applet: 'hangup' };
const closes: StreamTalk = (socket, { event }) => { if (event === 'start') socket.close(); };
/** Presses keys as soon as somebody speaks. */
const pressing = (keys: string): Partial<ExotelOptions> => ({ caller: () => async (me) => {
  await me.hearsSpeech(600_000);
  await me.presses(keys);
  await me.waits(600_000);
} });

describe('Greeting', () => {
  it('asks HEAD, then GET, and reads each line or plays it', async () => {
    const sound: Page = (_, response) => { response.writeHead(200, { 'content-type': 'audio/wav' }).end(wavOf(decodeMulaw(hum('one moment')), 8000)); };
    await begin((url) => [{ applet: 'greeting', text: `${url}/greeting` }], { '/greeting': plain('Welcome.\n{url}/sound.wav'), '/sound.wav': sound });
    const done = await call({ CustomField: 'att_1' });
    expect(customer.to('/greeting').map((seen) => seen.method)).toEqual(['HEAD', 'GET']);
    expect(customer.to('/greeting')[1]?.query).toEqual({ CallSid: done.sid, From: '09876543200', To: EXOPHONE, DialWhomNumber: '', CustomField: 'att_1' });
    expect(spoken(done)).toEqual(['Welcome.']);
    expect(done.heard?.spans().length).toBeGreaterThan(0);
  });

  it.each([['with a charset behind it', plain('Welcome', 'text/plain; charset=utf-8')], ['as JSON', '"Welcome"'], ['with 500', status(500)]])('says nothing when it is answered %s', async (_, page) => {
    await begin((url) => [{ applet: 'greeting', text: `${url}/greeting` }], { '/greeting': page });
    expect(spoken(await call())).toEqual([]);
    expect(codes()).toEqual(['greeting-answer']);
  });
});

describe('Passthru', () => {
  const branches = (url: string): Flow => [{ applet: 'passthru', url: `${url}/passthru?t=1`, on200: [{ applet: 'greeting', text: 'A' }], on302: [{ applet: 'greeting', text: 'B' }] }, { applet: 'greeting', text: 'C' }];

  it.each([[200, ['A'], []], [302, ['B'], []], [404, [], ['passthru-answer']]])('answered with %d it says %j', async (code, words, notices) => {
    await begin(branches, { '/passthru': status(code) });
    expect(spoken(await call())).toEqual(words);
    expect(codes()).toEqual(notices);
    expect(customer.to('/elsewhere')).toEqual([]);
  });

  it('is told about the call, with the ExoPhone as CallTo, and To something else when it is so', async () => {
    await begin(branches, {}, undefined, { landingNumber: '08047009999' });
    const done = await call({ CustomField: 'att_1' });
    expect(customer.to('/passthru')).toMatchObject([{ method: 'GET', query: { t: '1', CallSid: done.sid, CallFrom: '09876543200', From: '09876543200', CallTo: EXOPHONE, To: '08047009999',
      Direction: 'outbound-dial', CallType: 'call-attempt', EndTime: '1970-01-01 05:30:00', flow_id: '1', CustomField: 'att_1' } }]);
    expect(customer.to('/passthru')[0]?.query['Created']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d$/);
  });

  it('does not wait when it is asynchronous', async () => {
    await begin((url) => [{ applet: 'passthru', url: `${url}/passthru`, async: true }, { applet: 'greeting', text: 'C' }], { '/passthru': status(500) });
    expect(spoken(await call())).toEqual(['C']);
    expect(customer.to('/passthru')).toHaveLength(1);
  });
});

describe('Gather', () => {
  const menu = (url: string): Flow => [{ applet: 'gather', url: `${url}/gather`, fallbackUrl: `${url}/fallback` }, { applet: 'passthru', url: `${url}/passthru` }];
  const answer = (more: object = {}) => JSON.stringify({ gather_prompt: { text: 'Press one for sales, two for support' }, max_input_digits: 2, finish_on_key: '#', input_timeout: 6, ...more });

  it.each([['24', '"24"'], ['7#', '"7"']])('the keys %s go, quoted, to the next Passthru', async (keys, digits) => {
    await begin(menu, { '/gather': answer() }, undefined, pressing(keys));
    await call();
    expect(customer.to('/gather')[0]?.headers['exotel-version']).toBe('1.0');
    expect(customer.to('/passthru')[0]?.query['digits']).toBe(digits);
  });

  it('asks again as often as repeat_menu says, and then goes on without digits', async () => {
    await begin(menu, { '/gather': answer({ repeat_menu: 2, repeat_gather_prompt: { text: 'Please press a key' } }) });
    const done = await call();
    expect(spoken(done)).toEqual(['Press one for sales, two for support', 'Please press a key', 'Please press a key']);
    expect(customer.to('/passthru')[0]?.query).not.toHaveProperty('digits');
  });

  it('asks the fallback URL when the first is of no use', async () => {
    await begin(menu, { '/gather': status(500), '/fallback': answer() }, undefined, pressing('11'));
    await call();
    expect(customer.to('/passthru')[0]?.query['digits']).toBe('"11"');
    expect(codes()).toEqual(['gather-answer']);
  });
});

describe('Voicebot', () => {
  const bot = (url: string): Flow => [{ applet: 'voicebot', url: `${url}/bot?t=1` }, { applet: 'passthru', url: `${url}/passthru` }];

  it('asks a dynamic URL for the socket, and goes on to the next applet when the bot closes it', async () => {
    await begin(bot, { '/bot': '{"url":"{stream}?cid=call_1"}' }, closes);
    const done = await call({ CustomField: 'lead_1' });
    expect(customer.to('/bot')[0]).toMatchObject({ method: 'GET', query: { t: '1', CallSid: done.sid, CallTo: EXOPHONE } });
    expect(applets(done)).toEqual(['voicebot', 'passthru']);
    // The CustomField turns up as a key.
    expect(customer.messages[1]).toMatchObject({ event: 'start', start: { custom_parameters: { cid: 'call_1', lead_1: '' } } });
    expect(customer.to('/passthru')[0]?.query).toMatchObject({ 'Stream[StreamSID]': done.streams[0]?.sid, 'Stream[Status]': 'completed', 'Stream[DisconnectedBy]': 'bot' });
  });

  it('tells the Passthru behind it, too, when the person hung up', async () => {
    await begin((url) => [{ applet: 'voicebot', url: `${url}/bot` }, { applet: 'passthru', url: `${url}/passthru` }], { '/bot': '{"url":"{stream}"}' }, (_, { event }) => {
      if (event === 'start') void fetch(`${carrier.url}/network/calls/${String(carrier.calls()[0]?.sid)}/hang-up`, { method: 'POST' });
    });
    const done = await call();
    expect(customer.to('/passthru')).toMatchObject([{ query: { CallType: 'client-hangup', 'Stream[DisconnectedBy]': 'user' } }]);
    expect(applets(done)).toEqual(['voicebot']);
  });

  it.each<[string, Page, string]>([['XML', xml('<Response/>'), 'voicebot-answer'], ['JSON without url', '{"wss":"x"}', 'voicebot-answer'], ['an http URL', '{"url":"https://media.example.com"}', 'stream-url'],
    ['four parameters', '{"url":"{stream}?a=1&b=2&c=3&d=4"}', 'stream-url'], ['500', status(500), 'voicebot-answer']])('fails when it is answered with %s, and the next Passthru is told', async (_, page, code) => {
    await begin(bot, { '/bot': page });
    await call();
    expect(codes()).toEqual([code]);
    expect(customer.to('/passthru')[0]?.query).toMatchObject({ 'Stream[Status]': 'failed', 'Stream[DetailedStatus]': 'Streaming_failed' });
  });

  it('survives story 15 with a second Voicebot behind it', async () => {
    const talk: StreamTalk = (socket, message) => {
      if (message.event === 'start') socket.send(JSON.stringify({ event: 'media', stream_sid: message.stream_sid, media: { payload: Buffer.alloc(32_000, 7).toString('base64') } }));
      if (message['sequence_number'] === '40') socket.close();
    };
    await begin((url) => { const one: Applet = { applet: 'voicebot', url: url.replace('http', 'ws') }; return [one, one]; }, {}, talk);
    expect((await call({}, '+919876543215')).streams.map((stream) => stream.endedBy)).toEqual(['failure', 'bot']);
  });

  it('Stream sends one way while the flow goes on, until it is stopped', async () => {
    let goOn = (): void => {};
    const talk: StreamTalk = (socket, message) => {
      if (message.event === 'start') socket.send(JSON.stringify({ event: 'media', stream_sid: message.stream_sid, media: { payload: 'AAAA' } }));
      if (message['sequence_number'] === '5') goOn();
    };
    await begin((url) => [{ applet: 'stream', action: 'start', url: url.replace('http', 'ws') }, { applet: 'passthru', url: `${url}/passthru` }, { applet: 'stream', action: 'stop' }, { applet: 'greeting', text: 'Goodbye' }],
      { '/passthru': (_, response) => { goOn = () => response.writeHead(200).end(); } }, talk);
    const done = await call();
    expect(spoken(done)).toEqual(['Goodbye']);
    expect(await customer.lastMessage()).toMatchObject({ event: 'stop', stop: { reason: 'stopped' } });
    expect(done.streams).toMatchObject([{ bidirectional: false, endedBy: 'carrier', messagesRefused: 1 }]);
    expect(codes()).toEqual(['one-way']);
  });
});

describe('Connect', () => {
  const hand = (url: string): Flow => [{ applet: 'connect', url: `${url}/connect` }, { applet: 'passthru', url: `${url}/passthru` }];
  const dials = (numbers: string[], more: object = {}) => JSON.stringify({ destination: { numbers }, max_ringing_duration: 10, ...more });

  it('dials the numbers in order and joins the first that answers; the two hear each other', async () => {
    await begin(hand, { '/connect': dials(['09876543101', '+919876543105']) });
    const done = await call();
    expect(customer.to('/connect')[0]?.headers['exotel-version']).toBe('1.0');
    expect(done.legs.map((leg) => leg.status)).toEqual(['completed', 'busy', 'completed']);
    expect(customer.to('/passthru')[0]?.query).toMatchObject({ DialCallStatus: 'completed', DialWhomNumber: '09876543105', CallType: 'completed', 'Legs[2][Number]': '09876543105' });
  });

  it('lets the caller hear the person who was dialled', async () => {
    await begin(hand, { '/connect': dials(['09876543105']) }, undefined, { caller: ({ leg }) => async (me) => {
      if (leg === 1) await me.waits(600_000);
      await me.says('caller-hello');
      me.hangsUp();
    } });
    const done = await call();
    const spans = done.heard?.spans() ?? [];
    expect(Math.round((spans.at(-1)?.toMs ?? 0) - (spans[0]?.fromMs ?? 0))).toBeGreaterThan(800);
    expect(codes()).toEqual([]);
  });

  it('rings all at once when asked to, and tells the events', async () => {
    await begin(hand, { '/connect': dials(['09876543102', '09876543105'], { parallel_ringing: { activate: true }, dial_passthru_event_url: '{url}/events' }) });
    const done = await call();
    expect(done.legs.slice(1).map((leg) => leg.status)).toEqual(['canceled', 'completed']);
    expect(customer.to('/events').map((seen) => `${seen.query['EventType']} ${seen.query['Status']} ${seen.query['DialWhomNumber']?.slice(-2)}`).toSorted((a, b) => a.localeCompare(b)))
      .toEqual(['Dial busy 02', 'Dial busy 05', 'Free free 02', 'Free free 05']);
  });

  it('dials nobody for an empty list', async () => {
    await begin(hand, { '/connect': dials([]) });
    const done = await call();
    expect(done.legs).toHaveLength(1);
    expect(customer.to('/passthru')[0]?.query).not.toHaveProperty('DialCallStatus');
  });
});

describe('the legacy XML', () => {
  it('runs its verbs, follows its actions and comes back to the flow', async () => {
    await begin((url) => [{ applet: 'exoml', url: `${url}/exoml` }, { applet: 'greeting', text: 'And goodbye' }], {
      '/exoml': xml('<?xml version="1.0" encoding="UTF-8"?><Response><Gather numDigits="1" action="/digits" timeout="5"><Say>Press 1 for sales.</Say></Gather><Hangup/></Response>'),
      '/digits': xml('<Response><Say>Sales</Say><Dial callerId="08047001234"><Number>09876543105</Number></Dial></Response>'),
    }, undefined, { caller: ({ leg }) => async (me) => {
      if (leg === 2) return me.hangsUp();
      await me.hearsSpeech(600_000);
      await me.presses('1');
      return me.waits(600_000);
    } });
    const done = await call();
    expect(customer.to('/exoml')[0]).toMatchObject({ method: 'GET', query: { CallSid: done.sid } });
    expect(new URLSearchParams(customer.to('/digits')[0]?.body.toString('utf8')).get('Digits')).toBe('1');
    expect(spoken(done)).toEqual(['Press 1 for sales.', 'Sales', 'And goodbye']);
    expect(done.legs).toHaveLength(2);
  });

  it.each([['TwiML\'s Connect', xml('<Response><Connect/></Response>')], ['JSON', '{}'], ['broken XML', xml('<Response>')]])('ends the call for %s', async (_, page) => {
    await begin((url) => [{ applet: 'exoml', url: `${url}/exoml` }, { applet: 'greeting', text: 'never' }], { '/exoml': page });
    expect(spoken(await call())).toEqual([]);
    expect(codes()).toEqual(['exoml-answer']);
  });
});

describe('a call that comes in', () => {
  it('runs the flow of the ExoPhone that was rung, and is told as incoming', async () => {
    await begin((url) => [{ applet: 'passthru', url: `${url}/passthru` }, hang]);
    const response = await fetch(`${carrier.url}/network/inbound`, { method: 'POST', body: JSON.stringify({ from: '09876543200' }) });
    expect(response.status).toBe(201);
    const done = await carrier.over((await response.json() as { sid: string }).sid);
    expect(done).toMatchObject({ direction: 'inbound', number: '+919876543200', endedBy: 'flow' });
    expect(customer.to('/passthru')[0]?.query).toMatchObject({ Direction: 'incoming', CallFrom: '09876543200', CallTo: EXOPHONE });
  });

  it('is refused without a flow, and for numbers of no known form', async () => {
    await begin(() => [], {}, undefined, { exophones: [EXOPHONE] });
    const ring = async (body: object) => (await fetch(`${carrier.url}/network/inbound`, { method: 'POST', body: JSON.stringify(body) })).status;
    expect(await ring({ from: '+919876543205' })).toBe(409);
    expect(await ring({ from: '9876543205' })).toBe(400);
    expect(await ring({ from: '+919876543205', to: '08047009999' })).toBe(400);
    expect(() => carrier.ringIn('+919876543205', EXOPHONE)).toThrow(RangeError);
  });
});

describe('the network pages', () => {
  it('show what happened on a call and give its sound', async () => {
    await begin(() => [{ applet: 'greeting', text: 'Welcome to this line' }]);
    const { sid } = await call();
    const get = async (path: string) => fetch(carrier.url + path);
    expect(await (await get('/network')).json()).toMatchObject({ carrier: 'simulated Exotel', calls: 1, liveCalls: 0 });
    expect(await (await get('/network/calls')).json()).toMatchObject({ calls: [{ sid, story: { digits: '00' } }] });
    expect(await (await get(`/network/calls/${sid}`)).json()).toMatchObject({ sid, legs: [{ status: 'completed' }], heard: { rateHz: 8000, spans: [expect.anything()] } });
    const wav = Buffer.from(await (await get(`/network/calls/${sid}/heard.wav`)).arrayBuffer());
    const raw = Buffer.from(await (await get(`/network/calls/${sid}/heard.raw`)).arrayBuffer());
    expect(wav.subarray(44).equals(raw)).toBe(true);
    expect((await get(`/network/calls/${sid}/smelt.wav`)).status).toBe(404);
    expect((await fetch(`${carrier.url}/network/calls/${sid}/hang-up`, { method: 'POST' })).status).toBe(409);
    expect(await (await get('/network/warnings')).json()).toEqual({ notices: [] });
  });

  it('let a person press keys and hang up', async () => {
    await begin((url) => [{ applet: 'voicebot', url: url.replace('http', 'ws') }], {}, (_, message) => {
      const hand = (what: string, body: object) => void fetch(`${carrier.url}/network/calls/${String(carrier.calls()[0]?.sid)}/${what}`, { method: 'POST', body: JSON.stringify(body) });
      if (message.event === 'start') hand('press', { digits: '5' });
      if (message.event === 'dtmf') hand('hang-up', {});
    });
    const done = await call({}, '+919876543218');
    expect(done.endedBy).toBe('caller');
    expect(await customer.lastMessage()).toMatchObject({ event: 'stop', stop: { reason: 'callended' } });
  });
});
