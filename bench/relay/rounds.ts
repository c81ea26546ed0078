// So many calls through each contender in turn, round after round, so that what drifts on the machine drifts for all: medians, and ratios to the bare
// ws pipe. Called by relay.ts.
import { openCarrier } from './carriers.ts';
import { contenders, startContender, type ContenderName } from './contenders.ts';
import { median, percentile, spread, table } from './figures.ts';
import { MOST_BUSY, startLoad, type Measured, type Totals } from './load.ts';
import type { RelayBench } from './options.ts';

interface Run { measured: Measured; totals: Totals; cpuMs: number; callBytes: number }

export const runOnce = async (name: ContenderName, { calls, seconds, warmSeconds }: Pick<RelayBench, 'calls' | 'seconds' | 'warmSeconds'>): Promise<Run> => {
  const load = await startLoad();
  const running = await startContender(name, load.agentPort);
  try {
    const idle = await running.ask();
    await load.grow(calls, (call, heard, lost) => openCarrier(running.port, call, heard, lost));
    await load.measure(warmSeconds);
    const before = await running.ask();
    const measured = await load.measure(seconds);
    const after = await running.ask();
    return { measured, totals: await load.finish(), cpuMs: after.cpuMs - before.cpuMs, callBytes: (after.rssBytes - idle.rssBytes) / calls };
  } finally {
    await running.stop();
  }
};

const cpuPerFrame = ({ cpuMs, measured }: Run): number => (1000 * cpuMs) / measured.frames;

const rowOf = (name: ContenderName, runs: Run[], pipe: Run[] | undefined): Record<string, string> => {
  // The run in the middle by CPU stands for the others where a median of spreads would be none.
  const middle = runs.toSorted((a, b) => cpuPerFrame(a) - cpuPerFrame(b))[runs.length >> 1]!;
  // Each round against the pipe of the same round.
  const ratios = pipe ? runs.map((run, i) => cpuPerFrame(run) / cpuPerFrame(pipe[i]!)) : [];
  const sum = (of: (totals: Totals) => number): number => runs.reduce((all, { totals }) => all + of(totals), 0);
  return {
    contender: contenders.find((known) => known.name === name)!.what,
    'CPU/frame µs': median(runs.map(cpuPerFrame)).toFixed(1),
    'x ws pipe': ratios.length > 0 ? median(ratios).toFixed(2) : '-',
    'of a core': `${median(runs.map(({ cpuMs, measured }) => cpuMs / measured.seconds / 10)).toFixed(0)} %`,
    'both ways p99 ms': median(runs.map(({ measured }) => percentile(measured.both, 99))).toFixed(2),
    'up p50/95/99/max': spread(middle.measured.up),
    'down p50/95/99/max': spread(middle.measured.down),
    lost: String(sum(({ lost }) => lost)), reordered: String(sum(({ reordered }) => reordered)), broken: String(sum(({ broken }) => broken)),
    'KB/call': (median(runs.map(({ callBytes }) => callBytes)) / 1024).toFixed(0),
    'load busy': `${(100 * median(runs.map(({ measured }) => measured.busy))).toFixed(0)} %`,
  };
};

/** False when the load was saturated: the figures are then worth nothing. */
export const rounds = async (options: RelayBench): Promise<boolean> => {
  const names: ContenderName[] = [...options.against, 'ours'];
  const runs = new Map<ContenderName, Run[]>(names.map((name) => [name, []]));
  for (let round = 0; round < options.rounds; round++) for (const name of names) runs.get(name)!.push(await runOnce(name, options));
  console.log(`\n${options.calls} calls, ${options.rounds} rounds of ${options.seconds} s, medians. Latency in ms: up is caller to agent, down is agent to caller, each through the contender once.`);
  table(names.map((name) => rowOf(name, runs.get(name)!, runs.get('ws'))));
  const busiest = Math.max(...[...runs.values()].flat().map(({ measured }) => measured.busy));
  if (busiest <= MOST_BUSY) return true;
  console.log(`\nNo conclusion: the load itself was busy for ${(100 * busiest).toFixed(0)} % of the time. Ask for fewer calls, or leave the machine alone.`);
  return false;
};
