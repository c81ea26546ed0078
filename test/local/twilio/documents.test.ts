import { afterEach, describe, expect, it } from 'vitest';
import type { Script, SimulatedTwilio } from '#local/twilio/start.ts';
import { encodeMulaw, toWav } from '#local/people/mulaw.ts';
import { type Customer, OWN, type Page, placeCall, rest, sorted, startCustomer, startFast, tone } from './customer.ts';

let customer: Customer;
let carrier: SimulatedTwilio;
afterEach(async () => {
  await carrier.stop();
  await customer.stop();
});

const TO = '+4915112345600';
/** Runs one call over these pages; the person does what `caller` says, and nothing otherwise. */
const run = async (pages: Record<string, Page>, caller: Script = () => Promise.resolve(), more: [string, string][] = []) => {
  customer = await startCustomer(pages);
  carrier = await startFast({ caller: ({ direction }) => (direction === 'outbound-dial' ? undefined : caller) });
  return carrier.over(await placeCall(carrier, customer, TO, more));
};
const verbs = (call: Awaited<ReturnType<typeof run>>) => call.journal.filter((entry) => entry.event === 'verb').map((entry) => entry.detail);
const codes = () => carrier.notices().map((notice) => notice.code);
const typed = (contentType: string | null, body: string | Buffer, status = 200): Page => (_, response) => {
  response.writeHead(status, contentType === null ? {} : { 'content-type': contentType }).end(body);
};
/** Presses keys as soon as the prompt is heard; before that nobody listens. */
const presses = (digits: string): Script => async (me) => {
  await me.hearsSpeech(10_000);
  await me.presses(digits);
};
const speaking = (text: string): Script => (me) => me.says({ name: 'own', text, audio: tone(8000) });

describe('what a caller hears of a document', () => {
  it('Say, Pause and Play take their time, one after the other', async () => {
    const sound = new Int16Array(8000).fill(9000);
    const call = await run({ '/answer': '<Response><Say>One two three four</Say><Pause length="2"/><Play>/sound.wav</Play></Response>', '/sound.wav': typed('audio/x-wav', toWav(sound)) });
    const [said, played] = call.line?.heard.spans() ?? [];
    expect((said?.toMs ?? 0) - (said?.fromMs ?? 0)).toBe(18 * 55);
    expect((played?.fromMs ?? 0) - (said?.toMs ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(Buffer.from(call.line?.heard.audible() ?? []).subarray(-8000).equals(Buffer.from(encodeMulaw(sound)))).toBe(true);
    expect(customer.seen.find((seen) => seen.path === '/sound.wav')?.method).toBe('GET');
    expect(call.status).toBe('completed');
  });

  it('Redirect leads to another document, and nothing after it is run', async () => {
    const call = await run({ '/answer': '<Response><Redirect method="GET">/next?a=1&amp;b=2</Redirect><Say>never</Say></Response>', '/next': '<Response><Hangup/><Say>never</Say></Response>' });
    expect(verbs(call)).toEqual(['Redirect', 'Hangup']);
    expect(customer.to('/next')[0]).toMatchObject({ a: '1', b: '2', CallSid: call.sid });
  });

  it.each([
    ['a status that is not 2xx', typed('text/xml', '<Response/>', 500), 11_200],
    ['XML that is not well-formed', typed('text/xml', '<Response><Say>a & b</Say></Response>'), 12_100],
    ['no Content-Type', typed(null, '<Response/>'), 12_300],
    ['JSON', typed('application/json', '{}'), 12_300],
    ['an unknown verb', typed('text/xml', '<Response><Shout/></Response>'), 12_200],
    ['more than 64 kB', typed('text/xml', `<Response>${' '.repeat(66_000)}</Response>`), 11_750],
  ])('is an application error after %s, and the call ends', async (_, page, code) => {
    const call = await run({ '/answer': page });
    expect(codes()).toEqual([code]);
    expect(call.journal.some((entry) => entry.event === 'application error')).toBe(true);
    expect(call.line?.heard.spans()).toHaveLength(1);
    expect(call.status).toBe('completed');
  });

  it('comes from the FallbackUrl when the first address fails, with the error', async () => {
    customer = await startCustomer({ '/answer': typed('text/xml', '', 503), '/fallback': '<Response><Say>Sorry</Say></Response>' });
    carrier = await startFast();
    const call = await carrier.over(await placeCall(carrier, customer, TO, [['FallbackUrl', `${customer.url}/fallback`]]));
    expect(customer.to('/fallback')).toMatchObject([{ ErrorCode: '11200', ErrorUrl: `${customer.url}/answer` }]);
    expect(verbs(call)).toEqual(['Say']);
  });

  it('may be plain text, read aloud, or sound, played', async () => {
    expect(verbs(await run({ '/answer': typed('text/plain', 'Hello there') }))).toEqual(['Say']);
    await carrier.stop();
    await customer.stop();
    const call = await run({ '/answer': typed('audio/wav', toWav(new Int16Array(1600).fill(5000))) });
    expect(call.line?.heard.spans()).toMatchObject([{ toMs: expect.any(Number) as number }]);
    expect(codes()).toEqual([]);
  });

  it('given as Twiml cannot name relative addresses', async () => {
    const call = await run({}, undefined, [['Twiml', '<Response><Pause/><Redirect>/next</Redirect></Response>']]);
    expect(codes()).toEqual([11_100]);
    expect(call.status).toBe('completed');
  });
});

describe('Gather', () => {
  const gather = (attributes: string, inner = '<Say>Please press a key, or say what you want, whenever you like</Say>'): Record<string, Page> => ({
    '/answer': `<Response><Gather action="/got" ${attributes}>${inner}</Gather><Redirect>/nothing</Redirect></Response>`,
    '/got': '<Response/>', '/nothing': '<Response/>',
  });

  it('ends at numDigits, and its prompt stops at the first key', async () => {
    const call = await run(gather('numDigits="2"', `<Say>${'word '.repeat(100)}</Say>`), presses('42'));
    expect(customer.to('/got')).toMatchObject([{ Digits: '42' }]);
    expect(call.line?.heard.spans()[0]?.toMs).toBeLessThan(27_000);
    expect(customer.to('/nothing')).toEqual([]);
  });

  it('ends at the finishing key', async () => {
    await run(gather(''), presses('123#'));
    expect(customer.to('/got')).toMatchObject([{ Digits: '123', FinishedOnKey: '#' }]);
  });

  it('takes speech, once the speaker pauses', async () => {
    await run(gather('input="speech" speechTimeout="auto" language="en-IN"'), async (me) => {
      await me.hearsSpeech(10_000);
      await speaking('call me back tomorrow')(me);
    });
    expect(customer.to('/got')).toMatchObject([{ SpeechResult: 'call me back tomorrow', Language: 'en-IN', Confidence: expect.stringMatching(/^0\.\d+$/) as string }]);
  });

  it('falls through without input, or asks its action when told to', async () => {
    await run(gather('timeout="1"', ''));
    expect([customer.to('/got').length, customer.to('/nothing').length]).toEqual([0, 1]);
    await carrier.stop();
    await customer.stop();
    await run(gather('timeout="1" input="dtmf speech" actionOnEmptyResult="true"', ''));
    expect(customer.to('/got')).toMatchObject([{ SpeechResult: '' }]);
  });

  it('without an action asks the same document again', async () => {
    let asked = 0;
    await run({ '/answer': (_, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'text/xml' }).end(asked === 1 ? '<Response><Gather numDigits="1"><Say>Press a key</Say></Gather></Response>' : '<Response/>');
    } }, presses('7'));
    expect(customer.to('/answer').map((params) => params['Digits'])).toEqual([undefined, '7']);
  });
});

describe('Dial', () => {
  const dial = (inner: string, attributes = ''): Record<string, Page> => ({ '/answer': `<Response><Dial action="/after" ${attributes}>${inner}</Dial></Response>`, '/after': '<Response/>' });

  it.each([['+4915100000001', 'busy'], ['+4915100000002', 'no-answer'], ['+4915100000003', 'failed'], ['+4915100000005', 'completed']])('to %s is %s', async (number, status) => {
    const call = await run(dial(number, 'timeout="2"'));
    expect(customer.to('/after')).toMatchObject([{ DialCallStatus: status, CallSid: call.sid }]);
    const leg = carrier.calls().find((one) => one.parentSid === call.sid);
    expect(leg).toMatchObject({ direction: 'outbound-dial', to: number, status });
  });

  it('joins the two: what one says the other hears', async () => {
    const audio = tone(4000);
    customer = await startCustomer(dial('<Number statusCallback="/leg" statusCallbackEvent="answered completed">+4915100000077</Number>'));
    carrier = await startFast({ caller: ({ direction }) => async (me) => {
      if (direction !== 'outbound-dial') return;
      await me.says({ name: 'own', text: 'hello', audio });
      me.hangsUp();
    } });
    const call = await carrier.over(await placeCall(carrier, customer, TO));
    expect(Buffer.from(call.line?.heard.audible() ?? []).equals(audio)).toBe(true);
    expect(customer.to('/after')).toMatchObject([{ DialCallStatus: 'completed', DialBridged: 'true' }]);
    expect(sorted(customer.to('/leg').map((params) => params['CallStatus']))).toEqual(['completed', 'in-progress']);
    expect(customer.to('/leg')[0]?.['ParentCallSid']).toBe(call.sid);
  });

  it('hangs up the other side when the caller hangs up', async () => {
    const call = await run(dial('+4915100000018'), async (me) => { await me.waits(40_000); me.hangsUp(); });
    expect(carrier.calls().find((one) => one.parentSid === call.sid)?.status).toBe('completed');
    expect(customer.to('/after')).toEqual([]);
  });

  it.each([['12', '', 13_224], ['+4915100000001', 'callerId="+4915199999999"', 13_214]])('to %s %s is refused', async (number, attributes, code) => {
    await run(dial(number, attributes));
    expect(codes()).toEqual([code]);
    expect(customer.to('/after')).toMatchObject([{ DialCallStatus: 'failed' }]);
  });

  it('may show a number of the account', async () => {
    await run(dial('+4915100000001', `callerId="${OWN}"`));
    expect(codes()).toEqual([]);
  });
});

describe('Record and Start', () => {
  it('Record keeps what is said until a silence, and says where it is', async () => {
    const call = await run({ '/answer': '<Response><Record action="/after" timeout="2" recordingStatusCallback="/recording"/></Response>', '/after': '<Response/>' },
      async (me) => { await me.hearsSpeech(10_000); await me.waits(500); await me.says({ name: 'own', text: '', audio: tone(32_000) }); });
    const [after] = customer.to('/after');
    expect(after?.['RecordingUrl']).toMatch(/\/Recordings\/RE[0-9a-f]{32}$/);
    expect(Number(after?.['RecordingDuration'])).toBeGreaterThanOrEqual(4);
    expect(customer.to('/recording')).toMatchObject([{ RecordingStatus: 'completed', RecordingSource: 'RecordVerb', CallSid: call.sid }]);
    expect(((await rest(carrier, 'GET', `/Calls/${call.sid}/Recordings.json`)).body['recordings'] as unknown[])).toHaveLength(1);
  });

  it('Record of silence is none, and the document goes on', async () => {
    const call = await run({ '/answer': '<Response><Record action="/after" timeout="1"/><Pause/></Response>' });
    expect(verbs(call)).toEqual(['Record', 'Pause']);
  });

  it('Start opens a stream of both tracks beside the document, until Stop', async () => {
    const media = () => customer.messages.filter((message) => message.event === 'media');
    const call = await run({
      '/answer': '<Response><Start><Stream name="ear" url="{stream}" track="both_tracks"/></Start><Redirect>/stop</Redirect></Response>',
      // Answers once the stream is seen to run beside the document.
      '/stop': (_, response) => {
        const look = (): void => {
          if (media().length < 20) setImmediate(look);
          else response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response><Stop><Stream name="ear"/></Stop><Pause length="2"/></Response>');
        };
        look();
      },
    });
    expect(call.streams).toMatchObject([{ name: 'ear', bidirectional: false, endedBy: 'carrier' }]);
    const tracks = media().map((message) => (message['media'] as { track: string }).track);
    expect(new Set(tracks)).toEqual(new Set(['inbound', 'outbound']));
    expect((await customer.lastMessage())?.event).toBe('stop');
    expect(call.line?.heard.frames).toBeGreaterThan(100);
  });
});

describe('the pages under /network', () => {
  const get = async (path: string) => {
    const response = await fetch(carrier.url + path);
    return { status: response.status, type: response.headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) };
  };
  it('tell the story of a call and give what was heard and said as sound', async () => {
    const call = await run({ '/answer': '<Response><Say>Hello</Say><Pause length="2"/></Response>' }, speaking('yes'));
    const story = JSON.parse((await get(`/network/calls/${call.sid}`)).body.toString()) as Record<string, unknown>;
    expect(story).toMatchObject({ sid: call.sid, status: 'completed', story: { digits: '00' }, said: [{ text: 'yes', fromMs: 0, toMs: 1000 }], notices: [] });
    expect((await get(`/network/calls/${call.sid}/heard.wav`)).body.subarray(0, 4).toString()).toBe('RIFF');
    expect((await get(`/network/calls/${call.sid}/said.sent.ulaw`)).body.equals(tone(8000))).toBe(true);
    expect((await get('/network/calls/CA0')).status).toBe(404);
    expect((await get('/network/warnings')).body.toString()).toBe('{"notices":[]}');
    expect(JSON.parse((await get('/network')).body.toString())).toMatchObject({ calls: 1, liveCalls: 0 });
  });

  it('let a hand hang up and press keys', async () => {
    customer = await startCustomer({ '/answer': '<Response><Gather action="/got" numDigits="1" timeout="600"/></Response>', '/got': '<Response><Pause length="600"/></Response>' });
    carrier = await startFast({ caller: () => () => Promise.resolve() });
    const sid = await placeCall(carrier, customer, TO);
    const post = (what: string, body?: string) => fetch(`${carrier.url}/network/calls/${sid}/${what}`, { method: 'POST', ...(body === undefined ? {} : { body }) });
    while (!carrier.call(sid)?.journal.some((entry) => entry.detail === 'Gather')) await new Promise(setImmediate);
    expect((await post('press', '{"digits":"x"}')).status).toBe(400);
    expect((await post('press', '{"digits":"9"}')).status).toBe(202);
    while (customer.to('/got').length === 0) await new Promise(setImmediate);
    expect((await post('hang-up')).status).toBe(202);
    expect((await carrier.over(sid)).status).toBe('completed');
    expect((await post('hang-up')).status).toBe(409);
  });
});
