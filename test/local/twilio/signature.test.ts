import { describe, expect, it } from 'vitest';
import twilio from 'twilio';
import { sign, signedUrl } from '#local/twilio/signature.ts';

const U = 'https://mycompany.com/myapp.php?foo=1&bar=2';
const P = { CallSid: 'CA1234567890ABCDE', Caller: '+14158675309', Digits: '1234', From: '+14158675309', To: '+18005551212' };
const OWN_TOKEN = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const C = { CallSid: 'CAd0c1b2a39485766758493a2b1c0d9e8f' };

describe('the signature of a request', () => {
  // Published with Twilio's Node library (spec/validation.spec.js, spec/unit/webhooks) and on its security page.
  it.each([
    ['URL with query, sorted parameters', U, P, 'RSOYDt4T1cUTdK1PDd93/VVr8B8='],
    ['http keeps its port', 'http://mycompany.com:1234/myapp.php?foo=1&bar=2', P, 'Zmvh+3yNM1Phv2jhDCwEM3q5ebU='],
    ["the page's own example", 'https://example.com/myapp.php?foo=1&bar=2', { ...P, Caller: '+14158675310', From: '+14158675310' }, 'L/OH5YylLD5NRKLltdqwSvS0BnU='],
    ['repeated keys, sorted and without doubles', U, { Sid: 'CA123', SidAccount: 'AC123', Digits: ['5678', '1234', '1234'] }, 'IK+Dwps556ElfBT0I3Rgjkr1wJU='],
    ['a repeated key in either order', U, { 'MessagingBinding.Address': ['+1415xxxxxxx', '+1325xxxxxxx'] }, '83O6e2vORAoJHUNzJjDWN1jz+BA='],
  ])('is the published one: %s', (_, url, params, expected) => {
    expect(sign('12345', signedUrl(url), params)).toBe(expected);
  });

  it.each([
    ['an empty value counts', 'https://voice.example.com/twilio/status?attemptId=01KADM7Q2V8ZC4T9W6N3H5R1XE', { ...C, ToCity: '', CallStatus: 'ringing' }, '4hWJNhFB/KJmRbmQwUzYquhZLt4='],
    ['text is UTF-8', 'https://voice.example.com/twilio/gather', { SpeechResult: 'नमस्ते, मैं ठीक हूँ', Confidence: '0.91' }, 'FxY6Z5uSGx9ESjs3r+tU3eTaqcc='],
    ['capitals of the host stay', 'https://Voice.Example.com/twilio/status', C, '+bPXSK1phO5Ntw2lA1cZwn+hKCg='],
    ['a stage is part of the path', 'https://abc123.execute-api.ap-south-1.amazonaws.com/prod/twilio/status', C, 'iadMnw4/FaQXvdj1ZudqXGcCCxM='],
    ['GET has everything in the query', 'https://voice.example.com/twilio/status?CallSid=CAd0c1b2a39485766758493a2b1c0d9e8f&CallStatus=completed&To=%2B919876543210', {}, '6lyAeCcLOyg3oK6O7gmr/YwRhUY='],
    ['a handshake is signed over wss', 'wss://media.example.com/twilio/media', {}, 'h2InJP6ed9690l7sz1QdnDdOQwo='],
    ['a handshake with a slash at the end', 'wss://media.example.com/twilio/media/', {}, 'z2l/5y6r70itDEp/7hizd0Z0jLs='],
  ])('%s', (_, url, params, expected) => {
    expect(sign(OWN_TOKEN, signedUrl(url), params)).toBe(expected);
  });

  it('leaves out fragment, user:pass, and the port of https', () => {
    expect(signedUrl('https://me:secret@example.com:8443/a?b=c#rc=5&rp=all')).toBe('https://example.com/a?b=c');
    expect(signedUrl('http://example.com:3000/a#rc=1')).toBe('http://example.com:3000/a');
  });

  it("is accepted by Twilio's own library", () => {
    expect(twilio.validateRequest('12345', sign('12345', signedUrl(`${U}#rc=3`), P), U, P)).toBe(true);
    expect(twilio.validateRequest('12346', sign('12345', signedUrl(U), P), U, P)).toBe(false);
  });
});
