import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { ask, BASE, formEvent, httpEvent, jsonEvent, problemOf, twilioEvent, twilioSignature } from '#doubles/events.ts';
import { ELEVENLABS_SECRET, openDoors } from '#doubles/front-doors.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';

const lead = leadIdNumber(1);
const first = attemptIdOf(lead, 1);
const { callId } = readAttemptId(first)!;
const sid = sidNumber(1);
const query = `attempt=${first}`;
const placed = async () => {
  const doors = openDoors();
  await doors.world.enquire();
  await doors.world.dialAll();
  return doors;
};
const form = (status: string, more: [string, string][] = []): [string, string][] => [['CallSid', sid], ['CallStatus', status], ['To', PHONE], ['ToCity', ''], ['Timestamp', 'Sat, 21 Nov 2026 12:00:09 +0000'], ...more];
const at = (kind: string) => ({ path: `/webhooks/twilio/${kind}`, params: { kind } });
const post = (kind: string, fields: [string, string][], asked = query) => twilioEvent(at(kind).path, asked, fields, { params: { kind } });
const elevenLabs = (body: string, secret = ELEVENLABS_SECRET, second = Date.parse('2026-11-21T12:00:00.000Z') / 1000) =>
  jsonEvent('/webhooks/elevenlabs', undefined, { body, headers: { 'elevenlabs-signature': `t=${second},v0=${createHmac('sha256', secret).update(`${second}.${body}`).digest('hex')}` } });

describe('Twilio\'s callbacks', () => {
  it('move the call on, and are answered with 204', async () => {
    const { callbacks, world } = await placed();
    for (const [status, sequence] of [['ringing', '1'], ['in-progress', '2'], ['completed', '3']] as const) {
      expect((await ask(callbacks, post('status', form(status, [['SequenceNumber', sequence], ['CallDuration', '9']])))).status).toBe(204);
    }
    expect(await world.view(lead)).toMatchObject({ calls: [{ status: 'completed', durationSeconds: 9, endedAt: '2026-11-21T12:00:09.000Z' }] });
  });

  it('sent again change nothing', async () => {
    const { callbacks, world } = await placed();
    await ask(callbacks, post('status', form('busy', [['SequenceNumber', '2']])));
    const before = world.stores.dump();
    expect((await ask(callbacks, post('status', form('busy', [['SequenceNumber', '2']])))).status).toBe(204);
    expect(world.stores.dump()).toBe(before);
  });

  it('bring the recording, who answered and a failed stream to the call', async () => {
    const { callbacks, world } = await placed();
    await ask(callbacks, post('recording', [['CallSid', sid], ['RecordingSid', 'RE0123456789abcdef'], ['RecordingStatus', 'completed'], ['RecordingUrl', 'https://api.twilio.com/rec']]));
    await ask(callbacks, post('amd', [['CallSid', sid], ['AnsweredBy', 'machine_end_beep'], ['MachineDetectionDuration', '4000']]));
    await ask(callbacks, post('stream', [['CallSid', sid], ['StreamEvent', 'stream-error'], ['StreamError', 'Stream - WebSocket - Connection Broken Pipe']]));
    const view = await world.view(lead);
    expect(view.calls).toMatchObject([{ recordingUrl: 'https://api.twilio.com/rec', answeredBy: 'machine_end_beep' }]);
    expect(view.timeline.map(({ event }) => event)).toEqual(expect.arrayContaining(['recording-ready', 'answered-by', 'stream-failed']));
  });

  it('are told apart at /webhook by what they carry', async () => {
    const { callbacks, world } = await placed();
    const send = (fields: [string, string][], asked = query) => ask(callbacks, twilioEvent('/webhook', asked, fields));
    await send([['CallSid', sid], ['AnsweredBy', 'human'], ['MachineDetectionDuration', '900']]);
    await send([['CallSid', sid], ['RecordingSid', 'RE0123456789abcdef'], ['RecordingUrl', 'https://api.twilio.com/rec']]);
    await send(form('in-progress'), '');
    expect((await world.view(lead)).calls).toMatchObject([{ status: 'in-progress', answeredBy: 'human', recordingUrl: 'https://api.twilio.com/rec' }]);
  });

  it('of a transcription are taken and not kept', async () => {
    const { callbacks, world } = await placed();
    const before = world.stores.dump();
    expect((await ask(callbacks, post('transcription', [['TranscriptionEvent', 'transcription-content'], ['TranscriptionData', '{"transcript":"hello"}']]))).status).toBe(204);
    expect((await ask(callbacks, post('intelligence', [['a', 'b']]))).status).toBe(204);
    expect(world.stores.dump()).toBe(before);
  });

  it('in JSON are checked by the hash of their body', async () => {
    const { callbacks } = await placed();
    const body = '{"transcript_sid":"GT1"}';
    const hashed = `bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const send = (text: string, asked = hashed) => ask(callbacks, jsonEvent('/webhooks/twilio/intelligence', undefined, {
      body: text, query: asked, params: { kind: 'intelligence' }, headers: { 'x-twilio-signature': twilioSignature(`${BASE}/webhooks/twilio/intelligence?${asked}`, []) },
    }));
    expect((await send(body)).status).toBe(204);
    expect((await send(`${body} `)).status).toBe(403);
    expect((await send(body, 'a=b')).status).toBe(403);
    expect((await ask(callbacks, jsonEvent('/webhooks/twilio/intelligence', {}, { params: { kind: 'intelligence' } }))).status).toBe(403);
  });

  it('of a second call for one attempt are answered, told of, and count for nothing', async () => {
    const { callbacks, world, lines } = await placed();
    await ask(callbacks, post('status', form('ringing')));
    const before = world.stores.dump();
    expect((await ask(callbacks, post('status', [['CallSid', sidNumber(2)], ['CallStatus', 'completed']]))).status).toBe(204);
    expect(world.stores.dump()).toBe(before);
    expect(lines.join()).toContain('callback of another call');
  });

  it.each<[string, string, string, [string, string][], number, string]>([
    ['a status that is none', 'status', query, [['CallSid', sid], ['CallStatus', 'dancing']], 400, 'CallStatus'], ['no call', 'status', query, [['CallStatus', 'ringing']], 400, 'CallSid'],
    ['an attempt that is none', 'status', 'attempt=x', form('ringing'), 400, 'attempt'], ['an attempt that was never made', 'status', `attempt=${attemptIdOf(leadIdNumber(8), 1)}`, form('ringing'), 404, 'attempt'],
    ['a call of nobody', 'status', '', [['CallSid', sidNumber(99)], ['CallStatus', 'ringing']], 404, 'CallSid'], ['a kind that is none', 'weather', query, form('ringing'), 404, 'kind'],
  ])('are refused by name for %s', async (_what, kind, asked, fields, status, field) => {
    const { callbacks, world } = await placed();
    const before = world.stores.dump();
    const answer = await ask(callbacks, post(kind, fields, asked));
    expect([answer.status, problemOf(answer).errors?.map((error) => error.field)]).toEqual([status, [field]]);
    expect(world.stores.dump()).toBe(before);
  });

  it.each(['status', 'recording', 'amd', 'stream', 'transcription', 'intelligence'])('are refused unsigned, forged, and signed for another address: %s', async (kind) => {
    const { callbacks, world } = await placed();
    const before = world.stores.dump();
    const fields = form('completed');
    for (const headers of [{}, { 'x-twilio-signature': 'x' }, { 'x-twilio-signature': twilioSignature(`${BASE}/webhooks/twilio/other?${query}`, fields) }, { 'x-twilio-signature': twilioSignature(`${BASE}${at(kind).path}?${query}`, fields, 'another token') }]) {
      const answer = await ask(callbacks, formEvent(at(kind).path, fields, { query, params: { kind }, headers }));
      expect([answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([403, ['X-Twilio-Signature']]);
    }
    expect(world.stores.dump()).toBe(before);
  });

  it('are failed with 500, and not with silence, when the store fails', async () => {
    const { world } = await placed();
    const { callbacks, lines } = openDoors({ stores: { calls: { ...world.stores.calls, bind: async () => { throw new Error(`no answer for ${PHONE}`); } }, leads: world.stores.leads } });
    const answer = await ask(callbacks, post('status', form('ringing')));
    expect([answer.status, problemOf(answer).code]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('7946');
    expect(lines.join()).not.toContain('7946');
  });
});

describe('ElevenLabs\' webhook', () => {
  const webhook = (more: object = {}): string => JSON.stringify({ type: 'post_call_transcription', event_timestamp: 1795262500, data: {
    conversation_id: 'conv_1', analysis: { transcript_summary: 'Wants a boiler.', data_collection_results: { disposition: { value: 'interested' } } }, conversation_initiation_client_data: { dynamic_variables: { call_id: callId } }, ...more,
  } });

  it('brings disposition and summary to the call, and is answered with 200', async () => {
    const { callbacks, world } = await placed();
    await world.event(callId, { kind: 'stream-started', at: world.clock.iso(), epoch: 0, streamSid: 'MZ1' });
    expect((await ask(callbacks, elevenLabs(webhook()))).status).toBe(200);
    await world.status(first, sid, 'completed');
    expect((await world.stores.calls.call(callId))).toMatchObject({ disposition: 'interested', summary: 'Wants a boiler.' });
    const before = world.stores.dump();
    expect((await ask(callbacks, elevenLabs(webhook()))).status).toBe(200);
    expect(world.stores.dump()).toBe(before);
  });

  it('about conversations of others is answered with 200, too, and not kept', async () => {
    const { callbacks, world } = await placed();
    const before = world.stores.dump();
    for (const body of [webhook({ conversation_initiation_client_data: null }), webhook({ conversation_initiation_client_data: { dynamic_variables: { call_id: 'x'.repeat(5000) } } }), '{"type":"post_call_audio","data":{}}', '{"type":"something_new"}']) {
      expect((await ask(callbacks, elevenLabs(body))).status).toBe(200);
    }
    expect(world.stores.dump()).toBe(before);
  });

  it('is refused unsigned, forged, too old, or without a secret of ours', async () => {
    const { callbacks, world } = await placed();
    const before = world.stores.dump();
    for (const event of [jsonEvent('/webhooks/elevenlabs', undefined, { body: webhook() }), elevenLabs(webhook(), 'another'), elevenLabs(webhook(), ELEVENLABS_SECRET, Date.parse('2026-11-21T11:29:59.000Z') / 1000)]) {
      const answer = await ask(callbacks, event);
      expect([answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([403, ['ElevenLabs-Signature']]);
    }
    expect(world.stores.dump()).toBe(before);
  });

  it('is refused by name when it is signed and cannot be read', async () => {
    const { callbacks } = await placed();
    for (const [body, field] of [['{', 'body'], ['[]', 'type'], ['{"type":"post_call_transcription","data":{}}', 'data']] as const) {
      const answer = await ask(callbacks, elevenLabs(body));
      expect([answer.status, problemOf(answer).errors?.map((error) => error.field)]).toEqual([400, [field]]);
    }
    expect((await ask(callbacks, httpEvent({ method: 'POST', path: '/webhooks/elevenlabs' }))).status).toBe(403);
  });
});
