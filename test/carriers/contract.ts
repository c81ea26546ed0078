// What every carrier keeps, whatever its accent: run by contract.test.ts against each of them. A carrier says how its own server speaks.
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptIdOf, readAttemptId, type CarrierName } from '#calls/lead.ts';
import type { Carrier } from '#calls/ports.ts';
import { mediaFrame, type StreamCodec } from '#carriers/stream.ts';
import { startServer, type Reply } from '#doubles/http-server.ts';
import { leadIdNumber } from '#doubles/records.ts';
import type { AudioShape } from '#audio/formats.ts';

export interface Accent {
  name: CarrierName;
  client: (apiBase: string, timeoutMs: number) => Carrier;
  codec: StreamCodec;
  callSid: string;
  /** A number in its country, E.164. */
  to: string;
  replies: {
    placed: Reply;
    /** The number is wrong, the account is not in order. */
    badNumber: Reply;
    badAccount: Reply;
    /** One call, and a list of it, as it stands when it is over. */
    over: Reply;
    list: Reply;
  };
  /** Frames that its socket sends, of a call with this ticket. */
  frames: { start: object; media: (base64: string) => object; digit: object; mark: object; stop: object };
  shape: AudioShape;
}

const attemptId = attemptIdOf(leadIdNumber(1), 1);
const { callId } = readAttemptId(attemptId)!;

export const carrierContract = (accent: Accent): void => void describe(`${accent.name}, as any carrier`, () => {
  const { replies, callSid, to, codec, frames, shape } = accent;
  const order = { attemptId, callId, to, ringSeconds: 30, limitSeconds: 600 };
  let server: Awaited<ReturnType<typeof startServer>>;
  let carrier: Carrier;
  beforeAll(async () => {
    server = await startServer();
    carrier = accent.client(server.url, 200);
  });
  afterAll(() => server.stop());
  beforeEach(() => { server.script.length = 0; server.sent.length = 0; });
  const place = (reply: Reply) => {
    server.script.push(reply);
    return carrier.place(order);
  };
  /** Everything that it was ever sent, decoded. */
  const told = () => server.sent.map(({ path, form, query }) => JSON.stringify([path, form, query])).join('\n');

  it('places a call with one request that names the attempt and the number', async () => {
    expect(await place(replies.placed)).toMatchObject({ outcome: 'placed', callSid });
    expect(server.sent.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(told()).toContain(attemptId);
    expect(told()).toContain(to);
  });

  it('never takes an accepted request for an answered phone', async () => {
    const outcome = await place(replies.placed);
    expect(['queued', 'initiated']).toContain(outcome.outcome === 'placed' && outcome.status);
  });

  it('is refused with a reason for people when the number is wrong, and only for that number', async () => {
    const outcome = await place(replies.badNumber);
    expect(outcome).toMatchObject({ outcome: 'refused', code: expect.stringMatching(new RegExp(`^${accent.name}-`)), doNotDisturb: false });
    expect(outcome.outcome === 'refused' && [outcome.account ?? false, outcome.reason.includes(to), /\w+ .*\.$|\w+/.test(outcome.reason)]).toEqual([false, false, true]);
  });

  it('says so when it would refuse every call of the account', async () => {
    expect(await place(replies.badAccount)).toMatchObject({ outcome: 'refused', account: true });
  });

  it.each<[string, Reply, object]>([
    ['429', { status: 429 }, { outcome: 'not-now' }], ['429 with a time', { status: 429, headers: { 'retry-after': '9' } }, { outcome: 'not-now', retryAfterMs: 9000 }],
    ['500', { status: 500 }, { outcome: 'unknown' }], ['503', { status: 503 }, { outcome: 'unknown' }], ['408', { status: 408 }, { outcome: 'unknown' }], ['an acceptance of nothing', { status: 200, body: '' }, { outcome: 'unknown' }],
    ['silence', () => {}, { outcome: 'unknown' }], ['a reset', (_response, socket) => { socket.resetAndDestroy(); }, { outcome: 'unknown' }],
  ])('asks once and reads %s rightly', async (_what, reply, outcome) => {
    expect(await place(reply)).toMatchObject(outcome);
    expect(server.sent.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('knows that no phone rings when nobody listened', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, 'close');
    expect(await accent.client(`http://127.0.0.1:${port}`, 200).place(order)).toMatchObject({ outcome: 'not-now', unreachable: true });
  });

  it('tells how a call went when it is asked', async () => {
    server.script.push(replies.over);
    expect(await carrier.call(callSid)).toMatchObject({ callSid, status: 'completed', endedAt: '2026-11-21T12:01:00.000Z', durationSeconds: 49 });
  });

  it('finds the calls to a number', async () => {
    server.script.push(replies.list);
    expect(await carrier.callsTo(to, '2026-11-21T11:59:00.000Z')).toMatchObject([{ callSid }]);
  });

  it('does not know a call that it does not know, and throws when it does not tell', async () => {
    server.script.push({ status: 404 }, { status: 500 });
    expect(await carrier.call(callSid)).toBeUndefined();
    await expect(carrier.call(callSid)).rejects.toMatchObject({ name: 'UpstreamError', service: accent.name, retryable: true });
  });

  const read = (frame: object) => codec.read(Buffer.from(JSON.stringify(frame)));
  it('hands over the ticket, the call and the shape of its audio at the start of a stream', () => {
    expect(read(frames.start)).toMatchObject({ event: 'start', callSid, ticket: 'the ticket', shape });
  });

  it('hands over what the caller says and presses, what was heard, and the end', () => {
    expect([frames.media('AAECAw=='), frames.digit, frames.mark, frames.stop].map((frame) => read(frame))).toMatchObject([
      { event: 'media', payload: Buffer.from('AAECAw==') }, { event: 'dtmf', digit: '9' }, { event: 'mark', name: 'g0:m1' }, { event: 'stop' },
    ]);
  });

  it('reads back what it would write itself: audio as it was, in frames that name the stream', () => {
    const writer = codec.writer('stream 1', shape);
    const payload = Buffer.alloc(codec.cutting(shape).leastBytes, 5).toString('base64');
    expect(read(JSON.parse(mediaFrame(writer, Buffer.from(payload)).toString()) as object)).toMatchObject({ event: 'media', payload: Buffer.from(payload) });
    for (const frame of [mediaFrame(writer, Buffer.from(payload)).toString(), writer.mark('m'), writer.clear()]) expect(frame).toContain('"stream 1"');
    expect(read(JSON.parse(writer.mark('g0:m1')) as object)).toMatchObject({ event: 'mark', name: 'g0:m1' });
  });

  it('cuts audio into whole frames that its socket takes', () => {
    const { frameBytes, leastBytes, mostBytes } = codec.cutting(shape);
    expect([leastBytes % frameBytes, mostBytes % frameBytes, leastBytes <= mostBytes, (mostBytes * 4) / 3 < codec.maxFrameBytes]).toEqual([0, 0, true, true]);
  });
});
