import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import type { PostResult } from '#relay/gateway-ports.ts';
import { gatewayWriter } from '#relay/gateway-writer.ts';
import { metrics } from '#relay/metrics.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

const shape = { encoding: 'mulaw', rateHz: 8000 } as const;

/** A letter lasts 20 ms, and a post's worth is three. Posts are answered by hand; `sent` has what was posted, in short. */
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
  const leg = writer.joins(twilioCodec.writer('MZ1', shape), 1 / 20);
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
  it('goes at once when it is worth a post and nothing is in flight, and one at a time', async () => {
    const { say, sent, leg, answer, inFlight } = line();
    say('abc');
    leg.mark('m1');
    say('def');
    expect(sent).toEqual(['audio abc']);
    expect(inFlight()).toBe(1);
    await answer();
    expect(sent).toEqual(['audio abc', 'mark m1']);
    await answer();
    expect(sent).toEqual(['audio abc', 'mark m1', 'audio def']);
  });

  it('waits for more where it is less than that, and never as long as a post lasts', async () => {
    const { say, sent, answer, pass } = line();
    for (const text of ['a', 'b', 'c']) {
      expect(sent).toEqual([]);
      say(text);
      await pass(text === 'c' ? 0 : 20);
    }
    expect(sent).toEqual(['audio abc']);
    await answer();
    say('d');
    await pass(30);
    say('e');
    await pass(19);
    expect(sent).toEqual(['audio abc']);
    await pass(1);
    expect(sent).toEqual(['audio abc', 'audio de']);
  });

  it('is joined while it waits, between its marks, in order', async () => {
    const { say, sent, leg, answer, pass } = line();
    for (const text of ['abc', 'd', 'e']) say(text);
    leg.mark('m1');
    for (const text of ['f', 'g']) say(text);
    leg.mark('m2');
    await answer();
    await pass(50);
    await answer();
    await answer();
    await pass(50);
    await answer();
    expect(sent).toEqual(['audio abc', 'audio de', 'mark m1', 'audio fg', 'mark m2']);
  });

  it.each([[[0]], [[0, 1]], [[0, 3, 1, -3]]])('is one post for 60 ms of audio where the agent speaks in frames of 20 ms that come %j ms late', async (late) => {
    const { say, sent, answer, pass } = line();
    for (let i = 0; i < 30; i++) {
      await pass(20 + late[i % late.length]! - (i === 0 ? 0 : late[(i - 1) % late.length]!));
      const before = sent.length;
      say(String.fromCharCode(97 + (i % 26)));
      if (sent.length > before) await answer();
    }
    expect(sent.length).toBe(10);
    expect(sent.map((text) => text.slice(6)).join('')).toBe('abcdefghijklmnopqrstuvwxyzabcd');
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
    say('old');
    say('older');
    leg.mark('m1');
    say('oldest');
    leg.clear();
    leg.clear();
    say('new');
    expect(sent).toEqual(['audio old']);
    for (let i = 0; i < 3; i++) await answer();
    expect(sent).toEqual(['audio old', 'clear', 'mark m1', 'audio new']);
  });

  it('waits after a 429, longer each time, and joins what came meanwhile', async () => {
    const { say, sent, answer, pass, counted } = line();
    say('abc');
    await answer('busy');
    say('d');
    await pass(49);
    expect(sent).toEqual(['audio abc']);
    await pass(11);
    expect(sent).toEqual(['audio abc', 'audio abcd']);
    await answer('busy');
    await pass(99);
    expect(sent.length).toBe(2);
    await pass(1);
    expect(sent).toEqual(['audio abc', 'audio abcd', 'audio abcd']);
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
    say('abc');
    say('def');
    await answer('gone');
    say('ghi');
    await pass(1000);
    expect(losses).toEqual(['gone']);
    expect(sent).toEqual(['audio abc']);
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
