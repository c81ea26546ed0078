// Calls through API Gateway on real relay processes that are killed and replaced while everybody talks; frames overtake each other and come
// twice all the while. `npm run soak:relays` does the same with fifty calls.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { talkingAgent, type TalkingAgent } from '#doubles/talking-agent.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { startTalks, type FleetTalks } from './fleet-talks.ts';

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
});
