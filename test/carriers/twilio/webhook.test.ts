import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callbackUrl, readTwilioCallback, verifyTwilio, type SignatureRule, type TwilioAddresses, type TwilioPurpose } from '#carriers/twilio/webhook.ts';
import { attemptIdOf } from '#calls/lead.ts';
import type { HttpRequest } from '#house/http.ts';
import { leadIdNumber, sidNumber } from '#doubles/records.ts';
import { twilioSignature } from '#doubles/events.ts';

const request = (url: string, signature: string | undefined, method = 'POST'): { request: HttpRequest; base: string } => {
  const [, base = '', rest = ''] = /^(\w+:\/\/[^/]+)(.*)$/.exec(url)!;
  const [, rawPath = '', rawQuery = ''] = /^([^?]*)\??(.*)$/.exec(rest)!;
  return { base, request: {
    method, rawPath, rawQuery, query: new URLSearchParams(rawQuery), params: {}, header: (name) => (name.toLowerCase() === 'x-twilio-signature' ? signature : undefined),
    body: Buffer.alloc(0), sourceIp: null, requestId: 'r', verifiedClaims: undefined,
  } };
};
const verify = (url: string, signature: string | undefined, form: [string, string][], more: Partial<SignatureRule> = {}, method = 'POST') => {
  const { request: asked, base } = request(url, signature, method);
  return verifyTwilio(asked, form, { authToken: '12345', publicBase: base, skip: false, ...more });
};
const U = 'https://mycompany.com/myapp.php?foo=1&bar=2';
const P: [string, string][] = [['CallSid', 'CA1234567890ABCDE'], ['Caller', '+14158675309'], ['Digits', '1234'], ['From', '+14158675309'], ['To', '+18005551212']];
const own = { authToken: '0f1e2d3c4b5a69788796a5b4c3d2e1f0' };
const C: [string, string] = ['CallSid', 'CAd0c1b2a39485766758493a2b1c0d9e8f'];
const refusal = expect.objectContaining({ name: 'VisibleError', kind: 'forbidden', fields: [expect.objectContaining({ field: 'X-Twilio-Signature' })] }) as Error;

describe('a request that Twilio signed', () => {
  it.each<[string, string, string, [string, string][], Partial<SignatureRule>]>([
    ['with query and form', U, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', P, {}],
    ['over http with a port', 'http://mycompany.com:1234/myapp.php?foo=1&bar=2', 'Zmvh+3yNM1Phv2jhDCwEM3q5ebU=', P, {}],
    ['over https where Twilio added the port', U, 'kvajT1Ptam85bY51eRf/AJRuM3w=', P, {}],
    ['over http where Twilio added the port', 'http://mycompany.com/myapp.php?foo=1&bar=2', '0ZXoZLH/DfblKGATFgpif+LLRf4=', P, {}],
    ['with a name twice', U, 'IK+Dwps556ElfBT0I3Rgjkr1wJU=', [['Sid', 'CA123'], ['SidAccount', 'AC123'], ['Digits', '5678'], ['Digits', '1234'], ['Digits', '1234']], {}],
    ['with a name twice, in another order', U, '83O6e2vORAoJHUNzJjDWN1jz+BA=', [['MessagingBinding.Address', '+1415xxxxxxx'], ['MessagingBinding.Address', '+1325xxxxxxx']], {}],
    ['with an empty value', 'https://voice.example.com/twilio/status?attemptId=01KADM7Q2V8ZC4T9W6N3H5R1XE', '4hWJNhFB/KJmRbmQwUzYquhZLt4=', [C, ['ToCity', ''], ['CallStatus', 'ringing']], own],
    ['with another script', 'https://voice.example.com/twilio/gather', 'FxY6Z5uSGx9ESjs3r+tU3eTaqcc=', [['SpeechResult', 'नमस्ते, मैं ठीक हूँ'], ['Confidence', '0.91']], own],
    ['with a host in capitals', 'https://Voice.Example.com/twilio/status', '+bPXSK1phO5Ntw2lA1cZwn+hKCg=', [C], own],
    ['with a stage in the path', 'https://abc123.execute-api.ap-south-1.amazonaws.com/prod/twilio/status', 'iadMnw4/FaQXvdj1ZudqXGcCCxM=', [C], own],
  ])('is taken: %s', (_title, url, signature, form, rule) => {
    expect(() => verify(url, signature, form, rule)).not.toThrow();
  });

  it('is taken as a GET, whose parameters are its query', () => {
    const url = 'https://voice.example.com/twilio/status?CallSid=CAd0c1b2a39485766758493a2b1c0d9e8f&CallStatus=completed&To=%2B919876543210';
    expect({ ...verify(url, '6lyAeCcLOyg3oK6O7gmr/YwRhUY=', [], own, 'GET') }).toEqual({ CallSid: 'CAd0c1b2a39485766758493a2b1c0d9e8f', CallStatus: 'completed', To: '+919876543210' });
  });

  it('keeps blanks and repetitions of its parameters', () => {
    const form: [string, string][] = [['A', ''], ['B', '1'], ['B', '2'], ['B', '1'], ['__proto__', 'x']];
    const params = verify(U, twilioSignature(U, form.slice(0, 4), '12345'), form.slice(0, 4));
    expect(Object.entries(params)).toEqual([['A', ''], ['B', ['1', '2', '1']]]);
  });

  it.each<[string, string, string | undefined, [string, string][]]>([
    ['without a signature', U, undefined, P], ['with an empty one', U, '', P], ['with a wrong one', U, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=', P], ['with one that is no base64', U, 'signature', P],
    ['with another parameter', U, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', [...P, ['More', '1']]], ['without one of them', U, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', P.slice(1)],
    ['with another value', U, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', [...P.slice(1), ['CallSid', 'CA0']]], ['with another query', `${U}&a=1`, 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', P],
    ['at another path', 'https://mycompany.com/other.php?foo=1&bar=2', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', P], ['at another host', 'https://mycompany.org/myapp.php?foo=1&bar=2', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', P],
  ])('is refused %s', (_title, url, signature, form) => {
    expect(() => verify(url, signature, form)).toThrowError(refusal);
  });

  it('is refused with another token, whatever is signed', () => {
    // API Gateway does not tell an empty query from none.
    const url = fc.webUrl({ withQueryParameters: true }).filter((text) => !text.endsWith('?'));
    fc.assert(fc.property(url, fc.array(fc.tuple(fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'), fc.string()), { maxLength: 6 }), (url, form) => {
      const signature = twilioSignature(url, form, 'another token');
      expect(() => verify(url, signature, form)).toThrowError(refusal);
      expect(() => verify(url, twilioSignature(url, form, '12345'), form)).not.toThrow();
    }), { numRuns: 60 });
  });

  it('is refused where the configured address is none', () => {
    expect(() => verifyTwilio(request(U, 'x').request, P, { authToken: '12345', publicBase: 'nonsense', skip: false })).toThrowError(refusal);
  });

  it('is taken unsigned only where a local machine says so', () => {
    expect(Object.keys(verify(U, undefined, P, { skip: true }))).toHaveLength(5);
  });
});

describe('a business with addresses of its own', () => {
  it('has their signatures taken, whatever host stands before ours', () => {
    const flow = 'https://calls.example.com/flow/twiml';
    const signature = twilioSignature(`${flow}?attempt=x`, [C], '12345');
    const asked = request('https://mycompany.com/twiml?attempt=x', signature).request;
    expect(() => verifyTwilio(asked, [C], { authToken: '12345', publicBase: 'https://mycompany.com', skip: false })).toThrowError(refusal);
    expect(() => verifyTwilio(asked, [C], { authToken: '12345', publicBase: 'https://mycompany.com', alsoAt: [`${flow}?from=console`, undefined], skip: false })).not.toThrow();
  });
});

describe('the addresses that Twilio is given', () => {
  const addresses: TwilioAddresses = { publicBase: 'https://voice.example.com' };
  const attemptId = attemptIdOf(leadIdNumber(1), 1);
  const at = (purpose: TwilioPurpose, more: Partial<TwilioAddresses> = {}) => new URL(callbackUrl({ ...addresses, ...more }, purpose, attemptId));

  it.each<[TwilioPurpose, string]>([['document', '/twiml'], ['after', '/twiml/after'], ['gather', '/twiml/gather'], ['status', '/webhooks/twilio/status'], ['recording', '/webhooks/twilio/recording'], ['amd', '/webhooks/twilio/amd'], ['stream', '/webhooks/twilio/stream']])('for %s is %s, with the attempt in the query and retries in the fragment', (purpose, path) => {
    const url = at(purpose);
    expect([url.origin, url.pathname, [...url.searchParams]]).toEqual(['https://voice.example.com', path, [['attempt', attemptId]]]);
    expect(url.hash).toMatch(/^#rc=[1-5]&rp=/);
  });

  it('are those that the business has set, their own query kept', () => {
    expect(at('document', { callFlowUrl: 'https://flow.example/answer?tenant=7' }).href).toMatch(/^https:\/\/flow\.example\/answer\?tenant=7&attempt=att_\w+#/);
    expect(at('status', { webhookUrl: 'https://hooks.example/twilio' }).href).toMatch(/^https:\/\/hooks\.example\/twilio\?attempt=att_\w+#/);
    expect(at('after', { callFlowUrl: 'https://flow.example/answer', webhookUrl: 'https://hooks.example/twilio' }).host).toBe('voice.example.com');
  });
});

describe('what a callback says', () => {
  const now = new Date('2026-11-21T12:00:00.000Z');
  const sid = sidNumber(1);
  const status = (more: Record<string, string> = {}) => readTwilioCallback('status', { CallSid: sid, CallStatus: 'completed', ...more }, now);

  it('is a status with the carrier\'s own time, sequence and duration', () => {
    expect(status({ Timestamp: 'Sat, 21 Nov 2026 11:59:58 +0000', SequenceNumber: '3', CallDuration: '41', SipResponseCode: '200', AnsweredBy: 'human', Unknown: 'x', RecordingUrl: '' })).toEqual({ callSid: sid, events: [
      { kind: 'status', at: '2026-11-21T11:59:58.000Z', status: 'completed', sequence: 3, source: 'callback', durationSeconds: 41, sipCode: 200, answeredBy: 'human', cost: null },
    ] });
  });

  it('is told at our time where it has none', () => {
    expect(status().events).toMatchObject([{ at: '2026-11-21T12:00:00.000Z', sequence: null, durationSeconds: null, sipCode: null, answeredBy: null }]);
    expect(status({ SequenceNumber: '', CallDuration: '', Timestamp: '' }).events).toMatchObject([{ sequence: null, durationSeconds: null }]);
  });

  it('is a recording once it is there', () => {
    const params = { CallSid: sid, RecordingSid: 'RE0123456789abcdef', RecordingUrl: 'https://api.twilio.com/rec', RecordingDuration: '12', RecordingStatus: 'completed' };
    expect(readTwilioCallback('recording', params, now).events).toMatchObject([{ kind: 'recording', recordingSid: 'RE0123456789abcdef', url: 'https://api.twilio.com/rec', durationSeconds: 12 }]);
    for (const RecordingStatus of ['in-progress', 'absent', 'failed']) expect(readTwilioCallback('recording', { ...params, RecordingStatus }, now).events).toEqual([]);
    expect(readTwilioCallback('recording', { ...params, RecordingDuration: '-1', RecordingStartTime: 'whenever' }, now).events).toMatchObject([{ durationSeconds: null, at: now.toISOString() }]);
  });

  it('is who answered, and a stream\'s error as news', () => {
    expect(readTwilioCallback('amd', { CallSid: sid, AnsweredBy: 'machine_end_beep', MachineDetectionDuration: '3000' }, now).events).toEqual([{ kind: 'answered-by', at: now.toISOString(), answeredBy: 'machine_end_beep' }]);
    expect(readTwilioCallback('stream', { CallSid: sid, StreamEvent: 'stream-error', StreamError: 'x'.repeat(900), Timestamp: '2026-11-21T11:59:59.000Z' }, now).events).toEqual([{ kind: 'stream-failed', at: '2026-11-21T11:59:59.000Z', detail: 'x'.repeat(200) }]);
    expect(readTwilioCallback('stream', { CallSid: sid, StreamEvent: 'stream-started' }, now).events).toEqual([]);
  });

  it.each<['status' | 'recording' | 'amd' | 'stream', Record<string, string>, string[]]>([
    ['status', {}, ['CallSid', 'CallStatus']], ['status', { CallSid: sid, CallStatus: 'dancing' }, ['CallStatus']], ['status', { CallSid: 'CA/../../x', CallStatus: 'ringing' }, ['CallSid']],
    ['status', { CallSid: sid, CallStatus: 'ringing', SequenceNumber: '-1', CallDuration: '1e9', Timestamp: 'soon' }, ['SequenceNumber', 'Timestamp', 'CallDuration']],
    ['recording', { CallSid: sid }, ['RecordingSid']], ['amd', { CallSid: sid }, ['AnsweredBy']], ['stream', { CallSid: sid, StreamEvent: 'stream-exploded' }, ['StreamEvent']],
  ])('is refused by naming every field that is wrong: %s %j', (kind, params, fields) => {
    expect(() => readTwilioCallback(kind, params, now)).toThrowError(expect.objectContaining({ kind: 'invalid', fields: fields.map((field) => expect.objectContaining({ field }) as object) }) as Error);
  });

  it('never is anything but events or a sentence, whatever the parameters', () => {
    const names = fc.constantFrom('CallSid', 'CallStatus', 'SequenceNumber', 'Timestamp', 'CallDuration', 'SipResponseCode', 'AnsweredBy', 'RecordingSid', 'RecordingUrl', 'RecordingDuration', 'RecordingStartTime', 'RecordingStatus', 'StreamEvent', 'StreamError', '__proto__', 'constructor');
    const values = fc.oneof(fc.string(), fc.constantFrom(sid, 'completed', 'RE0123456789', '0', '99999999999', '-1', 'stream-error', '+275760-09-13T00:00:00.001Z', '-271821-04-20T00:00:00Z', 'Sat, 21 Nov 2026 11:59:58 +0000'), fc.array(fc.string(), { minLength: 2, maxLength: 3 }));
    fc.assert(fc.property(fc.constantFrom('status' as const, 'recording' as const, 'amd' as const, 'stream' as const), fc.dictionary(names, values), (kind, params) => {
      let name = '';
      try {
        for (const event of readTwilioCallback(kind, params, now).events) expect(Number.isNaN(Date.parse(event.at))).toBe(false);
      } catch (error) {
        name = (error as Error).name;
      }
      expect(['', 'VisibleError']).toContain(name);
    }), { numRuns: 2000 });
  });
});
