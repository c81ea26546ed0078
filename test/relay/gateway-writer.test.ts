import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import type { PostResult } from '#relay/gateway-ports.ts';
import { gatewayWriter } from '#relay/gateway-writer.ts';
import { metrics } from '#relay/metrics.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

const shape = { encoding: 'mulaw', rateHz: 8000 } as const;

/** Posts are answered by hand; `sent` has what was posted, in short. */
const line = (mostCarrierSocketBytes = 2 * 1024 * 1024) => {
  const sent: string[] = [];
  const waiting: ((result: PostResult | Error) => void)[] = [];
  const losses: string[] = [];
  const counted = metrics();
  const writer = gatewayWriter({
    connectionId: 'abc=',
    posts: {
      post: (_id, data) => {
        const frame = JSON.parse(data.toString()) as { event: string; media: { payload: string }; mark: { name: string } };
        sent.push(frame.event === 'media' ? `audio ${Buffer.from(frame.media.payload, 'base64').toString('latin1')}` : frame.event === 'mark' ? `mark ${frame.mark.name}` : frame.event);
        return new Promise((resolve, reject) => { waiting.push((result) => (result instanceof Error ? reject(result) : resolve(result))); });
      },
      drop: async () => {}, close: () => {},
    },
    options: { postEveryMs: 60, mostPostBytes: 40, mostCarrierSocketBytes }, metrics: counted, ms: () => Date.now(), lost: (why) => losses.push(why),
  });
  const leg = writer.joins(twilioCodec.writer('MZ1', shape));
  return {
    sent, losses, writer, leg, counted,
    say: (text: string) => leg.media(Buffer.from(Buffer.from(text, 'latin1').toString('base64'))),
    /** Answers the post in flight, and lets what follows from it happen. */
    answer: async (result: PostResult | Error = 'taken') => {
      waiting.shift()!(result);
      await vi.advanceTimersByTimeAsync(0);
    },
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    inFlight: () => waiting.length,
  };
};

describe('what goes to a carrier by posts', () => {
  it('goes at once when nothing is in flight, and one at a time', async () => {
    const { say, sent, leg, answer, inFlight } = line();
    say('a');
    leg.mark('m1');
    say('b');
    expect(sent).toEqual(['audio a']);
    expect(inFlight()).toBe(1);
    await answer();
    expect(sent).toEqual(['audio a', 'mark m1']);
  });

  it('is joined while it waits, between its marks, in order', async () => {
    const { say, sent, leg, answer, pass } = line();
    for (const text of ['a', 'b', 'c']) say(text);
    leg.mark('m1');
    for (const text of ['d', 'e']) say(text);
    leg.mark('m2');
    await answer();
    await pass(60);
    await answer();
    await answer();
    await pass(60);
    await answer();
    expect(sent).toEqual(['audio a', 'audio bc', 'mark m1', 'audio de', 'mark m2']);
  });

  it('is never more than one post of audio in 50 ms, however fast posts are', async () => {
    const { say, sent, answer, pass } = line();
    for (let i = 0; i < 30; i++) {
      say(String.fromCharCode(97 + (i % 26)));
      if (sent.length > 0) await answer().catch(() => {});
      await pass(20);
    }
    expect(sent.length).toBeLessThanOrEqual(1 + 600 / 50);
    expect(sent.map((text) => text.slice(6)).join('')).toBe('abcdefghijklmnopqrstuvwxyzabcd'.slice(0, sent.map((text) => text.slice(6)).join('').length));
  });

  it('is cut between pieces where it would be more than one post may be', async () => {
    const { say, sent, answer, pass } = line();
    say('first');
    for (const text of ['0123456789', 'abcdefghij', 'ABCDEFGHIJ', 'z']) say(text);
    for (let i = 0; i < 3; i++) {
      await answer();
      await pass(60);
    }
    expect(sent).toEqual(['audio first', 'audio 0123456789abcdefghijABCDEFGHIJ', 'audio z']);
  });

  it('loses what waited to a clear, which goes next; marks come after it, to come back at once', async () => {
    const { say, sent, leg, answer } = line();
    say('a');
    say('b');
    leg.mark('m1');
    say('c');
    leg.clear();
    leg.clear();
    say('new');
    expect(sent).toEqual(['audio a']);
    await answer();
    await answer();
    await answer();
    expect(sent).toEqual(['audio a', 'clear', 'mark m1']);
  });

  it('waits after a 429, longer each time, and joins what came meanwhile', async () => {
    const { say, sent, answer, pass, counted } = line();
    say('a');
    await answer('busy');
    say('b');
    await pass(49);
    expect(sent).toEqual(['audio a']);
    await pass(11);
    expect(sent).toEqual(['audio a', 'audio ab']);
    await answer('busy');
    await pass(99);
    expect(sent.length).toBe(2);
    await pass(1);
    expect(sent).toEqual(['audio a', 'audio ab', 'audio ab']);
    expect(counted.value('posts_busy')).toBe(2);
  });

  it('does not bring back audio that was cleared while its post was refused', async () => {
    const { say, sent, leg, answer, pass } = line();
    say('old');
    leg.clear();
    await answer('busy');
    await pass(50);
    expect(sent).toEqual(['audio old', 'clear']);
    await answer();
    await pass(1000);
    expect(sent).toEqual(['audio old', 'clear']);
  });

  it('ends with a 410, once, and posts nothing more', async () => {
    const { say, sent, losses, answer, pass } = line();
    say('a');
    say('b');
    await answer('gone');
    say('c');
    await pass(1000);
    expect(losses).toEqual(['gone']);
    expect(sent).toEqual(['audio a']);
  });

  it('is tried three times where nobody answers, and then the carrier is lost', async () => {
    const { leg, sent, losses, answer, pass } = line();
    leg.mark('m1');
    for (let i = 0; i < 3; i++) {
      expect(losses).toEqual([]);
      await answer(new Error('connection refused'));
      await pass(1000);
    }
    expect(losses).toEqual(['unreachable']);
    expect(sent).toEqual(['mark m1', 'mark m1', 'mark m1']);
  });

  it('is bounded: a carrier that takes nothing does not fill our memory', () => {
    const { say, writer, counted } = line(100);
    for (let i = 0; i < 1000; i++) say('0123456789');
    expect(writer.waitingBytes()).toBeLessThan(400);
    expect(counted.value('agent_audio_dropped')).toBeGreaterThan(900);
  });

  it('is sent to its end before a close, within the time that the close allows', async () => {
    const { leg, answer, writer, sent } = line();
    leg.mark('m1');
    leg.mark('m2');
    let ended = false;
    void writer.end(1000).then(() => { ended = true; return undefined; });
    await answer();
    expect(ended).toBe(false);
    await answer();
    expect(ended).toBe(true);
    expect(sent).toEqual(['mark m1', 'mark m2']);
  });
});
