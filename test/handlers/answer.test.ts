import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { openTicket } from '#calls/ticket.ts';
import { ask, formEvent, twilioEvent, type Answer } from '#doubles/events.ts';
import { openDoors, type Doors } from '#doubles/front-doors.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import { parseXml, type Element } from '#doubles/xml.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const sid = sidNumber(1);
const placed = async () => {
  const doors = openDoors();
  await doors.world.enquire();
  await doors.world.dialAll();
  return doors;
};
const fields = (more: [string, string][] = []): [string, string][] => [['CallSid', sid], ['AccountSid', 'AC'], ['From', '+15005550006'], ['To', PHONE], ['CallStatus', 'in-progress'], ['ToCity', ''], ...more];
const query = `attempt=${first}`;
const verbs = (answer: Answer): string[] => parseXml(answer.text).children.map(({ name }) => name);
const streamOf = (answer: Answer): Element => parseXml(answer.text).children[0]!.children[0]!;
const ticketOf = (answer: Answer): string => streamOf(answer).children.find(({ attributes }) => attributes['name'] === 'ticket')!.attributes['value']!;

describe('/twiml', () => {
  it.each(['POST', 'GET'])('joins the caller with the agent by %s, with a ticket for this call', async (method) => {
    const { answer, world } = await placed();
    const event = method === 'GET' ? twilioEvent('/twiml', `${query}&${new URLSearchParams(fields()).toString()}`, [], { method }) : twilioEvent('/twiml', query, fields());
    const document = await ask(answer, event);
    expect([document.status, document.headers['content-type'], document.headers['cache-control']]).toEqual([200, 'text/xml; charset=utf-8', 'no-store']);
    expect(verbs(document)).toEqual(['Connect']);
    expect(openTicket(world.answerDeps.ticketSecret, ticketOf(document), sid, world.clock.now())).toMatchObject({ callId, epoch: 0 });
    expect((await world.stores.calls.call(callId))?.callSid).toBe(sid);
  });

  it('says goodbye to a second phone, and to a call that is over, without an agent', async () => {
    const { answer, world } = await placed();
    await ask(answer, twilioEvent('/twiml', query, fields()));
    const second = await ask(answer, twilioEvent('/twiml', query, [['CallSid', sidNumber(2)], ['CallStatus', 'in-progress']]));
    expect([second.status, verbs(second)]).toEqual([200, ['Say', 'Hangup']]);
    await world.status(first, sid, 'completed');
    expect(verbs(await ask(answer, twilioEvent('/twiml', query, fields())))).toEqual(['Hangup']);
  });

  it('takes another relay when the stream has ended and nobody said why, and hangs up when the line is down', async () => {
    const { answer } = await placed();
    await ask(answer, twilioEvent('/twiml', query, fields()));
    expect(ticketOf(await ask(answer, twilioEvent('/twiml/after', query, fields())))).toMatch(/^v1\.call_\w+\.1\./);
    expect(verbs(await ask(answer, twilioEvent('/twiml/after', query, [['CallSid', sid], ['CallStatus', 'completed']])))).toEqual(['Hangup']);
  });

  describe('of a call whose agent asked for a person', () => {
    const asked = async () => {
      const doors = await placed();
      await ask(doors.answer, twilioEvent('/twiml', query, fields()));
      await doors.world.event(callId, { kind: 'stream-started', at: doors.world.clock.iso(), epoch: 0, streamSid: 'MZ0' });
      await doors.world.event(callId, { kind: 'transfer', at: doors.world.clock.iso(), epoch: 0, state: 'asked', detail: null });
      return doors;
    };
    const dialled = (answer: Doors['answer'], form: [string, string][], path = `${query}&transfer=0`): Promise<Answer> => ask(answer, twilioEvent('/twiml/after', path, fields(form)));

    it('dials the people who take over, and comes back to us with what came of it', async () => {
      const { answer, world } = await asked();
      const document = await ask(answer, twilioEvent('/twiml/after', query, fields()));
      expect([document.status, verbs(document)]).toEqual([200, ['Dial']]);
      const dial = parseXml(document.text).children[0]!;
      expect(dial.attributes).toMatchObject({ method: 'POST', timeout: '30', answerOnBridge: 'true', callerId: (await world.stores.calls.call(callId))!.from });
      expect(dial.attributes['action']).toContain(`/twiml/after?${query}&transfer=0#`);
      expect(dial.children.map(({ name, text }) => [name, text])).toEqual([['Number', '+15005550010'], ['Number', '+15005550011']]);
      expect((await ask(answer, twilioEvent('/twiml/after', query, fields()))).text).toBe(document.text);
    });

    it('hangs up once they have talked, also when it is told twice, and the record says so', async () => {
      const { answer, world } = await asked();
      for (let i = 0; i < 2; i += 1) expect(verbs(await dialled(answer, [['DialCallStatus', 'completed'], ['DialCallDuration', '17'], ['DialCallSid', sidNumber(5)]]))).toEqual(['Hangup']);
      expect(await world.stores.calls.call(callId)).toMatchObject({ transfer: { state: 'connected' }, endReason: 'agent-ended', endDetail: 'transferred' });
    });

    it.each<[string, [string, string][]]>([['busy', [['DialCallStatus', 'busy']]], ['unanswered', [['DialCallStatus', 'no-answer'], ['DialCallDuration', '']]], ['told in no word that we know', [['DialCallStatus', 'Ünbekannt!']]], ['not told', []]])(
      'joins the caller with the agent again when everybody was %s', async (_what, form) => {
        const { answer } = await asked();
        const tickets = [ticketOf(await dialled(answer, form)), ticketOf(await dialled(answer, form))];
        for (const ticket of tickets) expect(ticket).toMatch(/^v1\.call_\w+\.1\./);
      });

    it('hangs up when the caller had gone before anybody answered', async () => {
      const { answer, world } = await asked();
      const gone = await ask(answer, twilioEvent('/twiml/after', `${query}&transfer=0`, [['CallSid', sid], ['CallStatus', 'completed'], ['DialCallStatus', 'canceled']]));
      expect(verbs(gone)).toEqual(['Hangup']);
      expect(await world.stores.calls.call(callId)).toMatchObject({ endReason: 'caller-hung-up' });
    });

    it('believes nobody but Twilio about it', async () => {
      const { answer, world } = await asked();
      const before = world.stores.dump();
      const forged = await ask(answer, formEvent('/twiml/after', fields([['DialCallStatus', 'completed']]), { query: `${query}&transfer=0` }));
      const elsewhere = await ask(answer, twilioEvent('/twiml/after', `${query}&transfer=0`, fields([['DialCallStatus', 'completed']]), { token: 'another' }));
      expect([forged.status, elsewhere.status, world.stores.dump() === before]).toEqual([403, 403, true]);
    });

    it.each(['transfer=7', 'transfer=x', 'transfer='])('takes an address with %s for that of a stream that has ended', async (odd) => {
      const { answer } = await asked();
      expect(verbs(await dialled(answer, [['DialCallStatus', 'completed']], `${query}&${odd}`))).toEqual(['Dial']);
    });
  });

  it('opts out at key 9, and goes on at any other', async () => {
    const { answer, world } = await placed();
    expect(verbs(await ask(answer, twilioEvent('/twiml/gather', query, fields([['Digits', '5']]))))).toEqual(['Connect']);
    expect(parseXml((await ask(answer, twilioEvent('/twiml/gather', query, fields([['Digits', '9']])))).text).children[0]!.text).toMatch(/not be called again/);
    await world.status(first, sid, 'completed');
    expect((await world.lead(lead)).status).toBe('do-not-call');
  });

  it.each<[string, string, RegExp, Record<string, unknown>]>([
    ['1: called back in five minutes', '1', /call you back as soon as we can/, { status: 'scheduled', disposition: 'callback', attempts: [{ state: 'placed' }, { state: 'scheduled', dueAt: '2026-11-21T12:05:00.000Z' }] }],
    ['9: never called again', '9', /not be called again/, { status: 'do-not-call', attempts: [{ state: 'placed' }] }],
    ['none: tried again by the plan', '', /^Thank you\. Goodbye\.$/, { status: 'scheduled', attempts: [{ state: 'placed' }, { state: 'scheduled', dueAt: '2026-11-21T12:15:00.000Z' }] }],
  ])('asks who could not talk with the agent for a key; %s', async (_what, Digits, words, outcome) => {
    const { answer, world } = await placed();
    await ask(answer, twilioEvent('/twiml', query, fields()));
    await world.event(callId, { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' });
    await world.event(callId, { kind: 'ended', at: world.clock.iso(), endReason: 'agent-failed', detail: 'agent-quota-exceeded', turnMs: [] });
    const [question, again] = [await ask(answer, twilioEvent('/twiml/after', query, fields())), await ask(answer, twilioEvent('/twiml/after', query, fields()))];
    expect([question.status, verbs(question), again.text]).toEqual([200, ['Gather', 'Say', 'Hangup'], question.text]);
    const chosen = await ask(answer, twilioEvent('/twiml/gather', query, fields([['Digits', Digits]])));
    expect([verbs(chosen), parseXml(chosen.text).children[0]!.text]).toEqual([['Say', 'Hangup'], expect.stringMatching(words)]);
    expect((await ask(answer, twilioEvent('/twiml/gather', query, fields([['Digits', Digits]])))).text).toBe(chosen.text);
    await world.status(first, sid, 'completed');
    expect(await world.view(lead)).toMatchObject(outcome);
  });

  it.each([['unsigned', undefined], ['forged', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=']])('refuses a request that is %s, in words that can be heard, and writes nothing', async (_what, signature) => {
    const { answer, world } = await placed();
    const before = world.stores.dump();
    for (const path of ['/twiml', '/twiml/gather', '/twiml/after']) {
      const document = await ask(answer, formEvent(path, fields(), { query, headers: signature ? { 'x-twilio-signature': signature } : {} }));
      expect([document.status, verbs(document)]).toEqual([403, ['Say', 'Hangup']]);
    }
    expect(world.stores.dump()).toBe(before);
  });

  it('refuses a form that is no text before anything else is looked at', async () => {
    const { answer, world } = await placed();
    const before = world.stores.dump();
    const document = await ask(answer, { ...formEvent('/twiml', [], { query }), body: Buffer.from([0xff, 0xfe]).toString('base64') });
    expect([document.status, verbs(document)]).toEqual([403, ['Say', 'Hangup']]);
    expect(world.stores.dump()).toBe(before);
  });

  it.each<[string, string, [string, string][]]>([
    ['no attempt', '', fields()], ['an attempt that is none', 'attempt=att_x', fields()], ['an attempt that was never made', `attempt=${attemptIdOf(leadIdNumber(8), 1)}`, fields()],
    ['no call', query, [['CallStatus', 'ringing']]], ['a call id that is none', query, [['CallSid', 'CA 1']]], ['a status that is none', query, [['CallSid', sid], ['CallStatus', 'dancing']]],
  ])('tells a caller that we are sorry for %s, as Twilio signed it', async (_what, asked, form) => {
    const { answer, world } = await placed();
    const before = world.stores.dump();
    const document = await ask(answer, twilioEvent('/twiml', asked, form));
    expect([document.status, verbs(document)]).toEqual([200, ['Say', 'Hangup']]);
    expect(world.stores.dump()).toBe(before);
  });

  it('says so with 503 when the store fails, so that Twilio asks again', async () => {
    const { world } = await placed();
    const { answer, lines } = openDoors({ stores: { calls: { ...world.stores.calls, adopt: async () => { throw new Error('the table is away'); } } } });
    const document = await ask(answer, twilioEvent('/twiml', query, fields()));
    expect([document.status, verbs(document)]).toEqual([503, ['Say', 'Hangup']]);
    expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    expect(lines.join()).not.toContain('7946');
  });
});
