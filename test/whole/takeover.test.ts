// Calls through API Gateway on real relay processes that are killed and replaced while everybody talks; frames overtake each other and come
// twice all the while. `npm run soak:relays` does the same with fifty calls.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { talkingAgent, type TalkingAgent } from '#doubles/talking-agent.ts';
import { relayDefaults } from '#relay/options.ts';
import { wait } from '#house/clock.ts';
import { loadSentences } from '#relay/sentences.ts';
import { busiest, startFleet, type Fleet } from './fleet.ts';
import { startTalks, type FleetTalks } from './fleet-talks.ts';
import { until } from './until.ts';

/** Two cores carry so many beside other tests; the promises are the same for any number. */
const CALLS = 8;
const TALKED_WITH_WITHIN_MS = 3000;

describe('calls on three relays', () => {
  let agent: TalkingAgent;
  let fleet: Fleet;
  let talks: FleetTalks;
  beforeAll(async () => {
    agent = await talkingAgent();
    fleet = await startFleet({ relays: 3, agentUrl: agent.baseUrl, gateway: { scatterMs: 20, repeated: 0.05 } });
    talks = await startTalks(fleet, agent, CALLS);
  }, 60_000);
  afterAll(async () => {
    talks?.stop();
    await fleet?.stop();
    await agent?.stop();
  }, 30_000);

  test('are talked with in order, with every missing frame counted', async () => {
    await talks.talkedWithAgain(performance.now() + 1000);
    const missing = agent.talks.reduce((sum, { frames }) => sum + frames.missing, 0);
    const counts = await Promise.all(fleet.relays.map((relay) => relay.counts()));
    expect(counts.reduce((sum, { gap_frames: gaps = 0 }) => sum + gaps, 0)).toBeGreaterThanOrEqual(missing);
    expect(talks.calls.filter(({ line }) => line.missing > 0)).toEqual([]);
    expect(await talks.broken()).toEqual([]);
  });

  test('are talked with again within 3 s when one relay is killed, by an agent that knows what was said', async () => {
    const killed = await busiest(fleet);
    const since = performance.now();
    killed.signal('SIGKILL');
    const silences = await talks.talkedWithAgain(since);
    expect(Math.max(...silences)).toBeLessThan(TALKED_WITH_WITHIN_MS);
    expect(await killed.exit).toBe('SIGKILL');
    await fleet.deregister(killed);
    // A while later they still are, and by one agent each.
    await talks.talkedWithAgain(performance.now() + 2000);
    expect(await talks.broken()).toEqual([]);
  });

  test('are not cut by a rolling restart: each old relay hands its calls over and ends by itself', { timeout: 90_000 }, async () => {
    await fleet.add();
    const olds = fleet.relays;
    for (const old of olds) {
      await fleet.add('relay:2');
      const since = performance.now();
      await fleet.deregister(old);
      old.signal('SIGTERM');
      expect(await old.exit).toBe(0);
      await talks.talkedWithAgain(since);
      expect(Math.max(0, ...talks.cutOffs(since))).toBeLessThan(TALKED_WITH_WITHIN_MS);
    }
    expect(fleet.relays.map(({ revision }) => revision)).toEqual(['relay:2', 'relay:2', 'relay:2']);
    await talks.talkedWithAgain(performance.now() + 2000);
    expect(await talks.broken()).toEqual([]);
  });

  test('outlive two relays that are killed one after the other', async () => {
    for (let kills = 0; kills < 2; kills++) {
      const killed = await busiest(fleet);
      const since = performance.now();
      killed.signal('SIGKILL');
      expect(Math.max(...await talks.talkedWithAgain(since))).toBeLessThan(TALKED_WITH_WITHIN_MS);
      await fleet.deregister(killed);
    }
    await talks.talkedWithAgain(performance.now() + 2000);
    expect(await talks.broken()).toEqual([]);
  });

  test('end when their callers hang up, and leave nothing on any relay', async () => {
    await talks.hangUp();
    const ends = await Promise.all(talks.calls.map(async ({ callId }) => (await fleet.stores.calls.call(callId))?.endReason));
    expect(new Set(ends)).toEqual(new Set(['caller-hung-up']));
    await until('no relay talks', async () => (await Promise.all(fleet.relays.map((relay) => relay.active()))).every((active) => active === 0));
    expect(agent.talks.filter(({ open }) => open)).toEqual([]);
    expect(await fleet.stop()).toEqual(fleet.relays.map(() => 0));
  });
});

test('a relay that stood still and comes back leaves each caller with one agent', { timeout: 90_000 }, async () => {
  const agent = await talkingAgent();
  const fleet = await startFleet({ relays: 2, agentUrl: agent.baseUrl });
  const talks = await startTalks(fleet, agent, 3);
  onTestFinished(async () => {
    talks.stop();
    await fleet.stop();
    await agent.stop();
  });
  // Shorter than what peers take for dead, about as long, and longer.
  for (const standsStillMs of [800, 2500, 3500, 6000]) {
    const still = await busiest(fleet);
    still.signal('SIGSTOP');
    await wait(standsStillMs);
    still.signal('SIGCONT');
    await until(`every caller has one agent after ${standsStillMs} ms`, () => talks.calls.every(({ callSid }) => agent.of(callSid).filter(({ open }) => open).length === 1), 15_000);
    await talks.talkedWithAgain(performance.now() + 1000);
  }
  expect(talks.calls.filter(({ line }) => line.closed)).toEqual([]);
  // What it was about to say when it stopped may still be heard, and is not gone on with.
  for (const { callSid, line } of talks.calls) expect(line.heard.at(-1)!.conversation).toBe(agent.of(callSid).at(-1)!.number);
});

test('a call that is taken over too often ends honestly, with a recorded sentence and a reason', { timeout: 90_000 }, async () => {
  const agent = await talkingAgent();
  const fleet = await startFleet({ relays: relayDefaults.mostTakeovers + 2, agentUrl: agent.baseUrl });
  const talks = await startTalks(fleet, agent, 1);
  onTestFinished(async () => {
    talks.stop();
    await fleet.stop();
    await agent.stop();
  });
  const { callId, line } = talks.calls[0]!;
  for (let takeovers = 1; takeovers <= relayDefaults.mostTakeovers; takeovers++) {
    const since = performance.now();
    const killed = await busiest(fleet);
    killed.signal('SIGKILL');
    await talks.talkedWithAgain(since);
    await fleet.deregister(killed);
    expect(line.heard).toHaveLength(takeovers + 1);
  }
  (await busiest(fleet)).signal('SIGKILL');
  await until('the socket is closed', () => line.closed !== undefined);
  expect(line.heard).toHaveLength(relayDefaults.mostTakeovers + 1);
  expect(line.foreign).toBe(loadSentences()('agent-unavailable', { encoding: 'mulaw', rateHz: 8000 }).length);
  expect(await fleet.stores.calls.call(callId)).toMatchObject({ endReason: 'agent-failed', endDetail: 'agent-lost-too-often' });
});
