// Calls through API Gateway, more and more of them: what of a core they take, what of the delay is the relay's own, and whether it grows with their
// number and no faster. Called by relay.ts.
import { startApiGateway } from './api-gateway.ts';
import { start } from './contenders.ts';
import { spread, table } from './figures.ts';
import { MOST_BUSY, startLoad } from './load.ts';
import type { GatewayBench } from './options.ts';

/** Fifty calls a second are answered: more than a fresh task would be given at once. */
const OPEN_EVERY_MS = 20;

const once = async (calls: number, { seconds, warmSeconds, postMs, posts: by }: GatewayBench) => {
  const load = await startLoad();
  const through = await startApiGateway(postMs);
  const running = await start('ours.ts', { AGENT_PORT: String(load.agentPort), POSTS_TO: through.endpoint, POSTS_BY: by }, process.env['BENCH_NODE_OPTIONS']?.split(' '));
  try {
    const idle = await running.ask();
    await load.grow(calls, through.open(running.port), OPEN_EVERY_MS);
    await load.measure(warmSeconds);
    const before = await running.ask();
    const measured = await load.measure(seconds);
    const after = await running.ask();
    const { connections } = through;
    return { calls, measured, totals: await load.finish(), cpuMs: after.cpuMs - before.cpuMs, posts: after.counted['posts']! - before.counted['posts']!, failed: after.counted['postsFailed']!, bytes: after.rssBytes - idle.rssBytes, connections };
  } finally {
    await running.stop();
    through.stop();
  }
};

/** False when the load was saturated: the figures are then worth nothing. */
export const gatewayRounds = async (options: GatewayBench): Promise<boolean> => {
  const runs = [];
  for (const calls of options.calls) {
    try {
      runs.push(await once(calls, options));
    } catch (error) {
      console.log(`${calls} calls were not carried: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(`\nThrough API Gateway, posts ${options.posts === 'sdk' ? 'by the AWS SDK' : 'signed by the relay'}; a post is answered after ${options.postMs} ms. Latency in ms: up is from a frame's POST to the agent, down from the agent's audio to the post that has it.`);
  table(runs.map(({ calls, measured, totals, cpuMs, posts, failed, bytes, connections }) => ({
    calls,
    'of a core': `${(cpuMs / measured.seconds / 10).toFixed(0)} %`,
    'CPU ms/s a call': (cpuMs / measured.seconds / calls).toFixed(2),
    'up p50/95/99/max': spread(measured.up), 'down p50/95/99/max': spread(measured.down),
    'posts/s a call': (posts / measured.seconds / calls).toFixed(1), 'posts failed': failed,
    lost: totals.lost, reordered: totals.reordered, 'KB/call': (bytes / calls / 1024).toFixed(0), connections, 'load busy': `${(100 * measured.busy).toFixed(0)} %`,
  })));
  const busiest = Math.max(...runs.map(({ measured }) => measured.busy));
  if (busiest <= MOST_BUSY) return true;
  console.log(`\nNo conclusion: the load itself was busy for ${(100 * busiest).toFixed(0)} % of the time. Ask for fewer calls, or leave the machine alone.`);
  return false;
};
