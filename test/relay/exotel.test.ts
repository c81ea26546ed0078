import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { cutter } from '#audio/cutter.ts';
import { measureTone, sine } from '#audio/level.ts';
import { transcoder } from '#audio/transcoder.ts';
import { sealTicket } from '#calls/ticket.ts';
import type { CallEvent } from '#calls/call.ts';
import { exotelCodec } from '#carriers/exotel/codec.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { fakeExotelStream, type FakeExotelStream } from '#doubles/fake-exotel-stream.ts';
import { metrics } from '#relay/metrics.ts';
import { relayDefaults } from '#relay/options.ts';
import { outbound } from '#relay/outbound.ts';
import type { CarrierLeg } from '#relay/ports.ts';
import { callId, house, newCall, secret, speech } from './house.ts';

const openTicket = (of: { callId?: string; expiresIn?: number } = {}): string =>
  sealTicket(secret, { callId: of.callId ?? callId, callSid: null, epoch: 0, expires: Math.floor(Date.now() / 1000) + (of.expiresIn ?? 60) });

/** A relay that speaks Exotel, and a call whose number Exotel has not told yet. */
const exotel = async (options: Parameters<typeof house>[0] = {}) => {
  const made = await house(options, { codecs: { default: twilioCodec, '/exotel': exotelCodec }, accounts: { twilio: 'AC1', exotel: 'desk1' } });
  made.records.set(callId, { ...newCall(), carrier: 'exotel', callSid: null });
  const connect = async (path: string): Promise<FakeExotelStream> => {
    const stream = await fakeExotelStream(made.relay.port, path);
    onTestFinished(() => stream.cut());
    return stream;
  };
  return { ...made, connect,
    /** A call in which the agent has just been reached. */
    talk: async (of: { rate?: string; output?: string } = {}) => {
      const stream = await connect(`/exotel?ticket=${openTicket()}`);
      stream.echo();
      stream.start(of.rate ? { rate: of.rate } : {});
      const talk = await made.agent.conversations.next(() => true);
      await talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
      talk.metadata(of.output ?? 'pcm_8000');
      await made.events.next((event) => event.kind === 'agent-connected');
      return { stream, talk };
    },
  };
};
const bytesOf = (samples: Int16Array): Buffer => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const samplesOf = (bytes: Buffer): Int16Array => Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));

describe('who may talk over Exotel\'s socket', () => {
  it('is the first call that shows the ticket of its address, and it is bound then', async () => {
    const { talk, records } = await exotel();
    await talk();
    expect(records.get(callId)?.callSid).toBe('EX1');
  });

  it('may show the ticket among the custom parameters as well', async () => {
    const { connect, agent } = await exotel();
    const stream = await connect('/exotel');
    stream.start({ parameters: { ticket: openTicket() } });
    await agent.conversations.next(() => true);
    expect(stream.got.all).toEqual([]);
  });

  it.each<[string, string, Parameters<FakeExotelStream['start']>[0], string]>([
    ['without a ticket', '', {}, 'ticket-missing'], ['with a forged ticket', `?ticket=${openTicket().slice(0, -3)}AAA`, {}, 'ticket-forged'], ['with an old ticket', `?ticket=${openTicket({ expiresIn: -1 })}`, {}, 'ticket-expired'],
    ['of another account', `?ticket=${openTicket()}`, { accountSid: 'desk2' }, 'other-account'], ['of a call that there is not', `?ticket=${openTicket({ callId: 'call_01JABCDEFGHJKMNPQRSTVWXYZ9_1' })}`, {}, 'other-call'],
  ])('is nobody %s', async (_who, query, start, reason) => {
    const { connect, agent } = await exotel();
    const stream = await connect(`/exotel${query}`);
    stream.start(start);
    expect(await stream.closed).toEqual({ code: 1008, reason });
    expect(agent.contacts).toEqual([]);
  });

  it('is not a second phone that rang for the same attempt, nor the same ticket twice', async () => {
    const { connect, records } = await exotel();
    records.set(callId, { ...records.get(callId)!, callSid: 'EX9' });
    const second = await connect(`/exotel?ticket=${openTicket()}`);
    second.start();
    expect((await second.closed).reason).toBe('other-call');
    const other = await exotel();
    await other.talk();
    const again = await other.connect(`/exotel?ticket=${openTicket()}`);
    again.start();
    expect((await again.closed).reason).toBe('ticket-used');
  });
});

describe('audio over Exotel\'s socket', () => {
  it('passes through untouched both ways when the agent speaks PCM of 8 kHz, in whole pieces with the end filled up', async () => {
    const { talk } = await exotel();
    const { stream, talk: agent } = await talk();
    const said = speech(9000, 3);
    agent.audio(said.subarray(0, 4001));
    agent.audio(said.subarray(4001));
    await stream.got.until((all) => all.filter(({ event }) => event === 'media').length === 3);
    const sizes = stream.got.all.flatMap(({ media }) => (media ? [Buffer.from(media.payload, 'base64').length] : []));
    expect(sizes).toEqual([3200, 3200, 3200]);
    expect(stream.audio()).toEqual(Buffer.concat([said, Buffer.alloc(600)]));
    expect(stream.got.all.flatMap(({ media }) => (media ? [[media.chunk, media.timestamp]] : []))).toEqual([['1', '0'], ['2', '200'], ['3', '400']]);
    const heard = speech(16_000, 7);
    for (let at = 0; at < heard.length; at += 1600) stream.speak(heard.subarray(at, at + 1600));
    await agent.received.until(() => agent.heard().length >= heard.length);
    expect(agent.heard()).toEqual(heard);
  });

  it.each([['8000', 'pcm_16000'], ['8000', 'ulaw_8000'], ['16000', 'pcm_16000'], ['16000Hz', 'pcm_8000'], ['24000', 'pcm_24000'], ['24000', 'ulaw_8000']])('keeps a tone a tone at %s Hz with an agent of %s', async (rate, output) => {
    const { talk } = await exotel();
    const { stream, talk: agent } = await talk({ rate, output });
    const hz = parseInt(rate, 10);
    const agentHz = Number(output.split('_')[1]);
    const tone = sine(1000, agentHz, 0.8 * agentHz, -12);
    const said = output.startsWith('ulaw') ? Buffer.from(transcoder({ encoding: 'pcm16', rateHz: 8000 }, { encoding: 'mulaw', rateHz: 8000 }).push(bytesOf(tone))) : bytesOf(tone);
    // In pieces, as an agent sends it.
    for (let at = 0; at < said.length; at += 1999) agent.audio(said.subarray(at, at + 1999));
    const all = hz * 2 * 0.8;
    await stream.got.until(() => stream.audio().length >= all);
    const heard = samplesOf(stream.audio()).subarray(hz * 0.1, hz * 0.7);
    const measured = measureTone(heard, 1000, hz);
    expect(Math.abs(measured.peakDbfs + 12)).toBeLessThan(0.2);
    expect(measured.snrDb).toBeGreaterThan(output.startsWith('ulaw') ? 30 : 50);
  });
});

describe('the end of a call over Exotel\'s socket', () => {
  const ended = (events: CallEvent[]) => events.filter((event) => event.kind === 'ended' || event.kind === 'stream-failed').map((event) => (event.kind === 'ended' ? `${event.endReason} ${event.detail ?? ''}`.trim() : event.detail));

  it('is the caller\'s, when Exotel says stop or closes in order', async () => {
    for (const end of [(s: FakeExotelStream) => s.send({ event: 'stop', sequence_number: '9', stop: { reason: 'callended' } }), (s: FakeExotelStream) => s.close()]) {
      const { talk, events, ended: end_ } = await exotel();
      const { stream, talk: agent } = await talk();
      end(stream);
      expect(await end_()).toMatchObject({ endReason: 'caller-hung-up' });
      await agent.closed;
      expect(ended(events.all)).toEqual(['caller-hung-up']);
    }
  });

  it('is the carrier\'s, and written at once, when its socket breaks: there is no other stream for this call', async () => {
    const { talk, events, ended: end_ } = await exotel();
    const { stream, talk: agent } = await talk();
    stream.cut();
    await end_();
    await agent.closed;
    expect(ended(events.all)).toEqual(['carrier-socket-lost', 'carrier-failed carrier-socket-lost']);
  });

  it('comes when an operator has written it down: the stream is closed, which hangs up', async () => {
    const { talk, records } = await exotel({ operatorLookMs: 10 });
    const { stream, talk: agent } = await talk();
    records.set(callId, { ...records.get(callId)!, endReason: 'operator' });
    expect(await stream.closed).toEqual({ code: 1000, reason: 'operator' });
    await agent.closed;
  });

  it('comes after the agent\'s last words were heard', async () => {
    const { talk, ended: end_ } = await exotel();
    const { stream, talk: agent } = await talk();
    agent.audio(speech(3200, 1));
    await stream.got.next(({ event }) => event === 'media');
    agent.close(1000);
    expect(await end_()).toMatchObject({ endReason: 'agent-ended' });
    expect(await stream.closed).toMatchObject({ code: 1000 });
    expect(stream.got.all.map(({ event }) => event)).toContain('mark');
  });
});

describe('the pace of audio to a carrier that wants it as it is played', () => {
  /** Pieces with the times at which they went out, for audio that all came at once. */
  const paced = (ms: number, rateHz = 8000) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => { vi.useRealTimers(); });
    const shape = { encoding: 'pcm16' as const, rateHz };
    const sent: { at: number; bytes: number }[] = [];
    const began = performance.now();
    const leg: CarrierLeg = {
      carrier: 'exotel', streamSid: 's', callSid: 'c', shape, cutting: exotelCodec.cutting(shape), reopens: false, waitingBytes: () => 0, mark: () => {}, clear: () => {}, close: () => {},
      media: (base64) => void sent.push({ at: performance.now() - began, bytes: (base64.length * 3) / 4 - (base64.toString().match(/=*$/)?.[0].length ?? 0) }),
    };
    const out = outbound(leg, relayDefaults, metrics(), () => performance.now());
    out.audio(Buffer.alloc(ms * rateHz * 2 / 1000, 1));
    out.settle();
    return { out, sent, rate: rateHz * 2 / 1000 };
  };

  it.each([8000, 16_000, 24_000])('is a little faster than real time at %i Hz, so that the caller never waits and Exotel never holds much', (rateHz) => {
    const { sent, rate } = paced(20_000, rateHz);
    vi.advanceTimersByTime(25_000);
    let ahead = 0;
    let last = 0;
    let handed = 0;
    const wrong: string[] = [];
    for (const { at, bytes } of sent) {
      ahead -= at - last;
      if (handed > 0 && ahead < 0) wrong.push(`a gap at ${at}`);
      ahead += bytes / rate;
      if (ahead > 1001) wrong.push(`${ahead} ms ahead at ${at}`);
      if (bytes % 320 !== 0 || bytes < 3200 || bytes > 100_000) wrong.push(`${bytes} bytes`);
      last = at;
      handed += bytes;
    }
    expect([wrong, handed]).toEqual([[], 20_000 * rate]);
  });

  it('sends two pieces at once and then waits, drops all at a barge-in, and begins anew after it', () => {
    const { out, sent } = paced(5000);
    expect(sent).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    const before = sent.length;
    out.clear();
    vi.advanceTimersByTime(5000);
    expect(sent).toHaveLength(before);
    out.audio(Buffer.alloc(6400, 2));
    expect(sent).toHaveLength(before + 2);
  });

  it('cuts as its codec says', () => {
    const shape = { encoding: 'pcm16' as const, rateHz: 8000 };
    const cut = cutter({ shape, ...exotelCodec.cutting(shape) });
    expect(cut.push(Buffer.alloc(10_000)).map(({ length }) => length)).toEqual([3200, 3200, 3200]);
    expect([cut.heldBytes(), cut.flush()?.length]).toEqual([400, 3200]);
  });
});
