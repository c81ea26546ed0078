import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallFlow } from '#calls/answer-call.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { sealTicket } from '#calls/ticket.ts';
import { twiml, TWIML_TYPE, type DocumentConfig } from '#carriers/twilio/document.ts';
import { leadIdNumber, sidNumber } from '#doubles/records.ts';
import { parseXml } from '#doubles/xml.ts';

const config: DocumentConfig = { publicBase: 'https://voice.example.com', streamUrl: 'wss://media.example.com/twilio' };
const attemptId = attemptIdOf(leadIdNumber(1), 1);
const { callId } = readAttemptId(attemptId)!;
const ticket = sealTicket('s'.repeat(32), { callId, callSid: sidNumber(1), epoch: 0, expires: 1795262520 });
const talk = { flow: 'talk', attemptId, callId, ticket, pauseSeconds: 0 } satisfies CallFlow;

describe('a call flow as TwiML', () => {
  it('joins the caller with our stream, the ticket as a parameter and no query on the address', () => {
    const response = parseXml(twiml(talk, config));
    expect([response.name, response.children.map((child) => child.name)]).toEqual(['Response', ['Connect']]);
    const connect = response.children[0]!;
    expect(connect.attributes).toEqual({ action: `https://voice.example.com/twiml/after?attempt=${attemptId}#rc=2&rp=ct,5xx,rt&rt=5000`, method: 'POST' });
    const stream = connect.children[0]!;
    expect([connect.children.length, stream.name]).toEqual([1, 'Stream']);
    expect(stream.attributes).toMatchObject({ url: 'wss://media.example.com/twilio', statusCallbackMethod: 'POST' });
    expect(stream.attributes['statusCallback']).toContain(`/webhooks/twilio/stream?attempt=${attemptId}`);
    expect(stream.children.map((child) => [child.name, child.attributes])).toEqual([['Parameter', { name: 'attempt', value: attemptId }], ['Parameter', { name: 'ticket', value: ticket }]]);
    // Twilio's limit: 500 characters for all names and values.
    expect(stream.children.map((child) => Object.values(child.attributes).join('')).join('').length).toBeLessThan(500);
  });

  it('waits in silence before it joins them, where another relay needs a moment', () => {
    const response = parseXml(twiml({ ...talk, pauseSeconds: 3 }, config));
    expect(response.children.map(({ name, attributes }) => [name, attributes['length']])).toEqual([['Pause', '3'], ['Connect', undefined]]);
  });

  it('rings everybody who takes over at once, and asks us afterwards, by an address that names the stream it came from', () => {
    const transfer = { flow: 'transfer', attemptId, epoch: 2, numbers: ['+15005550010', '+15005550011'], callerId: '+15005550006' } satisfies CallFlow;
    const [dial, ...more] = parseXml(twiml(transfer, config)).children;
    expect([dial!.name, more, dial!.attributes]).toEqual(['Dial', [], {
      action: `https://voice.example.com/twiml/after?attempt=${attemptId}&transfer=2#rc=2&rp=ct,5xx,rt&rt=5000`, method: 'POST', timeout: '30', answerOnBridge: 'true', callerId: '+15005550006',
    }]);
    expect(dial!.children.map(({ name, text }) => [name, text])).toEqual([['Number', '+15005550010'], ['Number', '+15005550011']]);
    expect(parseXml(twiml({ ...transfer, callerId: null }, config)).children[0]!.attributes).not.toHaveProperty('callerId');
  });

  it('says one sentence and hangs up, or hangs up', () => {
    expect(parseXml(twiml({ flow: 'say-goodbye', sentence: 'Goodbye.' }, config)).children.map(({ name, text }) => [name, text])).toEqual([['Say', 'Goodbye.'], ['Hangup', '']]);
    expect(parseXml(twiml({ flow: 'hang-up' }, config)).children.map(({ name }) => name)).toEqual(['Hangup']);
    expect(TWIML_TYPE).toMatch(/^text\/xml/);
  });

  it('asks for one key, hears also that none was pressed, and then hangs up', () => {
    const response = parseXml(twiml({ flow: 'ask-key', attemptId, sentence: 'Press 1.', otherwise: 'Goodbye.' }, config));
    expect(response.children.map(({ name, text }) => [name, text])).toEqual([['Gather', ''], ['Say', 'Goodbye.'], ['Hangup', '']]);
    const gather = response.children[0]!;
    expect(gather.attributes).toEqual({
      input: 'dtmf', numDigits: '1', timeout: '6', actionOnEmptyResult: 'true', method: 'POST', action: `https://voice.example.com/twiml/gather?attempt=${attemptId}#rc=2&rp=ct,5xx,rt&rt=5000`,
    });
    expect(gather.children.map(({ name, text }) => [name, text])).toEqual([['Say', 'Press 1.']]);
  });

  it('escapes whatever is said, and every address', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('&', '<', '>', '"', '\'', ']', ' ', 'a', 'é', '字', '&amp;', '<!--', '<![CDATA[') , minLength: 1 }), (sentence) => {
      expect(parseXml(twiml({ flow: 'say-goodbye', sentence }, config)).children[0]!.text).toBe(sentence);
    }));
    const odd = { ...config, streamUrl: 'wss://media.example.com/a"b<c>&d' };
    expect(parseXml(twiml(talk, odd)).children[0]!.children[0]!.attributes['url']).toBe(odd.streamUrl);
  });
});
