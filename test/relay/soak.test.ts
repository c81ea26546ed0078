// A day of calls in a few seconds: every sort of call there is, many at once, and then nothing may be left of them. `npm run soak` does the same for
// thousands of calls on real processes, and looks at their memory.
import { expect, it, onTestFinished } from 'vitest';
import { exotelCodec } from '#carriers/exotel/codec.ts';
import { twilioCodec } from '#carriers/twilio/codec.ts';
import { fakeExotelStream } from '#doubles/fake-exotel-stream.ts';
import { conversationsOf, sorts, type SortWorld } from './sorts.ts';
import { house, newCall } from './house.ts';

const CALLS = 150;
const AT_ONCE = 10;

/** What keeps this process alive beside the test itself, and who listens to it. */
const busy = (): number => process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|Immediate/.test(name)).length;
const listeners = (): number => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);

it('leaves no socket, timer or listener behind after 150 calls of all sorts', { timeout: 60_000 }, async () => {
  const before = { busy: busy(), listeners: listeners() };
  const warnings: string[] = [];
  const warn = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  const { relay, agent, records, ticket, connect, metrics } = await house({ ticketMs: 300, lastWordsMarginMs: 300, reassureMs: 500, firstAudioMs: 1000, queueMs: 1500 }, { codecs: { default: twilioCodec, '/exotel': exotelCodec } });
  let placed = 0;
  const world: SortWorld = {
    agent, connect, conversation: conversationsOf(agent), connectExotel: () => fakeExotelStream(relay.port),
    place: async (carrier = 'twilio') => {
      const number = ++placed;
      const [callId, callSid] = [`call_01JABCDEFGHJKMNPQRSTVWXYZ0_${number}`, `CA${number}`];
      records.set(callId, { ...newCall(callId), carrier, callSid });
      return { callSid, accountSid: 'AC1', ticket: ticket({ callId, callSid }), next: ticket({ callId, callSid, epoch: 1 }) };
    },
  };
  const names = Object.keys(sorts);
  let begun = 0;
  const underWay = new Set<string>();
  const worker = async (): Promise<void> => {
    while (begun < CALLS) {
      const name = `${names[begun % names.length]!} (${begun++})`;
      underWay.add(name);
      await sorts[name.replace(/ \(\d+\)$/, '')]!(world);
      underWay.delete(name);
    }
  };
  const late = Promise.withResolvers<never>();
  const bound = setTimeout(() => late.reject(new Error(`still under way: ${[...underWay].join(', ')}`)), 45_000);
  await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, worker)), late.promise]).finally(() => clearTimeout(bound));

  const numbers = async (): Promise<{ active: number; pending: string }> => {
    const text = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`, { headers: { connection: 'close' } })).text();
    return { active: relay.active(), pending: /ringback_pending_streams (\d+)/.exec(text)![1]! };
  };
  await expect.poll(numbers, { timeout: 10_000 }).toEqual({ active: 0, pending: '0' });
  expect(metrics.value('streams_admitted')).toBeGreaterThan(CALLS / 2);
  expect(metrics.value('records_lost')).toBe(0);
  await relay.stop();
  await agent.stop();
  await expect.poll(busy, { timeout: 10_000 }).toBeLessThanOrEqual(before.busy);
  process.off('warning', warn);
  expect(listeners()).toBeLessThanOrEqual(before.listeners);
  expect(warnings).toEqual([]);
});
