import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { silentLog } from '#house/log.ts';
import { gatewayConnection } from '#relay/gateway-connection.ts';
import { metrics } from '#relay/metrics.ts';
import { relayDefaults } from '#relay/options.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

const frame = (sequence: number): Buffer => Buffer.from(JSON.stringify(sequence === 1
  ? { event: 'start', sequenceNumber: '1', streamSid: 'MZ1', start: { streamSid: 'MZ1', callSid: 'CA1', accountSid: 'AC1', tracks: ['inbound'], customParameters: {}, mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 } } }
  : { event: 'media', sequenceNumber: String(sequence), streamSid: 'MZ1', media: { track: 'inbound', chunk: '1', timestamp: '5', payload: 'AAAA' } }));

/** A connection at the task that owns it. `opens`: how many new connections each turn of the event loop accepts. */
const connection = () => {
  const heard: number[] = [];
  const counted = metrics();
  const line = { opens: 0, accepted: 0 };
  const it = gatewayConnection('abc=', {
    posts: { post: async () => 'taken', drop: async () => {}, close: () => {} }, codecs: [twilioCodec],
    admit: () => ({ frame: (bytes) => heard.push(Number((JSON.parse(bytes.toString()) as { sequenceNumber: string }).sequenceNumber)), closed: () => {}, speaking: () => false, handOver: () => undefined }),
    resume: () => { throw new Error('nothing is taken over here'); },
    options: relayDefaults, metrics: counted, accepted: () => (line.accepted += line.opens), ms: () => Date.now(), log: silentLog,
  }, { closing: () => {}, carries: () => {}, gone: () => {} });
  return { line, heard, gaps: () => counted.value('sequence_gaps'), say: (...numbers: number[]) => { for (const number of numbers) it.frame(number === 1 ? 'start' : 'media', frame(number)); } };
};

describe('frames that come through API Gateway', () => {
  it('do not wait longer than 60 ms for one that is missing', async () => {
    const { say, heard, gaps } = connection();
    say(1, 2, 4);
    await vi.advanceTimersByTimeAsync(59);
    expect(heard).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(2);
    expect([heard, gaps()]).toEqual([[1, 2, 4], 1]);
  });

  it('wait for it while connections are still being accepted: it may be on one of them', async () => {
    const { say, heard, gaps, line } = connection();
    line.opens = 1;
    say(1, 2, 4);
    await vi.advanceTimersByTimeAsync(150);
    expect(heard).toEqual([1, 2]);
    say(3);
    line.opens = 0;
    await vi.advanceTimersByTimeAsync(500);
    expect([heard, gaps()]).toEqual([[1, 2, 3, 4], 0]);
  });

  it('wait for it no longer than a quarter of a second then, however many more are opened', async () => {
    const { say, heard, gaps, line } = connection();
    line.opens = 1;
    say(1, 2, 4);
    await vi.advanceTimersByTimeAsync(300);
    expect(heard).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(20);
    expect([heard, gaps()]).toEqual([[1, 2, 4], 1]);
    say(5, 6);
    expect(heard).toEqual([1, 2, 4, 5, 6]);
  });
});
