import { describe, expect, it } from 'vitest';
import { carriersFor } from '#calls/choose-carrier.ts';
import type { CarrierName } from '#calls/lead.ts';
import { readPolicy } from '#calls/policy.ts';
import type { Carrier, DialOutcome } from '#calls/ports.ts';
import { exotelCarrier } from '#carriers/exotel/client.ts';
import { exotelCodec } from '#carriers/exotel/codec.ts';
import type { StreamCodec } from '#carriers/stream.ts';
import { twilioCarrier } from '#carriers/twilio/client.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { sidNumber } from '#doubles/records.ts';
import { makeWorld } from '#doubles/world.ts';
import { carrierContract, type Accent } from './contract.ts';

const publicBase = 'https://voice.example.com';

const twilioSid = sidNumber(1);
const twilioCall = { sid: twilioSid, status: 'completed', to: '+442079460018', date_created: 'Sat, 21 Nov 2026 12:00:00 +0000', start_time: 'Sat, 21 Nov 2026 12:00:11 +0000', end_time: 'Sat, 21 Nov 2026 12:01:00 +0000', duration: '49' };
carrierContract({
  name: 'twilio', callSid: twilioSid, to: '+442079460018', codec: twilioCodec, shape: { encoding: 'mulaw', rateHz: 8000 },
  client: (apiBase, timeoutMs) => twilioCarrier({ publicBase, apiBase, timeoutMs, accountSid: `AC${'7'.repeat(32)}`, authToken: 't', from: '+15005550006', recordCalls: false }),
  replies: {
    placed: { status: 201, body: { ...twilioCall, status: 'queued' } }, badNumber: { status: 400, body: { code: 21211, message: 'x' } }, badAccount: { status: 401, body: { code: 20003, message: 'x' } },
    over: { status: 200, body: twilioCall }, list: { status: 200, body: { calls: [twilioCall] } },
  },
  frames: {
    start: { event: 'start', streamSid: 'MZ1', start: { accountSid: 'AC1', streamSid: 'MZ1', callSid: twilioSid, mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters: { ticket: 'the ticket' } } },
    media: (payload) => ({ event: 'media', streamSid: 'MZ1', media: { track: 'inbound', chunk: '2', payload } }), digit: { event: 'dtmf', dtmf: { digit: '9' } }, mark: { event: 'mark', mark: { name: 'g0:m1' } }, stop: { event: 'stop', stop: {} },
  },
});

const exotelSid = '2a16a8a4bd13a26b3416355621db1agl';
const exotelCall = { Sid: exotelSid, Status: 'completed', To: null, From: '09876543210', DateCreated: '2026-11-21 17:30:00', StartTime: '2026-11-21 17:30:11', EndTime: '2026-11-21 17:31:00', Duration: '49', Price: '0.5' };
carrierContract({
  name: 'exotel', callSid: exotelSid, to: '+919876543210', codec: exotelCodec, shape: { encoding: 'pcm16', rateHz: 8000 },
  client: (apiBase, timeoutMs) => exotelCarrier({
    publicBase, secret: 's', apiBase, timeoutMs, accountSid: 'desk1', apiKey: 'k', apiToken: 't', exoPhone: '08047112233', checkDoNotDisturb: false, streamUrl: () => 'wss://media.example.com/exotel?ticket=x', now: () => new Date('2026-11-21T12:05:00Z'),
  }),
  replies: {
    placed: { status: 200, body: { Call: { ...exotelCall, Status: 'in-progress' } } }, badNumber: { status: 400, body: { RestException: { Status: 400, Message: 'From is not a valid number' } } },
    badAccount: { status: 403, body: { RestException: { Status: 403, Message: 'Your account is not yet KYC compliant.' } } }, over: { status: 200, body: { Call: exotelCall } }, list: { status: 200, body: { Metadata: {}, Calls: [exotelCall] } },
  },
  frames: {
    start: { event: 'start', stream_sid: 's1', start: { stream_sid: 's1', call_sid: exotelSid, account_sid: 'desk1', custom_parameters: { ticket: 'the ticket' }, media_format: { encoding: 'base64', sample_rate: '8000', bit_rate: '128kbps' } } },
    media: (payload) => ({ event: 'media', stream_sid: 's1', media: { chunk: '2', timestamp: '100', payload } }), digit: { event: 'dtmf', dtmf: { digit: '9', duration: '200' } }, mark: { event: 'mark', mark: { name: 'g0:m1' } }, stop: { event: 'stop', stop: { reason: 'callended' } },
  },
});

/*
 * A third carrier, to see what one costs: a client and a codec (its folder), its name in calls/lead.ts and its line in compose/carriers.ts. Here
 * the name is smuggled in, because the product has no such carrier.
 */
const tinphone = 'tinphone' as CarrierName;

const tinphoneCarrier = (apiBase: string, timeoutMs: number): Carrier => {
  const ask = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${apiBase}${path}`, { method, redirect: 'error', signal: AbortSignal.timeout(timeoutMs), ...(body ? { body: new URLSearchParams({ ...body }).toString() } : {}) });
  const shown = (call: { id: string; over: string | null; seconds: number | null }) => ({
    callSid: call.id, status: call.over ? 'completed' as const : 'ringing' as const, createdAt: null, startedAt: null, endedAt: call.over, durationSeconds: call.seconds, answeredBy: null, cost: null,
  });
  const look = async (path: string): Promise<unknown> => {
    const { UpstreamError } = await import('#calls/errors.ts');
    const response = await ask('GET', path);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new UpstreamError('tinphone', response.status, true);
    return response.json();
  };
  return {
    name: tinphone, from: '+15550100',
    place: async (order): Promise<DialOutcome> => {
      let response: Response;
      try {
        response = await ask('POST', '/ring', { to: order.to, attempt: order.attemptId });
      } catch (error) {
        const refused = (error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED';
        return refused ? { outcome: 'not-now', retryAfterMs: 1000, reason: 'Away.', unreachable: true } : { outcome: 'unknown', reason: 'No answer.' };
      }
      const said = (await response.json().catch(() => undefined)) as { id?: string } | undefined;
      if (response.status === 429) return { outcome: 'not-now', retryAfterMs: Number(response.headers.get('retry-after') ?? 1) * 1000, reason: 'Too many.' };
      if (response.ok && said?.id) return { outcome: 'placed', callSid: said.id, status: 'initiated' };
      if (response.ok || response.status >= 500 || response.status === 408) return { outcome: 'unknown', reason: 'Nobody knows.' };
      return { outcome: 'refused', code: `tinphone-${response.status}`, reason: 'Tinphone refused the call.', doNotDisturb: false, account: response.status === 401 };
    },
    callsTo: async (to) => ((await look(`/calls?to=${encodeURIComponent(to)}`)) as Parameters<typeof shown>[0][]).map(shown),
    call: async (callSid) => {
      const found = (await look(`/calls/${callSid}`)) as Parameters<typeof shown>[0] | undefined;
      return found && shown(found);
    },
    hangUp: async (callSid) => void (await ask('POST', `/calls/${callSid}/end`)),
  };
};

const tinphoneCodec: StreamCodec = {
  carrier: tinphone, maxFrameBytes: 65_536, reopens: false,
  cutting: () => ({ frameBytes: 160, leastBytes: 160, mostBytes: 1600, padsEnd: false }),
  read: (frame) => {
    const [word = '', a = '', b = '', c] = JSON.parse(frame.toString()) as string[];
    switch (word) {
      case 'hello': return { event: 'start', streamSid: a, callSid: b, accountSid: '', ticket: c, shape: { encoding: 'mulaw', rateHz: 8000 } };
      case 'sound': return { event: 'media', payload: Buffer.from(a), chunk: null };
      case 'key': return { event: 'dtmf', digit: a };
      case 'heard': return { event: 'mark', name: a };
      case 'bye': return { event: 'stop' };
      default: return { event: 'other' };
    }
  },
  writer: (sid) => ({ before: () => Buffer.from('["sound","'), after: Buffer.from(`",${JSON.stringify(sid)}]`), mark: (name) => JSON.stringify(['heard', name, sid]), clear: () => JSON.stringify(['hush', sid]) }),
};

const tinCall = { id: 'tin-1', over: '2026-11-21T12:01:00.000Z', seconds: 49 };
const tinphoneAccent: Accent = {
  name: tinphone, callSid: 'tin-1', to: '+442079460018', client: tinphoneCarrier, codec: tinphoneCodec, shape: { encoding: 'mulaw', rateHz: 8000 },
  replies: { placed: { status: 200, body: tinCall }, badNumber: { status: 400, body: {} }, badAccount: { status: 401, body: {} }, over: { status: 200, body: tinCall }, list: { status: 200, body: [tinCall] } },
  frames: { start: ['hello', 's', 'tin-1', 'the ticket'], media: (payload) => ['sound', payload], digit: ['key', '9'], mark: ['heard', 'g0:m1'], stop: ['bye'] },
};
carrierContract(tinphoneAccent);

describe('a third carrier', () => {
  it('is routed to, dialled through, fallen over from and recorded like the others', async () => {
    expect(carriersFor('+15550123', { carriers: { ...readPolicy({}).carriers, routes: [{ prefix: '+1', carriers: [tinphone, 'twilio'] }] } }, ['twilio', tinphone])).toEqual([tinphone, 'twilio']);
    const world = makeWorld({ others: [tinphone] });
    world.twilio.script.push({ does: 'answer', outcome: { outcome: 'not-now', retryAfterMs: 1000, reason: 'Away.', unreachable: true } });
    const { leadId } = await world.enquire();
    await world.dialAll();
    expect((await world.view(leadId)).calls).toMatchObject([{ carrier: 'tinphone', status: 'queued' }]);
  });
});
